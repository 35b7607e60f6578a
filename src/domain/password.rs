//! Rules for passwords: length, and no passwords that attackers try first.

use unicode_normalization::UnicodeNormalization;

/// Minimum number of characters.
pub const MIN_PASSWORD_LENGTH: usize = 12;
/// Maximum number of characters, so that hashing is always fast.
pub const MAX_PASSWORD_LENGTH: usize = 128;

/// Words and keyboard rows of which common passwords consist.
const COMMON_WORDS: &[&str] = &[
    "abc",
    "abcd",
    "abcdef",
    "access",
    "account",
    "admin",
    "administrator",
    "autumn",
    "baseball",
    "batman",
    "birthday",
    "change",
    "changeme",
    "chocolate",
    "college",
    "computer",
    "correct",
    "courant",
    "default",
    "dragon",
    "editor",
    "email",
    "example",
    "family",
    "flower",
    "football",
    "forever",
    "freedom",
    "friend",
    "friends",
    "guest",
    "hallo",
    "hello",
    "horse",
    "battery",
    "staple",
    "house",
    "iloveyou",
    "internet",
    "letmein",
    "login",
    "love",
    "magic",
    "manager",
    "master",
    "me",
    "monkey",
    "mustang",
    "my",
    "new",
    "news",
    "newsletter",
    "ninja",
    "office",
    "orange",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "princess",
    "private",
    "qwer",
    "qwert",
    "qwerty",
    "qwertyuiop",
    "asdf",
    "asdfgh",
    "asdfghjkl",
    "zxcv",
    "zxcvbn",
    "zxcvbnm",
    "root",
    "school",
    "secret",
    "secure",
    "security",
    "server",
    "shadow",
    "soccer",
    "spring",
    "star",
    "starwars",
    "student",
    "summer",
    "sunshine",
    "super",
    "superman",
    "superuser",
    "support",
    "system",
    "teacher",
    "temp",
    "test",
    "testing",
    "the",
    "this",
    "is",
    "trustno",
    "university",
    "user",
    "welcome",
    "winter",
    "wordpress",
    "woaini",
    "mima",
    "xyz",
    "your",
];

/// Reason for which a password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer characters than the minimum.
    #[error("the password is too short; use at least {MIN_PASSWORD_LENGTH} characters")]
    TooShort,
    /// More characters than the maximum.
    #[error("the password is too long; use at most {MAX_PASSWORD_LENGTH} characters")]
    TooLong,
    /// Common words, a keyboard pattern, a repetition or the name of the account.
    #[error(
        "the password is easy to guess; avoid common words, patterns and the name of the account"
    )]
    Common,
}

/// Returns the password in Unicode normalization form C, so that every keyboard enters the same one.
pub fn normalize(password: &str) -> String {
    password.nfc().collect()
}

/// Checks a normalized password for the account `name`.
///
/// # Errors
/// If the password is too short, too long or easy to guess.
pub fn validate(password: &str, name: &str) -> Result<(), PasswordError> {
    match password.chars().count() {
        0..MIN_PASSWORD_LENGTH => Err(PasswordError::TooShort),
        length if length > MAX_PASSWORD_LENGTH => Err(PasswordError::TooLong),
        _ if is_repetition(password) || is_sequence(password) => Err(PasswordError::Common),
        _ if consists_of_common_words(password, name) => Err(PasswordError::Common),
        _ => Ok(()),
    }
}

/// Returns `true` if the text repeats a part of at most a third of its length.
fn is_repetition(text: &str) -> bool {
    let chars: Vec<char> = text.to_lowercase().chars().collect();
    (1..=chars.len() / 3).any(|period| chars.iter().zip(&chars[period..]).all(|(a, b)| a == b))
}

/// Returns `true` if each character follows the previous one in the alphabet or among the digits, in
/// either direction.
fn is_sequence(text: &str) -> bool {
    let steps: Vec<i64> = text
        .chars()
        .zip(text.chars().skip(1))
        .map(|(a, b)| i64::from(u32::from(b)) - i64::from(u32::from(a)))
        .collect();
    let is_wrapped = |step: &i64| matches!(step, 1 | -9);
    let is_wrapped_back = |step: &i64| matches!(step, -1 | 9);
    steps.iter().all(is_wrapped) || steps.iter().all(is_wrapped_back)
}

/// Returns `true` if the text consists of common words or the account's name, with any digits and signs
/// between them or in place of letters.
fn consists_of_common_words(text: &str, name: &str) -> bool {
    let name: String = name.chars().filter(|c| c.is_alphabetic()).collect();
    let chars: Vec<char> = text.to_lowercase().chars().collect();
    // `true` at each position to which words, digits and signs lead from the beginning.
    let mut is_reached = vec![false; chars.len() + 1];
    is_reached[0] = true;
    for start in 0..chars.len() {
        if !is_reached[start] {
            continue;
        }
        if !chars[start].is_alphabetic() {
            is_reached[start + 1] = true;
        }
        for word in COMMON_WORDS.iter().copied().chain(Some(name.as_str())) {
            let length = word.chars().count();
            let Some(part) = chars.get(start..start + length) else { continue };
            let is_word = |(c, letter): (&char, char)| *c == letter || letter_for(*c) == letter;
            if length > 0 && part.iter().zip(word.chars()).all(is_word) {
                is_reached[start + length] = true;
            }
        }
    }
    is_reached[chars.len()]
}

/// Returns the letter that a digit or sign commonly replaces.
fn letter_for(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_in_normal_form() {
        assert_eq!(validate("kürzer als12", "lin"), Ok(()));
        assert_eq!(validate("kurz", "lin"), Err(PasswordError::TooShort));
        assert_eq!(
            validate(&normalize("e\u{301}e\u{300}a\u{301}b\u{307}z\u{301}qo"), "lin"),
            Err(PasswordError::TooShort)
        );
        assert_eq!(validate(&"长".repeat(129), "lin"), Err(PasswordError::TooLong));
        assert_eq!(validate("海上生明月天涯共此时情人", "lin"), Ok(()));
        assert_eq!(normalize("e\u{301}"), normalize("é"));
    }

    #[test]
    fn obvious_passwords_are_rejected() {
        for obvious in [
            "password1234",
            "Passw0rd!2026",
            "P@ssw0rdP@ssw0rd",
            "adminadmin12",
            "qwertyuiop123",
            "123456789012",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "abcdefghijklm",
            "210987654321",
            "LinLin-Welcome1",
            "iloveyou2026!",
            "correct horse battery staple",
            "12.10.1999 12",
        ] {
            assert_eq!(validate(obvious, "lin"), Err(PasswordError::Common), "{obvious}");
        }
    }

    #[test]
    fn other_passwords_are_accepted() {
        for good in
            ["Teekanne-am-Fluss", "xk3!vR9#pLq2", "seven green lamps", "我的狗喜欢在雪地里跑步"]
        {
            let expected =
                if good.chars().count() < 12 { Err(PasswordError::TooShort) } else { Ok(()) };
            assert_eq!(validate(good, "lin"), expected, "{good}");
        }
    }
}
