//! What happens to an article once, on arrival: cleaned, made absolute, given its permanent id.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::seen::Seen;
use super::{html, media};
use crate::config::{Site, Source};
use crate::domain::article::{Article, Draft};
use crate::domain::characters::{one_line, repaired};
use crate::domain::language;
use crate::store::articles::{Arrival, WORDS};

/// Raised when cleaning changes, so that every article is cleaned again.
pub(super) const CLEANING: u32 = 2;
/// Graphemes of a summary made from the body.
const SUMMARY: usize = 300;
/// Graphemes of a title made from the text.
const TITLE: usize = 60;
/// What a `tag:` URI keeps of an id (RFC 4151, RFC 3986 unreserved).
const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The longest id of a source, and its longest permanent id, in bytes: a database can't index longer ones.
const LONGEST_ID: usize = 1000;
const LONGEST_GUID: usize = 2000;
/// Characters of a name that something can be selected by.
const LONGEST_NAME: usize = 200;

/// Makes a draft of a reading fit, and takes of those with one id the first; else says why not.
pub(super) fn admit(
    draft: &mut Draft,
    source: &Source,
    site: &Site,
    seen: &mut Seen,
) -> Result<(), String> {
    let sound = fit(draft, source, site);
    // One that can't be kept was met all the same: what is here of it stays.
    let is_first = seen.add(&draft.source_id);
    sound?;
    if is_first { Ok(()) } else { Err("another row has the same id".into()) }
}

/// Makes a draft one that any database keeps, or says why there is no way to.
pub(crate) fn fit(draft: &mut Draft, source: &Source, site: &Site) -> Result<(), String> {
    let enclosure =
        draft.enclosure.iter_mut().flat_map(|file| [&mut file.url, &mut file.media_type]);
    let lists = [&mut draft.sections, &mut draft.tags, &mut draft.authors];
    let options = [
        &mut draft.guid,
        &mut draft.url,
        &mut draft.summary,
        &mut draft.language,
        &mut draft.image_url,
        &mut draft.image_alt,
        &mut draft.image_type,
        &mut draft.translation_of,
    ];
    let texts = [&mut draft.source_id, &mut draft.title, &mut draft.body_html];
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
    if draft.source_id.is_empty() {
        return Err("it has no id".into());
    }
    // As feeds write it, so that two ids never become one there.
    draft.guid =
        draft.guid.take().map(|guid| one_line(&repaired(&guid))).filter(|guid| !guid.is_empty());
    for (what, at) in [("published_at", Some(draft.published_at)), ("updated_at", draft.updated_at)]
    {
        // What RFC 822 and RFC 3339 can write: the years 1 to 9999.
        if at.is_some_and(|at| !(-62_135_596_800_000..=253_402_300_799_999).contains(&at.0)) {
            return Err(format!("its {what} is outside the years 1 to 9999"));
        }
    }
    let too_long = |what: &str, bytes: usize, most: usize| {
        Err(format!("its {what} is {bytes} bytes long; at most {most} can be kept"))
    };
    if draft.source_id.len() > LONGEST_ID {
        return too_long("id", draft.source_id.len(), LONGEST_ID);
    }
    match &draft.guid {
        Some(guid) if guid.len() > LONGEST_ID => return too_long("guid", guid.len(), LONGEST_ID),
        Some(_) => {}
        None => {
            let guid = tag_uri(&site.id_authority, &source.name, &draft.source_id).len();
            if guid > LONGEST_GUID {
                return too_long("id in a permanent address", guid, LONGEST_GUID);
            }
        }
    }
    Ok(())
}

/// PostgreSQL keeps no U+0000.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

/// The permanent id that a draft asks for, or that is made of its own.
pub(super) fn guid(draft: &Draft, source: &Source, site: &Site) -> String {
    draft
        .guid
        .clone()
        .unwrap_or_else(|| tag_uri(&site.id_authority, &source.name, &draft.source_id))
}

/// The permanent id of an article without one of its own.
pub(crate) fn tag_uri(authority: &str, source: &str, source_id: &str) -> String {
    format!("tag:{authority}:{source}/{}", utf8_percent_encode(source_id, ID))
}

/// What tells whether an article changed: all that the source says of it, then how we clean it. An article changed only
/// for readers if the first half did (see `content_hash` in the store).
pub(crate) fn hash(draft: &Draft, site: &Site) -> String {
    let mut words = json!([
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
    // Only where they are told, so that learning to read them changes no article that has none.
    let file = draft.enclosure.as_ref().map(|file| (&file.url, &file.media_type, file.length));
    let more =
        json!([draft.image_alt, draft.image_type, draft.image_width, draft.image_height, file]);
    if let (Some(words), true) =
        (words.as_array_mut(), more != json!([null, null, null, null, null]))
    {
        words.push(more);
    }
    let cleaning = json!([CLEANING, site.language, site.base_url]);
    let hex = |value: serde_json::Value, bytes: usize| -> String {
        Sha256::digest(value.to_string()).iter().take(bytes).map(|b| format!("{b:02x}")).collect()
    };
    format!("{}-{}", hex(words, WORDS), hex(cleaning, 8))
}

/// Cleans a draft; costs as much as its body is long.
pub(crate) fn clean(draft: Draft, source: &Source, site: &Site, hash: String) -> Arrival {
    let home = Url::parse(&site.base_url).ok();
    let url = draft.url.as_deref().and_then(|u| html::absolute(u, home.as_ref()));
    let base = url.as_deref().and_then(|u| Url::parse(u).ok()).or(home);
    let body_html = html::clean_body(&draft.body_html, base.as_ref());
    let title = html::plain_title(&draft.title);
    let updated_at = draft.updated_at.unwrap_or(draft.published_at).max(draft.published_at);
    let image = media::image(&draft, &body_html, base.as_ref());
    let article = Article {
        row: 0,
        guid: guid(&draft, source, site),
        source: source.name.clone(),
        title: if title.is_empty() {
            made_title(&body_html, draft.published_at.in_zone(&source.timezone))
        } else {
            title
        },
        url,
        summary: html::summary(draft.summary.as_deref(), &body_html, SUMMARY),
        sections: names(&draft.sections),
        tags: names(&draft.tags),
        authors: names(&draft.authors),
        language: language(draft.language.as_deref(), site),
        enclosure: media::enclosure(draft.enclosure.as_ref(), &body_html, base.as_ref()),
        published_at: draft.published_at,
        updated_at,
        source_id: draft.source_id,
        body_html,
        ..image
    };
    Arrival {
        article,
        tells_update: draft.updated_at.is_some(),
        translation_of: draft.translation_of,
        hash,
    }
}

/// The tag of a language as a source writes it, else the site's.
pub(super) fn language(told: Option<&str>, site: &Site) -> String {
    told.and_then(|l| language::canonical(&l.replace('_', "-")).ok())
        .unwrap_or_else(|| site.language.clone())
}

/// The first words of the text, else the date.
fn made_title(body_html: &str, date: String) -> String {
    let words = html::summary(None, body_html, TITLE);
    if words.is_empty() { date } else { words }
}

/// Plain, non-empty names, each once.
pub(super) fn names(raw: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in raw
        .iter()
        .map(|n| html::plain_title(n).chars().take(LONGEST_NAME).collect::<String>())
        .filter(|n| !n.is_empty())
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
