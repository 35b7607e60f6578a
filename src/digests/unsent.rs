//! The stories that a digest has not sent yet.

use super::compose::{Story, group_into_stories};
use super::context::DigestContext;
use crate::config::Digest;
use crate::domain::selection_snapshot::SelectionSnapshot;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::digests::DigestState;

/// Starts a new selection of a digest if it differs from the last one; returns the state.
pub(super) async fn update_selection(
    store: &Store,
    digest: &Digest,
    state: DigestState,
    now: Millis,
) -> anyhow::Result<DigestState> {
    let selection = SelectionSnapshot::new(&digest.selection, digest.max_age);
    Ok(store.digests().update_selection(&digest.name, state, &selection, now).await?)
}

/// Returns the unsent stories, newest first, of an edition of a digest dated `at`. Stores the
/// selection of the digest if it changed.
pub(super) async fn unsent_stories(
    ctx: DigestContext<'_>,
    digest: &Digest,
    at: Millis,
    now: Millis,
) -> anyhow::Result<Vec<Story>> {
    let state = ctx.store.digests().ensure(&digest.name, now).await?;
    let state = update_selection(ctx.store, digest, state, now).await?;
    let selection = SelectionSnapshot::new(&digest.selection, digest.max_age);
    let candidates =
        ctx.store.digests().unsent_articles(&digest.name, &selection, &state, at).await?;
    let mut stories: Vec<i64> = candidates.iter().map(|a| a.story).collect();
    stories.sort_unstable();
    stories.dedup();
    let members = ctx.store.stories().members(&stories, at).await?;
    Ok(group_into_stories(candidates, members))
}

/// Returns the number of unsent stories of an edition of a digest dated `at`.
pub async fn count_unsent_stories(
    ctx: DigestContext<'_>,
    digest: &Digest,
    at: Millis,
    now: Millis,
) -> anyhow::Result<usize> {
    Ok(unsent_stories(ctx, digest, at, now).await?.len())
}
