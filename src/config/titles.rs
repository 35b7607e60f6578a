//! Texts for readers in several languages: titles, descriptions and names of sections.

use super::document::Document;
use super::error::Diagnostics;
use super::keys::SECTIONS;
use super::reader::{Reader, parse_line};
use super::settings::{Config, Digest, Feed, SectionTitles, Site};
use crate::domain::language;
use crate::domain::selection::normalize_term;
use crate::domain::translations::Translations;

/// Reads `title` and `titles`. Without `title`, the site's title and its translations apply.
pub(super) fn titles(
    reader: &mut Reader<'_>,
    site_title: &str,
    site_titles: &Translations,
    language: &str,
) -> (Option<String>, Option<Translations>) {
    let title = reader.or_default("title", site_title.to_owned(), parse_line);
    let own = reader.translations("titles", language, parse_line);
    let titles = if reader.has("title") { own } else { own.map(|own| own.or(site_titles)) };
    (title, titles)
}

/// Reads all `[[sections]]` tables; reports names that occur twice.
pub(super) fn read_sections(
    document: &Document,
    language: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<SectionTitles>> {
    let mut sections: Vec<Option<SectionTitles>> = Vec::new();
    for table in document.tables(&SECTIONS) {
        let mut reader = Reader::new(&SECTIONS, table, diagnostics);
        let name = reader.required(
            "name",
            "write the name of the section as articles have it",
            parse_line,
        );
        let titles = reader.translations("titles", language, parse_line);
        if titles.as_ref().is_some_and(|titles| titles.texts().is_empty()) {
            reader.missing(
                "titles",
                "write the name in other languages, for example titles = { zh = \"校园\" }",
            );
        }
        if let Some(name) = name.as_deref() {
            let is_same =
                |other: &SectionTitles| normalize_term(&other.name) == normalize_term(name);
            if sections.iter().flatten().any(is_same) {
                let reason =
                    format!("`{name}` has more than one table; write all its titles in one");
                reader.error("name", &reason);
            }
        }
        sections.push(name.zip(titles).map(|(name, titles)| SectionTitles { name, titles }));
    }
    sections.into_iter().collect()
}

impl Site {
    /// Returns the name of the publisher for readers of a language.
    pub fn title_in(&self, language: &str) -> &str {
        self.titles.text_in(&self.title, language)
    }
}

impl Feed {
    /// Returns the title for readers of a language.
    pub fn title_in(&self, language: &str) -> &str {
        self.titles.text_in(&self.title, language)
    }

    /// Returns the description for readers of a language, if there is one.
    pub fn description_in(&self, language: &str) -> Option<&str> {
        description_in(self.description.as_deref(), &self.descriptions, language)
    }

    /// Returns the only language that the feed selects, if there is exactly one.
    pub fn only_language(&self) -> Option<&str> {
        match self.selection.languages.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

impl Digest {
    /// Returns the title for readers of a language.
    pub fn title_in(&self, language: &str) -> &str {
        self.titles.text_in(&self.title, language)
    }

    /// Returns the description for readers of a language, if there is one.
    pub fn description_in(&self, language: &str) -> Option<&str> {
        description_in(self.description.as_deref(), &self.descriptions, language)
    }

    /// Returns the language of the e-mails for a reader: the nearest one, or the first.
    pub fn language_for(&self, reader: &str) -> &str {
        let best = language::best_match(reader, self.languages.iter().map(String::as_str));
        best.or(self.languages.first().map(String::as_str)).unwrap_or("en")
    }

    /// Returns the sections that the subscription page offers; `None` for all.
    pub fn offered_sections(&self) -> Option<&[String]> {
        let lists = [&self.offer_sections, &self.selection.sections];
        lists.into_iter().find(|list| !list.is_empty()).map(Vec::as_slice)
    }

    /// Returns the pattern of the subject for readers of a language, if there is one.
    pub fn subject_in(&self, language: &str) -> Option<&str> {
        Some(self.subjects.text_in(&self.subject, language)).filter(|text| !text.is_empty())
    }
}

impl Config {
    /// Returns the sections that the subscription page offers; see [`offered_sections`].
    pub fn offered_sections(&self, known: Vec<String>) -> Vec<String> {
        offered_sections(&self.digests, known)
    }

    /// Returns the name of a section for readers of a language.
    pub fn section_title<'a>(&'a self, name: &'a str, language: &str) -> &'a str {
        let wanted = normalize_term(name);
        let section = self.sections.iter().find(|section| normalize_term(&section.name) == wanted);
        section.map_or(name, |section| section.titles.text_in(name, language))
    }
}

/// Returns the sections that digests offer, spelled as in `known`, those that articles have. A section
/// without articles is left out, because it may be misspelled, unless there are no sections at all.
pub fn offered_sections<'a>(
    digests: impl IntoIterator<Item = &'a Digest>,
    known: Vec<String>,
) -> Vec<String> {
    let mut offered: Vec<String> = Vec::new();
    for digest in digests {
        let Some(names) = digest.offered_sections() else { return known };
        for name in names {
            let is_same = |other: &String| normalize_term(other) == normalize_term(name);
            let known_name = known.iter().find(|other| is_same(other));
            if offered.iter().any(is_same) || (known_name.is_none() && !known.is_empty()) {
                continue;
            }
            offered.push(known_name.unwrap_or(name).clone());
        }
    }
    offered
}

fn description_in<'a>(
    own: Option<&'a str>,
    translations: &'a Translations,
    language: &str,
) -> Option<&'a str> {
    Some(translations.text_in(own.unwrap_or_default(), language)).filter(|text| !text.is_empty())
}
