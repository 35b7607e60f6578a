//! Cache of on-demand feeds and archive pages. The first request renders a document; later requests
//! share it until a change affects it or the cache evicts it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::archive;
use super::cache::{FeedCache, document_key};
use super::encoded_bodies::bounded_cache;
use super::format::Format;
use super::rendered::RenderedFeed;
use super::request::{DocumentKind, FeedRequest};
use super::resolve;
use super::{plan, render};
use crate::config::{Config, Feed};
use crate::domain::selection::Selection;
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::Millis;
use crate::store::Store;

/// Expected number of cached documents.
const EXPECTED_DOCUMENTS: usize = 4_096;
/// Maximum size of all cached documents in bytes.
const MAX_BYTES: u64 = 24 * 1024 * 1024;
/// Documents rendered at the same time. A client that requests many feeds waits for its own only.
const MAX_CONCURRENT_RENDERS: usize = 2;

/// Result of a lookup of an existing feed.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// The requested document with its feed.
    Document(Arc<Feed>, Arc<RenderedFeed>),
    /// URL, without the format, of the document that follows the requested page: the next page, or
    /// the feed itself.
    Redirect(String),
    /// A declared feed that is not rendered yet.
    NotRendered,
}

/// A document rendered for an earlier request.
#[derive(Debug, Clone)]
struct CacheEntry {
    feed: Arc<Feed>,
    document: Arc<RenderedFeed>,
    /// Recorded article changes with which the document is known to be up to date.
    article_change_count: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
struct EntryWeighter;

impl Weighter<String, CacheEntry> for EntryWeighter {
    fn weight(&self, key: &String, entry: &CacheEntry) -> u64 {
        // 4096 bytes approximate the segment list of a document with fifty items.
        (key.len() + entry.document.gzip().len() + 4_096) as u64
    }
}

/// Cache of documents rendered on demand; cheap to clone.
#[derive(Debug, Clone)]
pub struct OnDemandCache {
    cache: Arc<Cache<String, CacheEntry, EntryWeighter>>,
    render_permits: Arc<Semaphore>,
}

impl Default for OnDemandCache {
    fn default() -> Self {
        Self {
            cache: Arc::new(bounded_cache(EXPECTED_DOCUMENTS, MAX_BYTES, EntryWeighter)),
            render_permits: Arc::new(Semaphore::new(MAX_CONCURRENT_RENDERS)),
        }
    }
}

/// Reason why a lookup returns no document.
enum LookupError {
    NotFound,
    Failed(anyhow::Error),
}

impl OnDemandCache {
    /// Returns the requested document in a format, and renders it if necessary. Returns `None` if
    /// there is no such feed or page.
    ///
    /// # Errors
    /// If the database or the renderer fails and no previous document is cached.
    pub async fn lookup(
        &self,
        store: &Store,
        config: &Config,
        feed_cache: &FeedCache,
        request: &FeedRequest,
        format: Format,
        now: Millis,
    ) -> anyhow::Result<Option<Lookup>> {
        let is_selected = |feed: &&Feed| {
            Some(&feed.name) == request.selector.feed_name.as_ref()
                && feed.secret == request.selector.secret
        };
        let has_terms = request.selector.terms != Selection::default();
        let declared = config.feeds.iter().find(is_selected).filter(|_| !has_terms);
        match (request.kind, declared) {
            (DocumentKind::Newest, Some(feed)) => {
                let document = feed_cache.get(&document_key(feed, format));
                return Ok(Some(document.map_or(Lookup::NotRendered, |document| {
                    Lookup::Document(Arc::new(feed.clone()), document)
                })));
            }
            (DocumentKind::NextOf(page), _) => {
                let Some(feed) = resolve::resolve(store, config, &request.selector, now).await?
                else {
                    return Ok(None);
                };
                let next = archive::page_after(store, &feed, page, now).await?;
                let feed_page = || SiteUrls(&config.site.base_url).feed_page(&feed.path());
                return Ok(Some(Lookup::Redirect(
                    next.map_or_else(feed_page, |page| plan::archive_page_url(config, &feed, page)),
                )));
            }
            _ => {}
        }
        let key = cache_key(request, format);
        let previous = self.cache.get(&key);
        if let Some(entry) = &previous {
            let until = feed_cache.article_change_count();
            if !feed_cache.changed_since(
                &entry.feed.selection,
                entry.article_change_count.load(Ordering::Acquire),
            ) {
                // The feed cache remembers a limited number of changes; this document includes all
                // of them up to `until`.
                entry.article_change_count.fetch_max(until, Ordering::AcqRel);
                return Ok(Some(Lookup::Document(
                    Arc::clone(&entry.feed),
                    Arc::clone(&entry.document),
                )));
            }
            self.cache.remove_if(&key, |current| Arc::ptr_eq(&current.document, &entry.document));
        }
        let rendering =
            self.render(store, config, feed_cache, request, format, previous.as_ref(), now);
        match self.cache.get_or_insert_async(&key, rendering).await {
            Ok(entry) => Ok(Some(Lookup::Document(entry.feed, entry.document))),
            Err(LookupError::NotFound) => Ok(None),
            Err(LookupError::Failed(reason)) => match previous {
                // Serves the last good document; the next request tries to render again.
                Some(entry) => {
                    tracing::error!(feed = %entry.feed.name, "feed rendering failed; serving the previous version: {reason:#}");
                    self.cache.insert(key, entry.clone());
                    Ok(Some(Lookup::Document(entry.feed, entry.document)))
                }
                None => Err(reason),
            },
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "rendering needs all of these parts of the program"
    )]
    async fn render(
        &self,
        store: &Store,
        config: &Config,
        feed_cache: &FeedCache,
        request: &FeedRequest,
        format: Format,
        previous: Option<&CacheEntry>,
        now: Millis,
    ) -> Result<CacheEntry, LookupError> {
        let _permit =
            self.render_permits.acquire().await.map_err(|e| LookupError::Failed(e.into()))?;
        // Read before the articles, so that a change in between is not missed.
        let change_count = feed_cache.article_change_count();
        let failed = |e: crate::store::StoreError| LookupError::Failed(e.into());
        let feed = resolve::resolve(store, config, &request.selector, now)
            .await
            .map_err(failed)?
            .ok_or(LookupError::NotFound)?;
        let plan = match request.kind {
            DocumentKind::Page(page) => plan::archive_page(store, config, &feed, page, now)
                .await
                .map_err(failed)?
                .ok_or(LookupError::NotFound)?,
            DocumentKind::Newest | DocumentKind::NextOf(_) => {
                plan::newest(store, config, &feed, now).await.map_err(failed)?
            }
        };
        let previous_document = previous.map(|entry| Arc::clone(&entry.document));
        let document =
            render::render(store, config, &feed, plan, vec![(format, previous_document)], now)
                .await
                .map_err(LookupError::Failed)?;
        let document = document.into_iter().next().ok_or(LookupError::NotFound)?;
        Ok(CacheEntry {
            feed: Arc::new(feed),
            document: Arc::new(document),
            article_change_count: Arc::new(AtomicU64::new(change_count)),
        })
    }
}

/// Returns the cache key, the same for all spellings of a request path.
fn cache_key(request: &FeedRequest, format: Format) -> String {
    let name = request.selector.path();
    match request.kind {
        DocumentKind::Page(page) | DocumentKind::NextOf(page) => {
            format!("{name}/archive/{page}.{}", format.extension())
        }
        DocumentKind::Newest => format!("{name}.{}", format.extension()),
    }
}
