//! Slugs: names of sources, feeds, digests and transports in URLs, files and ids.

/// Maximum length in characters, short enough for file names and table columns.
const MAX_SLUG_LENGTH: usize = 64;

/// Accepts words of lower-case ASCII letters and digits, joined by single hyphens.
///
/// # Errors
/// A message with the nearest valid slug.
pub fn validate(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(
            "the name is empty; use lower-case letters, digits and single hyphens".to_owned()
        );
    }
    let length = text.chars().count();
    if length > MAX_SLUG_LENGTH {
        return Err(format!(
            "a name must have at most {MAX_SLUG_LENGTH} characters (found {length})"
        ));
    }
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if text.split('-').all(is_word) {
        return Ok(());
    }
    let suggestion = match nearest_slug(text) {
        Some(slug) => format!(", for example `{slug}`"),
        None => String::new(),
    };
    Err(format!(
        "`{text}` is not a valid name; use lower-case letters, digits and single hyphens{suggestion}"
    ))
}

/// Returns the slug nearest to a text, if it contains a letter or digit.
fn nearest_slug(text: &str) -> Option<String> {
    let plain = text.to_ascii_lowercase();
    let words: Vec<&str> =
        plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { None } else { Some(words.join("-")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_words_joined_by_hyphens_are_valid() {
        for name in ["news", "college-news", "2026", "a", "week-2"] {
            assert_eq!(validate(name), Ok(()));
        }
    }

    #[test]
    fn invalid_names_are_rejected_with_the_nearest_valid_one() {
        for name in ["", "News", "a_b", "a--b", "-a", "a-", "a b", "../x", "a/b", "新闻", "é"] {
            assert!(validate(name).is_err(), "{name}");
        }
        let error = validate("College News!").err().unwrap_or_default();
        assert!(error.ends_with("for example `college-news`"), "{error}");
        assert!(validate(&"a".repeat(65)).is_err());
    }
}
