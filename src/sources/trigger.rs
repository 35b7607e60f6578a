//! Requests to sync a source immediately: from the API, from `NOTIFY` of its database, or from a
//! person.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::config::{Config, SourceKind};
use crate::domain::actor::Actor;
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// One notifier per source, which wakes the task that syncs it in this process; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SyncTriggers(Arc<BTreeMap<String, Notify>>);

/// Outcome of a request to sync a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncRequestOutcome {
    /// The source is synced immediately, or once more after the run in progress.
    Queued,
    /// The configuration has no source of that name.
    Unknown,
    /// The source is builtin: articles are imported into it, and there is nothing to read.
    Builtin,
}

impl SyncTriggers {
    /// Creates a notifier for each configured source.
    pub fn new(config: &Config) -> Self {
        Self(Arc::new(
            config.sources.iter().map(|source| (source.name.clone(), Notify::new())).collect(),
        ))
    }

    /// Waits for a request to sync the source, or returns at once if one came since the last call.
    pub async fn triggered(&self, source: &str) {
        match self.0.get(source) {
            Some(notify) => notify.notified().await,
            None => std::future::pending().await,
        }
    }

    fn trigger(&self, source: &str) {
        if let Some(notify) = self.0.get(source) {
            notify.notify_one();
        }
    }
}

/// Requests an immediate sync of a source.
///
/// The request is stored, so that it survives a crash and reaches other nodes. All requests during
/// a sync run lead to one more run after it.
pub async fn request_sync(
    store: &Store,
    config: &Config,
    triggers: &SyncTriggers,
    source: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<SyncRequestOutcome> {
    match config.sources.iter().find(|s| s.name == source).map(|s| s.kind) {
        None => Ok(SyncRequestOutcome::Unknown),
        Some(SourceKind::Builtin) => Ok(SyncRequestOutcome::Builtin),
        Some(_) => {
            store.sources().ensure(source, now).await?;
            store.sources().request_sync(source, actor, now).await?;
            triggers.trigger(source);
            Ok(SyncRequestOutcome::Queued)
        }
    }
}
/// Accepts the blocked removals of a source, which a full sync makes as soon as possible; returns `false`
/// if their number is another one by now.
pub async fn accept_removals(
    store: &Store,
    triggers: &SyncTriggers,
    source: &str,
    count: i64,
    actor: &Actor,
    now: Millis,
) -> StoreResult<bool> {
    let accepted = store.sources().accept_removals(source, count, actor, now).await?;
    if accepted {
        triggers.trigger(source);
    }
    Ok(accepted)
}
