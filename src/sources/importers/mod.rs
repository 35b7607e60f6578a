//! Importers for files of other publishers: feeds (RSS, Atom, JSON Feed) and WordPress exports
//! (WXR).

use std::collections::BTreeMap;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

use super::row::parse_instant;
use super::wordpress;
use crate::config::Source;
use crate::domain::article::{Enclosure, IncomingArticle};
use crate::domain::time::Millis;

mod atom;
mod jsonfeed;
mod rss;
#[cfg(test)]
mod tests;
pub(super) mod xml;

/// Article parsed from a file.
#[derive(Debug, Clone, Default)]
pub(super) struct ParsedArticle {
    /// Its content, not yet normalized.
    pub(super) article: IncomingArticle,
    /// `true` if the file has its publication date.
    pub(super) is_dated: bool,
}

/// Line number and article, or the reason why the article is invalid.
pub(super) type NumberedArticle = (u64, Result<ParsedArticle, String>);

/// Content of an imported file.
#[derive(Debug, Default)]
pub(super) struct ParsedFile {
    /// Articles in the order of the file.
    pub(super) articles: Vec<NumberedArticle>,
    /// Number of entries that are not public articles, by description.
    pub(super) left_out: BTreeMap<String, usize>,
}

/// Parses an RSS, Atom or WXR file; the error has the line.
pub(super) fn parse_xml(
    bytes: &[u8],
    source: &Source,
    site_language: &str,
) -> Result<ParsedFile, (u64, String)> {
    let text = xml::decode(bytes).map_err(|reason| (1, reason))?;
    let root = xml::parse(&text)?;
    let zone = &source.timezone;
    let articles = match root.name.as_str() {
        "rss" => match root.child("channel") {
            Some(channel) if channel.child("wp:wxr_version").is_some() => {
                return Ok(wordpress::read_wxr(channel, source, site_language));
            }
            Some(channel) => rss::parse_items(channel, channel.children("item"), zone),
            None => return Err((root.line, "this RSS feed has no channel".into())),
        },
        "rdf:RDF" => {
            let channel = root.child("channel").cloned().unwrap_or_default();
            rss::parse_items(&channel, root.children("item"), zone)
        }
        "atom:feed" => atom::parse_entries(&root, zone),
        other => {
            return Err((
                root.line,
                format!(
                    "this is neither RSS nor Atom nor a WordPress export: the root element is <{other}>"
                ),
            ));
        }
    };
    Ok(ParsedFile { articles, left_out: BTreeMap::new() })
}

/// Parses a JSON Feed; the error has the line.
pub(super) fn parse_json_feed(bytes: &[u8], source: &Source) -> Result<ParsedFile, (u64, String)> {
    let text = xml::decode(bytes).map_err(|reason| (1, reason))?;
    Ok(ParsedFile {
        articles: jsonfeed::parse_feed(&text, &source.timezone)?,
        left_out: BTreeMap::new(),
    })
}

/// Parses a time as feeds write it: RFC 822 with any weekday, RFC 3339, or a similar form. `field`
/// names the time in the error.
fn parse_time(
    field: &str,
    text: Option<String>,
    zone: &TimeZone,
) -> Result<Option<Millis>, String> {
    const PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    let Some(text) = text else { return Ok(None) };
    let named = ["UTC", "Z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .map_or_else(|| text.clone(), |t| format!("{} GMT", t.trim_end()));
    let mail = PARSER.parse_timestamp(&named).ok().map(Millis::from);
    match mail.or_else(|| parse_instant(&text, zone)) {
        Some(at) => Ok(Some(at)),
        None => {
            let excerpt: String = text.chars().take(40).collect();
            Err(format!("its {field} `{excerpt}` is not a valid time"))
        }
    }
}

/// Sets the id and dates of a parsed article; rejects one that has neither a title nor a text.
fn finish(
    mut article: IncomingArticle,
    published: Option<Millis>,
) -> Result<ParsedArticle, String> {
    if article.title.trim().is_empty() && article.body_html.trim().is_empty() {
        return Err("it has neither a title nor a text".into());
    }
    // Feed readers identify an item without an id by its URL.
    article.guid = article.guid.filter(|g| !g.is_empty()).or_else(|| article.url.clone());
    article.source_id = article.guid.clone().unwrap_or_default();
    article.published_at = published.or(article.updated_at).unwrap_or_default();
    Ok(ParsedArticle { is_dated: published.or(article.updated_at).is_some(), article })
}

/// Returns the audio or video file that an element refers to by its attribute `url_attribute`.
fn media_enclosure(element: &xml::Element, url_attribute: &str) -> Option<Enclosure> {
    let media_type = element
        .attribute("type")
        .filter(|kind| kind.starts_with("audio/") || kind.starts_with("video/"))?;
    let length =
        element.attribute("length").and_then(|length| length.parse().ok()).unwrap_or_default();
    Some(Enclosure {
        url: element.attribute(url_attribute)?.to_owned(),
        media_type: media_type.to_owned(),
        length,
    })
}

/// Returns plain text as HTML with one paragraph per line.
fn text_to_paragraphs(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| format!("<p>{}</p>", html_escape::encode_text(line))).collect()
}

/// Resolves a URL against a base URL; returns it unchanged if that is not possible.
fn resolve_url(url: &str, base: Option<&str>) -> String {
    let base = base.and_then(|b| url::Url::parse(b).ok());
    base.and_then(|b| b.join(url).ok()).map_or_else(|| url.to_owned(), |u| u.to_string())
}
