//! Which characters may stand in what we publish, and what the strays among them were meant to be.

use std::borrow::Cow;

/// Whether XML 1.0 (section 2.2, `Char`) lets a document hold this character, written in any way.
pub fn allowed_in_xml(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => c >= ' ',
    }
}

/// The text without the characters that XML 1.0 forbids.
pub fn without_forbidden(text: &str) -> Cow<'_, str> {
    if text.chars().all(allowed_in_xml) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|&c| allowed_in_xml(c)).collect())
    }
}

/// Text on one line: control characters and runs of white space become single spaces, and none stand at its ends.
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

/// What a C1 control character means in Windows-1252, from which such strays come; `None` where it means nothing.
pub fn windows_1252(c1: char) -> Option<char> {
    const MEANINGS: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    let index = u32::from(c1).checked_sub(0x80)?;
    MEANINGS.get(usize::try_from(index).ok()?).copied().filter(|&c| c != '\0')
}

/// The text with C1 characters read as Windows-1252, and without what XML 1.0 forbids or what means nothing.
pub fn repaired(text: &str) -> Cow<'_, str> {
    let sound = |c: char| allowed_in_xml(c) && !is_c1(c) && c != '\u{7f}';
    if text.chars().all(sound) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .filter_map(|c| if is_c1(c) { windows_1252(c) } else { sound(c).then_some(c) })
            .collect(),
    )
}

/// Whether Unicode keeps the code point from ever being a character; XML allows most of these, HTML none.
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
    fn forbidden_characters_go_and_all_others_stay() {
        assert_eq!(without_forbidden("a\u{0}\u{8}\u{b}\u{1f}\u{fffe}\u{ffff}b\t\n\r"), "ab\t\n\r");
        let fine = "Zürich 新闻 \u{1f469}\u{200d}\u{1f52c} \u{85}\u{1fffe}";
        assert!(matches!(without_forbidden(fine), Cow::Borrowed(same) if same == fine));
    }

    #[test]
    fn what_will_never_be_a_character_is_known() {
        let none = ['\u{fdd0}', '\u{fdef}', '\u{fffe}', '\u{1ffff}', '\u{10fffe}'];
        assert!(none.into_iter().all(is_noncharacter));
        assert!(
            !['a', '\u{fffd}', '\u{feff}', '\u{1f469}', '\u{10fffd}']
                .into_iter()
                .any(is_noncharacter)
        );
    }

    #[test]
    fn a_line_has_single_spaces_and_no_control_characters() {
        assert_eq!(
            one_line("\u{feff}a\r\n\tb\u{a0}\u{2028}c\u{0} \u{7f}d\u{85}"),
            "\u{feff}a b c d"
        );
        assert_eq!(one_line(" \n"), "");
    }

    #[test]
    fn strays_of_windows_1252_get_their_meaning_back() {
        assert_eq!(repaired("\u{93}quoted\u{94} \u{96} \u{80}5\u{81}\u{7f}\u{7}"), "“quoted” – €5");
        assert!(matches!(repaired("plain – “text”"), Cow::Borrowed(_)));
    }
}
