//! Importers for files of other publishers: feeds (RSS, Atom, JSON Feed) and WordPress exports
//! (WXR).

mod atom;
mod entry_visibility;
mod fields;
mod jsonfeed;
mod parsed;
mod rss;
mod stated_visibility;
#[cfg(test)]
mod tests;
pub(super) mod xml;
mod xml_encoding;
mod xml_feed;
mod xml_reader;
mod zone_names;

pub(super) use self::jsonfeed::JsonFeedFile;
pub(super) use self::parsed::{LeftOut, NumberedArticle, ParsedArticle};
pub(super) use self::xml_feed::XmlFeedFile;

/// Error of a file: line number and problem.
pub(super) type FileError = (u64, String);
