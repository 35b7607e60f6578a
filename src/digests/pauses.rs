//! Pauses of digests: the dates of a paused digest create no editions, and its editions are not sent.

use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::schedule;
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// Pauses a digest with its editions that are being sent, and returns the ids of these; `None` if it was
/// paused before.
pub async fn pause_digest(
    store: &Store,
    name: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<Option<Vec<i64>>> {
    let editions = store.digests().pause(name, actor, now).await?;
    if let Some(editions) = &editions {
        tracing::info!(digest = name, editions = editions.len(), "digest paused");
    }
    Ok(editions)
}

/// Resumes a digest with the editions that were paused with it, and returns the ids of these; `None` if
/// it was not paused. The dates during the pause create no editions; their articles are in the next one.
pub async fn resume_digest(
    store: &Store,
    name: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<Option<Vec<i64>>> {
    let editions = store.digests().resume(name, actor, now).await?;
    if let Some(editions) = &editions {
        tracing::info!(digest = name, editions = editions.len(), "digest resumed");
    }
    Ok(editions)
}

/// Returns the next date of a digest after `after`; `None` while it is paused.
pub fn next_date(digest: &Digest, paused_since: Option<Millis>, after: Millis) -> Option<Millis> {
    match paused_since {
        Some(_) => None,
        None => schedule::next_date(&digest.schedule, &digest.timezone, &digest.pause, after),
    }
}
