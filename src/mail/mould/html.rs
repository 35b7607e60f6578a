//! Where in HTML a slot stands. What is read here was written by the inliner's serialiser: attributes stand in double
//! quotes, and between tags every `<` opens one.

use super::marked::Place;

/// Attributes into which neither the parser nor the inliner looks.
const UNREAD: [&str; 8] =
    ["href", "src", "title", "alt", "content", "value", "aria-label", "aria-description"];
/// Elements whose text is not parsed.
const RAW: [&str; 8] =
    ["style", "script", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"];

/// The place of each of these offsets, which ascend.
pub(super) fn places(html: &str, offsets: &[usize]) -> Vec<Place> {
    let mut scanner = Scanner { html, offsets, found: Vec::with_capacity(offsets.len()) };
    let mut at = 0;
    while at < html.len() {
        at = scanner.text_and_tag(at);
    }
    // The end of the text: a word there would begin before it.
    scanner.upto(html.len() + 1, Place::Text);
    scanner.found
}

struct Scanner<'a> {
    html: &'a str,
    offsets: &'a [usize],
    found: Vec<Place>,
}

impl Scanner<'_> {
    /// All offsets before `end` that are not yet placed stand here.
    fn upto(&mut self, end: usize, place: Place) {
        while self.offsets.get(self.found.len()).is_some_and(|offset| *offset < end) {
            self.found.push(place);
        }
    }

    /// The offset behind the next `needle` from `from`; the end without one.
    fn behind(&self, from: usize, needle: &str) -> usize {
        self.html[from..].find(needle).map_or(self.html.len(), |found| from + found + needle.len())
    }

    /// Text, then the tag or comment that ends it; gives the offset behind that.
    fn text_and_tag(&mut self, from: usize) -> usize {
        let Some(start) = self.html[from..].find('<').map(|found| from + found) else {
            self.upto(self.html.len(), Place::Text);
            return self.html.len();
        };
        self.upto(start, Place::Text);
        let rest = &self.html[start..];
        if rest.starts_with("<!--") {
            let end = self.behind(start + 4, "-->");
            self.upto(end, Place::Comment);
            return end;
        }
        if rest[1..].starts_with(['!', '?', '/']) {
            let end = self.behind(start, ">");
            self.upto(end, Place::Raw);
            return end;
        }
        let end = self.start_tag(start);
        let name = rest[1..]
            .split(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'))
            .next()
            .unwrap_or_default();
        if !RAW.contains(&name) {
            return end;
        }
        let close = self.html[end..]
            .find(&format!("</{name}>"))
            .map_or(self.html.len(), |found| end + found);
        self.upto(close, Place::Raw);
        close
    }

    /// A start tag with its attributes; gives the offset behind it.
    fn start_tag(&mut self, start: usize) -> usize {
        let mut at = start;
        while let Some(stop) = self.html[at..].find(['"', '>']).map(|found| at + found) {
            self.upto(stop, Place::Raw);
            if self.html[stop..].starts_with('>') {
                return stop + 1;
            }
            let name = self.html[at..stop]
                .trim_end_matches('=')
                .rsplit(|c: char| c.is_ascii_whitespace())
                .next()
                .unwrap_or_default();
            let place = if UNREAD.contains(&name) { Place::Attribute } else { Place::Uncertain };
            at = self.behind(stop + 1, "\"");
            self.upto(at, place);
        }
        self.upto(self.html.len(), Place::Raw);
        self.html.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_is_found_in_its_place() {
        let html = "@<!DOCTYPE html><p class=\"@\" title=\"> @\">@ &lt;@<br><!--[if mso]><b x=\"@\">-->@<style>p > a { @ }</style>@\
            <a href=\"@\" x=\"\">@</a><textarea>@</textarea><@ y>@";
        let offsets: Vec<usize> = html.match_indices('@').map(|(at, _)| at).collect();
        use Place::{Attribute, Comment, Raw, Text, Uncertain};
        let expected = [
            Text, Uncertain, Attribute, Text, Text, Comment, Text, Raw, Text, Attribute, Text,
            Text, Raw, Text,
        ];
        assert_eq!(places(html, &offsets), expected);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_scanned_to_its_end(html in "[<>\"/!a=@ é-]{0,60}|(<style>|<!--|-->|</style>|<p a=\"|@|>|\"){0,12}") {
            let offsets: Vec<usize> = html.match_indices('@').map(|(at, _)| at).collect();
            proptest::prop_assert_eq!(places(&html, &offsets).len(), offsets.len());
        }
    }
}
