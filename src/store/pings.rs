//! What hubs elsewhere were told of our documents.

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::leases::LEASE;
use super::pushes::{VERSION, Version, served};
use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::Millis;

/// A ping that this node has leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Its row.
    pub id: i64,
    /// The hub's address.
    pub hub: String,
    /// What it is told of.
    pub version: Version,
    /// Attempts at telling this hub since it last took one.
    pub attempts: i64,
}

impl Store {
    /// Leases pings of these hubs about versions that they were not told of and that are the newest since `settled`.
    pub async fn claim_pings(
        &self,
        node: &str,
        hubs: &[String],
        versions: &[Version],
        settled: Millis,
        now: Millis,
        room: usize,
    ) -> StoreResult<Vec<Ping>> {
        let free = self.unleased("hub_pings");
        let wanted = format!(
            "SELECT h.url AS hub, d.feed, d.format, d.etag FROM {hubs} AS h CROSS JOIN {served} AS d JOIN feed_versions v \
             ON v.feed = d.feed AND v.format = d.format AND v.etag = d.etag AND v.modified_at <= $3 LEFT JOIN hub_pings \
             ON hub_pings.hub = h.url AND hub_pings.feed = d.feed AND hub_pings.format = d.format \
             WHERE hub_pings.id IS NULL OR (hub_pings.etag <> d.etag AND hub_pings.due_at <= $4 AND {free})",
            hubs = self.rows("$1", &[Column::Text("url")]),
            served = self.rows("$2", &VERSION),
        );
        let hubs =
            Value::from(hubs.iter().map(|hub| json!({"url": hub})).collect::<Vec<_>>()).to_string();
        let versions = served(versions);
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
        // In one order by all nodes, so that no two wait for each other; what another took meanwhile is left to it.
        let claim = format!(
            "INSERT INTO hub_pings (hub, feed, format, etag, telling, lease_node, lease_until) SELECT w.hub, w.feed, w.format, '', w.etag, $6, \
             {clock} + $7 FROM ({wanted} ORDER BY 1, 2, 3 LIMIT $5) AS w WHERE TRUE ON CONFLICT (hub, feed, format) DO UPDATE SET \
             telling = excluded.telling, lease_node = excluded.lease_node, lease_until = excluded.lease_until \
             WHERE hub_pings.etag <> excluded.telling AND hub_pings.due_at <= $4 AND {free} \
             RETURNING id, hub, feed, format, telling, attempts",
            clock = self.database_now(),
        );
        let (node, room) = (node.to_owned(), i64::try_from(room).unwrap_or(i64::MAX));
        transaction!(self, |tx| {
            let rows: Vec<(i64, String, String, String, String, i64)> =
                sqlx::query_as(sql(claim.clone()))
                    .bind(&hubs)
                    .bind(&versions)
                    .bind(settled.0)
                    .bind(now.0)
                    .bind(room)
                    .bind(&node)
                    .bind(LEASE)
                    .fetch_all(&mut *tx)
                    .await?;
            let ping = |(id, hub, feed, format, etag, attempts)| Ping {
                id,
                hub,
                version: Version { feed, format, etag },
                attempts,
            };
            rows.into_iter().map(ping).collect()
        })
    }

    /// Notes that a hub knows of the version of a ping, or is not told of it any more.
    pub async fn close_ping(&self, node: &str, ping: &Ping) -> StoreResult<()> {
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
