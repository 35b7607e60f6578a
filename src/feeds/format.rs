//! The three formats: their names, a document's parts, and the check that each part passes before readers get it.

use html_escape::decode_html_entities;

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
        document.reserve_exact(
            items.iter().map(|item| item.len() + 1).sum::<usize>() + frame.tail.len(),
        );
        document.extend(items.join(self.separator()));
        document.extend(frame.tail);
        Ok(document)
    }

    /// A look of our own at what a writer wrote: those of feeds write characters and names that no strict reader takes.
    fn judge(
        self,
        bytes: &[u8],
        as_xml: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), FeedError> {
        let unfit = |reason: String| FeedError::Unfit { format: self.name(), reason };
        let text =
            std::str::from_utf8(bytes).map_err(|e| unfit(format!("it is not UTF-8: {e}")))?;
        match self {
            Self::Rss | Self::Atom => as_xml(text).map_err(unfit),
            Self::Json => serde_json::from_str::<serde::de::IgnoredAny>(text)
                .map(drop)
                .map_err(|e| unfit(format!("it is not JSON: {e}"))),
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

/// Escaped text in which what looks like HTML is written as the RSS Advisory Board's profile asks for plain text: by
/// number, from which readers and validators see that it is none.
pub(super) fn as_numbers(escaped: &str) -> String {
    let mut out = String::with_capacity(escaped.len() + 16);
    let mut rest = escaped;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("&amp;") {
            out.push_str(if begins_reference(after) { "&#x26;" } else { "&amp;" });
            rest = after;
        } else if let Some(after) = rest.strip_prefix("&lt;") {
            let begins_tag = after.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic());
            out.push_str(if begins_tag { "&#x3C;" } else { "&lt;" });
            rest = after;
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Whether text behind an `&` makes it a reference of HTML's, closed or not, or what validators take for one.
fn begins_reference(after: &str) -> bool {
    let name =
        &after[..after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len())];
    let whole = format!("&{name};");
    after.starts_with('#')
        || !name.chars().all(char::is_alphabetic)
        || decode_html_entities(&whole) != whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_html_is_written_by_number() {
        for same in [
            "Fish &amp; chips",
            "R&amp;D",
            "5 &lt; 6 &gt; 4 &lt;3",
            "&quot;x&apos; &#10;",
            "?a=1&amp;b=2",
            "师&amp;生",
        ] {
            assert_eq!(as_numbers(same), same);
        }
        assert_eq!(
            as_numbers("AT&amp;amp;T &amp;#8; &amp;lt x&amp;2 y&amp;a_b &lt;b&gt; &lt;/p"),
            "AT&#x26;amp;T &#x26;#8; &#x26;lt x&#x26;2 y&#x26;a_b &#x3C;b&gt; &#x3C;/p"
        );
    }
}
