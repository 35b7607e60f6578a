//! Names of attributes, which filters use without quotation marks.

/// Maximum length of a name in characters.
const MAX_NAME_CHARS: usize = 64;

/// Words that have another meaning in filters, templates, or files of subscribers.
pub const RESERVED_NAMES: [&str; 32] = [
    "address",
    "and",
    "attributes",
    "consent",
    "created",
    "digest",
    "digests",
    "domain",
    "email",
    "empty",
    "false",
    "id",
    "in",
    "is",
    "language",
    "name",
    "no",
    "not",
    "or",
    "section",
    "sections",
    "segment",
    "segments",
    "since",
    "status",
    "subscriptions",
    "suppressed",
    "tag",
    "tags",
    "timezone",
    "true",
    "yes",
];

/// Accepts a lower-case letter followed by lower-case letters, digits and underscores.
///
/// # Errors
/// One sentence with the nearest valid name.
pub fn validate_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if length > MAX_NAME_CHARS {
        return Err(format!(
            "the name of an attribute must have at most {MAX_NAME_CHARS} characters (found {length})"
        ));
    }
    if RESERVED_NAMES.contains(&name) {
        return Err(format!(
            "`{name}` cannot be the name of an attribute, because filters or files of subscribers use that word"
        ));
    }
    let mut chars = name.chars();
    let starts_with_letter = chars.next().is_some_and(is_letter);
    if starts_with_letter && chars.all(is_name_char) {
        return Ok(());
    }
    let suggestion = match name_of_column(name) {
        Some(near) if near != name => format!(", for example `{near}`"),
        _ => String::new(),
    };
    Err(format!(
        "{name:?} is not a valid name of an attribute; use lower-case letters, digits and underscores, and begin with a letter{suggestion}"
    ))
}

/// Returns the valid name nearest to the heading of a column; `None` if it contains no letter.
pub fn name_of_column(heading: &str) -> Option<String> {
    let lower = heading.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c| !is_letter(c) && !c.is_numeric()).filter(|word| !word.is_empty()).collect();
    let name: String = words.join("_").chars().filter(|c| is_name_char(*c)).collect();
    let name = name.trim_start_matches(|c| !is_letter(c));
    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
    (!name.is_empty()).then_some(name)
}

/// Returns `true` for a letter that a name may contain; upper case is excluded.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !c.is_uppercase()
}

/// Returns `true` for a character that may follow the first letter of a name.
fn is_name_char(c: char) -> bool {
    is_letter(c) || c.is_ascii_digit() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_words_that_filters_can_hold() {
        for name in ["city", "date_of_birth", "x2", "城市", "größe"] {
            assert_eq!(validate_name(name), Ok(()));
        }
        for name in ["", "City", "2x", "_x", "a b", "a-b", "tag", "email", "in"] {
            assert!(validate_name(name).is_err(), "{name}");
        }
        let error = validate_name("Date of Birth").unwrap_err();
        assert!(error.ends_with("for example `date_of_birth`"), "{error}");
    }

    #[test]
    fn headings_become_names() {
        for (heading, expected) in [
            ("First Name", Some("first_name")),
            ("E-Mail (work)", Some("e_mail_work")),
            ("2. Stadt", Some("stadt")),
            ("城市", Some("城市")),
            ("---", None),
        ] {
            assert_eq!(name_of_column(heading).as_deref(), expected);
        }
    }
}
