//! Untrusted text in logs and on terminals, without characters that control a terminal, begin a new
//! line or change the direction of what follows.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns `true` for control characters, line and paragraph separators, and the characters that
/// override or isolate a direction (Unicode Standard Annex 9).
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes unprintable characters as `\u001b`, which is valid in JSON as well; line feeds and what
/// `kept_length` recognizes at the start of a text stay. `kept_length` returns the length in bytes.
pub(crate) fn escape_unprintable(text: &str, kept_length: impl Fn(&str) -> usize) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && is_unprintable(c)) {
        return Cow::Borrowed(text);
    }
    let (mut escaped, mut rest) = (String::with_capacity(text.len() + 16), text);
    while let Some(c) = rest.chars().next() {
        let length = kept_length(rest);
        let (part, next) = rest.split_at(if length > 0 { length } else { c.len_utf8() });
        if length == 0 && c != '\n' && is_unprintable(c) {
            // Writing into a `String` cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push_str(part);
        }
        rest = next;
    }
    Cow::Owned(escaped)
}

/// Returns the length of the text style (`ESC [ … m`) at the start of a text, 0 without one.
pub(crate) fn sgr_length(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let length = parameters.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
    if parameters[length..].starts_with('m') { length + 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_are_escaped_and_text_of_all_scripts_is_kept() {
        let escape = |text: &'static str| escape_unprintable(text, |_| 0).into_owned();
        assert_eq!(escape("Kaffee\nund 茶, \u{5e9}\u{5dc}"), "Kaffee\nund 茶, \u{5e9}\u{5dc}");
        assert_eq!(
            escape("a\u{1b}[2Jb\r\u{7}\u{9b}31m\0\t"),
            "a\\u001b[2Jb\\u000d\\u0007\\u009b31m\\u0000\\u0009"
        );
        assert_eq!(escape("a\u{202e}gpj.exe\u{2028}b\u{7f}"), "a\\u202egpj.exe\\u2028b\\u007f");
    }

    #[test]
    fn only_the_recognized_styles_stay() {
        let escape = |text: &'static str| escape_unprintable(text, sgr_length).into_owned();
        assert_eq!(escape("\u{1b}[1;31mred\u{1b}[0m"), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(
            escape("\u{1b}]0;title\u{7}\u{1b}[2J\u{1b}["),
            "\\u001b]0;title\\u0007\\u001b[2J\\u001b["
        );
    }
}
