//! Commands of admins for an edition, carried out one batch at a time.

use super::address_rejections;
use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::delivery_leasing::HELD_AS_UNCERTAIN;
use super::editions::missing_edition;
use super::operations::Editions;
use super::{StoreError, StoreResult, edition_counts, events};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::edition::{EditionCommand, EditionState};
use crate::domain::event::EventKind;
use crate::domain::time::Millis;

static FIND_STATE: Statement = Statement::new("SELECT state FROM editions WHERE id = $id");

/// Moves an edition to its next state, unless another node has changed its state.
static MOVE_TO_STATE: Statement = Statement::new(
    "
    UPDATE editions
       SET state = $next,
           note = $note,
           finished_at = NULL,
           counts = NULL,
           follows_pause = FALSE
     WHERE id = $id
       AND state = $state",
);

static UNFINISHED_CANCELLED: Statement = Statement::new(
    "
    SELECT id
      FROM editions
     WHERE state = 'cancelled'
       AND finished_at IS NULL
     ORDER BY id",
);

static LIST_BATCHES: Statement = Statement::new(
    "
    SELECT id
      FROM delivery_batches
     WHERE edition_id = $edition
     ORDER BY id",
);

/// Holds the deliveries of a batch that were in flight when their node died, so that their outcome
/// stays unknown.
static HOLD_IN_FLIGHT: Statement = Statement::with(
    "
    UPDATE deliveries
       SET {held}
     WHERE batch_id = $batch
       AND state = 'sending'
       AND NOT EXISTS (
           SELECT 1
             FROM delivery_queue w
            WHERE w.delivery_id = deliveries.id
              AND w.lease_node IS NOT NULL
              AND w.lease_until >= {now})
       AND (EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = deliveries.id)
            OR NOT EXISTS (
               SELECT 1
                 FROM delivery_batches b
                WHERE b.id = $batch
                  AND b.lease_node IS NOT NULL
                  AND b.lease_until >= {now}))",
    &[("held", HELD_AS_UNCERTAIN)],
);

static DEQUEUE_BATCH: Statement = Statement::new(
    "
    DELETE FROM delivery_queue
     WHERE delivery_id IN (
           SELECT id
             FROM deliveries
            WHERE batch_id = $batch
              AND state = 'queued')",
);

/// A delivery that an admin queued again returns to the state that it had before.
static CANCEL_BATCH: Statement = Statement::new(
    "
    UPDATE deliveries
       SET state = COALESCE(state_before_retry, 'cancelled'),
           ended_at = $now
     WHERE batch_id = $batch
       AND state = 'queued'",
);

static HAS_DELIVERY: Statement = Statement::new(
    "
    SELECT d.id
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id = $edition
     LIMIT 1",
);

static HAS_OPEN_DELIVERY: Statement = Statement::new(
    "
    SELECT d.id
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id = $edition
       AND d.state IN ('queued', 'sending')
     LIMIT 1",
);

static CLEAR_LEDGER_IF_UNSENT: Statement = Statement::new(
    "
    DELETE FROM ledger
     WHERE edition_id = $edition
       AND NOT EXISTS (
           SELECT 1
             FROM delivery_batches b
             JOIN deliveries d ON d.batch_id = b.id
            WHERE b.edition_id = $edition
              AND d.state IN ('sent', 'held'))",
);

static FINISH: Statement = Statement::new(
    "
    UPDATE editions
       SET finished_at = $now
     WHERE id = $edition
       AND finished_at IS NULL",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &FIND_STATE,
    &MOVE_TO_STATE,
    &UNFINISHED_CANCELLED,
    &LIST_BATCHES,
    &HOLD_IN_FLIGHT,
    &DEQUEUE_BATCH,
    &CANCEL_BATCH,
    &HAS_DELIVERY,
    &HAS_OPEN_DELIVERY,
    &CLEAR_LEDGER_IF_UNSENT,
    &FINISH,
];

fn audit_action(command: EditionCommand) -> AuditAction {
    match command {
        EditionCommand::Pause => AuditAction::Pause,
        EditionCommand::Resume => AuditAction::Resume,
        EditionCommand::Cancel => AuditAction::Cancel,
        EditionCommand::Retry => AuditAction::Retry,
    }
}

