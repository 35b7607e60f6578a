//! Translations of a text that readers see, by language.

use std::collections::BTreeMap;

use super::language;

/// Translations of one text, and the language of the text itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translations {
    own_language: String,
    texts: BTreeMap<String, String>,
}

impl Translations {
    /// Creates the translations of a text that is written in `own_language`.
    pub fn new(own_language: &str, texts: BTreeMap<String, String>) -> Self {
        Self { own_language: own_language.to_owned(), texts }
    }

    /// Returns the texts by canonical language tag.
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// Returns the tags of the languages that have a translation.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Returns the translation that suits a reader of `tag` best, or `own` if none suits better.
    pub fn text_in<'a>(&'a self, own: &'a str, tag: &str) -> &'a str {
        // A translation into the language of the text itself comes first.
        let own_tag = Some(self.own_language.as_str()).filter(|tag| !tag.is_empty());
        let tags = self.languages().chain(own_tag);
        let best = language::best_match(tag, tags);
        best.and_then(|best| self.texts.get(best)).map_or(own, String::as_str)
    }

    /// Returns these translations, with those of `defaults` for languages that have none.
    #[must_use]
    pub fn or(self, defaults: &Self) -> Self {
        let mut texts = defaults.texts.clone();
        texts.extend(self.texts);
        Self { texts, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(own_language: &str, texts: &[(&str, &str)]) -> Translations {
        let texts = texts.iter().map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned()));
        Translations::new(own_language, texts.collect())
    }

    #[test]
    fn a_reader_gets_the_text_in_the_nearest_language() {
        let all = titles("en", &[("zh", "简"), ("zh-Hant", "繁"), ("de-AT", "Neues")]);
        for (reader, text) in [
            ("zh-CN", "简"),
            ("zh", "简"),
            ("zh-TW", "繁"),
            ("zh-hant-HK", "繁"),
            ("de", "Neues"),
            ("de-CH", "Neues"),
            ("fr", "News"),
            ("en-GB", "News"),
            ("", "News"),
        ] {
            assert_eq!(all.text_in("News", reader), text, "{reader}");
        }
    }

    #[test]
    fn the_text_itself_suits_readers_of_its_own_language() {
        let chinese = titles("zh-CN", &[("zh-Hant", "繁"), ("en", "News")]);
        for (reader, text) in [("zh-SG", "简"), ("zh-HK", "繁"), ("en", "News"), ("fr", "简")] {
            assert_eq!(chinese.text_in("简", reader), text, "{reader}");
        }
        assert_eq!(titles("en", &[("en", "Better")]).text_in("News", "en-GB"), "Better");
    }
}
