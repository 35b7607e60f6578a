//! Batches of consecutive deliveries: their creation, and how far the audience of an edition is frozen.

use std::cmp::Reverse;

use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::db::{Statement, Tx};
use crate::store::subscriber_values::FROZEN_VALUES;

/// Number of deliveries in a batch, which is leased and loaded as a whole.
pub const BATCH_SIZE: i64 = 256;

/// Number of batches frozen per transaction: SQLite waits for the disk at each commit, and other writers wait
/// for the whole transaction.
pub(super) const BATCHES_PER_TRANSACTION: i64 = 16;

/// Locks the edition and returns how far its audience is frozen.
static LOCK_PROGRESS: Statement = Statement::new(
    "
    UPDATE editions
       SET frozen_through = frozen_through
     WHERE id = $edition
       AND state = 'preparing'
    RETURNING frozen_through, recipients, digest",
);

static ADD_BATCHES: Statement = Statement::new(
    "
    WITH RECURSIVE places (place) AS (
        SELECT 1
         UNION ALL
        SELECT place + 1
          FROM places
         WHERE place < $count)
    INSERT INTO delivery_batches (edition_id)
    SELECT $edition
      FROM places
    RETURNING id",
);

static REMOVE_BATCHES: Statement =
    Statement::new("DELETE FROM delivery_batches WHERE id IN {json_ids $batches}");

/// The confirmed subscriptions of a digest that get a variant of the edition.
pub(super) const RECIPIENTS: &str = "
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
      LEFT JOIN variant_assignments c
             ON c.edition_id = $edition
            AND c.language = COALESCE(p.language, '')
            AND c.sections = s.sections
     WHERE s.digest = $digest
       AND s.status = 'confirmed'
       AND (c.edition_id IS NULL OR c.variant_id IS NOT NULL)
       AND {not_suppressed p}";

/// Creates the deliveries of one batch.
const FREEZE_BATCH: &str = "
    INSERT INTO deliveries (
           kind, edition_id, batch_id, variant_id, subscriber_id, subscription_id, address,
           address_hash, name, state, created_at, payload)
    SELECT 'edition', $edition, $batch,
           COALESCE(c.variant_id, (
               SELECT whole.variant_id
                 FROM variant_assignments whole
                WHERE whole.edition_id = $edition
                  AND whole.language = '*'
                  AND whole.sections = '[]')),
           p.id, s.id, p.address, p.address_hash, p.name, 'queued', $now, {payload}
           {recipients}
       AND {next}
     ORDER BY s.id";

/// Payload of deliveries that need no values of their subscribers.
const NO_VALUES: &str = "CAST(NULL AS TEXT)";
/// The subscriptions of the digest after those of the previous batch.
const NEXT: &str = "s.id > {last_frozen}";
/// Subscription of the last delivery of a batch, `$frozen_through` if the batch is empty.
const LAST_FROZEN: &str = "(
        SELECT COALESCE(MAX(last.subscription_id), $frozen_through)
          FROM deliveries last
         WHERE last.batch_id = $last_batch)";
/// Subscriptions that were selected before.
const CANDIDATES: &str = "s.id IN {json_ids $candidates}";

static FREEZE: Statement = Statement::with(
    "{freeze} LIMIT $limit",
    &[
        ("freeze", FREEZE_BATCH),
        ("payload", NO_VALUES),
        ("recipients", RECIPIENTS),
        ("next", NEXT),
        ("last_frozen", LAST_FROZEN),
    ],
);

static FREEZE_WITH_VALUES: Statement = Statement::with(
    "{freeze} LIMIT $limit",
    &[
        ("freeze", FREEZE_BATCH),
        ("payload", FROZEN_VALUES),
        ("recipients", RECIPIENTS),
        ("next", NEXT),
        ("last_frozen", LAST_FROZEN),
    ],
);

static FREEZE_CANDIDATES: Statement = Statement::with(
    "{freeze}",
    &[
        ("freeze", FREEZE_BATCH),
        ("payload", NO_VALUES),
        ("recipients", RECIPIENTS),
        ("next", CANDIDATES),
    ],
);

static FREEZE_CANDIDATES_WITH_VALUES: Statement = Statement::with(
    "{freeze}",
    &[
        ("freeze", FREEZE_BATCH),
        ("payload", FROZEN_VALUES),
        ("recipients", RECIPIENTS),
        ("next", CANDIDATES),
    ],
);

static SAVE_PROGRESS: Statement = Statement::with(
    "
    UPDATE editions
       SET frozen_through = {last_frozen},
           recipients = $recipients
     WHERE id = $edition",
    &[("last_frozen", LAST_FROZEN)],
);

