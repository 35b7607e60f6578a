//! The three formats: their names, a document's parts, and the check that each part passes before readers get it.

use super::feed::{Head, Item};
use super::{atom, json, rss};
use crate::domain::xml;

/// Why a feed could not be made; the one made before goes on being served.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The writer gave up.
    #[error("the {format} feed could not be written: {reason}")]
    Write {
        /// The format's name.
        format: &'static str,
        /// The writer's words.
        reason: String,
    },
    /// What was written would not be read.
    #[error("the {format} feed is not fit to be published: {reason}")]
    Unfit {
        /// The format's name.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What surrounds the items of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What stands before the first item.
    pub head: Vec<u8>,
    /// What stands behind the last one.
    pub tail: Vec<u8>,
}

/// A format of feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// RSS 2.0.
    Rss,
    /// Atom 1.0 (RFC 4287).
    Atom,
    /// JSON Feed 1.1.
    Json,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Atom => "Atom",
            Self::Json => "JSON",
        }
    }

    /// What stands behind the dot in an address or a file name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::Json => "json",
        }
    }

    /// The format of that extension.
    pub fn by_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// The media type that names the format, without parameters.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }

    /// The document without its items (UTF-8), cut where they go, checked.
    pub fn frame(self, head: &Head<'_>) -> Result<Frame, FeedError> {
        let frame = match self {
            Self::Rss => rss::frame(head),
            Self::Atom => atom::frame(head),
            Self::Json => json::frame(head),
        }?;
        let whole = [frame.head.as_slice(), &frame.tail].concat();
        self.judge(&whole, xml::document)?;
        Ok(frame)
    }

    /// One item (UTF-8), checked; the same in whatever feed it stands and whatever stands beside it.
    pub fn item(self, item: &Item<'_>) -> Result<Vec<u8>, FeedError> {
        let bytes = match self {
            Self::Rss => rss::item(item),
            Self::Atom => atom::entry(item),
            Self::Json => json::item(item),
        }?;
        let prefixes: Vec<&str> = match self {
            Self::Rss => rss::NAMESPACES.iter().map(|(prefix, _)| *prefix).collect(),
            Self::Atom => atom::NAMESPACES.iter().map(|(prefix, _)| *prefix).collect(),
            Self::Json => Vec::new(),
        };
        self.judge(&bytes, |text| xml::fragment(text, &prefixes))?;
        Ok(bytes)
    }

    /// What stands between two items.
    pub fn separator(self) -> &'static [u8] {
        match self {
            Self::Rss | Self::Atom => b"",
            Self::Json => b",",
        }
    }

    /// A whole document (UTF-8): the frame with the items in it, checked and ready to be served.
    pub fn render(self, head: &Head<'_>, items: &[Item<'_>]) -> Result<Vec<u8>, FeedError> {
        let frame = self.frame(head)?;
        let items = items.iter().map(|item| self.item(item)).collect::<Result<Vec<_>, _>>()?;
        let mut document = frame.head;
        document.reserve_exact(items.iter().map(|item| item.len() + 1).sum::<usize>() + frame.tail.len());
        document.extend(items.join(self.separator()));
        document.extend(frame.tail);
        Ok(document)
    }

    /// A look of our own at what a writer wrote: those of feeds write characters and names that no strict reader takes.
    fn judge(self, bytes: &[u8], as_xml: impl Fn(&str) -> Result<(), String>) -> Result<(), FeedError> {
        let unfit = |reason: String| FeedError::Unfit { format: self.name(), reason };
        let text = std::str::from_utf8(bytes).map_err(|e| unfit(format!("it is not UTF-8: {e}")))?;
        match self {
            Self::Rss | Self::Atom => as_xml(text).map_err(unfit),
            Self::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).map(drop).map_err(|e| unfit(format!("it is not JSON: {e}"))),
        }
    }

    /// An error of the writer's.
    pub(super) fn failed(self, error: &dyn std::fmt::Display) -> FeedError {
        FeedError::Write { format: self.name(), reason: error.to_string() }
    }

    /// A document that the writer wrote in another shape than it always did.
    pub(super) fn misshapen(self) -> FeedError {
        FeedError::Unfit { format: self.name(), reason: "it is not whole".to_owned() }
    }
}

/// Escaped text with the two signs of markup as the RSS Advisory Board's profile asks for plain text: as numbers, by which
/// readers and validators tell it from HTML.
pub(super) fn as_numbers(escaped: &str) -> String {
    escaped.replace("&amp;", "&#x26;").replace("&lt;", "&#x3C;")
}
