//! Leases of batches and queued deliveries: their duration, renewal and release.

use super::dialect::sql;
use super::hub_pushes::JobKind;
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::time::{SignedDuration, as_millis_i64};

/// Duration of a lease without renewal; other nodes take over the work of a dead node within
/// twice this time.
pub const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(12);
/// Minimum remaining lease for the start of a message, so that no other node takes over the
/// delivery at the same moment.
pub(crate) const MIN_REMAINING_LEASE: SignedDuration = SignedDuration::from_secs(2);

impl Store {
    /// Expires all leases; for SQLite, where the holder of the lock is the only sender.
    pub async fn expire_all_leases(&self) -> StoreResult<()> {
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE delivery_batches SET lease_until = 0 WHERE NOT done AND lease_node IS NOT NULL",
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query("UPDATE delivery_queue SET lease_until = 0 WHERE lease_node IS NOT NULL")
                .execute(&mut *tx)
                .await?;
            for kind in JobKind::ALL {
                let free = format!(
                    "UPDATE {} SET lease_until = 0 WHERE lease_node IS NOT NULL",
                    kind.table()
                );
                sqlx::query(sql(free)).execute(&mut *tx).await?;
            }
        })
    }

    /// Releases a batch; it is done if every delivery of it was attempted.
    pub async fn release_batch(&self, batch: i64, node: &str) -> StoreResult<()> {
        let node = node.to_owned();
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE delivery_batches SET lease_node = NULL, lease_until = 0, done = NOT EXISTS (SELECT 1 FROM deliveries d \
                 WHERE d.batch_id = delivery_batches.id AND d.state IN ('queued', 'sending') \
                 AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = d.id)) WHERE id = $1 AND lease_node = $2",
            )
            .bind(batch)
            .bind(&node)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Releases the leases of this node on deliveries of these transports except `batches` and
    /// `queued`, which are in use; the others were left by a run that crashed.
    pub async fn release_abandoned(
        &self,
        transports: &[String],
        node: &str,
        batches: &[i64],
        queued: &[i64],
    ) -> StoreResult<()> {
        let orphaned_batches = format!(
            "NOT done AND lease_node = $2 AND edition_id IN (SELECT id FROM editions WHERE transport IN {}) AND id NOT IN {}",
            self.json_texts("$1"),
            self.json_ids("$3")
        );
        let orphaned_entries = format!(
            "transport IN {} AND lease_node = $2 AND delivery_id NOT IN {}",
            self.json_texts("$1"),
            self.json_ids("$4")
        );
        let any = format!(
            "SELECT 1 FROM delivery_batches WHERE {orphaned_batches} UNION ALL SELECT 1 FROM delivery_queue WHERE {orphaned_entries} LIMIT 1"
        );
        let list = |ids: &[i64]| serde_json::Value::from(ids.to_vec()).to_string();
        let (transports, node, batches, queued) =
            (json_list(transports), node.to_owned(), list(batches), list(queued));
        let orphaned: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(any))
            .bind(&transports)
            .bind(&node)
            .bind(&batches)
            .bind(&queued)
            .fetch_optional(db)
            .await?);
        if orphaned.is_none() {
            return Ok(());
        }
        let free = [("delivery_batches", orphaned_batches), ("delivery_queue", orphaned_entries)]
            .map(|(table, lost)| format!("UPDATE {table} SET lease_node = NULL, lease_until = 0 WHERE {lost} AND $3 = $3 AND $4 = $4"));
        transaction!(self, |tx| {
            for free in &free {
                sqlx::query(sql(free.clone()))
                    .bind(&transports)
                    .bind(&node)
                    .bind(&batches)
                    .bind(&queued)
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// Releases these entries of the delivery queue.
    pub async fn release_queued(&self, deliveries: &[i64], node: &str) -> StoreResult<()> {
        let text = format!(
            "UPDATE delivery_queue SET lease_node = NULL, lease_until = 0 WHERE lease_node = $2 AND delivery_id IN {}",
            self.json_ids("$1")
        );
        let (ids, node) =
            (serde_json::Value::from(deliveries.to_vec()).to_string(), node.to_owned());
        transaction!(self, |tx| {
            sqlx::query(sql(text.clone())).bind(&ids).bind(&node).execute(&mut *tx).await?;
        })
    }

    /// Renews all leases of a node.
    pub async fn renew_leases(&self, node: &str) -> StoreResult<()> {
        let clock = self.database_now();
        let node = node.to_owned();
        transaction!(self, |tx| {
            for table in ["delivery_batches", "delivery_queue"] {
                sqlx::query(sql(format!(
                    "UPDATE {table} SET lease_until = {clock} + $2 WHERE lease_node = $1"
                )))
                .bind(&node)
                .bind(as_millis_i64(LEASE_DURATION))
                .execute(&mut *tx)
                .await?;
            }
        })
    }

    /// Releases all leases of a node at its regular shutdown.
    pub async fn release_leases(&self, node: &str) -> StoreResult<()> {
        let node = node.to_owned();
        transaction!(self, |tx| {
            for table in ["delivery_batches", "delivery_queue"] {
                sqlx::query(sql(format!(
                    "UPDATE {table} SET lease_node = NULL, lease_until = 0 WHERE lease_node = $1"
                )))
                .bind(&node)
                .execute(&mut *tx)
                .await?;
            }
        })
    }
}
