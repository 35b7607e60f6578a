//! The stories that a digest has not sent yet.

use super::compose::{Story, group_into_stories};
use super::context::DigestContext;
use crate::config::Digest;
use crate::domain::time::Millis;

/// Returns the unsent stories, newest first, of an edition of a digest at a time.
pub(super) async fn unsent_stories(
    ctx: DigestContext<'_>,
    digest: &Digest,
    at: Millis,
    now: Millis,
) -> anyhow::Result<Vec<Story>> {
    let state = ctx.store.digests().ensure(&digest.name, now).await?;
    let candidates = ctx
        .store
        .digests()
        .unsent_articles(&digest.name, &digest.selection, digest.max_age, state.configured_at, at)
        .await?;
    let mut stories: Vec<i64> = candidates.iter().map(|a| a.story).collect();
    stories.sort_unstable();
    stories.dedup();
    let members = ctx.store.stories().members(&stories, at).await?;
    Ok(group_into_stories(candidates, members))
}
