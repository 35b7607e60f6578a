//! Tags of subscribers: words in lower case that admins assign.

use serde::Serialize;

/// Maximum length of a tag in characters.
const MAX_TAG_CHARS: usize = 64;

/// Reason why a text is not a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the sentence of a variant names its values")]
pub enum TagError {
    /// A tag without characters.
    #[error("a tag must not be empty")]
    EmptyTag,
    /// A character that separates tags, or a control character.
    #[error("a tag must not contain {character:?}")]
    CharacterInTag { character: char },
    /// A tag that is longer than the limit.
    #[error("a tag must have at most {limit} characters (found {length})")]
    LongTag { limit: usize, length: usize },
}

impl From<TagError> for String {
    fn from(error: TagError) -> Self {
        error.to_string()
    }
}

/// Returns a tag in its stored form: in lower case, with single spaces.
///
/// # Errors
/// The text is empty or too long, or has a character that separates tags.
pub fn normalize(text: &str) -> Result<String, TagError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let tag = words.join(" ").to_lowercase();
    if tag.is_empty() {
        return Err(TagError::EmptyTag);
    }
    if let Some(character) = tag.chars().find(|c| c.is_control() || [',', ';', '|'].contains(c)) {
        return Err(TagError::CharacterInTag { character });
    }
    let length = tag.chars().count();
    if length > MAX_TAG_CHARS {
        return Err(TagError::LongTag { limit: MAX_TAG_CHARS, length });
    }
    Ok(tag)
}

/// Returns these tags in their stored form, sorted and without duplicates.
///
/// # Errors
/// The reason why the first of them is not valid.
pub fn normalize_all(texts: &[String]) -> Result<Vec<String>, TagError> {
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
