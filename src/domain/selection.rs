//! Selection of the articles of a feed or digest.

/// Filter on articles. An empty list matches everything; within a list one match is enough, and all
/// lists must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// Names of sections, compared without case.
    pub sections: Vec<String>,
    /// Tags, compared without case.
    pub tags: Vec<String>,
    /// Names of authors, compared without case.
    pub authors: Vec<String>,
    /// Language tags; `zh` includes `zh-CN`.
    pub languages: Vec<String>,
    /// Names of configured sources.
    pub sources: Vec<String>,
}

/// Kind of a term by which articles can be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TermKind {
    /// A section (category) of the source.
    Section,
    /// A tag of the source.
    Tag,
    /// The name of an author.
    Author,
    /// A language, or the language of which it is a variety.
    Language,
    /// The source of the article.
    Source,
}

impl TermKind {
    /// All kinds, in the order of the lists of [`Selection`].
    pub const ALL: [Self; 5] =
        [Self::Section, Self::Tag, Self::Author, Self::Language, Self::Source];

    /// Returns the word for URLs and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Section => "section",
            Self::Tag => "tag",
            Self::Author => "author",
            Self::Language => "language",
            Self::Source => "source",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Selection {
    /// Returns the list of a kind.
    pub fn list(&self, kind: TermKind) -> &[String] {
        match kind {
            TermKind::Section => &self.sections,
            TermKind::Tag => &self.tags,
            TermKind::Author => &self.authors,
            TermKind::Language => &self.languages,
            TermKind::Source => &self.sources,
        }
    }

    /// Returns the list of a kind for modification.
    pub fn list_mut(&mut self, kind: TermKind) -> &mut Vec<String> {
        match kind {
            TermKind::Section => &mut self.sections,
            TermKind::Tag => &mut self.tags,
            TermKind::Author => &mut self.authors,
            TermKind::Language => &mut self.languages,
            TermKind::Source => &mut self.sources,
        }
    }

    /// Returns `true` if an article with these present or former terms may be or may have been
    /// selected.
    pub fn may_select(&self, terms: &[(TermKind, String)]) -> bool {
        TermKind::ALL.into_iter().all(|kind| {
            let list = self.list(kind);
            list.is_empty()
                || list.iter().any(|name| {
                    terms.iter().any(|(of, other)| *of == kind && *other == normalize_term(name))
                })
        })
    }
}

/// Normalizes a term for comparison: trimmed, in lower case.
pub fn normalize_term(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Returns a language tag and its shorter prefixes in lower case: `zh-hans-cn`, `zh-hans`, `zh`.
pub fn language_prefixes(language: &str) -> Vec<String> {
    let whole = normalize_term(language);
    let ends = whole.match_indices('-').map(|(at, _)| at).chain([whole.len()]);
    ends.map(|end| whole[..end].to_owned()).filter(|tag| !tag.is_empty()).collect()
}

/// Returns `true` if `chosen` is empty or has a term in common with `offered`.
pub fn matches_any(chosen: &[String], offered: &[String]) -> bool {
    chosen.is_empty()
        || chosen.iter().any(|c| offered.iter().any(|o| normalize_term(o) == normalize_term(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_touches_a_selection_that_held_or_holds_the_article() {
        let events = Selection {
            sections: vec!["Events ".into()],
            languages: vec!["zh".into()],
            ..Selection::default()
        };
        let terms = |of: &[(TermKind, &str)]| {
            of.iter().map(|(kind, term)| (*kind, (*term).to_owned())).collect::<Vec<_>>()
        };
        assert!(events.may_select(&terms(&[
            (TermKind::Section, "sport"),
            (TermKind::Section, "events"),
            (TermKind::Language, "zh")
        ])));
        assert!(
            !events
                .may_select(&terms(&[(TermKind::Section, "events"), (TermKind::Language, "en")]))
        );
        assert!(
            !events.may_select(&terms(&[(TermKind::Tag, "events"), (TermKind::Language, "zh")]))
        );
        assert!(Selection::default().may_select(&[]));
    }

    #[test]
    fn a_language_is_a_variety_of_its_shorter_tags() {
        assert_eq!(language_prefixes("zh-Hans-CN"), ["zh", "zh-hans", "zh-hans-cn"]);
        assert_eq!(language_prefixes("en"), ["en"]);
    }
}
