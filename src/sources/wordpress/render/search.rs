//! The words that a search of WordPress looks for.

/// Words that WordPress ignores, unless the search has no others.
const STOP_WORDS: &str = "about an are as at be by com for from how in is it of on or that the this to was what when \
    where who will with www";

/// Maximum number of words; WordPress looks for a longer search as a whole.
const MAX_WORDS: usize = 9;

/// Returns the words and quoted phrases of a search.
pub(super) fn search_words(search: &str) -> Vec<String> {
    let search = search.trim();
    let mut words: Vec<String> = Vec::new();
    let mut rest = search;
    while let Some(first) = rest.chars().next() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(inner) => inner.split_once('"').unwrap_or((inner, "")),
            None if " \t,+".contains(first) => ("", &rest[1..]),
            None => {
                let end = rest.find([' ', '\t', ',', '+', '"']).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        rest = after;
        let word = word.trim_matches(['"', '\'', ' ']);
        let is_letter =
            word.len() == 1 && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-');
        let lower = word.to_lowercase();
        if !word.is_empty()
            && !is_letter
            && !STOP_WORDS.split_whitespace().any(|stop| stop == lower)
        {
            words.push(word.to_owned());
        }
    }
    if (words.is_empty() && !search.is_empty()) || words.len() > MAX_WORDS {
        return vec![search.to_owned()];
    }
    words
}

#[cfg(test)]
mod tests {
    use super::search_words;

    #[test]
    fn a_search_has_words_and_phrases_without_stop_words() {
        for (search, words) in [
            ("the  Winch, and rope", vec!["Winch", "and", "rope"]),
            ("\"old harbour\" quay", vec!["old harbour", "quay"]),
            ("of the", vec!["of the"]),
            ("", vec![]),
        ] {
            assert_eq!(search_words(search), words, "{search}");
        }
    }
}