/// Applies a command to an edition within a transaction; see [`Editions::apply_command`].
pub(super) async fn apply_command(
    tx: &mut Tx,
    id: i64,
    command: EditionCommand,
    note: Option<String>,
    actor: &Actor,
    now: Millis,
) -> StoreResult<EditionState> {
    let row = tx.query(&FIND_STATE).bind("id", id).fetch_first().await?;
    let row = row.ok_or_else(|| missing_edition(id))?;
    let state = row.enum_value("editions.state", EditionState::parse)?;
    let reached_nobody = state == EditionState::Sent
        && command == EditionCommand::Cancel
        && !tx.query(&HAS_DELIVERY).bind("edition", id).exists().await?;
    let next = match reached_nobody {
        true => EditionState::Cancelled,
        false => state
            .apply(command)
            .map_err(|reason| StoreError::Rejected(format!("edition {id}: {reason}")))?,
    };
    let moved = tx
        .query(&MOVE_TO_STATE)
        .bind("next", next.as_str())
        .bind("note", note)
        .bind("id", id)
        .bind("state", state.as_str())
        .execute()
        .await?;
    if moved == 0 {
        return Err(StoreError::Rejected(format!(
            "edition {id} was changed at the same time; try again"
        )));
    }
    if command == EditionCommand::Pause && *actor == Actor::System {
        address_rejections::forget(tx, id, now).await?;
    }
    let (action, object_id) = (audit_action(command), id.to_string());
    let entry = NewAuditEntry::new(actor, action, AuditObject::Edition, &object_id);
    audit_log::record(tx, entry, now).await?;
    Ok(next)
}

impl Editions<'_> {
    /// Applies a command to an edition and returns the new state. A pause by Courant itself means that
    /// the relay rejects everybody, so it removes the suppressions of the last rejections.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the edition does not exist or its state does not allow the
    /// command.
    pub async fn apply_command(
        self,
        id: i64,
        command: EditionCommand,
        note: Option<String>,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<EditionState> {
        let mut tx = self.store.begin().await?;
        let next = apply_command(&mut tx, id, command, note, actor, now).await?;
        tx.commit().await?;
        Ok(next)
    }

    /// Returns the cancelled editions that may still have open deliveries.
    pub async fn unfinished_cancelled(self) -> StoreResult<Vec<i64>> {
        self.store.read(&UNFINISHED_CANCELLED).fetch_scalars().await
    }

    async fn batches_of(self, edition: i64) -> StoreResult<Vec<i64>> {
        self.store.read(&LIST_BATCHES).bind("edition", edition).fetch_scalars().await
    }

    /// Cancels the queued deliveries of a cancelled edition, one batch per transaction. Once no
    /// delivery is in flight, finishes the edition and, if no message was sent, removes its stories
    /// from the ledger. Returns the number of deliveries cancelled.
    pub async fn finish_cancelled(self, id: i64, now: Millis) -> StoreResult<i64> {
        let mut total_cancelled = 0;
        for batch in self.batches_of(id).await? {
            total_cancelled += self.cancel_batch(batch, now).await?;
        }
        self.finish_if_ended(id, now).await?;
        Ok(total_cancelled)
    }

    /// Cancels the queued deliveries of a batch, holds those that were in flight when their node
    /// died, and returns the number of deliveries cancelled.
    async fn cancel_batch(self, batch: i64, now: Millis) -> StoreResult<i64> {
        let mut tx = self.store.begin().await?;
        tx.query(&HOLD_IN_FLIGHT).bind("now", now).bind("batch", batch).execute().await?;
        tx.query(&DEQUEUE_BATCH).bind("batch", batch).execute().await?;
        let cancelled =
            tx.query(&CANCEL_BATCH).bind("now", now).bind("batch", batch).execute().await?;
        tx.commit().await?;
        Ok(i64::try_from(cancelled).unwrap_or(i64::MAX))
    }

    /// Finishes a cancelled edition once none of its deliveries is open, and removes its stories
    /// from the ledger if no message was sent.
    async fn finish_if_ended(self, id: i64, now: Millis) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        // The outcome of deliveries in flight decides whether a message was sent.
        if tx.query(&HAS_OPEN_DELIVERY).bind("edition", id).exists().await? {
            return Ok(());
        }
        tx.query(&CLEAR_LEDGER_IF_UNSENT).bind("edition", id).execute().await?;
        if tx.query(&FINISH).bind("now", now).bind("edition", id).execute().await? > 0 {
            edition_counts::store(&mut tx, id).await?;
            events::record_edition(&mut tx, EventKind::EditionFinished, id, now).await?;
        }
        tx.commit().await
    }
}
