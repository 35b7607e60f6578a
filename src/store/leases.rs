//! Leases: how long they last, how they are prolonged and given back.

use super::dialect::sql;
use super::pushes::Errand;
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::time::SECOND;

/// How long a lease lasts without renewal; a dead node's work is taken over within twice this.
pub const LEASE: i64 = 12 * SECOND;
/// A message starts only if its lease holds at least this long: a guard against a takeover at the same instant.
pub(crate) const MARGIN: i64 = 2 * SECOND;

impl Store {
    /// Takes all leases back: for SQLite, where the holder of the lock is the only sender.
    pub async fn take_all_leases_back(&self) -> StoreResult<()> {
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE blocks SET lease_until = 0 WHERE NOT done AND lease_node IS NOT NULL",
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query("UPDATE waiting SET lease_until = 0 WHERE lease_node IS NOT NULL")
                .execute(&mut *tx)
                .await?;
            for errand in Errand::ALL {
                let free = format!(
                    "UPDATE {} SET lease_until = 0 WHERE lease_node IS NOT NULL",
                    errand.table()
                );
                sqlx::query(sql(free)).execute(&mut *tx).await?;
            }
        })
    }

    /// Gives a block back: done if every row of it was attempted, else free for others.
    pub async fn give_block_back(&self, block: i64, node: &str) -> StoreResult<()> {
        let node = node.to_owned();
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE blocks SET lease_node = NULL, lease_until = 0, done = NOT EXISTS (SELECT 1 FROM deliveries d \
                 WHERE d.block_id = blocks.id AND d.state IN ('queued', 'sending') \
                 AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = d.id)) WHERE id = $1 AND lease_node = $2",
            )
            .bind(block)
            .bind(&node)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Gives back what this node has leased of the mail of these transports, but for what is known to be in hand (blocks,
    /// single deliveries): it was left by a run that ended badly.
    pub async fn give_remains_back(
        &self,
        transports: &[String],
        node: &str,
        blocks: &[i64],
        singles: &[i64],
    ) -> StoreResult<()> {
        let lost_blocks = format!(
            "NOT done AND lease_node = $2 AND edition_id IN (SELECT id FROM editions WHERE transport IN {}) AND id NOT IN {}",
            self.texts("$1"),
            self.numbers("$3")
        );
        let lost_singles = format!(
            "transport IN {} AND lease_node = $2 AND delivery_id NOT IN {}",
            self.texts("$1"),
            self.numbers("$4")
        );
        let any = format!(
            "SELECT 1 FROM blocks WHERE {lost_blocks} UNION ALL SELECT 1 FROM waiting WHERE {lost_singles} LIMIT 1"
        );
        let list = |ids: &[i64]| serde_json::Value::from(ids.to_vec()).to_string();
        let (transports, node, blocks, singles) =
            (json_list(transports), node.to_owned(), list(blocks), list(singles));
        let left: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(any))
            .bind(&transports)
            .bind(&node)
            .bind(&blocks)
            .bind(&singles)
            .fetch_optional(db)
            .await?);
        if left.is_none() {
            return Ok(());
        }
        let free = [("blocks", lost_blocks), ("waiting", lost_singles)]
            .map(|(table, lost)| format!("UPDATE {table} SET lease_node = NULL, lease_until = 0 WHERE {lost} AND $3 = $3 AND $4 = $4"));
        transaction!(self, |tx| {
            for free in &free {
                sqlx::query(sql(free.clone()))
                    .bind(&transports)
                    .bind(&node)
                    .bind(&blocks)
                    .bind(&singles)
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// Gives single deliveries back that are still waiting.
    pub async fn give_singles_back(&self, deliveries: &[i64], node: &str) -> StoreResult<()> {
        let text = format!(
            "UPDATE waiting SET lease_node = NULL, lease_until = 0 WHERE lease_node = $2 AND delivery_id IN {}",
            self.numbers("$1")
        );
        let (ids, node) =
            (serde_json::Value::from(deliveries.to_vec()).to_string(), node.to_owned());
        transaction!(self, |tx| {
            sqlx::query(sql(text.clone())).bind(&ids).bind(&node).execute(&mut *tx).await?;
        })
    }

    /// Prolongs all leases of a node.
    pub async fn renew_leases(&self, node: &str) -> StoreResult<()> {
        let clock = self.database_now();
        let node = node.to_owned();
        transaction!(self, |tx| {
            for table in ["blocks", "waiting"] {
                sqlx::query(sql(format!(
                    "UPDATE {table} SET lease_until = {clock} + $2 WHERE lease_node = $1"
                )))
                .bind(&node)
                .bind(LEASE)
                .execute(&mut *tx)
                .await?;
            }
        })
    }

    /// Gives all leases of a node back at its orderly end.
    pub async fn give_leases_back(&self, node: &str) -> StoreResult<()> {
        let node = node.to_owned();
        transaction!(self, |tx| {
            for table in ["blocks", "waiting"] {
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
