//! Line wrapping of plain text by display width: a Chinese character is two columns wide.

/// Line width of plain-text e-mails, in columns.
pub(super) const MAIL_COLUMNS: usize = 72;

/// Punctuation that must not start a line.
const NO_LINE_START: &str = "，。、；：？！）】》」』”’…—,.;:?!)]}";

/// Punctuation that must not end a line.
const NO_LINE_END: &str = "（【《「『“‘([{";

/// Wraps `text` to lines of at most `columns`, with `indent` spaces before each line but the first.
/// Longer words, such as URLs, get a line of their own and are not broken.
pub(super) fn wrap(text: &str, columns: usize, indent: usize) -> String {
    let available = columns.saturating_sub(indent).max(10);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for segment in segments(text) {
        let wide: usize = segment.text.chars().map(width).sum();
        let gap = usize::from(segment.spaced && used > 0);
        if used > 0 && used + gap + wide > available {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if used > 0 && segment.spaced {
            line.push(' ');
            used += 1;
        }
        line.push_str(segment.text);
        used += wide;
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// Part of a text that must not be broken.
struct Segment<'a> {
    text: &'a str,
    /// `true` if a space precedes it.
    spaced: bool,
}

/// Splits a text at white space and at line break opportunities between wide characters.
fn segments(text: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    for word in text.split_whitespace() {
        let mut start = 0;
        let mut before: Option<char> = None;
        let mut spaced = true;
        for (offset, c) in word.char_indices() {
            let breaks = before.is_some_and(|b| {
                (width(b) == 2 || width(c) == 2)
                    && !NO_LINE_START.contains(c)
                    && !NO_LINE_END.contains(b)
            });
            if breaks {
                segments.push(Segment { text: &word[start..offset], spaced });
                (start, spaced) = (offset, false);
            }
            before = Some(c);
        }
        segments.push(Segment { text: &word[start..], spaced });
    }
    segments
}

/// Returns the display width of a character: 2 for East Asian wide ones, 0 for combining ones, else
/// 1.
pub(super) fn width(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF => {
            2
        }
        0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_kept_whole_and_lines_within_their_columns() {
        assert_eq!(wrap("one two three four", 13, 2), "one two\n  three four");
    }

    #[test]
    fn chinese_breaks_anywhere_except_before_a_full_stop() {
        assert_eq!(wrap("林谷职业学院。欢迎", 12, 0), "林谷职业学\n院。欢迎");
    }

    #[test]
    fn urls_longer_than_a_line_are_not_broken() {
        let url =
            "https://news.example.edu/a/very/long/path/that/never/ends/and/goes/on/and/on/and/on";
        assert_eq!(wrap(&format!("see {url} there"), 72, 0), format!("see\n{url}\nthere"));
    }

    proptest! {
        #[test]
        fn wrapping_loses_only_whitespace(text in "\\PC{0,200}") {
            let strip = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(strip(&wrap(&text, 40, 3)), strip(&text));
        }
    }
}
