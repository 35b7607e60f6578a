//! Audience of an edition: its groups by language and sections, and its freezing into batches of
//! consecutive deliveries.

use super::db::{FromRow, Row, Statement};
use super::operations::Editions;
use super::{StoreResult, events, spawn_uncancellable};
use crate::domain::event::EventKind;
use crate::domain::time::Millis;

pub(super) mod batches;
pub(super) mod filtered;
pub(super) mod not_addressed;

pub use batches::BATCH_SIZE;
use batches::{BATCHES_PER_TRANSACTION, FreezeProgress};
pub use not_addressed::FrozenAudience;

/// Subscribers with the same language who chose the same sections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AudienceGroup {
    /// Language tag of the subscribers; empty if unknown.
    pub language: String,
    /// Chosen sections as a sorted JSON list; `[]` means all sections.
    pub sections: String,
}

/// Reads the groups without their numbers, which SQLite would count by sorting the whole audience.
static GROUPS: Statement = Statement::new(
    "
    SELECT DISTINCT COALESCE(p.language, '') AS language, s.sections AS sections
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
     WHERE s.digest = $digest
       AND s.status = 'confirmed'",
);

static GROUP_COUNTS: Statement = Statement::new(
    "
    SELECT COALESCE(p.language, '') AS language, s.sections AS sections, COUNT(*) AS subscribers
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
     WHERE s.digest = $digest
       AND s.status = 'confirmed'
     GROUP BY COALESCE(p.language, ''), s.sections",
);

static USE_BULK_SETTINGS: Statement = Statement::new("SELECT {bulk_settings}");

/// Waits for a transaction that pauses or resumes the digest, so that the next statement sees its result.
static LOCK_DIGEST: Statement = Statement::new(
    "
    UPDATE digests
       SET paused_since = paused_since
     WHERE name = (SELECT e.digest FROM editions e WHERE e.id = $edition)",
);

/// An edition whose digest was paused meanwhile is paused with it.
static START_SENDING: Statement = Statement::new(
    "
    UPDATE editions
       SET follows_pause = EXISTS (
               SELECT 1
                 FROM digests g
                WHERE g.name = editions.digest
                  AND g.paused_since IS NOT NULL),
           state = CASE
               WHEN EXISTS (
                   SELECT 1
                     FROM digests g
                    WHERE g.name = editions.digest
                      AND g.paused_since IS NOT NULL)
               THEN 'paused'
               ELSE 'sending' END,
           frozen_at = $now,
           not_addressed = $not_addressed
     WHERE id = $edition
       AND state = 'preparing'",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&GROUPS, &GROUP_COUNTS, &USE_BULK_SETTINGS, &LOCK_DIGEST, &START_SENDING];

impl FromRow for AudienceGroup {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self { language: row.get("language")?, sections: row.get("sections")? })
    }
}

impl Editions<'_> {
    /// Returns the distinct languages and chosen sections of the confirmed subscribers of a digest; memory use
    /// depends only on the number of groups.
    pub async fn audience_groups(self, digest: &str) -> StoreResult<Vec<AudienceGroup>> {
        let mut groups: Vec<AudienceGroup> =
            self.store.read(&GROUPS).bind("digest", digest).fetch_all().await?;
        groups.sort();
        Ok(groups)
    }

    /// Returns the groups of the confirmed subscribers of a digest, with the number of subscribers; memory use depends only on the number of groups.
    pub async fn audience_counts(self, digest: &str) -> StoreResult<Vec<(AudienceGroup, i64)>> {
        let counted = |row: &Row| Ok((AudienceGroup::from_row(row)?, row.get("subscribers")?));
        let mut groups: Vec<(AudienceGroup, i64)> =
            self.store.read(&GROUP_COUNTS).bind("digest", digest).fetch_with(counted).await?;
        groups.sort();
        Ok(groups)
    }

    /// Freezes the next batches of the audience, ordered by subscription, in one short transaction,
    /// and returns the number of deliveries created; 0 means that the audience is complete. After a
    /// crash, freezing continues where it stopped.
    pub async fn freeze_batches(self, edition: i64, now: Millis) -> StoreResult<i64> {
        let store = self.store.clone();
        // Batches that were begun are frozen even if the caller is cancelled, because the work
        // would have to be repeated.
        spawn_uncancellable(async move {
            if let Some(condition) = filtered::stored_condition(&store, edition).await? {
                return filtered::freeze(&store, edition, &condition, now).await;
            }
            let mut tx = store.begin().await?;
            if !store.is_sqlite() {
                // Batches lost in a power failure are frozen again. The later commit that starts
                // sending waits until all of them are on disk.
                tx.query(&USE_BULK_SETTINGS).execute().await?;
            }
            let locked = FreezeProgress::lock(&mut tx, edition, BATCHES_PER_TRANSACTION).await?;
            let Some(mut progress) = locked else {
                return Ok(0);
            };
            let mut frozen = 0;
            loop {
                let in_batch = progress.freeze_batch(&mut tx, now).await?;
                if in_batch == 0 {
                    break;
                }
                frozen += in_batch;
            }
            progress.save(&mut tx).await?;
            tx.commit().await?;
            Ok(frozen)
        })
        .await
    }

    /// Counts who was left out of the audience of a frozen edition and starts sending it; returns `true` if
    /// it was in state `preparing`.
    pub async fn start_sending(self, edition: i64, now: Millis) -> StoreResult<bool> {
        let not_addressed = not_addressed::count(self.store, edition).await?;
        let mut tx = self.store.begin().await?;
        tx.query(&LOCK_DIGEST).bind("edition", edition).execute().await?;
        let start = tx.query(&START_SENDING).bind("edition", edition).bind("now", now);
        let is_started = start.bind("not_addressed", not_addressed).execute().await? == 1;
        if is_started {
            events::record_edition(&mut tx, EventKind::EditionStarted, edition, now).await?;
        }
        tx.commit().await?;
        Ok(is_started)
    }
}
