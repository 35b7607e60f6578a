//! Wrapping of lines between words, for terminals.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

/// Indentation of continuation lines, after that of the line itself.
const CONTINUATION_INDENT: usize = 2;
/// Widest label before a text that continuation lines are aligned with.
const MAX_LABEL_WIDTH: usize = 20;

/// Wraps each line that is wider than `width` columns between words. Continuation lines are
/// indented, below the text if it follows a label and two spaces. A word that is wider than a line,
/// such as a URL, stays complete.
pub(super) fn wrap(text: &str, width: usize) -> Cow<'_, str> {
    if text.lines().all(|line| visible_width(line) <= width) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(|line| wrap_line(line, width)).collect();
    Cow::Owned(lines.join("\n"))
}

fn wrap_line(line: &str, width: usize) -> Cow<'_, str> {
    if visible_width(line) <= width {
        return Cow::Borrowed(line);
    }
    let start = line.len() - line.trim_start().len();
    let indent = label_width(&line[start..]).unwrap_or(CONTINUATION_INDENT) + start;
    let (mut wrapped, mut used) = (line[..start].to_owned(), start);
    let mut is_first = true;
    for word in line[start..].split_inclusive(' ') {
        let word_width = visible_width(word.trim_end());
        if !is_first && used + word_width > width {
            wrapped.truncate(wrapped.trim_end().len());
            // Writing to a string cannot fail.
            let _ = write!(wrapped, "\n{:indent$}", "");
            used = indent;
        }
        wrapped += word;
        used += visible_width(word);
        is_first = false;
    }
    Cow::Owned(wrapped)
}

/// Returns the width of the label before a text, with the spaces between them.
fn label_width(line: &str) -> Option<usize> {
    let (label, rest) = line.split_once("  ")?;
    let width = visible_width(label) + 2 + rest.len() - rest.trim_start().len();
    (width <= MAX_LABEL_WIDTH && !rest.trim().is_empty()).then_some(width)
}

/// Returns the width of a text in columns without its text styles.
fn visible_width(text: &str) -> usize {
    let mut width = 0;
    for (i, part) in text.split('\x1b').enumerate() {
        let visible = if i == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) };
        width += visible.width();
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_wrapped_between_words_with_an_indentation() {
        for (text, expected) in [
            ("short", "short"),
            ("  one two three four", "  one two\n    three\n    four"),
            ("one two\n  three four five", "one two\n  three\n    four\n    five"),
            ("https://news.example.edu/a b", "https://news.example.edu/a\n  b"),
            ("\x1b[1mbold\x1b[0m words", "\x1b[1mbold\x1b[0m words"),
            ("学院新闻 学院", "学院新闻\n  学院"),
            (" ab  one two three", " ab  one\n     two\n     three"),
        ] {
            assert_eq!(wrap(text, 10), expected, "{text}");
        }
    }
}
