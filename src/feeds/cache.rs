//! Feed cache: holds the rendered documents of all declared feeds in memory and on disk, and
//! renders those again that a change affects.

mod fingerprint;
mod refresh;

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::disk_cache::{Checkpoint, DiskCache};
use super::encoded_bodies::EncodedBodies;
use super::format::Format;
use super::rendered::RenderedFeed;
use super::summary::{FeedSummary, SummaryCache};
use crate::config::{Config, Feed};
use crate::domain::selection::Selection;
use crate::domain::time::Millis;
use crate::store::change_log::ChangedTerms;
use fingerprint::access_fingerprint;
pub(crate) use fingerprint::feed_fingerprint;
pub use refresh::{RefreshReport, refresh_due};

/// Maximum number of changes that are remembered for comparison with on-demand feeds. An on-demand
/// feed that is older than all of them is rendered again.
const MAX_REMEMBERED_CHANGES: usize = 256;

/// Rendered documents of all declared feeds; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct FeedCache {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    documents: ArcSwap<HashMap<String, Arc<RenderedFeed>>>,
    state: tokio::sync::Mutex<RefreshState>,
    disk: OnceLock<Arc<DiskCache>>,
    recent: Mutex<RecentChanges>,
    article_change_count: AtomicU64,
    change_sender: watch::Sender<u64>,
    encoded_bodies: EncodedBodies,
    summaries: SummaryCache,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            documents: ArcSwap::default(),
            state: tokio::sync::Mutex::default(),
            disk: OnceLock::new(),
            recent: Mutex::default(),
            article_change_count: AtomicU64::new(0),
            change_sender: watch::channel(0).0,
            encoded_bodies: EncodedBodies::default(),
            summaries: SummaryCache::default(),
        }
    }
}

/// Progress of the refreshes, and what is not yet saved to disk.
#[derive(Debug, Default)]
struct RefreshState {
    last_refresh: Option<LastRefresh>,
    /// State of the documents that were loaded from disk, until they are compared with the store.
    loaded_state: Option<DiskState>,
    /// Documents not yet saved to disk, each with the fingerprint of its settings.
    unsaved: HashMap<String, (Arc<RenderedFeed>, String)>,
    /// Keys of documents whose feeds were removed from the configuration.
    removed: Vec<String>,
    /// Identifier of the store, once it was read.
    store_id: Option<String>,
    /// Error of the last attempt to save to disk.
    write_error: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct LastRefresh {
    version: i64,
    at: Millis,
    /// Errors by feed name. A failed feed is retried at every tick; each error is logged once.
    failures: HashMap<String, String>,
}

/// State of the store and of the settings in which documents on disk were rendered.
#[derive(Debug)]
struct DiskState {
    checkpoint: Option<Checkpoint>,
    /// Fingerprint of the settings of each document, by its key.
    fingerprints: HashMap<String, String>,
}

/// Articles touched by the last refreshes, each with its number, newest last.
#[derive(Debug, Default)]
struct RecentChanges(VecDeque<(u64, ChangedTerms)>);

impl FeedCache {
    /// Returns a cache that saves its documents to a directory, filled with those it already
    /// contains.
    pub fn with_disk_cache(directory: &Path, config: &Config) -> Self {
        Self::on_disk(Arc::new(DiskCache::open(directory)), config)
    }

    /// Returns a cache for another configuration that is filled from the directory of this one, if
    /// it has one, and saves its documents there.
    pub fn with_config(&self, config: &Config) -> Self {
        // The directory is locked for this process, so a second cache cannot open it for writing.
        self.inner
            .disk
            .get()
            .map_or_else(Self::default, |disk| Self::on_disk(Arc::clone(disk), config))
    }

