//! What admins order about an edition, carried out a block at a time, and its end.

use super::dialect::sql;
use super::{Store, StoreError, StoreResult, reading, transaction};
use crate::domain::edition::{EditionState, Order};
use crate::domain::time::Millis;

impl Store {
    /// Follows an admin's order, or says in one sentence why not.
    pub async fn order(
        &self,
        id: i64,
        order: Order,
        note: Option<String>,
    ) -> StoreResult<EditionState> {
        transaction!(self, |tx| {
            let row: Option<(String,)> = sqlx::query_as("SELECT state FROM editions WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
            let Some((word,)) = row else {
                return Err(StoreError::Refused(format!(
                    "there is no edition {id}: `courant editions list` shows them"
                )));
            };
            let state = EditionState::of(&word)
                .ok_or(StoreError::Inconsistent { what: word, place: "editions.state" })?;
            let next = state
                .after(order)
                .map_err(|why| StoreError::Refused(format!("edition {id}: {why}")))?;
            let moved = sqlx::query("UPDATE editions SET state = $2, note = $4, finished_at = NULL WHERE id = $1 AND state = $3")
                .bind(id)
                .bind(next.word())
                .bind(state.word())
                .bind(&note)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if moved == 0 {
                return Err(StoreError::Refused(format!(
                    "edition {id} changed at this moment: try again"
                )));
            }
            next
        })
    }

    /// The cancelled editions of which something may still be open.
    pub async fn cancelled_open(&self) -> StoreResult<Vec<i64>> {
        let rows: Vec<(i64,)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT id FROM editions WHERE state = 'cancelled' AND finished_at IS NULL ORDER BY id"
        )
        .fetch_all(db)
        .await?
        });
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Ends what is still queued of a cancelled edition, a block a transaction; once nothing is on its way any more, closes
    /// it and gives the ledger back if no mail went out.
    pub async fn clear_cancelled(&self, id: i64, now: Millis) -> StoreResult<i64> {
        let blocks: Vec<(i64,)> = reading!(self, |db| sqlx::query_as(
            "SELECT id FROM blocks WHERE edition_id = $1 ORDER BY id"
        )
        .bind(id)
        .fetch_all(db)
        .await?);
        let clock = self.database_now();
        // On its way when its node died: nobody will ever tell what became of it.
        let orphans = format!(
            "UPDATE deliveries SET state = 'held', ended_at = $2, answer = 'the sending process ended at this moment, so the outcome is unknown' \
             WHERE block_id = $1 AND state = 'sending' \
             AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = deliveries.id AND w.lease_node IS NOT NULL AND w.lease_until >= {clock}) \
             AND (EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = deliveries.id) OR NOT EXISTS (SELECT 1 FROM blocks b \
             WHERE b.id = $1 AND b.lease_node IS NOT NULL AND b.lease_until >= {clock}))"
        );
        let mut cleared = 0;
        for (block,) in blocks {
            let orphans = orphans.clone();
            cleared += transaction!(self, |tx| {
                sqlx::query(sql(orphans.clone())).bind(block).bind(now.0).execute(&mut *tx).await?;
                sqlx::query(
                    "DELETE FROM waiting WHERE delivery_id IN (SELECT id FROM deliveries WHERE block_id = $1 AND state = 'queued')",
                )
                .bind(block)
                .execute(&mut *tx)
                .await?;
                let ended =
                    sqlx::query("UPDATE deliveries SET state = 'cancelled', ended_at = $2 WHERE block_id = $1 AND state = 'queued'")
                        .bind(block)
                        .bind(now.0)
                        .execute(&mut *tx)
                        .await?
                        .rows_affected();
                i64::try_from(ended).unwrap_or(i64::MAX)
            })?;
        }
        transaction!(self, |tx| {
            // What is still on the wire tells first whether a mail went out.
            let open: Option<(i64,)> = sqlx::query_as(
                "SELECT d.id FROM blocks b JOIN deliveries d ON d.block_id = b.id \
                 WHERE b.edition_id = $1 AND d.state IN ('queued', 'sending') LIMIT 1",
            )
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
            if open.is_some() {
                return Ok(());
            }
            sqlx::query(
                "DELETE FROM ledger WHERE edition_id = $1 AND NOT EXISTS (SELECT 1 FROM blocks b JOIN deliveries d ON d.block_id = b.id \
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
        })?;
        Ok(cleared)
    }

    /// Queues again what failed or was held in an edition; gives how many.
    pub async fn requeue(&self, id: i64, now: Millis) -> StoreResult<i64> {
        let blocks: Vec<(i64,)> = reading!(self, |db| sqlx::query_as(
            "SELECT id FROM blocks WHERE edition_id = $1 ORDER BY id"
        )
        .bind(id)
        .fetch_all(db)
        .await?);
        let mut requeued = 0;
        for (block,) in blocks {
            requeued += transaction!(self, |tx| {
                sqlx::query(
                    "INSERT INTO waiting (delivery_id, edition_id, transport, priority, due_at) \
                     SELECT d.id, d.edition_id, e.transport, 1, $2 FROM deliveries d JOIN editions e ON e.id = d.edition_id \
                     WHERE d.block_id = $1 AND d.state IN ('failed', 'held') ON CONFLICT (delivery_id) DO NOTHING",
                )
                .bind(block)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
                let n = sqlx::query(
                    "UPDATE deliveries SET state = 'queued', uncertain = 0, ended_at = NULL, first_tried_at = NULL \
                     WHERE block_id = $1 AND state IN ('failed', 'held')",
                )
                .bind(block)
                .execute(&mut *tx)
                .await?
                .rows_affected();
                i64::try_from(n).unwrap_or(i64::MAX)
            })?;
        }
        Ok(requeued)
    }

    /// Closes the editions of which nothing is open any more; gives their numbers.
    pub async fn finish_editions(&self, now: Millis) -> StoreResult<Vec<i64>> {
        let open = "SELECT id FROM editions e WHERE state = 'sending' \
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.edition_id = e.id AND NOT b.done) \
             AND NOT EXISTS (SELECT 1 FROM waiting w JOIN deliveries d ON d.id = w.delivery_id \
             WHERE w.edition_id = e.id AND d.state IN ('queued', 'sending'))";
        let ready: Vec<(i64,)> = reading!(self, |db| sqlx::query_as(open).fetch_all(db).await?);
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "UPDATE editions SET state = 'sent', finished_at = $1 WHERE id IN ({open}) RETURNING id"
        );
        // A node that learned late of a "sent" left the row in the list, where another had put it off.
        let forget = format!("DELETE FROM waiting WHERE edition_id IN {}", self.numbers("$1"));
        transaction!(self, |tx| {
            let rows: Vec<(i64,)> =
                sqlx::query_as(sql(text.clone())).bind(now.0).fetch_all(&mut *tx).await?;
            let finished: Vec<i64> = rows.into_iter().map(|(id,)| id).collect();
            sqlx::query(sql(forget.clone()))
                .bind(serde_json::Value::from(finished.clone()).to_string())
                .execute(&mut *tx)
                .await?;
            finished
        })
    }
}
