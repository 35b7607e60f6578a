//! The one door through which text enters the renderers.

use std::borrow::Cow;

use crate::domain::characters;

/// Text that XML 1.0 can hold: forbidden characters are dropped, stray C1 ones read as Windows-1252, and line ends are `\n`,
/// as an XML parser will read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedText<'a>(pub(super) Cow<'a, str>);

impl<'a> FeedText<'a> {
    /// Takes any text.
    pub fn new(text: &'a str) -> Self {
        Self::of(Cow::Borrowed(text))
    }

    /// Takes any text for one line, as an attribute's: white space at its ends goes, within it becomes single spaces.
    pub fn line(text: &'a str) -> Self {
        let Self(text) = Self::new(text);
        if text.trim() == text && !text.contains("  ") && !text.contains(['\n', '\t']) {
            return Self(text);
        }
        Self(Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    /// Takes any text, borrowed or made.
    pub(super) fn of(text: Cow<'a, str>) -> Self {
        let sound = match text {
            Cow::Borrowed(text) => characters::repaired(text),
            Cow::Owned(text) => Cow::Owned(characters::repaired(&text).into_owned()),
        };
        if sound.contains('\r') {
            return Self(Cow::Owned(sound.replace("\r\n", "\n").replace('\r', "\n")));
        }
        Self(sound)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&FeedText<'_>> for String {
    fn from(text: &FeedText<'_>) -> Self {
        text.0.clone().into_owned()
    }
}
