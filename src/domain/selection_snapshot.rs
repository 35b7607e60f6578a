//! The selection of a digest as it is stored, by which a changed one is recognized.

use serde_json::{Value as Json, json};

use super::selection::{Selection, TermKind, normalize_term};
use super::time::{Millis, SignedDuration, as_millis_i64};

/// Increased when the fields below change, which makes every digest begin its selection again.
const SNAPSHOT_VERSION: u32 = 1;

/// The settings that decide which articles a digest contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionSnapshot {
    selection: Selection,
    max_age: SignedDuration,
}

impl SelectionSnapshot {
    /// Takes the snapshot of a selection, whatever the order and the case of its names.
    pub fn new(selection: &Selection, max_age: SignedDuration) -> Self {
        let mut normalized = Selection::default();
        for kind in TermKind::ALL {
            let mut names: Vec<String> =
                selection.list(kind).iter().map(|name| normalize_term(name)).collect();
            names.sort();
            names.dedup();
            *normalized.list_mut(kind) = names;
        }
        Self { selection: normalized, max_age }
    }

    /// Formats the snapshot as JSON. The keys are persisted, so that they are written out here.
    pub fn to_text(&self) -> String {
        json!({
            "version": SNAPSHOT_VERSION,
            "max_age": as_millis_i64(self.max_age),
            "sections": self.selection.sections,
            "tags": self.selection.tags,
            "authors": self.selection.authors,
            "languages": self.selection.languages,
            "sources": self.selection.sources,
        })
        .to_string()
    }

    /// Parses the text of [`to_text`](Self::to_text); `None` for that of another version.
    pub fn parse(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        if json["version"] != SNAPSHOT_VERSION {
            return None;
        }
        let names = |key: &str| -> Option<Vec<String>> {
            json[key].as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        };
        Some(Self {
            selection: Selection {
                sections: names("sections")?,
                tags: names("tags")?,
                authors: names("authors")?,
                languages: names("languages")?,
                sources: names("sources")?,
            },
            max_age: SignedDuration::from_millis(json["max_age"].as_i64()?),
        })
    }

    /// Returns the filter on the articles.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Returns the maximum age of an article that enters the selection.
    pub fn max_age(&self) -> SignedDuration {
        self.max_age
    }

    /// Returns `true` if an article that enters the selection at a time is within the maximum age.
    pub fn is_within_max_age(&self, published_at: Millis, entered_at: Millis) -> bool {
        published_at >= entered_at.plus(-self.max_age)
    }

    /// Returns the snapshot with another name of a source, which was renamed.
    #[must_use]
    pub fn with_renamed_source(&self, old: &str, new: &str) -> Self {
        let mut selection = self.selection.clone();
        for source in selection.sources.iter_mut().filter(|source| *source == old) {
            new.clone_into(source);
        }
        Self::new(&selection, self.max_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY;

    fn sections(names: &[&str]) -> Selection {
        Selection {
            sections: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Selection::default()
        }
    }

    #[test]
    fn the_stored_text_is_stable_and_is_parsed_again() {
        let taken = SelectionSnapshot::new(&sections(&["Sport", "arts "]), DAY);
        assert_eq!(
            taken.to_text(),
            r#"{"authors":[],"languages":[],"max_age":86400000,"sections":["arts","sport"],"sources":[],"tags":[],"version":1}"#
        );
        assert_eq!(SelectionSnapshot::parse(&taken.to_text()), Some(taken.clone()));
        assert_eq!(SelectionSnapshot::new(&sections(&["ARTS", "sport", "Arts"]), DAY), taken);
        assert_ne!(SelectionSnapshot::new(&sections(&["arts", "sport"]), 2 * DAY), taken);
        assert_eq!(SelectionSnapshot::parse("{}"), None);
    }

    #[test]
    fn a_renamed_source_is_the_same_source() {
        let of = |name: &str| {
            let selection = Selection { sources: vec![name.into()], ..Selection::default() };
            SelectionSnapshot::new(&selection, DAY)
        };
        assert_eq!(of("blog").with_renamed_source("blog", "press"), of("press"));
        assert_eq!(of("shop").with_renamed_source("blog", "press"), of("shop"));
    }
}
