//! Importers for files of other publishers: feeds (RSS, Atom, JSON Feed) and WordPress exports
//! (WXR).

use super::wordpress;
use crate::config::Source;

mod atom;
mod entry_visibility;
mod fields;
mod jsonfeed;
mod parsed;
mod rss;
#[cfg(test)]
mod tests;
pub(super) mod xml;
mod zone_names;

pub(super) use self::parsed::{NumberedArticle, ParsedArticle, ParsedFile};

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
            Some(channel)
                if channel.child("wp:wxr_version").is_some()
                    || channel.children("item").any(entry_visibility::is_exported_by_wordpress) =>
            {
                return Ok(wordpress::read_wxr(channel, source, site_language));
            }
            Some(channel) => rss::parse_items(channel, channel.children("item"), zone),
            None => return Err((root.line, "this RSS feed has no channel".into())),
        },
        "rdf:RDF" => {
            let channel = root.child("channel").cloned().unwrap_or_default();
            rss::parse_items(&channel, root.children("item"), zone)
        }
        "atom:feed" => return Ok(atom::parse_entries(&root, zone)),
        other => {
            return Err((
                root.line,
                format!(
                    "this is neither RSS nor Atom nor a WordPress export: the root element is <{other}>"
                ),
            ));
        }
    };
    Ok(ParsedFile { articles, ..ParsedFile::default() })
}

/// Parses a JSON Feed; the error has the line.
pub(super) fn parse_json_feed(bytes: &[u8], source: &Source) -> Result<ParsedFile, (u64, String)> {
    let text = xml::decode(bytes).map_err(|reason| (1, reason))?;
    Ok(ParsedFile {
        articles: jsonfeed::parse_feed(&text, &source.timezone)?,
        ..ParsedFile::default()
    })
}
