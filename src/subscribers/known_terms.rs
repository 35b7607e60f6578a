//! Sections and languages that subscribers can choose.

use super::LineProblem;
use crate::config::Digest;
use crate::domain::{language, selection};
use crate::store::subscriptions::SubscriptionRequest;
use crate::store::{Store, StoreResult};

/// Maximum number of names that an error lists.
const MAX_LISTED: usize = 40;

/// Sections that some digests contain, and their languages.
#[derive(Debug, Clone, Default)]
pub struct KnownTerms {
    sections: Vec<String>,
    languages: Vec<String>,
}

impl KnownTerms {
    /// Returns the sections and languages of these digests. A digest that selects no sections
    /// contains those of all articles.
    pub async fn read(store: &Store, digests: &[&Digest]) -> StoreResult<Self> {
        let mut known = Self::default();
        if digests.iter().any(|digest| digest.selection.sections.is_empty()) {
            known.sections = store.articles().sections().await?;
        }
        for digest in digests {
            known.sections.extend(digest.selection.sections.iter().cloned());
            known.languages.extend(digest.languages.iter().cloned());
        }
        for names in [&mut known.sections, &mut known.languages] {
            names.sort_by_key(|name| selection::normalize_term(name));
            names.dedup_by_key(|name| selection::normalize_term(name));
        }
        Ok(known)
    }

    /// Rejects a request for a section that no digest contains, or for a language that does not
    /// exist. Any section is accepted while no section is known.
    ///
    /// # Errors
    /// The first unknown one, with those that are known.
    pub fn check(&self, request: &SubscriptionRequest) -> Result<(), LineProblem> {
        if let Some(tag) = &request.language {
            self.check_language(tag)?;
        }
        self.check_sections(&request.sections)
    }

    /// Rejects a language that does not exist.
    pub(super) fn check_language(&self, tag: &str) -> Result<(), LineProblem> {
        if language::is_known(tag) {
            return Ok(());
        }
        Err(LineProblem::UnknownLanguage { tag: tag.to_owned(), known: list(&self.languages) })
    }

    /// Rejects a section that no digest contains.
    pub(super) fn check_sections(&self, sections: &[String]) -> Result<(), LineProblem> {
        let is_known = |section: &&String| {
            let section = selection::normalize_term(section);
            self.sections.iter().any(|known| selection::normalize_term(known) == section)
        };
        match sections.iter().find(|section| !is_known(section)) {
            Some(unknown) if !self.sections.is_empty() => {
                let (section, known) = (unknown.clone(), list(&self.sections));
                Err(LineProblem::UnknownSection { section, known })
            }
            _ => Ok(()),
        }
    }
}

fn list(names: &[String]) -> String {
    let listed = names.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => listed,
        more => format!("{listed}, … (+{more})"),
    }
}
