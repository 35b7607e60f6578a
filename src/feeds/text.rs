//! The only text type that the renderers accept.

use std::borrow::Cow;

use crate::domain::text_repair;

/// Text that is valid in XML 1.0: forbidden characters are removed, C1 control characters are
/// decoded as Windows-1252, and line ends are `\n`, as an XML parser normalizes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedText<'a>(pub(super) Cow<'a, str>);

impl<'a> FeedText<'a> {
    /// Converts any text to valid text.
    pub fn new(text: &'a str) -> Self {
        Self::from_cow(Cow::Borrowed(text))
    }

    /// Converts any text to one line: trims it and replaces each run of white space by one space.
    pub fn line(text: &'a str) -> Self {
        let Self(text) = Self::new(text);
        if text.trim() == text && !text.contains("  ") && !text.contains(['\n', '\t']) {
            return Self(text);
        }
        Self(Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    /// Converts any borrowed or owned text.
    pub(super) fn from_cow(text: Cow<'a, str>) -> Self {
        let repaired = match text {
            Cow::Borrowed(text) => text_repair::repair(text),
            Cow::Owned(text) => Cow::Owned(text_repair::repair(&text).into_owned()),
        };
        if repaired.contains('\r') {
            return Self(Cow::Owned(repaired.replace("\r\n", "\n").replace('\r', "\n")));
        }
        Self(repaired)
    }

    /// Returns the text as a string slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns `true` if the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&FeedText<'_>> for String {
    fn from(text: &FeedText<'_>) -> Self {
        text.0.clone().into_owned()
    }
}
