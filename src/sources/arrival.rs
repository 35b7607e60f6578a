//! What happens to an article once, on arrival: cleaned, made absolute, given its permanent id.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::html;
use crate::config::{Site, Source};
use crate::domain::article::{Article, Draft};
use crate::domain::language;
use crate::store::articles::Arrival;

/// Raised when cleaning changes, so that every article is cleaned again.
const CLEANING: u32 = 1;
/// Graphemes of a summary made from the body.
const SUMMARY: usize = 300;
/// Graphemes of a title made from the text.
const TITLE: usize = 60;
/// What a `tag:` URI keeps of an id (RFC 4151, RFC 3986 unreserved).
const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The permanent id of an article without one of its own.
pub(crate) fn tag_uri(authority: &str, source: &str, source_id: &str) -> String {
    format!("tag:{authority}:{source}/{}", utf8_percent_encode(source_id, ID))
}

/// What tells whether an article changed: all that the source says of it, and how we clean it.
pub(crate) fn hash(draft: &Draft, site: &Site) -> String {
    let all = json!([
        CLEANING,
        site.language,
        site.base_url,
        draft.title,
        draft.url,
        draft.summary,
        draft.body_html,
        draft.sections,
        draft.tags,
        draft.authors,
        draft.language,
        draft.image_url,
        draft.published_at.0,
        draft.updated_at.map(|t| t.0),
        draft.translation_of,
    ]);
    Sha256::digest(all.to_string()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Cleans a draft; costs as much as its body is long.
pub(crate) fn clean(draft: Draft, source: &Source, site: &Site, hash: String) -> Arrival {
    let home = Url::parse(&site.base_url).ok();
    let url = draft.url.as_deref().and_then(|u| html::absolute(u, home.as_ref()));
    let base = url.as_deref().and_then(|u| Url::parse(u).ok()).or(home);
    let body_html = html::clean_body(&draft.body_html, base.as_ref());
    let title = html::plain_title(&draft.title);
    let updated_at = draft.updated_at.unwrap_or(draft.published_at).max(draft.published_at);
    let article = Article {
        row: 0,
        guid: draft.guid.unwrap_or_else(|| tag_uri(&site.id_authority, &source.name, &draft.source_id)),
        source: source.name.clone(),
        title: if title.is_empty() { made_title(&body_html, draft.published_at.in_zone(&source.timezone)) } else { title },
        url,
        summary: html::summary(draft.summary.as_deref(), &body_html, SUMMARY),
        sections: names(&draft.sections),
        tags: names(&draft.tags),
        authors: names(&draft.authors),
        language: draft
            .language
            .as_deref()
            .and_then(|l| language::canonical(&l.replace('_', "-")).ok())
            .unwrap_or_else(|| site.language.clone()),
        image_url: draft.image_url.as_deref().and_then(|u| html::absolute(u, base.as_ref())),
        published_at: draft.published_at,
        updated_at,
        source_id: draft.source_id,
        body_html,
        ..Article::default()
    };
    Arrival { article, tells_update: draft.updated_at.is_some(), translation_of: draft.translation_of, hash }
}

/// The first words of the text, else the date.
fn made_title(body_html: &str, date: String) -> String {
    let words = html::summary(None, body_html, TITLE);
    if words.is_empty() { date } else { words }
}

/// Plain, non-empty names, each once.
fn names(raw: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in raw.iter().map(|n| html::plain_title(n)).filter(|n| !n.is_empty()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
