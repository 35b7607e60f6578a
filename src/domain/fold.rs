//! Folding of texts for comparisons: without case and without the diacritics of Latin, Greek and
//! Cyrillic letters.

use unicode_normalization::UnicodeNormalization as _;

/// Returns a text in the form in which searches and filters compare it: `Müller` becomes `muller`.
/// Marks of other scripts, which distinguish letters there, are kept.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.nfkd().filter(|c| !is_diacritic(*c));
    let mut folded = String::with_capacity(text.len());
    for c in plain.flat_map(char::to_lowercase) {
        match letters_of(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    // Lower-casing may add marks again, and Hangul is composed into syllables.
    folded.chars().filter(|c| !is_diacritic(*c)).nfc().collect()
}

/// Returns `true` for the combining diacritical marks (U+0300 to U+036F).
fn is_diacritic(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Returns the letters for which a letter without a decomposition is usually replaced.
fn letters_of(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ł' => "l",
        'þ' => "th",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_diacritics_are_removed() {
        for (text, expected) in [
            ("Müller", "muller"),
            ("MÜLLER", "muller"),
            ("Mu\u{308}ller", "muller"),
            ("Straße", "strasse"),
            ("Łódź", "lodz"),
            ("Søren Ærø", "soren aero"),
            ("İstanbul", "istanbul"),
            ("Ἀθήνα ΑΘΗΝΑΣ", "αθηνα αθηνασ"),
            ("ＡＢＣ", "abc"),
            ("王小明", "王小明"),
            ("がく", "がく"),
            ("한글", "한글"),
        ] {
            assert_eq!(fold(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_folded_text_is_folded_to_itself(text in "\\PC*") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn a_plain_text_is_folded_as_beside_other_letters(text in "[ -~]*") {
            prop_assert_eq!(fold(&text) + "王", fold(&(text + "王")));
        }
    }
}
