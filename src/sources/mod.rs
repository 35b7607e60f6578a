//! Articles come in: read from where they are, cleaned once, mirrored; never written back (promise 8).

use self::reading::Occasion;
use crate::config::{Config, Source, SourceKind};
use crate::domain::time::{MINUTE, Millis};
use crate::store::Store;

pub mod adopt;
mod arrival;
pub mod bell;
mod cells;
mod changed;
mod drupal;
mod exports;
mod foreign;
mod ghost;
mod html;
pub mod import;
mod keeping;
mod lines;
pub mod listening;
mod media;
mod php;
mod query;
mod reading;
mod row;
mod seen;
mod session;
pub mod survey;
mod wordpress;

/// Articles cleaned and kept at a time: a write transaction stays short.
const BATCH: usize = 20;
/// A sync that would remove more than half of a source's articles, and more than this many, is held.
const FEW: usize = 10;
/// Characters of an id, and of what is the matter with it, that are kept.
const LONGEST_TROUBLE: usize = 500;
/// The longest wait before a source that can't be read is tried again.
const LONGEST_WAIT: i64 = 30 * MINUTE;

/// What reading a source brought.
#[derive(Debug, Clone, Default)]
pub struct SyncReport {
    /// The source's name.
    pub source: String,
    /// Whether all of it was compared, or only what changed.
    pub compared: bool,
    /// Articles that are new here and public.
    pub added: usize,
    /// Articles that are new here and wait for their date.
    pub waiting: usize,
    /// Articles that changed.
    pub changed: usize,
    /// Articles that vanished.
    pub removed: usize,
    /// Removals that wait for an admin (promise 8).
    pub held: usize,
    /// Rows that can't be used: the source's id and why.
    pub refused: Vec<(String, String)>,
    /// What could not be shown of an article that was used.
    pub notes: Vec<(String, String)>,
    /// Those of both that were not known before.
    pub news: Vec<(String, String)>,
}

/// Reads one source if it is due or asked for, so that a slow one holds up nothing but itself: what changed, and all of it
/// when a comparison is due. May be dropped at any time: what is kept by then stays, and the rest is read again.
pub async fn sync_due(
    store: &Store,
    config: &Config,
    source: &Source,
    now: Millis,
) -> anyhow::Result<Option<SyncReport>> {
    if store.has_ungrouped(&source.name).await? {
        store.regroup(&source.name).await?;
    }
    if source.kind == SourceKind::Builtin {
        return Ok(None);
    }
    store.ensure_source(&source.name, now).await?;
    if !store.claim_source(&source.name, now, now.plus(source.poll)).await? {
        return Ok(None);
    }
    match sync(store, config, source, Occasion::Poll, now).await {
        Ok(report) => {
            // Each is told once, however often the source is read.
            for (id, what) in &report.news {
                tracing::warn!(source = %source.name, article = %id, "{what}");
            }
            Ok(Some(report))
        }
        Err((e, failures)) => {
            let wait = source
                .poll
                .saturating_mul(1 << failures.clamp(0, 12))
                .min(LONGEST_WAIT.max(source.poll));
            store.delay_source(&source.name, now.plus(wait)).await?;
            if failures == 1 {
                tracing::error!(source = %source.name, "cannot be read, the last articles stay: {e:#}");
            }
            Ok(None)
        }
    }
}

/// Reads all of a source now, whether it is due or not; an error comes with how often in a row it failed, and is kept.
pub async fn sync_now(
    store: &Store,
    config: &Config,
    source: &Source,
    accept_removals: bool,
    now: Millis,
) -> Result<SyncReport, (anyhow::Error, i64)> {
    sync(store, config, source, Occasion::ByHand { accept_removals }, now).await
}

async fn sync(
    store: &Store,
    config: &Config,
    source: &Source,
    occasion: Occasion,
    now: Millis,
) -> Result<SyncReport, (anyhow::Error, i64)> {
    match reading::read(store, config, source, occasion, now).await {
        Ok(report) => Ok(report),
        Err(e) => {
            let failures = store.source_failed(&source.name, &format!("{e:#}")).await.unwrap_or(1);
            Err((e, failures))
        }
    }
}

/// Whether a source could be read as it is configured: connection, query, columns.
pub async fn check(source: &Source) -> anyhow::Result<()> {
    match source.kind {
        SourceKind::Builtin => Ok(()),
        SourceKind::Query => query::check(source).await,
        SourceKind::WordPress => wordpress::check(source).await,
        SourceKind::Ghost => ghost::check(source).await,
        SourceKind::Drupal => drupal::check(source).await,
    }
}
