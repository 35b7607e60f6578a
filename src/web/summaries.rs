//! Summaries of the feeds in memory, for pages that work without the database.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Deserialize;

use crate::config::Feed;
use crate::domain::language;
use crate::domain::selection::{language_prefixes, normalize_term};
use crate::domain::time::Millis;
use crate::feeds::cache::{FeedCache, document_key};
use crate::feeds::format::Format;
use crate::feeds::rendered::RenderedFeed;

/// Newest articles kept for each feed.
pub(super) const ARTICLES_PER_SUMMARY: usize = 10;

/// Cache of feed summaries, parsed again when a feed's entity tag changes.
#[derive(Debug, Default)]
pub(super) struct SummaryCache {
    by_feed: Mutex<HashMap<String, Arc<FeedSummary>>>,
}

/// Metadata and newest articles of a feed.
#[derive(Debug)]
pub(super) struct FeedSummary {
    etag: String,
    /// Number of articles in the feed.
    pub(super) count: usize,
    /// The feed's newest articles.
    pub(super) articles: Vec<ArticleSummary>,
    /// Description of the feed, if any.
    pub(super) description: Option<String>,
    /// Languages of the articles; the feed's own language if it has no articles.
    pub(super) languages: Vec<String>,
    /// Address of the previous document in the archive.
    pub(super) older: Option<String>,
    /// Sections, tags and languages of the articles, normalized for comparison.
    pub(super) terms: HashSet<String>,
}

/// An article as read from the JSON feed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ArticleSummary {
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

impl ArticleSummary {
    /// Returns the time of publication.
    pub(super) fn published_at(&self) -> Millis {
        self.date_published.parse::<Timestamp>().map(Millis::from).unwrap_or_default()
    }

    /// Returns the first section, or the first tag if the article has no section.
    pub(super) fn section(&self) -> Option<String> {
        self.tags.first().cloned()
    }
}

#[derive(Deserialize)]
struct JsonFeedDocument {
    description: Option<String>,
    language: String,
    next_url: Option<String>,
    items: Vec<ArticleSummary>,
}

impl FeedSummary {
    /// Parses a rendered JSON feed, keeping at most `max_articles` articles.
    pub(super) fn parse(
        rendered: &RenderedFeed,
        feed_name: &str,
        max_articles: usize,
    ) -> Option<Self> {
        let mut document: JsonFeedDocument = serde_json::from_slice(&rendered.identity())
            .inspect_err(
                |error| tracing::error!(feed = %feed_name, "cannot parse the rendered JSON feed: {error}"),
            )
            .ok()?;
        let count = document.items.len();
        let terms = document.items.iter().flat_map(|item| {
            item.tags.iter().map(|tag| normalize_term(tag)).chain(language_prefixes(&item.language))
        });
        let terms = terms.collect();
        let mut languages: Vec<String> =
            document.items.iter().map(|item| item.language.clone()).collect();
        languages.sort();
        languages.dedup();
        if languages.is_empty() {
            languages.push(document.language);
        }
        document.items.truncate(max_articles);
        Some(Self {
            etag: rendered.etag.clone(),
            count,
            articles: document.items,
            description: document.description,
            languages,
            older: document.next_url,
            terms,
        })
    }
}

impl SummaryCache {
    /// Returns the summary of a feed; `None` before its first rendering.
    pub(super) fn get(&self, cache: &FeedCache, feed: &Feed) -> Option<Arc<FeedSummary>> {
        let rendered = cache.get(&document_key(feed, Format::Json))?;
        // A poisoned lock only means that another thread panicked; the map is consistent after each
        // change.
        let lock = || self.by_feed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = lock().get(&feed.name).filter(|b| b.etag == rendered.etag) {
            return Some(Arc::clone(cached));
        }
        let fresh = Arc::new(FeedSummary::parse(&rendered, &feed.name, ARTICLES_PER_SUMMARY)?);
        lock().insert(feed.name.clone(), Arc::clone(&fresh));
        Some(fresh)
    }
}

/// Returns the newest articles of all feeds without duplicates: those in the reader's language,
/// else in another variety of it, else all.
pub(super) fn newest_articles(
    summaries: &[Option<Arc<FeedSummary>>],
    reader_language: &str,
    limit: usize,
) -> Vec<ArticleSummary> {
    let mut all: Vec<ArticleSummary> =
        summaries.iter().flatten().flat_map(|b| b.articles.iter().cloned()).collect();
    all.sort_by(|a, b| b.published_at().cmp(&a.published_at()).then_with(|| a.id.cmp(&b.id)));
    all.dedup_by(|a, b| a.id == b.id);
    let ranges = [reader_language, language::primary(reader_language)];
    let range = ranges
        .into_iter()
        .find(|range| all.iter().any(|article| language::matches(range, &article.language)));
    if let Some(range) = range {
        all.retain(|article| language::matches(range, &article.language));
    }
    all.truncate(limit);
    all
}
