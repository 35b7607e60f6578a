//! Tags of subscribers: words in lower case that admins assign.

/// Maximum length of a tag in characters.
const MAX_TAG_CHARS: usize = 64;

/// Returns a tag in its stored form: in lower case, with single spaces.
///
/// # Errors
/// One sentence if the text is empty or too long, or has a character that separates tags.
pub fn normalize(text: &str) -> Result<String, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let tag = words.join(" ").to_lowercase();
    if tag.is_empty() {
        return Err("a tag must not be empty".to_owned());
    }
    if let Some(c) = tag.chars().find(|c| c.is_control() || [',', ';', '|'].contains(c)) {
        return Err(format!("a tag must not contain {c:?}"));
    }
    let length = tag.chars().count();
    if length > MAX_TAG_CHARS {
        return Err(format!("a tag must have at most {MAX_TAG_CHARS} characters (found {length})"));
    }
    Ok(tag)
}

/// Returns these tags in their stored form, sorted and without duplicates.
///
/// # Errors
/// One sentence about the first tag that is not valid.
pub fn normalize_all(texts: &[String]) -> Result<Vec<String>, String> {
    let mut tags: Vec<String> =
        texts.iter().map(|text| normalize(text)).collect::<Result<_, _>>()?;
    tags.sort();
    tags.dedup();
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_stored_in_lower_case_with_single_spaces() {
        assert_eq!(normalize(" Key   PARTNER "), Ok("key partner".to_owned()));
        assert_eq!(normalize("合作伙伴"), Ok("合作伙伴".to_owned()));
        let all = ["b", "A", "a"].map(str::to_owned);
        assert_eq!(normalize_all(&all), Ok(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn texts_that_a_list_of_tags_cannot_hold_are_rejected() {
        for text in ["", "  ", "a,b", "a;b", "a|b", "a\u{0}b"] {
            assert!(normalize(text).is_err(), "{text:?}");
        }
        assert!(normalize(&"a".repeat(65)).is_err());
    }
}
