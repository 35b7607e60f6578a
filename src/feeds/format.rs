//! The three formats: their names, and the check that each passes before readers get it.

use super::feed::FeedDocument;
use super::{atom, json, rss};
use crate::domain::characters;

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
        reason: &'static str,
    },
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

    /// The media type that names the format, without parameters.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }

    /// The feed's bytes (UTF-8), checked and ready to be served.
    pub fn render(self, document: &FeedDocument<'_>) -> Result<Vec<u8>, FeedError> {
        let bytes = match self {
            Self::Rss => rss::render(document),
            Self::Atom => atom::render(document),
            Self::Json => json::render(document),
        }?;
        self.validate(&bytes)?;
        Ok(bytes)
    }

    /// A cheap last look: whole, in UTF-8, and without a character that would stop a strict reader.
    pub fn validate(self, bytes: &[u8]) -> Result<(), FeedError> {
        let unfit = |reason| Err(FeedError::Unfit { format: self.name(), reason });
        let Ok(text) = std::str::from_utf8(bytes) else { return unfit("it is not UTF-8") };
        let (start, end) = match self {
            Self::Rss => ("<?xml version=\"1.0\"", "</channel></rss>"),
            Self::Atom => ("<?xml version=\"1.0\"", "</feed>"),
            Self::Json => ("{\"version\":", "}"),
        };
        if !text.starts_with(start) || !text.trim_end().ends_with(end) {
            return unfit("it is not whole");
        }
        if !text.chars().all(characters::allowed_in_xml) {
            return unfit("it holds a character that XML 1.0 forbids");
        }
        if self == Self::Json && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
            return unfit("it is not JSON");
        }
        Ok(())
    }

    /// An error of the writer's.
    pub(super) fn failed(self, error: &dyn std::fmt::Display) -> FeedError {
        FeedError::Write { format: self.name(), reason: error.to_string() }
    }
}
