//! Which articles a feed or a digest takes.

/// Which articles: an empty list is no restriction; within a list any will do, between lists all must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// Section names.
    pub sections: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Authors.
    pub authors: Vec<String>,
    /// Languages: `zh` also takes `zh-CN`.
    pub languages: Vec<String>,
    /// Source names.
    pub sources: Vec<String>,
}

/// What articles can be selected by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A section.
    Section,
    /// A tag.
    Tag,
    /// An author.
    Author,
    /// A language, or one that it is a variety of.
    Language,
    /// The source it comes from.
    Source,
}

impl Kind {
    /// All of them, in the order of [`Selection`]'s lists.
    pub const ALL: [Self; 5] =
        [Self::Section, Self::Tag, Self::Author, Self::Language, Self::Source];

    /// Its name, in addresses and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Section => "section",
            Self::Tag => "tag",
            Self::Author => "author",
            Self::Language => "language",
            Self::Source => "source",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Selection {
    /// The list of a kind.
    pub fn list(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Section => &self.sections,
            Kind::Tag => &self.tags,
            Kind::Author => &self.authors,
            Kind::Language => &self.languages,
            Kind::Source => &self.sources,
        }
    }

    /// The list of a kind, to be filled.
    pub fn list_mut(&mut self, kind: Kind) -> &mut Vec<String> {
        match kind {
            Kind::Section => &mut self.sections,
            Kind::Tag => &mut self.tags,
            Kind::Author => &mut self.authors,
            Kind::Language => &mut self.languages,
            Kind::Source => &mut self.sources,
        }
    }

    /// Whether an article that had or has these terms may be, or have been, among those selected.
    pub fn touches(&self, terms: &[(Kind, String)]) -> bool {
        Kind::ALL.into_iter().all(|kind| {
            let list = self.list(kind);
            list.is_empty()
                || list
                    .iter()
                    .any(|name| terms.iter().any(|(of, other)| *of == kind && *other == term(name)))
        })
    }
}

/// A term as it is compared: trimmed, in lower case.
pub fn term(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A language tag and those it is a variety of, in lower case: `zh-hans-cn`, `zh-hans`, `zh`.
pub fn varieties(language: &str) -> Vec<String> {
    let whole = term(language);
    let ends = whole.match_indices('-').map(|(at, _)| at).chain([whole.len()]);
    ends.map(|end| whole[..end].to_owned()).filter(|tag| !tag.is_empty()).collect()
}

/// Whether any of `chosen` is among `offered`; an empty choice takes everything.
pub fn any_of(chosen: &[String], offered: &[String]) -> bool {
    chosen.is_empty() || chosen.iter().any(|c| offered.iter().any(|o| term(o) == term(c)))
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
        let terms = |of: &[(Kind, &str)]| {
            of.iter().map(|(kind, term)| (*kind, (*term).to_owned())).collect::<Vec<_>>()
        };
        assert!(events.touches(&terms(&[
            (Kind::Section, "sport"),
            (Kind::Section, "events"),
            (Kind::Language, "zh")
        ])));
        assert!(!events.touches(&terms(&[(Kind::Section, "events"), (Kind::Language, "en")])));
        assert!(!events.touches(&terms(&[(Kind::Tag, "events"), (Kind::Language, "zh")])));
        assert!(Selection::default().touches(&[]));
    }

    #[test]
    fn a_language_is_a_variety_of_its_shorter_tags() {
        assert_eq!(varieties("zh-Hans-CN"), ["zh", "zh-hans", "zh-hans-cn"]);
        assert_eq!(varieties("en"), ["en"]);
    }
}
