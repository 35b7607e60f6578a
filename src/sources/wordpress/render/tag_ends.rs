//! End of a shortcode's tag whose quoted attributes contain brackets.

/// Marks that begin and end a value with double quotation marks: typographic ones, which editors
/// substitute, and character references.
const DOUBLE_MARKS: [&str; 13] = [
    "\u{201c}", "\u{201d}", "\u{201e}", "\u{201f}", "\u{2033}", "&#8220;", "&#8221;", "&#8222;",
    "&#8243;", "&ldquo;", "&rdquo;", "&quot;", "&#34;",
];
/// The same for single quotation marks.
const SINGLE_MARKS: [&str; 11] = [
    "\u{2018}", "\u{2019}", "\u{201a}", "\u{2032}", "&#8216;", "&#8217;", "&#8242;", "&lsquo;",
    "&rsquo;", "&#039;", "&#39;",
];

/// Searches for the ends of tags, in time linear in the length of the text.
pub(super) struct TagEnds<'a> {
    text: &'a str,
    /// Number of bytes that may still be read.
    budget: usize,
}

impl<'a> TagEnds<'a> {
    /// Creates a search in `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, budget: 8 * text.len() }
    }

    /// Returns the position of the bracket that closes a tag, which is outside its quoted attributes;
    /// `None` if another bracket opens before, or if a quotation mark is not closed.
    pub(super) fn next(&mut self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let found = self.text[at..].find(['[', ']', '='])?;
            self.spend(found + 1)?;
            at += found + 1;
            match self.text.as_bytes()[at - 1] {
                b']' => return Some(at - 1),
                b'[' => return None,
                _ => {
                    let value = self.text[at..].trim_start();
                    let start = self.text.len() - value.len();
                    at = self.value_end(start)?;
                }
            }
        }
    }

    /// Returns the end of a quoted value at `start`, or `start` if no quotation mark is there.
    fn value_end(&mut self, start: usize) -> Option<usize> {
        let value = &self.text[start..];
        let plain = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let end = if let Some(mark) = plain {
            let inside = &value[1..];
            let length = inside.find(mark);
            self.spend(length.unwrap_or(inside.len()))?;
            start + 1 + length? + 1
        } else {
            let marks: &[&str] = [&DOUBLE_MARKS[..], &SINGLE_MARKS[..]]
                .into_iter()
                .find(|marks| marks.iter().any(|mark| value.starts_with(mark)))
                .unwrap_or_default();
            let Some(mark) = marks.iter().find(|mark| value.starts_with(*mark)) else {
                return Some(start);
            };
            self.closing_mark(start + mark.len(), marks)?
        };
        // A mark in the middle of a word closes nothing: the value was not quoted as a whole.
        let after = self.text[end..].chars().next();
        after.is_none_or(|c| c.is_whitespace() || matches!(c, ']' | '/')).then_some(end)
    }

    /// Returns the end of the first of these marks at or after `from`.
    fn closing_mark(&mut self, from: usize, marks: &[&str]) -> Option<usize> {
        let mut at = from;
        loop {
            let found =
                self.text[at..].find(|c: char| c == '&' || ('\u{2018}'..='\u{2033}').contains(&c));
            self.spend(found.unwrap_or(self.text.len() - at) + 1)?;
            at += found?;
            let rest = &self.text[at..];
            if let Some(mark) = marks.iter().find(|mark| rest.starts_with(*mark)) {
                return Some(at + mark.len());
            }
            at += rest.chars().next()?.len_utf8();
        }
    }

    fn spend(&mut self, bytes: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(bytes)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_quoted_attributes_do_not_end_a_tag() {
        for (tag, expected) in [
            ("[a b=\"[1]\" c]rest]", Some("[a b=\"[1]\" c]")),
            ("[a b='x [y] z']rest", Some("[a b='x [y] z']")),
            (
                "[a b=\u{201d}[1,2]\u{2033} c=\u{201c}]\u{201d}]",
                Some("[a b=\u{201d}[1,2]\u{2033} c=\u{201c}]\u{201d}]"),
            ),
            ("[a b=&quot;[1]&quot;]", Some("[a b=&quot;[1]&quot;]")),
            ("[a b = \"]\" /] [c]", Some("[a b = \"]\" /]")),
            ("[a it's]", Some("[a it's]")),
            ("[a b=\"open] <a href=\"x\">y</a> z]", None),
            ("[a [b]", None),
            ("[a b=\"open]", None),
        ] {
            let end = TagEnds::new(tag).next(2);
            assert_eq!(end.map(|end| &tag[..=end]), expected, "{tag}");
        }
    }

    #[test]
    fn many_unclosed_quotation_marks_take_linear_time() {
        let text = "[a b='[c d=\u{201d}".repeat(100_000);
        let mut ends = TagEnds::new(&text);
        for (at, _) in text.match_indices('[') {
            ends.next(at + 2);
        }
    }
}
