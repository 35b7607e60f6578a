//! Retry of an edition: its failed and held deliveries are queued again, one batch per transaction.

use super::db::{Statement, Tx};
use super::edition_commands::apply_command;
use super::operations::Editions;
use super::{StoreError, StoreResult, edition_counts};
use crate::domain::actor::Actor;
use crate::domain::edition::{EditionCommand, EditionState};
use crate::domain::time::Millis;

static LIST_FAILED_BATCHES: Statement = Statement::new(
    "
    SELECT DISTINCT b.id
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id = $edition
       AND d.state IN ('failed', 'held')
     ORDER BY b.id",
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

/// Leaves out suppressed addresses and erased subscribers.
static ENQUEUE_FAILED: Statement = Statement::new(
    "
    INSERT INTO delivery_queue (delivery_id, edition_id, transport, priority, due_at)
    SELECT d.id, d.edition_id, e.transport, 1, $now
      FROM deliveries d
      JOIN editions e ON e.id = d.edition_id
     WHERE d.batch_id = $batch
       AND d.state IN ('failed', 'held')
       AND d.address <> ''
       AND {not_suppressed d}
    ON CONFLICT (delivery_id) DO NOTHING",
);

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
       AND {not_suppressed deliveries}",
);

/// Reopens an edition whose deliveries have ended meanwhile, unless an admin has cancelled it. The lock on
/// the row lasts until the batch is committed, so that nobody ends the edition without it.
static REOPEN_EDITION: Statement = Statement::new(
    "
    UPDATE editions
       SET state = CASE WHEN state = 'sent' THEN 'sending' ELSE state END,
           finished_at = NULL,
           counts = NULL
     WHERE id = $edition
       AND state IN ('sending', 'paused', 'sent')",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&LIST_FAILED_BATCHES, &FOLLOW_ADDRESSES, &ENQUEUE_FAILED, &REOPEN_FAILED, &REOPEN_EDITION];

/// A retry whose first batch is queued.
#[derive(Debug)]
pub struct BegunRetry {
    /// State of the edition.
    pub state: EditionState,
    /// Number of deliveries queued again.
    pub requeued: i64,
    /// Batches that are queued next, in this order.
    pub rest: Vec<i64>,
}

/// Queues the failed and held deliveries of a batch again and returns their number.
async fn requeue_batch(tx: &mut Tx, batch: i64, now: Millis) -> StoreResult<i64> {
    tx.query(&FOLLOW_ADDRESSES).bind("batch", batch).execute().await?;
    tx.query(&ENQUEUE_FAILED).bind("now", now).bind("batch", batch).execute().await?;
    let reopened = tx.query(&REOPEN_FAILED).bind("batch", batch).execute().await?;
    if reopened > 0 {
        edition_counts::forget_batch(tx, batch).await?;
    }
    Ok(i64::try_from(reopened).unwrap_or(i64::MAX))
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
        let reject = |reason: &str| {
            StoreError::Rejected(format!("edition {edition}: nothing to retry: {reason}"))
        };
        let mut tx = self.store.begin().await?;
        // Deliveries are locked before their edition, as where outcomes are recorded.
        let batches: Vec<i64> =
            tx.query(&LIST_FAILED_BATCHES).bind("edition", edition).fetch_scalars().await?;
        let mut rest = batches.iter().copied();
        let mut requeued = 0;
        while requeued == 0
            && let Some(batch) = rest.next()
        {
            requeued = requeue_batch(&mut tx, batch, now).await?;
        }
        let state =
            apply_command(&mut tx, edition, EditionCommand::Retry, None, actor, now).await?;
        if batches.is_empty() {
            return Err(reject("no delivery has failed or is held"));
        }
        if requeued == 0 {
            return Err(reject(
                "all addresses are suppressed; `courant suppressions remove EMAIL` allows one again",
            ));
        }
        tx.commit().await?;
        Ok(BegunRetry { state, requeued, rest: rest.collect() })
    }

    /// Queues the failed and held deliveries of another batch again and returns their number, 0 if the
    /// edition has been cancelled meanwhile.
    pub async fn continue_retry(self, edition: i64, batch: i64, now: Millis) -> StoreResult<i64> {
        let mut tx = self.store.begin().await?;
        let requeued = requeue_batch(&mut tx, batch, now).await?;
        if requeued == 0 || tx.query(&REOPEN_EDITION).bind("edition", edition).execute().await? == 0
        {
            return Ok(0);
        }
        tx.commit().await?;
        Ok(requeued)
    }
}
