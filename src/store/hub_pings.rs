//! Notifications (pings) of external WebSub hubs about changed feed documents.

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::hub_pushes::{ServedVersion, VERSION_COLUMNS, versions_json};
use super::leases::LEASE_DURATION;
use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::{Millis, as_millis_i64};

/// A notification of a hub, leased by this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Id of the row.
    pub id: i64,
    /// URL of the hub.
    pub hub: String,
    /// Version that the hub is notified of.
    pub version: ServedVersion,
    /// Failed attempts since the hub last accepted a notification.
    pub attempts: i64,
}

impl Store {
    /// Leases up to `limit` pings to `hubs` about served versions that they were not notified of
    /// and that have been the current ones at least since `settled`.
    pub async fn claim_pings(
        &self,
        node: &str,
        hubs: &[String],
        versions: &[ServedVersion],
        settled: Millis,
        now: Millis,
        limit: usize,
    ) -> StoreResult<Vec<Ping>> {
        let free = self.unleased("hub_pings");
        let wanted = format!(
            "SELECT h.url AS hub, d.feed, d.format, d.etag FROM {hubs} AS h CROSS JOIN {versions} AS d JOIN feed_versions v \
             ON v.feed = d.feed AND v.format = d.format AND v.etag = d.etag AND v.modified_at <= $3 LEFT JOIN hub_pings \
             ON hub_pings.hub = h.url AND hub_pings.feed = d.feed AND hub_pings.format = d.format \
             WHERE hub_pings.id IS NULL OR (hub_pings.etag <> d.etag AND hub_pings.due_at <= $4 AND {free})",
            hubs = self.json_rows("$1", &[Column::Text("url")]),
            versions = self.json_rows("$2", &VERSION_COLUMNS),
        );
        let hubs =
            Value::from(hubs.iter().map(|hub| json!({"url": hub})).collect::<Vec<_>>()).to_string();
        let versions = versions_json(versions);
        let any: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(format!(
            "SELECT 1 FROM ({wanted}) AS w WHERE $5 > 0 LIMIT 1"
        )))
        .bind(&hubs)
        .bind(&versions)
        .bind(settled.0)
        .bind(now.0)
        .bind(1_i64)
        .fetch_optional(db)
        .await?);
        if any.is_none() {
            return Ok(Vec::new());
        }
        // All nodes lock the rows in the same order, which prevents deadlocks. Rows that another
        // node leased in the meantime are skipped.
        let claim = format!(
            "INSERT INTO hub_pings (hub, feed, format, etag, pending_etag, lease_node, lease_until) SELECT w.hub, w.feed, w.format, '', w.etag, $6, \
             {clock} + $7 FROM ({wanted} ORDER BY 1, 2, 3 LIMIT $5) AS w WHERE TRUE ON CONFLICT (hub, feed, format) DO UPDATE SET \
             pending_etag = excluded.pending_etag, lease_node = excluded.lease_node, lease_until = excluded.lease_until \
             WHERE hub_pings.etag <> excluded.pending_etag AND hub_pings.due_at <= $4 AND {free} \
             RETURNING id, hub, feed, format, pending_etag, attempts",
            clock = self.database_now(),
        );
        let (node, limit) = (node.to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        transaction!(self, |tx| {
            let rows: Vec<(i64, String, String, String, String, i64)> =
                sqlx::query_as(sql(claim.clone()))
                    .bind(&hubs)
                    .bind(&versions)
                    .bind(settled.0)
                    .bind(now.0)
                    .bind(limit)
                    .bind(&node)
                    .bind(as_millis_i64(LEASE_DURATION))
                    .fetch_all(&mut *tx)
                    .await?;
            let ping = |(id, hub, feed, format, etag, attempts)| Ping {
                id,
                hub,
                version: ServedVersion { feed, format, etag },
                attempts,
            };
            rows.into_iter().map(ping).collect()
        })
    }

    /// Records that a hub was notified of the version of a ping, or that the ping was given up.
    pub async fn complete_ping(&self, node: &str, ping: &Ping) -> StoreResult<()> {
        let (node, id, etag) = (node.to_owned(), ping.id, ping.version.etag.clone());
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE hub_pings SET etag = $3, attempts = 0, due_at = 0, lease_node = NULL, lease_until = 0 \
                 WHERE id = $1 AND lease_node = $2",
            )
            .bind(id)
            .bind(&node)
            .bind(&etag)
            .execute(&mut *tx)
            .await?;
        })
    }
}
