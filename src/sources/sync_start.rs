//! Starts sync runs, of sources that are due and on demand, and records their failures.

use tracing::Instrument as _;

use super::sync::{self, SyncMode};
use super::sync_report::SyncReport;
use crate::config::{Config, Source, SourceKind};
use crate::domain::actor::Actor;
use crate::domain::backoff;
use crate::domain::time::{Millis, SignedDuration};
use crate::store::Store;

/// Maximum delay before a failed source is retried.
const MAX_RETRY_DELAY: SignedDuration = SignedDuration::from_mins(30);

/// Error of a sync run; the run's failure is also stored in the source's state.
#[derive(Debug)]
pub struct SyncError {
    /// Cause, as one sentence for the admin.
    pub error: anyhow::Error,
    /// Number of consecutive failed runs, this one included.
    pub consecutive_failures: i64,
}

/// Syncs one source if it is due or a sync was requested: incrementally, or fully when a full sync
/// is due. Returns `None` if neither is, or if the sync run failed, which is logged and delays the
/// next one.
///
/// A slow source delays only itself. The future may be dropped at any time: stored articles stay,
/// and the rest is read by the next run.
pub async fn sync_due(
    store: &Store,
    config: &Config,
    source: &Source,
    now: Millis,
) -> anyhow::Result<Option<SyncReport>> {
    if store.stories().has_stale(&source.name).await? {
        store.stories().assign(&source.name).await?;
    }
    if source.kind == SourceKind::Builtin {
        return Ok(None);
    }
    store.sources().ensure(&source.name, now).await?;
    if !store.sources().start_sync(&source.name, now, now.plus(source.poll)).await? {
        return Ok(None);
    }
    match run_sync(store, config, source, SyncMode::Poll, now).await {
        Ok(report) => {
            // Each issue is logged once, however often the source is read.
            for (id, issue) in &report.new_issues {
                tracing::warn!(source = %source.name, article = %id, "article issue: {issue}");
            }
            Ok(Some(report))
        }
        Err(SyncError { error, consecutive_failures }) => {
            let failures = u32::try_from(consecutive_failures).unwrap_or(u32::MAX);
            let longest = MAX_RETRY_DELAY.max(source.poll);
            let delay = backoff::doubling(source.poll * 2, failures, longest);
            store.sources().delay(&source.name, now.plus(delay)).await?;
            if consecutive_failures == 1 {
                tracing::error!(
                    source = %source.name,
                    "source sync failed; keeping the previously imported articles: {error:#}"
                );
            }
            Ok(None)
        }
    }
}

/// Runs a full sync of a source now, whether it is due or not.
pub async fn sync_now(
    store: &Store,
    config: &Config,
    source: &Source,
    accept_removals: bool,
    actor: &Actor,
    now: Millis,
) -> Result<SyncReport, SyncError> {
    let recorded =
        store.audit_log().record_manual_sync(&source.name, accept_removals, actor, now).await;
    recorded.map_err(|e| SyncError { error: e.into(), consecutive_failures: 1 })?;
    run_sync(store, config, source, SyncMode::Manual { accept_removals }, now).await
}

/// Runs a sync and stores its failure, if any, in the source's state.
async fn run_sync(
    store: &Store,
    config: &Config,
    source: &Source,
    mode: SyncMode,
    now: Millis,
) -> Result<SyncReport, SyncError> {
    let span = tracing::debug_span!("sync", source = %source.name, ?mode);
    match sync::run(store, config, source, mode, now).instrument(span).await {
        Ok(report) => Ok(report),
        Err(error) => {
            let consecutive_failures = store
                .sources()
                .record_sync_failure(&source.name, &format!("{error:#}"))
                .await
                .unwrap_or(1);
            Err(SyncError { error, consecutive_failures })
        }
    }
}
