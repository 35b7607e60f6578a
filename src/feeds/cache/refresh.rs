//! Finds the changes since the last refresh and renders the feeds they affect again.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{
    FeedCache, LastRefresh, RefreshState, document_key, document_keys, feed_fingerprint, may_affect,
};
use crate::config::{Config, Feed};
use crate::domain::time::Millis;
use crate::feeds::disk_cache::Checkpoint;
use crate::feeds::format::Format;
use crate::feeds::rendered::RenderedFeed;
use crate::feeds::{plan, render};
use crate::store::change_log::ChangedTerms;
use crate::store::clock_faults::CLOCK_TOLERANCE;
use crate::store::feed_versions::FeedVersion;
use crate::store::{Store, StoreResult};

/// Feeds that are rendered before their documents are published together. With many feeds, the
/// first ones are therefore available before the last one is rendered.
const FEEDS_PER_BATCH: usize = 16;

/// Result of one refresh of the feed cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefreshReport {
    /// Documents whose bytes changed.
    pub changed: usize,
    /// Documents that were checked and have the same bytes as before.
    pub unchanged: usize,
}

/// Renders the declared feeds that are affected by changed articles, or by articles whose
/// publication time has come. A feed that fails to render keeps its previous documents.
pub async fn refresh_due(
    store: &Store,
    config: &Config,
    cache: &FeedCache,
    now: Millis,
) -> anyhow::Result<RefreshReport> {
    let mut state = cache.inner.state.lock().await;
    let version = store.article_changes().version().await?;
    if cache.disk().is_some() && state.store_id.is_none() {
        state.store_id = Some(store_id(store).await?);
    }
    let due = feeds_due(store, config, cache, &state, version, now).await?;
    let mut next = LastRefresh { version, at: now, failures: HashMap::new() };
    let reported =
        state.last_refresh.as_ref().map(|last| last.failures.clone()).unwrap_or_default();
    let mut report = RefreshReport::default();
    for feeds in due.chunks(FEEDS_PER_BATCH) {
        let batch =
            refresh_batch(store, config, cache, feeds, now, (&reported, &mut next.failures))
                .await?;
        report.changed += batch.changed.len();
        report.unchanged += batch.unchanged.len();
        if !batch.changed.is_empty() {
            let changed = u64::try_from(batch.changed.len()).unwrap_or_default();
            cache.inner.change_sender.send_modify(|total| *total += changed);
        }
        // The bytes on disk are the same, but the fingerprint in their file is that of other
        // settings. Unless it is written again, the document would be rendered again at every
        // start.
        let known = state.loaded_state.as_ref().map(|loaded| &loaded.fingerprints);
        let has_other_settings = |(key, (_, fingerprint)): &(String, FingerprintedDocument)| {
            known.is_some_and(|known| known.get(key) != Some(fingerprint))
        };
        let with_other_settings: Vec<_> =
            batch.unchanged.into_iter().filter(has_other_settings).collect();
        // Recorded before anything else can fail, because documents in memory are not rendered
        // again.
        state.unsaved.extend(batch.changed.into_iter().chain(with_other_settings));
    }
    let has_new_version = state.last_refresh.as_ref().is_none_or(|last| last.version != version);
    // A checkpoint guarantees that all earlier changes are on disk.
    let is_complete = next.failures.is_empty();
    state.last_refresh = Some(next);
    state.loaded_state = None;
    if cache.disk().is_some() && (has_new_version || !state.unsaved.is_empty()) {
        let checkpoint = is_complete.then(|| Checkpoint {
            store_id: state.store_id.clone().unwrap_or_default(),
            version,
            at: now.0,
        });
        save(cache, &mut state, checkpoint).await?;
    }
    Ok(report)
}

/// Saves the unsaved documents to disk. The caller holds the state's lock, so that an earlier state
/// cannot overwrite a later one.
async fn save(
    cache: &FeedCache,
    state: &mut RefreshState,
    checkpoint: Option<Checkpoint>,
) -> anyhow::Result<()> {
    let (cache, unsaved, removed) = (cache.clone(), state.unsaved.clone(), state.removed.clone());
    let saved = tokio::task::spawn_blocking(move || {
        cache.disk().map_or(Ok(()), |disk| disk.store(&unsaved, &removed, checkpoint.as_ref()))
    });
    match saved.await? {
        Ok(()) => {
            state.unsaved.clear();
            state.removed.clear();
            state.write_error = None;
        }
        Err(e) => {
            let reason = Some(format!(
                "cannot save feeds to the disk cache: {e}; a restart will render them again; check [server] feed_cache_dir"
            ));
            if state.write_error != reason {
                tracing::warn!("{}", reason.as_deref().unwrap_or_default());
            }
            state.write_error = reason;
        }
    }
    Ok(())
}

/// Returns an identifier of the store that does not reveal its secret.
async fn store_id(store: &Store) -> StoreResult<String> {
    let secret = store.identity().await?.secret;
    Ok(hex::encode(&Sha256::digest([b"feed cache of ".as_slice(), &secret].concat())[..16]))
}

