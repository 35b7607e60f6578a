//! Starts sync runs, of sources that are due and on demand, and records their failures.

use tracing::Instrument as _;

use super::sync::{self, SyncMode};
use super::sync_report::{IssueSink, SyncReport};
use crate::config::{Config, Source, SourceKind};
use crate::domain::actor::Actor;
use crate::domain::backoff;
use crate::domain::time::{Millis, SignedDuration};
use crate::store::Store;

/// Maximum delay before a failed source is retried, unless its `poll` is longer.
const MAX_RETRY_DELAY: SignedDuration = SignedDuration::from_mins(30);

/// Number of new issues that a sync run logs.
const MAX_LOGGED_ISSUES: usize = 100;

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
    let state = store.sources().state(&source.name).await?.unwrap_or_default();
    let mode = match usize::try_from(state.accepted_removals) {
        Ok(removals @ 1..) => SyncMode::Accepted { removals },
        _ => SyncMode::Poll,
    };
    match run_sync(store, config, source, mode, IssueSink::default(), now).await {
        Ok(report) => {
            // Each issue is logged once, however often the source is read.
            let (logged, further) = first_issues(&report.new_issues);
            for (id, issue) in logged {
                tracing::warn!(source = %source.name, article = %id, "article issue: {issue}");
            }
            if further > 0 {
                tracing::warn!(
                    source = %source.name,
                    further,
                    "further articles have issues; to list all, run `courant sources sync {} --report FILE`",
                    source.name
                );
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

/// Returns the issues of a run that are logged, and the number of the others.
fn first_issues(issues: &[(String, String)]) -> (&[(String, String)], usize) {
    let logged = &issues[..issues.len().min(MAX_LOGGED_ISSUES)];
    (logged, issues.len() - logged.len())
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
    sync_with_issues(store, config, source, accept_removals, actor, IssueSink::default(), now).await
}

/// Like [`sync_now`]; passes each rejected row and note to `sink`.
pub async fn sync_with_issues(
    store: &Store,
    config: &Config,
    source: &Source,
    accept_removals: bool,
    actor: &Actor,
    sink: IssueSink,
    now: Millis,
) -> Result<SyncReport, SyncError> {
    let recorded =
        store.audit_log().record_manual_sync(&source.name, accept_removals, actor, now).await;
    recorded.map_err(|e| SyncError { error: e.into(), consecutive_failures: 1 })?;
    run_sync(store, config, source, SyncMode::Manual { accept_removals }, sink, now).await
}

/// Runs a sync and stores its failure, if any, in the source's state.
async fn run_sync(
    store: &Store,
    config: &Config,
    source: &Source,
    mode: SyncMode,
    sink: IssueSink,
    now: Millis,
) -> Result<SyncReport, SyncError> {
    let span = tracing::debug_span!("sync", source = %source.name, ?mode);
    match sync::run(store, config, source, mode, sink, now).instrument(span).await {
        Ok(report) => Ok(report),
        Err(error) => {
            let consecutive_failures = store
                .sources()
                .record_sync_failure(&source.name, &format!("{error:#}"), now)
                .await
                .unwrap_or(1);
            Err(SyncError { error, consecutive_failures })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_run_logs_a_hundred_issues_at_most() {
        let issues = |count: usize| vec![("1".to_owned(), "it has no title".to_owned()); count];
        for (count, expected) in [(0, (0, 0)), (100, (100, 0)), (20_000, (100, 19_900))] {
            let all = issues(count);
            let (logged, further) = first_issues(&all);
            assert_eq!((logged.len(), further), expected);
        }
    }
}
