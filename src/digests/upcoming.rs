//! The next dates of a digest, and the content of its next edition.

use super::audience::audience_size;
use super::context::DigestContext;
use super::next_edition::{NextEdition, next_edition};
use super::pauses::next_date;
use super::schedule::pending_date_of;
use crate::config::Digest;
use crate::domain::time::Millis;

/// Number of dates that are calculated.
const UPCOMING_DATES: usize = 3;

/// Next dates of a digest, and its next edition.
#[derive(Debug, Clone)]
pub struct Upcoming {
    /// Date that has passed, whose edition is not created yet.
    pub pending: Option<Millis>,
    /// Time since which an admin has paused the digest, if one has.
    pub paused_since: Option<Millis>,
    /// Next dates, earliest first; none while the digest is paused.
    pub dates: Vec<Millis>,
    /// Content of the next edition.
    pub edition: NextEdition,
    /// Number of subscribers who would receive it.
    pub subscribers: i64,
}

/// Returns the next dates of a digest with the content of its next edition.
///
/// # Errors
/// If the template fails or the database does not respond.
pub async fn upcoming(
    ctx: DigestContext<'_>,
    digest: &Digest,
    now: Millis,
) -> anyhow::Result<Upcoming> {
    let state = ctx.store.digests().ensure(&digest.name, now).await?;
    let (pending, paused_since) = (pending_date_of(&state, digest, now), state.paused_since);
    let next = |after: Millis| next_date(digest, paused_since, after);
    let dates: Vec<Millis> =
        std::iter::successors(next(now), |date| next(*date)).take(UPCOMING_DATES).collect();
    let date = pending.and(Some(now)).or(dates.first().copied()).unwrap_or(now);
    let edition = next_edition(ctx, digest, date, now).await?;
    let subscribers = audience_size(ctx, digest).await?;
    Ok(Upcoming { pending, paused_since, dates, edition, subscribers })
}
