//! Normalization of an incoming article: validated, sanitized, with absolute URLs and a permanent
//! id.

use percent_encoding::utf8_percent_encode;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::id_set::IdSet;
use super::{html, limits, media};
use crate::config::{Site, Source};
use crate::domain::article::{Article, IncomingArticle};
use crate::domain::language;
use crate::domain::percent::SEGMENT;
use crate::domain::text_repair::{one_line, repair};
use crate::store::articles::{NormalizedArticle, SOURCE_HASH_BYTES};

/// Increased when the normalization changes, so that every article is normalized again.
pub(super) const NORMALIZER_VERSION: u32 = 3;
/// Length of a summary generated from the body, in graphemes.
const SUMMARY_GRAPHEMES: usize = 300;
/// Length of a title generated from the text, in graphemes.
const GENERATED_TITLE_GRAPHEMES: usize = 60;
/// Maximum length of a source's id for an article, in bytes: databases cannot index longer ones.
const MAX_ID_BYTES: usize = 1000;
/// Maximum length of a permanent id, in bytes: databases cannot index longer ones.
const MAX_TAG_URI_BYTES: usize = 2000;
/// Maximum length of a section, tag or author name, in characters.
const MAX_TERM_CHARS: usize = 200;

/// Validates an article of a sync run, and rejects it if an earlier one of the run has the same id;
/// the error is the reason.
pub(super) fn validate_unique(
    incoming: &mut IncomingArticle,
    source: &Source,
    site: &Site,
    seen_ids: &mut IdSet,
) -> Result<(), String> {
    let outcome = validate(incoming, source, site);
    // The id counts as seen even if the article is invalid, so that its mirrored version stays.
    let is_first = seen_ids.insert(&incoming.source_id);
    outcome?;
    if is_first { Ok(()) } else { Err("another row has the same id".into()) }
}

/// Removes what no database can store from an article, and checks its id, dates and sizes; the error is
/// the reason why it cannot be stored.
pub(crate) fn validate(
    incoming: &mut IncomingArticle,
    source: &Source,
    site: &Site,
) -> Result<(), String> {
    let enclosure =
        incoming.enclosure.iter_mut().flat_map(|file| [&mut file.url, &mut file.media_type]);
    let lists = [&mut incoming.sections, &mut incoming.tags, &mut incoming.authors];
    let options = [
        &mut incoming.guid,
        &mut incoming.url,
        &mut incoming.summary,
        &mut incoming.language,
        &mut incoming.image_url,
        &mut incoming.image_alt,
        &mut incoming.image_type,
        &mut incoming.translation_of,
    ];
    let texts = [&mut incoming.source_id, &mut incoming.title, &mut incoming.body_html];
    for text in texts
        .into_iter()
        .chain(options.into_iter().flatten())
        .chain(lists.into_iter().flatten())
        .chain(enclosure)
    {
        if text.contains('\0') {
            *text = without_nul(text);
        }
    }
    if incoming.source_id.is_empty() {
        return Err("it has no id".into());
    }
    limits::check(incoming)?;
    // Stored in the form that feeds contain, so that two different ids never become equal there.
    incoming.guid =
        incoming.guid.take().map(|guid| one_line(&repair(&guid))).filter(|guid| !guid.is_empty());
    let dates =
        [("published_at", Some(incoming.published_at)), ("updated_at", incoming.updated_at)];
    for (field, at) in dates {
        // The range of RFC 822 and RFC 3339: the years 1 to 9999.
        if at.is_some_and(|at| !(-62_135_596_800_000..=253_402_300_799_999).contains(&at.0)) {
            return Err(format!("{field} is outside the years 1 to 9999"));
        }
    }
    let too_long = |field: &str, bytes: usize, max: usize| {
        Err(format!("the {field} is {bytes} bytes long; the maximum is {max}"))
    };
    if incoming.source_id.len() > MAX_ID_BYTES {
        return too_long("id", incoming.source_id.len(), MAX_ID_BYTES);
    }
    match &incoming.guid {
        Some(guid) if guid.len() > MAX_ID_BYTES => {
            return too_long("guid", guid.len(), MAX_ID_BYTES);
        }
        Some(_) => {}
        None => {
            let guid = tag_uri(&site.id_authority, &source.name, &incoming.source_id).len();
            if guid > MAX_TAG_URI_BYTES {
                return too_long("permanent id made of the id", guid, MAX_TAG_URI_BYTES);
            }
        }
    }
    Ok(())
}

/// Removes U+0000, which PostgreSQL cannot store.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

