//! Commands of admins for an edition, carried out one batch at a time, and the completion of
//! editions.

use super::dialect::sql;
use super::editions::missing_edition;
use super::{Store, StoreError, StoreResult, reading, transaction};
use crate::domain::edition::{EditionCommand, EditionState};
use crate::domain::time::Millis;

impl Store {
    /// Applies a command of an admin to an edition and returns the new state.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the edition does not exist or its state does not allow the
    /// command.
    pub async fn apply_edition_command(
        &self,
        id: i64,
        command: EditionCommand,
        note: Option<String>,
    ) -> StoreResult<EditionState> {
        transaction!(self, |tx| {
            let row: Option<(String,)> = sqlx::query_as("SELECT state FROM editions WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
            let Some((word,)) = row else {
                return Err(missing_edition(id));
            };
            let state = EditionState::parse(&word)
                .ok_or(StoreError::InvalidValue { value: word, column: "editions.state" })?;
            let next = state
                .apply(command)
                .map_err(|reason| StoreError::Rejected(format!("edition {id}: {reason}")))?;
            let moved = sqlx::query("UPDATE editions SET state = $2, note = $4, finished_at = NULL WHERE id = $1 AND state = $3")
                .bind(id)
                .bind(next.as_str())
                .bind(state.as_str())
                .bind(&note)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if moved == 0 {
                return Err(StoreError::Rejected(format!(
                    "edition {id} was changed at the same time; try again"
                )));
            }
            next
        })
    }

    /// Returns the cancelled editions that may still have open deliveries.
    pub async fn unfinished_cancelled_editions(&self) -> StoreResult<Vec<i64>> {
        let rows: Vec<(i64,)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT id FROM editions WHERE state = 'cancelled' AND finished_at IS NULL ORDER BY id"
        )
        .fetch_all(db)
        .await?
        });
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Cancels the queued deliveries of a cancelled edition, one batch per transaction. Once no
    /// delivery is in flight, finishes the edition and, if no message was sent, removes its stories
    /// from the ledger. Returns the number of deliveries cancelled.
    pub async fn finish_cancelled_edition(&self, id: i64, now: Millis) -> StoreResult<i64> {
        let batches: Vec<(i64,)> = reading!(self, |db| sqlx::query_as(
            "SELECT id FROM delivery_batches WHERE edition_id = $1 ORDER BY id"
        )
        .bind(id)
        .fetch_all(db)
        .await?);
        let mut total_cancelled = 0;
        for (batch,) in batches {
            total_cancelled += self.cancel_batch(batch, now).await?;
        }
        self.finish_if_settled(id, now).await?;
        Ok(total_cancelled)
    }

    /// Cancels the queued deliveries of a batch, holds those that were in flight when their node
    /// died, and returns the number of deliveries cancelled.
    async fn cancel_batch(&self, batch: i64, now: Millis) -> StoreResult<i64> {
        let clock = self.database_now();
        // In flight when its node died, so that its outcome stays unknown.
        let hold_orphans = format!(
            "UPDATE deliveries SET state = 'held', ended_at = $2, last_reply = 'the sending process ended during the attempt, so the outcome is unknown' \
             WHERE batch_id = $1 AND state = 'sending' \
             AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = deliveries.id AND w.lease_node IS NOT NULL AND w.lease_until >= {clock}) \
             AND (EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = deliveries.id) OR NOT EXISTS (SELECT 1 FROM delivery_batches b \
             WHERE b.id = $1 AND b.lease_node IS NOT NULL AND b.lease_until >= {clock}))"
        );
        transaction!(self, |tx| {
            sqlx::query(sql(hold_orphans.clone()))
                .bind(batch)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "DELETE FROM delivery_queue WHERE delivery_id IN (SELECT id FROM deliveries WHERE batch_id = $1 AND state = 'queued')",
            )
            .bind(batch)
            .execute(&mut *tx)
            .await?;
            let cancelled =
                sqlx::query("UPDATE deliveries SET state = 'cancelled', ended_at = $2 WHERE batch_id = $1 AND state = 'queued'")
                    .bind(batch)
                    .bind(now.0)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            i64::try_from(cancelled).unwrap_or(i64::MAX)
        })
    }

    /// Finishes a cancelled edition once none of its deliveries is open, and removes its stories
    /// from the ledger if no message was sent.
    async fn finish_if_settled(&self, id: i64, now: Millis) -> StoreResult<()> {
        transaction!(self, |tx| {
            // The outcome of deliveries in flight decides whether a message was sent.
            let open: Option<(i64,)> = sqlx::query_as(
                "SELECT d.id FROM delivery_batches b JOIN deliveries d ON d.batch_id = b.id \
                 WHERE b.edition_id = $1 AND d.state IN ('queued', 'sending') LIMIT 1",
            )
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
            if open.is_some() {
                return Ok(());
            }
            sqlx::query(
                "DELETE FROM ledger WHERE edition_id = $1 AND NOT EXISTS (SELECT 1 FROM delivery_batches b JOIN deliveries d ON d.batch_id = b.id \
                 WHERE b.edition_id = $1 AND d.state IN ('sent', 'held'))",
            )
            .bind(id)
            .execute(&mut *tx)
            .await?;
            sqlx::query(
                "UPDATE editions SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL",
            )
            .bind(id)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Queues the failed and held deliveries of an edition again and returns their number.
    pub async fn requeue_failed(&self, id: i64, now: Millis) -> StoreResult<i64> {
        let batches: Vec<(i64,)> = reading!(self, |db| sqlx::query_as(
            "SELECT id FROM delivery_batches WHERE edition_id = $1 ORDER BY id"
        )
        .bind(id)
        .fetch_all(db)
        .await?);
        let mut requeued = 0;
        for (batch,) in batches {
            requeued += transaction!(self, |tx| {
                sqlx::query(
                    "INSERT INTO delivery_queue (delivery_id, edition_id, transport, priority, due_at) \
                     SELECT d.id, d.edition_id, e.transport, 1, $2 FROM deliveries d JOIN editions e ON e.id = d.edition_id \
                     WHERE d.batch_id = $1 AND d.state IN ('failed', 'held') ON CONFLICT (delivery_id) DO NOTHING",
                )
                .bind(batch)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
                let n = sqlx::query(
                    "UPDATE deliveries SET state = 'queued', uncertain = 0, ended_at = NULL, first_attempt_at = NULL \
                     WHERE batch_id = $1 AND state IN ('failed', 'held')",
                )
                .bind(batch)
                .execute(&mut *tx)
                .await?
                .rows_affected();
                i64::try_from(n).unwrap_or(i64::MAX)
            })?;
        }
        Ok(requeued)
    }

    /// Marks the editions that have no open deliveries as sent and returns their ids.
    pub async fn finish_sent_editions(&self, now: Millis) -> StoreResult<Vec<i64>> {
        let open = "SELECT id FROM editions e WHERE state = 'sending' \
             AND NOT EXISTS (SELECT 1 FROM delivery_batches b WHERE b.edition_id = e.id AND NOT b.done) \
             AND NOT EXISTS (SELECT 1 FROM delivery_queue w JOIN deliveries d ON d.id = w.delivery_id \
             WHERE w.edition_id = e.id AND d.state IN ('queued', 'sending'))";
        let finishable: Vec<(i64,)> =
            reading!(self, |db| sqlx::query_as(open).fetch_all(db).await?);
        if finishable.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "UPDATE editions SET state = 'sent', finished_at = $1 WHERE id IN ({open}) RETURNING id"
        );
        // A node that recorded "sent" late leaves the queue entry of another node that deferred the
        // delivery in the meantime.
        let delete_entries =
            format!("DELETE FROM delivery_queue WHERE edition_id IN {}", self.json_ids("$1"));
        transaction!(self, |tx| {
            let rows: Vec<(i64,)> =
                sqlx::query_as(sql(text.clone())).bind(now.0).fetch_all(&mut *tx).await?;
            let finished: Vec<i64> = rows.into_iter().map(|(id,)| id).collect();
            sqlx::query(sql(delete_entries.clone()))
                .bind(serde_json::Value::from(finished.clone()).to_string())
                .execute(&mut *tx)
                .await?;
            finished
        })
    }
}
