//! What the feeds in memory hold, for the front page: it needs no database, so it is there when the database is not.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Deserialize;

use crate::config::Feed;
use crate::domain::language;
use crate::domain::selection::{term, varieties};
use crate::domain::time::Millis;
use crate::feeds::format::Format;
use crate::feeds::made::Made;
use crate::feeds::shelf::{Shelf, file_name};

/// Articles of each feed that are remembered for the list of the newest.
pub(super) const NEWEST: usize = 10;

/// The beginnings of the feeds, read anew when their bytes change.
#[derive(Debug, Default)]
pub(super) struct Front {
    known: Mutex<HashMap<String, Arc<Beginning>>>,
}

/// A feed's beginning.
#[derive(Debug)]
pub(super) struct Beginning {
    etag: String,
    /// How many articles the feed holds.
    pub(super) count: usize,
    /// Its newest articles.
    pub(super) newest: Vec<Teaser>,
    /// What it is about.
    pub(super) description: Option<String>,
    /// The languages of its articles; its own where it has none.
    pub(super) languages: Vec<String>,
    /// The address of the document before it in the archive.
    pub(super) older: Option<String>,
    /// Sections, tags and languages of its articles, as they are compared.
    pub(super) terms: HashSet<String>,
}

/// An article as the JSON feed tells it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Teaser {
    pub(super) id: String,
    pub(super) url: Option<String>,
    pub(super) title: String,
    #[serde(default)]
    pub(super) summary: String,
    date_published: String,
    #[serde(default)]
    tags: Vec<String>,
    pub(super) language: String,
}

impl Teaser {
    /// When it was published.
    pub(super) fn published(&self) -> Millis {
        self.date_published.parse::<Timestamp>().map(Millis::from).unwrap_or_default()
    }

    /// Its first section, or tag where it has no section.
    pub(super) fn section(&self) -> Option<String> {
        self.tags.first().cloned()
    }
}

#[derive(Deserialize)]
struct Document {
    description: Option<String>,
    language: String,
    next_url: Option<String>,
    items: Vec<Teaser>,
}

impl Beginning {
    /// Reads a JSON document back, with so many of its articles.
    pub(super) fn read(made: &Made, name: &str, most: usize) -> Option<Self> {
        let mut document: Document = serde_json::from_slice(&made.identity())
            .inspect_err(
                |error| tracing::error!(feed = %name, "its JSON can't be read back: {error}"),
            )
            .ok()?;
        let count = document.items.len();
        let terms = document.items.iter().flat_map(|item| {
            item.tags.iter().map(|tag| term(tag)).chain(varieties(&item.language))
        });
        let terms = terms.collect();
        let mut languages: Vec<String> =
            document.items.iter().map(|item| item.language.clone()).collect();
        languages.sort();
        languages.dedup();
        if languages.is_empty() {
            languages.push(document.language);
        }
        document.items.truncate(most);
        Some(Self {
            etag: made.etag.clone(),
            count,
            newest: document.items,
            description: document.description,
            languages,
            older: document.next_url,
            terms,
        })
    }
}

impl Front {
    /// The beginning of a feed; `None` before it was first made.
    pub(super) fn of(&self, shelf: &Shelf, feed: &Feed) -> Option<Arc<Beginning>> {
        let made = shelf.get(&file_name(feed, Format::Json))?;
        // A poisoned lock only means that another thread panicked; the map is whole after each of its changes.
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known().get(&feed.name).filter(|b| b.etag == made.etag) {
            return Some(Arc::clone(same));
        }
        let fresh = Arc::new(Beginning::read(&made, &feed.name, NEWEST)?);
        known().insert(feed.name.clone(), Arc::clone(&fresh));
        Some(fresh)
    }
}

/// The newest articles of all feeds, each once: those in the reader's language, or all if there are none.
pub(super) fn newest(
    beginnings: &[Option<Arc<Beginning>>],
    spoken: &str,
    most: usize,
) -> Vec<Teaser> {
    let mut all: Vec<Teaser> =
        beginnings.iter().flatten().flat_map(|b| b.newest.iter().cloned()).collect();
    all.sort_by(|a, b| b.published().cmp(&a.published()).then_with(|| a.id.cmp(&b.id)));
    all.dedup_by(|a, b| a.id == b.id);
    if all.iter().any(|t| language::matches(spoken, &t.language)) {
        all.retain(|t| language::matches(spoken, &t.language));
    }
    all.truncate(most);
    all
}