/// Returns the permanent id: the article's own guid, else a `tag:` URI made of its id.
pub(super) fn guid(incoming: &IncomingArticle, source: &Source, site: &Site) -> String {
    incoming
        .guid
        .clone()
        .unwrap_or_else(|| tag_uri(&site.id_authority, &source.name, &incoming.source_id))
}

/// Returns the permanent id of an article without a guid: a `tag:` URI (RFC 4151).
pub(crate) fn tag_uri(authority: &str, source: &str, source_id: &str) -> String {
    format!("tag:{authority}:{source}/{}", utf8_percent_encode(source_id, SEGMENT))
}

/// Returns the hash that detects a changed article: one half over the source's fields, the other
/// over the version and settings of the normalization. Only a change of the first half is a change
/// for readers (see `content_hash` in the store).
pub(crate) fn content_hash(incoming: &IncomingArticle, site: &Site) -> String {
    let mut content = json!([
        incoming.title,
        incoming.url,
        incoming.summary,
        incoming.body_html,
        incoming.sections,
        incoming.tags,
        incoming.authors,
        incoming.language,
        incoming.image_url,
        incoming.published_at.0,
        incoming.updated_at.map(|t| t.0),
        incoming.translation_of,
    ]);
    // Only where present: support for these fields changed no hash of an article without them.
    let file = incoming.enclosure.as_ref().map(|file| (&file.url, &file.media_type, file.length));
    let more = json!([
        incoming.image_alt,
        incoming.image_type,
        incoming.image_width,
        incoming.image_height,
        file
    ]);
    if let (Some(fields), true) =
        (content.as_array_mut(), more != json!([null, null, null, null, null]))
    {
        fields.push(more);
    }
    let normalization = json!([NORMALIZER_VERSION, site.language, site.base_url]);
    let hex = |value: serde_json::Value, bytes: usize| -> String {
        hex::encode(&Sha256::digest(value.to_string())[..bytes])
    };
    format!("{}-{}", hex(content, SOURCE_HASH_BYTES), hex(normalization, 8))
}

/// Converts a validated article to its stored form; takes time proportional to the length of the
/// body.
pub(crate) fn normalize(
    incoming: IncomingArticle,
    source: &Source,
    site: &Site,
    hash: String,
) -> NormalizedArticle {
    let home = Url::parse(&site.base_url).ok();
    let url = incoming.url.as_deref().and_then(|u| html::absolute_url(u, home.as_ref()));
    let base = url.as_deref().and_then(|u| Url::parse(u).ok()).or(home);
    let body_html = html::clean_body(&incoming.body_html, base.as_ref());
    let title = html::plain_title(&incoming.title);
    let published_at = incoming.published_at;
    let updated_at = incoming.updated_at.unwrap_or(published_at).max(published_at);
    let image = media::image(&incoming, &body_html, base.as_ref());
    let article = Article {
        row_id: 0,
        guid: guid(&incoming, source, site),
        source: source.name.clone(),
        title: if title.is_empty() {
            fallback_title(&body_html, published_at.in_zone(&source.timezone))
        } else {
            title
        },
        url,
        summary: html::summary(incoming.summary.as_deref(), &body_html, SUMMARY_GRAPHEMES),
        sections: unique_names(&incoming.sections),
        tags: unique_names(&incoming.tags),
        authors: unique_names(&incoming.authors),
        language: language(incoming.language.as_deref(), site),
        enclosure: media::enclosure(incoming.enclosure.as_ref(), &body_html, base.as_ref()),
        published_at,
        updated_at,
        source_id: incoming.source_id,
        body_html,
        ..image
    };
    NormalizedArticle {
        article,
        has_update_time: incoming.updated_at.is_some(),
        translation_of: incoming.translation_of,
        content_hash: hash,
    }
}

/// Returns the canonical language tag of what a source declares, else the site's language.
pub(super) fn language(declared: Option<&str>, site: &Site) -> String {
    declared
        .and_then(|l| language::canonical(&l.replace('_', "-")).ok())
        .unwrap_or_else(|| site.language.clone())
}

/// Returns the first words of the text, or the date if there is no text.
fn fallback_title(body_html: &str, date: String) -> String {
    let title = html::summary(None, body_html, GENERATED_TITLE_GRAPHEMES);
    if title.is_empty() { date } else { title }
}

/// Returns the names as plain text, without empty ones and duplicates.
pub(super) fn unique_names(raw: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in raw
        .iter()
        .map(|n| html::plain_title(n).chars().take(MAX_TERM_CHARS).collect::<String>())
        .filter(|n| !n.is_empty())
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
