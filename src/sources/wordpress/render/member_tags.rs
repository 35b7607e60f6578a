//! Tags of shortcodes whose content members see.

use std::collections::HashMap;

use super::markup::Lookahead;
use super::shortcodes;
use super::tag_ends::TagEnds;

/// A bracketed tag that ends at the first `]`, as in WordPress, even within a quoted attribute. Its
/// attributes end outside of quotation marks, and it closes itself only if both ends say so.
pub(super) struct MemberShortcodeTag<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: &'a str,
    pub(super) closing: bool,
    pub(super) self_closing: bool,
    /// Position after the tag.
    pub(super) end: usize,
}

impl<'a> MemberShortcodeTag<'a> {
    /// Parses the tag at `start`; both searches are over the text.
    pub(super) fn parse(
        text: &'a str,
        start: usize,
        close: &mut Lookahead<'a>,
        quoted: &mut TagEnds<'a>,
    ) -> Option<Self> {
        let inner = &text[start + 1..];
        let (inner, closing) =
            inner.strip_prefix('/').map_or((inner, false), |inner| (inner, true));
        let (name, rest) = inner.split_at(shortcodes::name_length(inner));
        let follows = rest.starts_with([']', '/']) || rest.starts_with(char::is_whitespace);
        if !follows || !name.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let from = text.len() - rest.len();
        let end = close.next(from)?;
        let outside_quotes = quoted.next(from);
        let last = outside_quotes.unwrap_or(end).max(end);
        let self_closing = text[from..last].ends_with('/') && text[..end].ends_with('/');
        // A bracket outside of quotation marks begins another tag.
        let next_tag = outside_quotes.map_or_else(|| text[from..last].find('['), |_| None);
        let attributes = &text[from..next_tag.map_or(last, |length| from + length)];
        Some(Self { name, attributes, closing, self_closing, end: end + 1 })
    }

    /// Returns the end of the content of an opening tag behind another bracket; `None` if WordPress
    /// shows the tag as text: it has no closing tag, or a second bracket follows that one, too.
    pub(super) fn end_if_not_literal(
        &self,
        text: &str,
        closing_ends: &HashMap<&str, Vec<usize>>,
    ) -> Option<usize> {
        let ends = closing_ends.get(self.name)?;
        let end = *ends.get(ends.partition_point(|end| *end <= self.end))?;
        (!text[end..].starts_with(']')).then_some(end)
    }
}

/// Returns the end of each closing tag, by the name of the shortcode.
pub(super) fn closing_tag_ends(text: &str) -> HashMap<&str, Vec<usize>> {
    let mut found: HashMap<&str, Vec<usize>> = HashMap::new();
    if text.contains("[[") {
        for (start, _) in text.match_indices("[/") {
            let inner = &text[start + 2..];
            let length = shortcodes::name_length(inner);
            if inner[length..].starts_with(']') {
                found.entry(&inner[..length]).or_default().push(start + 2 + length + 1);
            }
        }
    }
    found
}
