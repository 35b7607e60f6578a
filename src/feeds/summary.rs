//! Summary of a feed document: what pages show of it, also without the database.
//!
//! It is read from the JSON document, which holds all of it in memory and on disk, so a page shows
//! the same articles as the feed. A summary is made when a page needs it, and kept until the document
//! changes: most documents are never shown on a page, and no refresh waits for one.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Deserialize;

use super::rendered::RenderedFeed;
use crate::domain::selection::{language_prefixes, normalize_term};
use crate::domain::shorten::{MAX_NAME_CHARS, MAX_SUMMARY_CHARS, MAX_TITLE_CHARS, shorten};
use crate::domain::time::Millis;

/// Newest articles that the summary of a declared feed keeps.
pub const ARTICLES_PER_SUMMARY: usize = 10;

/// Metadata and newest articles of a feed document.
#[derive(Debug)]
pub struct FeedSummary {
    /// Number of articles in the document.
    pub count: usize,
    /// Newest articles of the document.
    pub articles: Vec<ArticleSummary>,
    /// Description of the feed, if it has one.
    pub description: Option<String>,
    /// Languages of the articles; the feed's own language if it has no articles.
    pub languages: Vec<String>,
    /// URL of the JSON document of the previous archive page.
    pub previous_url: Option<String>,
    /// Sections, tags and languages of the articles, normalized for comparison.
    pub terms: HashSet<String>,
}

/// An article as a page lists it.
#[derive(Debug, Clone)]
pub struct ArticleSummary {
    /// Permanent id of the article.
    pub id: String,
    /// Absolute URL of the article.
    pub url: Option<String>,
    /// Title in plain text.
    pub title: String,
    /// Summary in plain text; may be empty.
    pub summary: String,
    /// Time of the first publication.
    pub published_at: Millis,
    /// First section, or the first tag if the article has no section.
    pub section: Option<String>,
    /// Language tag of the article (RFC 5646).
    pub language: String,
}

/// The parts of a JSON Feed 1.1 document that a summary is made of.
#[derive(Deserialize)]
struct JsonDocument {
    description: Option<String>,
    language: String,
    next_url: Option<String>,
    items: Vec<JsonItem>,
}

#[derive(Deserialize)]
struct JsonItem {
    id: String,
    url: Option<String>,
    title: String,
    #[serde(default)]
    summary: String,
    date_published: String,
    #[serde(default)]
    tags: Vec<String>,
    language: String,
}

impl From<JsonItem> for ArticleSummary {
    fn from(item: JsonItem) -> Self {
        Self {
            id: item.id,
            url: item.url,
            title: shorten(&item.title, MAX_TITLE_CHARS),
            summary: shorten(&item.summary, MAX_SUMMARY_CHARS),
            published_at: item
                .date_published
                .parse::<Timestamp>()
                .map(Millis::from)
                .unwrap_or_default(),
            section: item.tags.first().map(|tag| shorten(tag, MAX_NAME_CHARS)),
            language: item.language,
        }
    }
}

impl FeedSummary {
    /// Returns the summary of a rendered JSON document with at most `max_articles` articles. A
    /// document in another format has none, which is logged.
    pub fn new(rendered: &RenderedFeed, feed: &str, max_articles: usize) -> Option<Self> {
        let document: JsonDocument = serde_json::from_slice(&rendered.identity())
            .inspect_err(
                |error| tracing::error!(%feed, "cannot summarize a rendered feed: {error}"),
            )
            .ok()?;
        let terms = document.items.iter().flat_map(|item| {
            item.tags.iter().map(|tag| normalize_term(tag)).chain(language_prefixes(&item.language))
        });
        let terms = terms.collect();
        let mut languages: BTreeSet<String> =
            document.items.iter().map(|item| item.language.clone()).collect();
        if languages.is_empty() {
            languages.insert(document.language);
        }
        Some(Self {
            count: document.items.len(),
            articles: document.items.into_iter().take(max_articles).map(Into::into).collect(),
            description: document.description,
            languages: languages.into_iter().collect(),
            previous_url: document.next_url,
            terms,
        })
    }
}

/// Summaries of the declared feeds, each with the entity tag of its document.
#[derive(Debug, Default)]
pub(super) struct SummaryCache(Mutex<HashMap<String, (String, Arc<FeedSummary>)>>);

impl SummaryCache {
    /// Returns the summary of a feed's JSON document.
    pub(super) fn get(&self, feed: &str, rendered: &RenderedFeed) -> Option<Arc<FeedSummary>> {
        // A poisoned lock only means that another thread panicked; the map is consistent after each
        // change.
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cached)) = lock().get(feed).filter(|(etag, _)| *etag == rendered.etag) {
            return Some(Arc::clone(cached));
        }
        let summary = Arc::new(FeedSummary::new(rendered, feed, ARTICLES_PER_SUMMARY)?);
        lock().insert(feed.to_owned(), (rendered.etag.clone(), Arc::clone(&summary)));
        Some(summary)
    }
}
