//! Writes documents and items in a format, and validates each written part.

use super::format::{DocumentFrame, FeedError, Format};
use super::metadata::{FeedMetadata, Item};
use super::{atom, json, rss};
use crate::domain::xml;

impl Format {
    /// Renders and validates the parts of a document around its items (UTF-8).
    pub fn frame(self, metadata: &FeedMetadata<'_>) -> Result<DocumentFrame, FeedError> {
        let frame = match self {
            Self::Rss => rss::frame(metadata),
            Self::Atom => atom::frame(metadata),
            Self::Json => json::frame(metadata),
        }?;
        let whole = [frame.prefix.as_slice(), &frame.suffix].concat();
        self.validate(&whole, xml::validate_document)?;
        Ok(frame)
    }

    /// Renders and validates one item (UTF-8). The bytes do not depend on the feed or on other
    /// items.
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
        self.validate(&bytes, |text| xml::validate_fragment(text, &prefixes))?;
        Ok(bytes)
    }

    /// Renders and validates a complete document (UTF-8): the frame with the items in it.
    pub fn render(
        self,
        metadata: &FeedMetadata<'_>,
        items: &[Item<'_>],
    ) -> Result<Vec<u8>, FeedError> {
        let frame = self.frame(metadata)?;
        let items = items.iter().map(|item| self.item(item)).collect::<Result<Vec<_>, _>>()?;
        let mut document = frame.prefix;
        document.reserve_exact(
            items.iter().map(|item| item.len() + 1).sum::<usize>() + frame.suffix.len(),
        );
        document.extend(items.join(self.separator()));
        document.extend(frame.suffix);
        Ok(document)
    }

    /// Validates the output of a writer. The feed libraries write characters and names that strict
    /// parsers reject.
    fn validate(
        self,
        bytes: &[u8],
        validate_xml: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), FeedError> {
        let invalid = |reason: String| FeedError::Invalid { format: self.name(), reason };
        let text =
            std::str::from_utf8(bytes).map_err(|e| invalid(format!("it is not UTF-8: {e}")))?;
        match self {
            Self::Rss | Self::Atom => validate_xml(text).map_err(invalid),
            Self::Json => serde_json::from_str::<serde::de::IgnoredAny>(text)
                .map(drop)
                .map_err(|e| invalid(format!("it is not JSON: {e}"))),
        }
    }
}