    fn on_disk(disk: Arc<DiskCache>, config: &Config) -> Self {
        let cache = Self::default();
        let disk = cache.inner.disk.get_or_init(|| disk);
        let (loaded, checkpoint) = disk.load();
        let declared: HashMap<String, String> = config
            .feeds
            .iter()
            .flat_map(|feed| document_keys(feed).map(|key| (key, access_fingerprint(feed))))
            .collect();
        let (loaded, removed): (HashMap<_, _>, HashMap<_, _>) =
            loaded.into_iter().partition(|(key, _)| declared.contains_key(key));
        // A document with content that its feed may no longer show is never served, not even while
        // the database is unavailable.
        let loaded: HashMap<_, _> = loaded
            .into_iter()
            .filter(|(key, cached)| cached.fingerprint.starts_with(&declared[key]))
            .collect();
        for (key, cached) in &loaded {
            if let Some(body) = disk.brotli(key, &cached.document.etag) {
                cached.document.record_brotli(Some(body.len()));
            }
        }
        let fingerprints =
            loaded.iter().map(|(key, cached)| (key.clone(), cached.fingerprint.clone())).collect();
        cache.inner.documents.store(Arc::new(
            loaded.into_iter().map(|(key, cached)| (key, cached.document)).collect(),
        ));
        if let Ok(mut state) = cache.inner.state.try_lock() {
            state.loaded_state = Some(DiskState { checkpoint, fingerprints });
            state.removed = removed.into_keys().collect();
        }
        cache
    }

    /// Returns the document of a declared feed by its key, `NAME.EXTENSION`.
    pub fn get(&self, key: &str) -> Option<Arc<RenderedFeed>> {
        self.inner.documents.load().get(key).cloned()
    }

    /// Returns the summary of a declared feed; `None` before its first rendering.
    pub fn summary(&self, feed: &Feed) -> Option<Arc<FeedSummary>> {
        let rendered = self.get(&document_key(feed, Format::Json))?;
        self.inner.summaries.get(&feed.name, &rendered)
    }

    /// Returns all documents by key.
    pub(super) fn documents(&self) -> Arc<HashMap<String, Arc<RenderedFeed>>> {
        self.inner.documents.load_full()
    }

    pub(super) fn disk(&self) -> Option<&DiskCache> {
        self.inner.disk.get().map(Arc::as_ref)
    }

    pub(super) fn encoded_bodies(&self) -> &EncodedBodies {
        &self.inner.encoded_bodies
    }

    /// Returns `true` if the cache holds every declared feed in every format.
    pub fn is_complete(&self, config: &Config) -> bool {
        self.declared_documents(config) == config.feeds.len() * Format::ALL.len()
    }

    /// Returns the number of declared documents that the cache holds.
    pub fn declared_documents(&self, config: &Config) -> usize {
        let documents = self.inner.documents.load();
        let declared = config.feeds.iter().flat_map(document_keys);
        declared.filter(|key| documents.contains_key(key)).count()
    }

    /// Returns a channel that is notified when documents of declared feeds change.
    pub fn document_changes(&self) -> watch::Receiver<u64> {
        self.inner.change_sender.subscribe()
    }

    /// Returns the number of recorded article changes so far.
    pub(crate) fn article_change_count(&self) -> u64 {
        self.inner.article_change_count.load(Ordering::Acquire)
    }

    /// Returns `true` if a change after the first `since` ones may affect articles of the selection.
    pub(crate) fn changed_since(&self, selection: &Selection, since: u64) -> bool {
        let recent = self.inner.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let covers_since = recent.0.front().is_none_or(|(first, _)| *first <= since + 1);
        let newer = || recent.0.iter().filter(|(change_count, _)| *change_count > since);
        self.article_change_count() > since
            && (!covers_since || newer().any(|(_, touched)| may_affect(touched, selection)))
    }

    fn record_change(&self, touched: ChangedTerms) {
        let mut recent = self.inner.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Incremented under the lock, so that a reader of the number finds its change in the list.
        let change_count = self.inner.article_change_count.fetch_add(1, Ordering::AcqRel) + 1;
        recent.0.push_back((change_count, touched));
        if recent.0.len() > MAX_REMEMBERED_CHANGES {
            recent.0.pop_front();
        }
    }
}

/// Returns the key of a document in the cache, `NAME.EXTENSION`.
pub fn document_key(feed: &Feed, format: Format) -> String {
    format!("{}.{}", feed.name, format.extension())
}

fn document_keys(feed: &Feed) -> impl Iterator<Item = String> {
    Format::ALL.map(|format| document_key(feed, format)).into_iter()
}

fn may_affect(touched: &ChangedTerms, selection: &Selection) -> bool {
    match touched {
        ChangedTerms::Everything => true,
        ChangedTerms::Articles(all) => all.iter().any(|terms| selection.may_select(terms)),
    }
}