/// Finds a variant that is rendered for each recipient, for which their values are frozen.
static HAS_SNAPSHOT: Statement = Statement::new(
    "
    SELECT id
      FROM variants
     WHERE edition_id = $edition
       AND template_snapshot IS NOT NULL
     LIMIT 1",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[
    &LOCK_PROGRESS,
    &HAS_SNAPSHOT,
    &ADD_BATCHES,
    &REMOVE_BATCHES,
    &FREEZE,
    &FREEZE_WITH_VALUES,
    &FREEZE_CANDIDATES,
    &FREEZE_CANDIDATES_WITH_VALUES,
    &SAVE_PROGRESS,
];

/// Progress of freezing the audience of an edition in one transaction.
#[derive(Debug)]
pub(super) struct FreezeProgress {
    edition: i64,
    digest: String,
    /// Subscription up to which the audience was frozen before `last_batch`.
    pub(super) frozen_through: i64,
    /// Number of deliveries created.
    recipients: i64,
    /// `true` if the deliveries get the values of their subscribers.
    with_values: bool,
    /// Batches of this transaction without deliveries, the next one last.
    unused_batches: Vec<i64>,
    /// The last batch frozen in this transaction without reading candidates, 0 if there is none.
    last_batch: i64,
}

impl FreezeProgress {
    /// Locks the row first, so that a second node waits instead of freezing the same batches, and creates
    /// the batches of the transaction at once.
    pub(super) async fn lock(tx: &mut Tx, edition: i64, batches: i64) -> StoreResult<Option<Self>> {
        let row = tx.query(&LOCK_PROGRESS).bind("edition", edition).fetch_first().await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let with_values = tx.query(&HAS_SNAPSHOT).bind("edition", edition).exists().await?;
        let add = tx.query(&ADD_BATCHES).bind("edition", edition).bind("count", batches);
        let mut unused_batches: Vec<i64> = add.fetch_scalars().await?;
        unused_batches.sort_unstable_by_key(|&batch| Reverse(batch));
        Ok(Some(Self {
            edition,
            digest: row.get("digest")?,
            frozen_through: row.get("frozen_through")?,
            recipients: row.get("recipients")?,
            with_values,
            unused_batches,
            last_batch: 0,
        }))
    }

    /// Freezes one batch and returns the number of its deliveries, 0 if the audience is complete or the
    /// transaction has no batches left.
    pub(super) async fn freeze_batch(&mut self, tx: &mut Tx, now: Millis) -> StoreResult<i64> {
        let Some(&batch) = self.unused_batches.last() else {
            return Ok(0);
        };
        let freeze = if self.with_values { &FREEZE_WITH_VALUES } else { &FREEZE };
        let frozen = tx
            .query(freeze)
            .bind("edition", self.edition)
            .bind("batch", batch)
            .bind("now", now)
            .bind("digest", &self.digest)
            .bind("frozen_through", self.frozen_through)
            .bind("last_batch", self.last_batch)
            .bind("limit", BATCH_SIZE)
            .execute()
            .await?;
        if frozen > 0 {
            self.last_batch = batch;
        }
        Ok(self.count(frozen))
    }

    /// Freezes a batch of subscriptions, ordered by id, and returns the number of its deliveries.
    pub(super) async fn freeze_candidates(
        &mut self,
        tx: &mut Tx,
        candidates: &[i64],
        now: Millis,
    ) -> StoreResult<i64> {
        let Some(&batch) = self.unused_batches.last() else {
            return Ok(0);
        };
        let freeze =
            if self.with_values { &FREEZE_CANDIDATES_WITH_VALUES } else { &FREEZE_CANDIDATES };
        let frozen = tx
            .query(freeze)
            .bind("edition", self.edition)
            .bind("batch", batch)
            .bind("now", now)
            .bind("digest", &self.digest)
            .bind("candidates", candidates)
            .execute()
            .await?;
        self.frozen_through = candidates.last().copied().unwrap_or(self.frozen_through);
        Ok(self.count(frozen))
    }

    /// Counts the deliveries of the next batch, which stays the next one without any.
    fn count(&mut self, frozen: u64) -> i64 {
        let frozen = i64::try_from(frozen).unwrap_or(i64::MAX);
        if frozen > 0 {
            self.unused_batches.pop();
        }
        self.recipients += frozen;
        frozen
    }

    /// Stores how far the audience is frozen and removes the batches without deliveries.
    pub(super) async fn save(&self, tx: &mut Tx) -> StoreResult<()> {
        if !self.unused_batches.is_empty() {
            let batches = self.unused_batches.as_slice();
            tx.query(&REMOVE_BATCHES).bind("batches", batches).execute().await?;
        }
        tx.query(&SAVE_PROGRESS)
            .bind("edition", self.edition)
            .bind("last_batch", self.last_batch)
            .bind("frozen_through", self.frozen_through)
            .bind("recipients", self.recipients)
            .execute()
            .await?;
        Ok(())
    }
}
