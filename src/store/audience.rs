//! Audience of an edition: its groups by language and sections, and its freezing into batches of
//! consecutive deliveries.

use super::db::{FromRow, Row, Statement, Tx};
use super::operations::Editions;
use super::{StoreResult, spawn_uncancellable};
use crate::domain::time::Millis;

/// Number of deliveries in a batch, which is leased and loaded as a whole.
pub const BATCH_SIZE: i64 = 256;
/// Number of batches frozen per transaction: enough to make the cost of the commit negligible, few
/// enough not to delay other writers.
const BATCHES_PER_TRANSACTION: usize = 8;

/// Subscribers with the same language who chose the same sections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AudienceGroup {
    /// Language tag of the subscribers; empty if unknown.
    pub language: String,
    /// Chosen sections as a sorted JSON list; `[]` means all sections.
    pub sections: String,
}

static GROUPS: Statement = Statement::new(
    "
    SELECT DISTINCT COALESCE(p.language, '') AS language, s.sections AS sections
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
     WHERE s.digest = $digest
       AND s.status = 'confirmed'",
);

static USE_BULK_SETTINGS: Statement = Statement::new("SELECT {bulk_settings}");

/// Locks the edition and returns how far its audience is frozen.
static LOCK_PROGRESS: Statement = Statement::new(
    "
    UPDATE editions
       SET frozen_through = frozen_through
     WHERE id = $edition
       AND state = 'preparing'
    RETURNING frozen_through, digest",
);

static ADD_BATCH: Statement = Statement::new(
    "
    INSERT INTO delivery_batches (edition_id)
    VALUES ($edition)
    RETURNING id",
);

static REMOVE_BATCH: Statement = Statement::new("DELETE FROM delivery_batches WHERE id = $batch");

/// Creates the deliveries of one batch.
static FREEZE: Statement = Statement::new(
    "
    INSERT INTO deliveries (
           kind, edition_id, batch_id, variant_id, subscriber_id, subscription_id, address,
           address_hash, name, state, created_at)
    SELECT 'edition', $edition, $batch,
           COALESCE(c.variant_id, (
               SELECT whole.variant_id
                 FROM variant_assignments whole
                WHERE whole.edition_id = $edition
                  AND whole.language = '*'
                  AND whole.sections = '[]')),
           p.id, s.id, p.address, p.address_hash, p.name, 'queued', $now
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
      LEFT JOIN variant_assignments c
             ON c.edition_id = $edition
            AND c.language = COALESCE(p.language, '')
            AND c.sections = s.sections
     WHERE s.digest = $digest
       AND s.status = 'confirmed'
       AND s.id > $frozen_through
       AND (c.edition_id IS NULL OR c.variant_id IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.hash = p.address_hash)
     ORDER BY s.id
     LIMIT $limit",
);

static LAST_SUBSCRIPTION: Statement = Statement::new(
    "
    SELECT MAX(subscription_id) AS last_subscription
      FROM deliveries
     WHERE batch_id = $batch",
);

static SAVE_PROGRESS: Statement = Statement::new(
    "
    UPDATE editions
       SET frozen_through = $frozen_through
     WHERE id = $edition",
);

static START_SENDING: Statement = Statement::new(
    "
    UPDATE editions
       SET state = 'sending'
     WHERE id = $edition
       AND state = 'preparing'",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &GROUPS,
    &USE_BULK_SETTINGS,
    &LOCK_PROGRESS,
    &ADD_BATCH,
    &REMOVE_BATCH,
    &FREEZE,
    &LAST_SUBSCRIPTION,
    &SAVE_PROGRESS,
    &START_SENDING,
];

impl FromRow for AudienceGroup {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self { language: row.get("language")?, sections: row.get("sections")? })
    }
}

/// Progress of freezing the audience of an edition.
#[derive(Debug)]
struct FreezeProgress {
    edition: i64,
    digest: String,
    /// Subscription of the last delivery created.
    frozen_through: i64,
}

impl FreezeProgress {
    /// Locks the row first, so that a second node waits instead of freezing the same batches.
    async fn lock(tx: &mut Tx, edition: i64) -> StoreResult<Option<Self>> {
        let row = tx.query(&LOCK_PROGRESS).bind("edition", edition).fetch_first().await?;
        row.map(|row| {
            let (digest, frozen_through) = (row.get("digest")?, row.get("frozen_through")?);
            Ok(Self { edition, digest, frozen_through })
        })
        .transpose()
    }

    /// Freezes one batch and returns the number of its deliveries, 0 if the audience is complete.
    async fn freeze_batch(&mut self, tx: &mut Tx, now: Millis) -> StoreResult<u64> {
        let batch: i64 = tx.query(&ADD_BATCH).bind("edition", self.edition).fetch_scalar().await?;
        let frozen = tx
            .query(&FREEZE)
            .bind("edition", self.edition)
            .bind("batch", batch)
            .bind("now", now)
            .bind("digest", &self.digest)
            .bind("frozen_through", self.frozen_through)
            .bind("limit", BATCH_SIZE)
            .execute()
            .await?;
        if frozen == 0 {
            tx.query(&REMOVE_BATCH).bind("batch", batch).execute().await?;
        } else {
            self.frozen_through =
                tx.query(&LAST_SUBSCRIPTION).bind("batch", batch).fetch_scalar().await?;
        }
        Ok(frozen)
    }
}

impl Editions<'_> {
    /// Returns the distinct languages and chosen sections of the confirmed subscribers of a digest;
    /// memory use depends only on the number of groups.
    pub async fn audience_groups(self, digest: &str) -> StoreResult<Vec<AudienceGroup>> {
        let mut groups: Vec<AudienceGroup> =
            self.store.read(&GROUPS).bind("digest", digest).fetch_all().await?;
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
            let mut tx = store.begin().await?;
            if !store.is_sqlite() {
                // Batches lost in a power failure are frozen again. The later commit that starts
                // sending waits until all of them are on disk.
                tx.query(&USE_BULK_SETTINGS).execute().await?;
            }
            let Some(mut progress) = FreezeProgress::lock(&mut tx, edition).await? else {
                return Ok(0);
            };
            let mut frozen = 0;
            for _ in 0..BATCHES_PER_TRANSACTION {
                let in_batch = progress.freeze_batch(&mut tx, now).await?;
                if in_batch == 0 {
                    break;
                }
                frozen += i64::try_from(in_batch).unwrap_or(i64::MAX);
            }
            tx.query(&SAVE_PROGRESS)
                .bind("edition", edition)
                .bind("frozen_through", progress.frozen_through)
                .execute()
                .await?;
            tx.commit().await?;
            Ok(frozen)
        })
        .await
    }

    /// Starts sending a frozen edition; returns `true` if it was in state `preparing`.
    pub async fn start_sending(self, edition: i64) -> StoreResult<bool> {
        Ok(self.store.write(&START_SENDING).bind("edition", edition).execute().await? == 1)
    }
}
