//! What other publishers export: feeds (RSS, Atom, JSON Feed) and WordPress's own file, as articles to take in.

use std::collections::BTreeMap;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

use super::row::instant;
use super::wordpress;
use crate::config::Source;
use crate::domain::article::{Draft, Enclosure};
use crate::domain::time::Millis;

mod atom;
mod jsonfeed;
mod rss;
#[cfg(test)]
mod tests;
pub(super) mod xml;

/// An article of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Exported {
    /// What is told of it.
    pub(super) draft: Draft,
    /// Whether the file says when it was published.
    pub(super) is_dated: bool,
}

/// An article with its line, or why it can't be used.
pub(super) type Read = (u64, Result<Exported, String>);

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Export {
    /// Its articles.
    pub(super) articles: Vec<Read>,
    /// What is no public article, and how many there are.
    pub(super) left_out: BTreeMap<String, usize>,
}

/// Reads an XML file of any of these kinds; the error names the line.
pub(super) fn from_xml(
    bytes: &[u8],
    source: &Source,
    site_language: &str,
) -> Result<Export, (u64, String)> {
    let text = xml::decoded(bytes).map_err(|why| (1, why))?;
    let root = xml::tree(&text)?;
    let zone = &source.timezone;
    let articles = match root.name.as_str() {
        "rss" => match root.child("channel") {
            Some(channel) if channel.child("wp:wxr_version").is_some() => {
                return Ok(wordpress::export(channel, source, site_language));
            }
            Some(channel) => rss::read(channel, channel.all("item"), zone),
            None => return Err((root.line, "this RSS has no channel".into())),
        },
        "rdf:RDF" => {
            let channel = root.child("channel").cloned().unwrap_or_default();
            rss::read(&channel, root.all("item"), zone)
        }
        "atom:feed" => atom::read(&root, zone),
        other => {
            return Err((
                root.line,
                format!(
                    "this is neither RSS nor Atom nor an export of WordPress: it begins with <{other}>"
                ),
            ));
        }
    };
    Ok(Export { articles, left_out: BTreeMap::new() })
}

/// Reads a JSON Feed; the error names the line.
pub(super) fn from_json(bytes: &[u8], source: &Source) -> Result<Export, (u64, String)> {
    let text = xml::decoded(bytes).map_err(|why| (1, why))?;
    Ok(Export { articles: jsonfeed::read(&text, &source.timezone)?, left_out: BTreeMap::new() })
}

/// An instant as feeds write it: RFC 822 with whatever weekday, RFC 3339, or nearly so.
fn time(what: &str, text: Option<String>, zone: &TimeZone) -> Result<Option<Millis>, String> {
    const PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    let Some(text) = text else { return Ok(None) };
    let named = ["UTC", "Z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .map_or_else(|| text.clone(), |t| format!("{} GMT", t.trim_end()));
    let mail = PARSER.parse_timestamp(&named).ok().map(Millis::from);
    match mail.or_else(|| instant(&text, zone)) {
        Some(at) => Ok(Some(at)),
        None => {
            Err(format!("its {what} `{}` is no time", text.chars().take(40).collect::<String>()))
        }
    }
}

/// Completes what is told of an article; refuses what tells nothing.
fn finished(mut draft: Draft, published: Option<Millis>) -> Result<Exported, String> {
    if draft.title.trim().is_empty() && draft.body_html.trim().is_empty() {
        return Err("it has neither a title nor a text".into());
    }
    // Readers know an item without an id by its address.
    draft.guid = draft.guid.filter(|g| !g.is_empty()).or_else(|| draft.url.clone());
    draft.source_id = draft.guid.clone().unwrap_or_default();
    draft.published_at = published.or(draft.updated_at).unwrap_or_default();
    Ok(Exported { is_dated: published.or(draft.updated_at).is_some(), draft })
}

/// A sound or a film that an element points at.
fn enclosed(element: &xml::Element, address: &str) -> Option<Enclosure> {
    let media_type = element
        .attribute("type")
        .filter(|kind| kind.starts_with("audio/") || kind.starts_with("video/"))?;
    let length =
        element.attribute("length").and_then(|length| length.parse().ok()).unwrap_or_default();
    Some(Enclosure {
        url: element.attribute(address)?.to_owned(),
        media_type: media_type.to_owned(),
        length,
    })
}

/// A text as HTML, its lines as paragraphs.
fn paragraphs(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| format!("<p>{}</p>", html_escape::encode_text(line))).collect()
}

/// An address made absolute against another, where that can be done.
fn resolved(address: &str, base: Option<&str>) -> String {
    let base = base.and_then(|b| url::Url::parse(b).ok());
    base.and_then(|b| b.join(address).ok()).map_or_else(|| address.to_owned(), |u| u.to_string())
}
