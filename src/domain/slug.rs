//! Names that are keys: of sources, feeds, digests and transports; they stand in addresses, files and ids.

/// The longest name; long enough for words, short enough for file names and column widths.
const LONGEST: usize = 64;

/// Refuses, with a sentence, what is no slug: lower-case letters a to z and digits, in words joined by single hyphens.
pub fn check(text: &str) -> Result<(), String> {
    if text.len() > LONGEST {
        return Err(format!(
            "a name has at most {LONGEST} characters, this one {}",
            text.chars().count()
        ));
    }
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if text.split('-').all(is_word) {
        return Ok(());
    }
    let advice = match suggestion(text) {
        Some(slug) => format!(", as in `{slug}`"),
        None => String::new(),
    };
    Err(format!(
        "`{text}` is no name here: use lower-case letters, digits and single hyphens{advice}"
    ))
}

/// The slug nearest to a text, if it has any letter that can stand in one.
fn suggestion(text: &str) -> Option<String> {
    let plain = text.to_ascii_lowercase();
    let words: Vec<&str> =
        plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { None } else { Some(words.join("-")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_words_joined_by_hyphens_are_names() {
        for name in ["news", "college-news", "2026", "a", "week-2"] {
            assert_eq!(check(name), Ok(()));
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_nearest_name() {
        for name in ["", "News", "a_b", "a--b", "-a", "a-", "a b", "../x", "a/b", "新闻", "é"] {
            assert!(check(name).is_err(), "{name}");
        }
        let said = check("College News!").err().unwrap_or_default();
        assert!(said.ends_with("as in `college-news`"), "{said}");
        assert!(check(&"a".repeat(65)).is_err());
    }
}
