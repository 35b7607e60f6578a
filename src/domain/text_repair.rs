//! Repair of text: removal of forbidden characters and decoding of stray Windows-1252 bytes.

use std::borrow::Cow;

/// Returns `true` if XML 1.0 allows the character (section 2.2, `Char`).
pub fn is_xml_char(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => c >= ' ',
    }
}

/// Removes the characters that XML 1.0 forbids.
pub fn remove_forbidden(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_char) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|&c| is_xml_char(c)).collect())
    }
}

/// Collapses control characters and white space to single spaces, and trims both ends.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Decodes a C1 control character as Windows-1252, its usual origin; `None` if that byte is
/// unassigned.
pub fn decode_windows_1252(c1: char) -> Option<char> {
    const CHARACTERS: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    let index = u32::from(c1).checked_sub(0x80)?;
    CHARACTERS.get(usize::try_from(index).ok()?).copied().filter(|&c| c != '\0')
}

/// Decodes C1 characters as Windows-1252, and removes unassigned ones and those that XML 1.0
/// forbids.
pub fn repair(text: &str) -> Cow<'_, str> {
    let is_valid = |c: char| is_xml_char(c) && !is_c1(c) && c != '\u{7f}';
    if text.chars().all(is_valid) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .filter_map(
                |c| if is_c1(c) { decode_windows_1252(c) } else { is_valid(c).then_some(c) },
            )
            .collect(),
    )
}

/// Returns `true` for Unicode noncharacters; XML allows most of them, HTML none.
pub fn is_noncharacter(c: char) -> bool {
    ('\u{fdd0}'..='\u{fdef}').contains(&c) || u32::from(c) & 0xfffe == 0xfffe
}

fn is_c1(c: char) -> bool {
    ('\u{80}'..='\u{9f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forbidden_characters_are_removed() {
        assert_eq!(remove_forbidden("a\u{0}\u{8}\u{b}\u{1f}\u{fffe}\u{ffff}b\t\n\r"), "ab\t\n\r");
        let fine = "Zürich 新闻 \u{1f469}\u{200d}\u{1f52c} \u{85}\u{1fffe}";
        assert!(matches!(remove_forbidden(fine), Cow::Borrowed(same) if same == fine));
    }

    #[test]
    fn noncharacters_are_recognized() {
        let none = ['\u{fdd0}', '\u{fdef}', '\u{fffe}', '\u{1ffff}', '\u{10fffe}'];
        assert!(none.into_iter().all(is_noncharacter));
        assert!(
            !['a', '\u{fffd}', '\u{feff}', '\u{1f469}', '\u{10fffd}']
                .into_iter()
                .any(is_noncharacter)
        );
    }

    #[test]
    fn one_line_collapses_white_space_and_control_characters() {
        assert_eq!(
            one_line("\u{feff}a\r\n\tb\u{a0}\u{2028}c\u{0} \u{7f}d\u{85}"),
            "\u{feff}a b c d"
        );
        assert_eq!(one_line(" \n"), "");
    }

    #[test]
    fn stray_windows_1252_bytes_are_decoded() {
        assert_eq!(repair("\u{93}quoted\u{94} \u{96} \u{80}5\u{81}\u{7f}\u{7}"), "“quoted” – €5");
        assert!(matches!(repair("plain – “text”"), Cow::Borrowed(_)));
    }
}
