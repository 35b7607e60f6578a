//! Feeds made ready: rendered, compressed and tagged when content changes, so that a request is a look-up and one write.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::feed::{Archive, head, item};
use super::format::Format;
use crate::config::{Config, Feed, Site};
use crate::domain::time::Millis;
use crate::store::Store;

/// A feed in one format, ready to be served.
#[derive(Debug)]
pub struct Made {
    /// The document.
    pub body: Vec<u8>,
    /// The same, compressed.
    pub gzip: Vec<u8>,
    /// What names these bytes: a hash of them, without quotes.
    pub etag: String,
    /// When they last changed.
    pub modified: Millis,
    /// Media type.
    pub media_type: &'static str,
}

/// What making feeds came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Documents whose bytes changed.
    pub changed: usize,
    /// Documents that stayed as they were.
    pub unchanged: usize,
}

/// All declared feeds in memory; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    made: Arc<ArcSwap<HashMap<String, Arc<Made>>>>,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// What the shelf was made from.
#[derive(Debug, Clone, Default)]
struct Seen {
    version: i64,
    at: Millis,
    /// The feeds that could not be made from it, and why: tried again at every tick, told once.
    failed: HashMap<String, String>,
}

impl Shelf {
    /// The document at `NAME.EXTENSION`.
    pub fn get(&self, file: &str) -> Option<Arc<Made>> {
        self.made.load().get(file).cloned()
    }

    /// Whether every declared feed is there.
    pub fn is_complete(&self, config: &Config) -> bool {
        let made = self.made.load();
        config.feeds.iter().all(|f| Format::ALL.iter().all(|format| made.contains_key(&file_name(f, *format))))
    }
}

/// `NAME.EXTENSION`.
pub fn file_name(feed: &Feed, format: Format) -> String {
    format!("{}.{}", feed.name, format.extension())
}

/// Makes the declared feeds anew if an article changed or its time came; a feed that can't be made keeps its last bytes.
pub async fn refresh_due(store: &Store, config: &Config, shelf: &Shelf, now: Millis) -> anyhow::Result<Report> {
    let mut seen = shelf.seen.lock().await;
    let version = store.articles_version().await?;
    let is_fresh = match &*seen {
        Some(before) => before.version == version && !store.any_published_in(before.at, now).await?,
        None => false,
    };
    let failed = seen.as_ref().map(|s| s.failed.clone()).unwrap_or_default();
    let before = shelf.made.load_full();
    let mut made = HashMap::clone(&before);
    let mut next = Seen { version, at: now, failed: HashMap::new() };
    let mut report = Report::default();
    for feed in config.feeds.iter().filter(|f| !is_fresh || failed.contains_key(&f.name)) {
        match documents(store, &config.site, feed, now).await {
            Ok(documents) => {
                for (format, body) in documents {
                    let file = file_name(feed, format);
                    let document = keep(store, feed, format, body, before.get(&file), &mut report, now).await?;
                    made.insert(file, document);
                }
            }
            Err(e) => {
                let why = format!("{e:#}");
                if failed.get(&feed.name) != Some(&why) {
                    tracing::error!(feed = %feed.name, "cannot be made, its last bytes stay: {why}");
                }
                next.failed.insert(feed.name.clone(), why);
            }
        }
    }
    if report.changed > 0 || !is_fresh {
        shelf.made.store(Arc::new(made));
    }
    *seen = Some(next);
    Ok(report)
}

/// A feed's documents: a pure function of its articles (promise 2).
pub async fn documents(store: &Store, site: &Site, feed: &Feed, now: Millis) -> anyhow::Result<Vec<(Format, Vec<u8>)>> {
    let articles = store.newest_articles(&feed.selection, now, feed.items).await?;
    let oldest = articles.last().filter(|_| articles.len() >= feed.items).map_or(Millis(i64::MIN), |a| a.published_at);
    let removed = store.latest_removal(&feed.selection, oldest).await?;
    let (site, feed) = (site.clone(), feed.clone());
    tokio::task::spawn_blocking(move || {
        let shown = articles.iter().filter(|article| article.removed_at.is_none());
        let items: Vec<_> = shown.map(|article| item(article, &[], &site, &feed)).collect();
        let updated = items.iter().map(|item| item.updated).chain(removed).max().unwrap_or_default();
        let archive = Archive::Newest { previous: None };
        let head = head(&site, &feed, updated, &archive, &[]);
        Format::ALL
            .into_iter()
            .map(|format| {
                let body = format.render(&head, &items)?;
                Ok((format, body))
            })
            .collect()
    })
    .await
    .context("the renderer ended unexpectedly")?
}

async fn keep(
    store: &Store,
    feed: &Feed,
    format: Format,
    body: Vec<u8>,
    before: Option<&Arc<Made>>,
    report: &mut Report,
    now: Millis,
) -> anyhow::Result<Arc<Made>> {
    let etag: String = Sha256::digest(&body).iter().take(12).map(|b| format!("{b:02x}")).collect();
    if let Some(same) = before.filter(|b| b.etag == etag) {
        report.unchanged += 1;
        return Ok(Arc::clone(same));
    }
    report.changed += 1;
    let modified = store.note_feed_version(&feed.name, format.extension(), &etag, now).await?;
    let compress = move || -> std::io::Result<(Vec<u8>, Vec<u8>)> {
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::best());
        encoder.write_all(&body)?;
        Ok((encoder.finish()?, body))
    };
    let (gzip, body) = tokio::task::spawn_blocking(compress).await.context("the compressor ended unexpectedly")??;
    Ok(Arc::new(Made { body, gzip, etag, modified, media_type: format.media_type() }))
}
