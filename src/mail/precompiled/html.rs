//! Finds the escape context of each placeholder in HTML. The input is the output of the inliner:
//! attributes are in double quotes, and every `<` between tags opens a tag.

use super::escape::EscapeContext;

/// Attributes that neither the parser nor the inliner interprets.
const OPAQUE_ATTRIBUTES: [&str; 8] =
    ["href", "src", "title", "alt", "content", "value", "aria-label", "aria-description"];
/// Elements whose text is not parsed as HTML.
const RAW_TEXT_ELEMENTS: [&str; 8] =
    ["style", "script", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"];

/// Returns the context of each offset. The offsets must be in ascending order.
pub(super) fn escape_contexts(html: &str, offsets: &[usize]) -> Vec<EscapeContext> {
    let mut scanner = Scanner { html, offsets, contexts: Vec::with_capacity(offsets.len()) };
    let mut at = 0;
    while at < html.len() {
        at = scanner.scan_text_and_tag(at);
    }
    // Covers an offset at the end of the text, although no placeholder can start there.
    scanner.assign_until(html.len() + 1, EscapeContext::Text);
    scanner.contexts
}

struct Scanner<'a> {
    html: &'a str,
    offsets: &'a [usize],
    contexts: Vec<EscapeContext>,
}

impl Scanner<'_> {
    /// Assigns the context to all remaining offsets before `end`.
    fn assign_until(&mut self, end: usize, context: EscapeContext) {
        while self.offsets.get(self.contexts.len()).is_some_and(|offset| *offset < end) {
            self.contexts.push(context);
        }
    }

    /// Returns the offset after the next `needle` from `from`, or the end of the text without one.
    fn offset_after(&self, from: usize, needle: &str) -> usize {
        self.html[from..].find(needle).map_or(self.html.len(), |found| from + found + needle.len())
    }

    /// Scans text and the tag or comment after it; returns the offset after that.
    fn scan_text_and_tag(&mut self, from: usize) -> usize {
        let Some(start) = self.html[from..].find('<').map(|found| from + found) else {
            self.assign_until(self.html.len(), EscapeContext::Text);
            return self.html.len();
        };
        self.assign_until(start, EscapeContext::Text);
        let rest = &self.html[start..];
        if rest.starts_with("<!--") {
            let end = self.offset_after(start + 4, "-->");
            self.assign_until(end, EscapeContext::Comment);
            return end;
        }
        if rest[1..].starts_with(['!', '?', '/']) {
            let end = self.offset_after(start, ">");
            self.assign_until(end, EscapeContext::Raw);
            return end;
        }
        let end = self.scan_start_tag(start);
        let name = rest[1..]
            .split(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'))
            .next()
            .unwrap_or_default();
        if !RAW_TEXT_ELEMENTS.contains(&name) {
            return end;
        }
        let close = self.html[end..]
            .find(&format!("</{name}>"))
            .map_or(self.html.len(), |found| end + found);
        self.assign_until(close, EscapeContext::Raw);
        close
    }

    /// Scans a start tag with its attributes; returns the offset after it.
    fn scan_start_tag(&mut self, start: usize) -> usize {
        let mut at = start;
        while let Some(stop) = self.html[at..].find(['"', '>']).map(|found| at + found) {
            self.assign_until(stop, EscapeContext::Raw);
            if self.html[stop..].starts_with('>') {
                return stop + 1;
            }
            let name = self.html[at..stop]
                .trim_end_matches('=')
                .rsplit(|c: char| c.is_ascii_whitespace())
                .next()
                .unwrap_or_default();
            let context = if OPAQUE_ATTRIBUTES.contains(&name) {
                EscapeContext::Attribute
            } else {
                EscapeContext::InspectedAttribute
            };
            at = self.offset_after(stop + 1, "\"");
            self.assign_until(at, context);
        }
        self.assign_until(self.html.len(), EscapeContext::Raw);
        self.html.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_placeholder_gets_its_escape_context() {
        let html = "@<!DOCTYPE html><p class=\"@\" title=\"> @\">@ &lt;@<br><!--[if mso]><b x=\"@\">-->@<style>p > a { @ }</style>@\
            <a href=\"@\" x=\"\">@</a><textarea>@</textarea><@ y>@";
        let offsets: Vec<usize> = html.match_indices('@').map(|(at, _)| at).collect();
        use EscapeContext::{Attribute, Comment, InspectedAttribute, Raw, Text};
        let expected = [
            Text,
            InspectedAttribute,
            Attribute,
            Text,
            Text,
            Comment,
            Text,
            Raw,
            Text,
            Attribute,
            Text,
            Text,
            Raw,
            Text,
        ];
        assert_eq!(escape_contexts(html, &offsets), expected);
    }

    proptest::proptest! {
        #[test]
        fn scanner_assigns_a_context_to_every_offset_in_any_text(html in "[<>\"/!a=@ é-]{0,60}|(<style>|<!--|-->|</style>|<p a=\"|@|>|\"){0,12}") {
            let offsets: Vec<usize> = html.match_indices('@').map(|(at, _)| at).collect();
            proptest::prop_assert_eq!(escape_contexts(&html, &offsets).len(), offsets.len());
        }
    }
}
