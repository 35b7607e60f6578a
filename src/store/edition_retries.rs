//! Retry of an edition: its failed and held deliveries are queued again, one batch per transaction.

use super::db::{Statement, Tx};
use super::edition_commands::apply_command;
use super::operations::Editions;
use super::{StoreError, StoreResult, edition_counts};
use crate::domain::actor::Actor;
use crate::domain::edition::{EditionCommand, EditionState};
use crate::domain::time::Millis;

/// The batches with a delivery that can be sent again, to the present address of its subscriber.
static LIST_RETRYABLE_BATCHES: Statement = Statement::new(
    "
    SELECT DISTINCT b.id
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
      JOIN subscribers p ON p.id = d.subscriber_id
     WHERE b.edition_id = $edition
       AND d.state IN ('failed', 'held')
       AND p.address <> ''
       AND {not_suppressed p}
     ORDER BY b.id",
);

static HAS_FAILED: Statement = Statement::new(
    "
    SELECT d.id
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id = $edition
       AND d.state IN ('failed', 'held')
     LIMIT 1",
);

/// Subscribers may have another address since the attempt.
static FOLLOW_ADDRESSES: Statement = Statement::new(
    "
    UPDATE deliveries
       SET address = p.address,
           address_hash = p.address_hash,
           name = p.name
      FROM subscribers p
     WHERE deliveries.batch_id = $batch
       AND deliveries.state IN ('failed', 'held')
       AND p.id = deliveries.subscriber_id
       AND p.address_hash <> deliveries.address_hash",
);

/// Marks the failed and held deliveries of a batch as queued, except those to suppressed addresses and erased
/// subscribers.
static REOPEN_FAILED: Statement = Statement::new(
    "
    UPDATE deliveries
       SET state = 'queued',
           state_before_retry = state,
           rejection = NULL,
           uncertain = 0,
           ended_at = NULL,
           first_attempt_at = NULL
     WHERE batch_id = $batch
       AND state IN ('failed', 'held')
       AND address <> ''
       AND {not_suppressed deliveries}
    RETURNING id",
);

/// Queues exactly the deliveries that were reopened: those that another node ends meanwhile are not among
/// them.
static ENQUEUE: Statement = Statement::new(
    "
    INSERT INTO delivery_queue (delivery_id, edition_id, transport, priority, due_at)
    SELECT d.id, d.edition_id, e.transport, 1, $now
      FROM deliveries d
      JOIN editions e ON e.id = d.edition_id
     WHERE d.id IN {json_ids $deliveries}
    ON CONFLICT (delivery_id) DO NOTHING",
);

static COUNT_NOT_RETRYABLE: Statement = Statement::new(
    "
    SELECT COUNT(*)
      FROM deliveries d
      JOIN delivery_batches b ON b.id = d.batch_id
     WHERE b.edition_id = $edition
       AND d.state IN ('failed', 'held')
       AND NOT EXISTS (
           SELECT 1
             FROM subscribers p
            WHERE p.id = d.subscriber_id
              AND p.address <> ''
              AND {not_suppressed p})",
);

/// Reopens an edition whose deliveries have ended meanwhile, unless an admin has cancelled it. The lock on
/// the row lasts until the batch is committed, so that nobody ends the edition without it.
static REOPEN_EDITION: Statement = Statement::new(
    "
    UPDATE editions
       SET state = CASE WHEN state = 'sent' THEN 'sending' ELSE state END,
           finished_at = NULL
     WHERE id = $edition
       AND state IN ('sending', 'paused', 'sent')",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &LIST_RETRYABLE_BATCHES,
    &HAS_FAILED,
    &FOLLOW_ADDRESSES,
    &REOPEN_FAILED,
    &ENQUEUE,
    &COUNT_NOT_RETRYABLE,
    &REOPEN_EDITION,
];

/// A retry whose first batch is queued.
#[derive(Debug)]
pub struct BegunRetry {
    /// State of the edition.
    pub state: EditionState,
    /// Number of deliveries queued again.
    pub requeued: i64,
    /// Batches that are queued next, in this order.
    pub remaining_batches: Vec<i64>,
}

/// Queues the failed and held deliveries of a batch again and returns their number.
async fn requeue_batch(tx: &mut Tx, batch: i64, now: Millis) -> StoreResult<i64> {
    tx.query(&FOLLOW_ADDRESSES).bind("batch", batch).execute().await?;
    let reopened: Vec<i64> = tx.query(&REOPEN_FAILED).bind("batch", batch).fetch_scalars().await?;
    if !reopened.is_empty() {
        let enqueue = tx.query(&ENQUEUE).bind("now", now);
        enqueue.bind("deliveries", reopened.as_slice()).execute().await?;
        edition_counts::forget_batch(tx, batch).await?;
    }
    Ok(i64::try_from(reopened.len()).unwrap_or(i64::MAX))
}

impl Editions<'_> {
    /// Begins to send the failed and held deliveries of an edition again: queues those of the first batch
    /// that has any, and changes the state of the edition in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the edition does not exist, its state does not allow a retry, or no
    /// delivery can be sent again.
    pub async fn begin_retry(
        self,
        edition: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<BegunRetry> {
        let retryable = self.store.read(&LIST_RETRYABLE_BATCHES).bind("edition", edition);
        let mut batches = retryable.fetch_scalars::<i64>().await?.into_iter();
        let mut tx = self.store.begin().await?;
        // Deliveries are locked before their edition, as where outcomes are recorded.
        let mut requeued = 0;
        while requeued == 0
            && let Some(batch) = batches.next()
        {
            requeued = requeue_batch(&mut tx, batch, now).await?;
        }
        let state =
            apply_command(&mut tx, edition, EditionCommand::Retry, None, actor, now).await?;
        if requeued == 0 {
            let has_failed = tx.query(&HAS_FAILED).bind("edition", edition).exists().await?;
            let reason = match has_failed {
                true => {
                    "all addresses are suppressed or erased; `courant suppressions remove EMAIL` allows a suppressed one again"
                }
                false => "no delivery has failed or is held",
            };
            return Err(StoreError::Rejected(format!(
                "edition {edition}: nothing to retry: {reason}"
            )));
        }
        tx.commit().await?;
        Ok(BegunRetry { state, requeued, remaining_batches: batches.collect() })
    }

    /// Queues the failed and held deliveries of another batch again and returns their number; `None` if the
    /// edition has been cancelled meanwhile.
    pub async fn continue_retry(
        self,
        edition: i64,
        batch: i64,
        now: Millis,
    ) -> StoreResult<Option<i64>> {
        let mut tx = self.store.begin().await?;
        let requeued = requeue_batch(&mut tx, batch, now).await?;
        if tx.query(&REOPEN_EDITION).bind("edition", edition).execute().await? == 0 {
            return Ok(None);
        }
        if requeued > 0 {
            tx.commit().await?;
        }
        Ok(Some(requeued))
    }

    /// Returns the number of failed and held deliveries that a retry leaves out, because their address is
    /// suppressed or their subscriber was erased.
    pub async fn count_not_retryable(self, edition: i64) -> StoreResult<i64> {
        self.store.read(&COUNT_NOT_RETRYABLE).bind("edition", edition).fetch_scalar().await
    }
}
