//! Batches of consecutive deliveries: their creation, and how far the audience of an edition is frozen.

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

static ADD_BATCH: Statement = Statement::new(
    "
    INSERT INTO delivery_batches (edition_id)
    VALUES ($edition)
    RETURNING id",
);

static REMOVE_BATCH: Statement = Statement::new("DELETE FROM delivery_batches WHERE id = $batch");

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
/// The next subscriptions of the digest.
const NEXT: &str = "s.id > $frozen_through";
/// Subscriptions that were selected before.
const CANDIDATES: &str = "s.id IN {json_ids $candidates}";

static FREEZE: Statement = Statement::with(
    "{freeze} LIMIT $limit",
    &[("freeze", FREEZE_BATCH), ("payload", NO_VALUES), ("recipients", RECIPIENTS), ("next", NEXT)],
);

static FREEZE_WITH_VALUES: Statement = Statement::with(
    "{freeze} LIMIT $limit",
    &[
        ("freeze", FREEZE_BATCH),
        ("payload", FROZEN_VALUES),
        ("recipients", RECIPIENTS),
        ("next", NEXT),
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

static LAST_SUBSCRIPTION: Statement = Statement::new(
    "
    SELECT MAX(subscription_id) AS last_subscription
      FROM deliveries
     WHERE batch_id = $batch",
);

static SAVE_PROGRESS: Statement = Statement::new(
    "
    UPDATE editions
       SET frozen_through = $frozen_through,
           recipients = $recipients
     WHERE id = $edition",
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
    &ADD_BATCH,
    &REMOVE_BATCH,
    &FREEZE,
    &FREEZE_WITH_VALUES,
    &FREEZE_CANDIDATES,
    &FREEZE_CANDIDATES_WITH_VALUES,
    &LAST_SUBSCRIPTION,
    &SAVE_PROGRESS,
];

/// Progress of freezing the audience of an edition.
#[derive(Debug)]
pub(super) struct FreezeProgress {
    edition: i64,
    digest: String,
    /// Subscription of the last delivery created.
    pub(super) frozen_through: i64,
    /// Number of deliveries created.
    recipients: i64,
    /// `true` if the deliveries get the values of their subscribers.
    with_values: bool,
}

impl FreezeProgress {
    /// Locks the row first, so that a second node waits instead of freezing the same batches.
    pub(super) async fn lock(tx: &mut Tx, edition: i64) -> StoreResult<Option<Self>> {
        let row = tx.query(&LOCK_PROGRESS).bind("edition", edition).fetch_first().await?;
        let with_values = tx.query(&HAS_SNAPSHOT).bind("edition", edition).exists().await?;
        row.map(|row| {
            Ok(Self {
                edition,
                digest: row.get("digest")?,
                frozen_through: row.get("frozen_through")?,
                recipients: row.get("recipients")?,
                with_values,
            })
        })
        .transpose()
    }

    /// Freezes one batch and returns the number of its deliveries, 0 if the audience is complete.
    pub(super) async fn freeze_batch(&mut self, tx: &mut Tx, now: Millis) -> StoreResult<u64> {
        let batch: i64 = tx.query(&ADD_BATCH).bind("edition", self.edition).fetch_scalar().await?;
        let freeze = if self.with_values { &FREEZE_WITH_VALUES } else { &FREEZE };
        let frozen = tx
            .query(freeze)
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
        self.recipients += i64::try_from(frozen).unwrap_or(i64::MAX);
        Ok(frozen)
    }

    /// Freezes a batch of subscriptions, ordered by id, and returns the number of its deliveries.
    pub(super) async fn freeze_candidates(
        &mut self,
        tx: &mut Tx,
        candidates: &[i64],
        now: Millis,
    ) -> StoreResult<u64> {
        let batch: i64 = tx.query(&ADD_BATCH).bind("edition", self.edition).fetch_scalar().await?;
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
        if frozen == 0 {
            tx.query(&REMOVE_BATCH).bind("batch", batch).execute().await?;
        }
        self.frozen_through = candidates.last().copied().unwrap_or(self.frozen_through);
        self.recipients += i64::try_from(frozen).unwrap_or(i64::MAX);
        Ok(frozen)
    }

    pub(super) async fn save(&self, tx: &mut Tx) -> StoreResult<()> {
        tx.query(&SAVE_PROGRESS)
            .bind("edition", self.edition)
            .bind("frozen_through", self.frozen_through)
            .bind("recipients", self.recipients)
            .execute()
            .await?;
        Ok(())
    }
}
