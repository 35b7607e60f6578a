//! The three feed formats: their names, and what their writers share.

use html_escape::decode_html_entities;

/// Error while rendering a feed; the previous version is still served.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The library that writes the format failed.
    #[error("cannot write the {format} feed: {reason}")]
    Write {
        /// Name of the feed format.
        format: &'static str,
        /// Error message of the library.
        reason: String,
    },
    /// The written document is not valid.
    #[error("the rendered {format} feed is not valid: {reason}")]
    Invalid {
        /// Name of the feed format.
        format: &'static str,
        /// Description of the violation.
        reason: String,
    },
}

/// Parts of a document around its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFrame {
    /// Bytes before the first item.
    pub prefix: Vec<u8>,
    /// Bytes after the last item.
    pub suffix: Vec<u8>,
}

/// Feed format in which documents are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// RSS 2.0 (RSS Advisory Board).
    Rss,
    /// Atom 1.0 (RFC 4287).
    Atom,
    /// JSON Feed, version 1.1.
    Json,
}

impl Format {
    /// All formats in the order in which pages list them.
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    /// Returns the name of the format for display.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Atom => "Atom",
            Self::Json => "JSON",
        }
    }

    /// Returns the file name extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::Json => "json",
        }
    }

    /// Returns the format with that extension.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// Returns the media type without parameters.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }

    /// Returns the bytes between two items.
    pub fn separator(self) -> &'static [u8] {
        match self {
            Self::Rss | Self::Atom => b"",
            Self::Json => b",",
        }
    }

    /// Returns the error for a failed writer.
    pub(super) fn write_error(self, error: &dyn std::fmt::Display) -> FeedError {
        FeedError::Write { format: self.name(), reason: error.to_string() }
    }

    /// Returns the error for output without the expected start or end tags.
    pub(super) fn malformed(self) -> FeedError {
        FeedError::Invalid {
            format: self.name(),
            reason: "the output of the writer has an unexpected structure".to_owned(),
        }
    }
}

/// Replaces the escapes of plain text that looks like HTML by numeric references, as the RSS
/// Advisory Board's profile recommends. Readers and validators then know that it is not HTML.
pub(super) fn numeric_references(escaped: &str) -> String {
    let mut out = String::with_capacity(escaped.len() + 16);
    let mut rest = escaped;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("&amp;") {
            out.push_str(if starts_reference(after) { "&#x26;" } else { "&amp;" });
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

/// Returns `true` if the text after an `&` is an HTML character reference, terminated or not, or
/// looks like one to validators.
fn starts_reference(after: &str) -> bool {
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
    fn only_text_that_looks_like_html_is_written_as_numeric_references() {
        for unchanged in [
            "Fish &amp; chips",
            "R&amp;D",
            "5 &lt; 6 &gt; 4 &lt;3",
            "&quot;x&apos; &#10;",
            "?a=1&amp;b=2",
            "师&amp;生",
        ] {
            assert_eq!(numeric_references(unchanged), unchanged);
        }
        assert_eq!(
            numeric_references("AT&amp;amp;T &amp;#8; &amp;lt x&amp;2 y&amp;a_b &lt;b&gt; &lt;/p"),
            "AT&#x26;amp;T &#x26;#8; &#x26;lt x&#x26;2 y&#x26;a_b &#x3C;b&gt; &#x3C;/p"
        );
    }
}
