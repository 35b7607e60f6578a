//! Texts of an article as e-mails and pages show them: never longer than a limit.

/// Maximum number of characters of a title in an e-mail or on a page.
pub(crate) const MAX_TITLE_CHARS: usize = 300;
/// Maximum number of characters of a summary in an e-mail or on a page.
pub(crate) const MAX_SUMMARY_CHARS: usize = 2_000;
/// Maximum number of characters of the name of a section or author in an e-mail or on a page.
pub(crate) const MAX_NAME_CHARS: usize = 100;
/// Maximum number of authors in an e-mail or on a page.
pub(crate) const MAX_AUTHORS: usize = 10;

/// Returns a text of at most `max` characters, the last of which is an ellipsis if it was longer.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    let Some((cut, _)) = text.char_indices().nth(max.saturating_sub(1)) else {
        return text.to_owned();
    };
    // One more character fits if it is the last one.
    if text[cut..].chars().nth(1).is_none() {
        return text.to_owned();
    }
    format!("{}…", text[..cut].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_longer_texts_are_cut_and_end_with_an_ellipsis() {
        for (text, max, expected) in [
            ("", 3, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("你好吗呀", 3, "你好…"),
            ("a  bc", 4, "a…"),
            ("a", 1, "a"),
            ("ab", 1, "…"),
        ] {
            assert_eq!(shorten(text, max), expected, "{text}");
        }
        assert_eq!(shorten(&"x".repeat(1_000_000), MAX_TITLE_CHARS).chars().count(), 300);
    }
}