/// Returns the feeds that may need rendering, and records the changes since the last refresh.
async fn feeds_due<'c>(
    store: &Store,
    config: &'c Config,
    cache: &FeedCache,
    state: &RefreshState,
    version: i64,
    now: Millis,
) -> StoreResult<Vec<&'c Feed>> {
    let (since, fingerprints) = match (&state.last_refresh, &state.loaded_state) {
        (Some(last), _) => (Some((last.version, last.at)), None),
        (None, Some(loaded)) => {
            let checkpoint = loaded
                .checkpoint
                .as_ref()
                .filter(|checkpoint| Some(&checkpoint.store_id) == state.store_id.as_ref())
                // Documents that were rendered under a wrong clock contain what is not due yet.
                .filter(|checkpoint| !is_future(Millis(checkpoint.at), now));
            (
                checkpoint.map(|checkpoint| (checkpoint.version, Millis(checkpoint.at))),
                Some(&loaded.fingerprints),
            )
        }
        (None, None) => (None, None),
    };
    let Some((before, at)) = since else {
        cache.record_change(ChangedTerms::Everything);
        return Ok(config.feeds.iter().collect());
    };
    let mut touched = Vec::new();
    if version != before {
        touched.push(store.article_changes().between(before, version).await?);
    }
    let published = store.article_changes().published_between(at, now).await?;
    if published != ChangedTerms::Articles(Vec::new()) {
        touched.push(published);
    }
    let failures = state.last_refresh.as_ref().map(|last| &last.failures);
    let is_due = |feed: &&Feed| {
        let is_touched = touched.iter().any(|touched| may_affect(touched, &feed.selection));
        let has_other_settings = fingerprints.is_some_and(|fingerprints| {
            let current = feed_fingerprint(config, feed);
            document_keys(feed).any(|key| fingerprints.get(&key) != Some(&current))
        });
        is_touched
            || has_other_settings
            || failures.is_some_and(|failures| failures.contains_key(&feed.name))
    };
    let due = config.feeds.iter().filter(is_due).collect();
    for touched in touched {
        cache.record_change(touched);
    }
    Ok(due)
}

/// Returns `true` if only a wrong clock can have shown a time.
fn is_future(time: Millis, now: Millis) -> bool {
    time > now.plus(CLOCK_TOLERANCE)
}

/// A document with the fingerprint of the settings it was rendered with.
type FingerprintedDocument = (Arc<RenderedFeed>, String);

/// Rendered documents with their keys.
#[derive(Debug, Default)]
struct RenderedBatch {
    changed: Vec<(String, FingerprintedDocument)>,
    /// Documents with the same bytes as before; the cached ones are kept.
    unchanged: Vec<(String, FingerprintedDocument)>,
}

/// Renders some feeds again and publishes their documents in the cache.
async fn refresh_batch(
    store: &Store,
    config: &Config,
    cache: &FeedCache,
    feeds: &[&Feed],
    now: Millis,
    (reported, failures): (&HashMap<String, String>, &mut HashMap<String, String>),
) -> anyhow::Result<RenderedBatch> {
    let mut changed: Vec<(&Feed, RenderedFeed)> = Vec::new();
    let mut batch = RenderedBatch::default();
    for &feed in feeds {
        let formats =
            Format::ALL.map(|format| (format, cache.get(&document_key(feed, format)))).into();
        let result = match plan::newest(store, config, feed, now).await {
            Ok(plan) => render::render(store, config, feed, plan, formats, now).await,
            Err(e) => Err(e.into()),
        };
        let documents = result.unwrap_or_else(|e| {
            let reason = format!("{e:#}");
            if reported.get(&feed.name) != Some(&reason) {
                tracing::error!(feed = %feed.name, "feed rendering failed; serving the previous version: {reason}");
            }
            failures.insert(feed.name.clone(), reason);
            Vec::new()
        });
        for document in documents {
            let key = document_key(feed, document.format);
            let is_current = |before: &Arc<RenderedFeed>| {
                before.etag == document.etag
                    && !before.modified.is_some_and(|at| is_future(at, now))
            };
            match cache.get(&key).filter(is_current) {
                Some(before) => {
                    batch.unchanged.push((key, (before, feed_fingerprint(config, feed))))
                }
                None => changed.push((feed, document)),
            }
        }
    }
    let versions: Vec<FeedVersion> = changed
        .iter()
        .map(|(feed, document)| FeedVersion {
            feed: feed.name.clone(),
            format: document.format.extension(),
            etag: document.etag.clone(),
        })
        .collect();
    let modified = store.feed_items().record_feed_versions(&versions, now).await?;
    batch.changed = changed
        .into_iter()
        .zip(modified)
        .map(|((feed, mut document), at)| {
            document.modified = Some(at);
            (
                document_key(feed, document.format),
                (Arc::new(document), feed_fingerprint(config, feed)),
            )
        })
        .collect();
    let mut documents = HashMap::clone(&cache.inner.documents.load());
    documents.extend(
        batch.changed.iter().map(|(key, (document, _))| (key.clone(), Arc::clone(document))),
    );
    cache.inner.documents.store(Arc::new(documents));
    Ok(batch)
}
