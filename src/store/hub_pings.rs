//! Notifications (pings) of external WebSub hubs about changed feed documents.

use serde_json::json;

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::hub_pushes::{SERVED_VERSIONS, ServedVersion, versions_json};
use super::leases::{LEASE_DURATION, RELEASED, UNLEASED};
use super::operations::Hub;
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

/// Pings that may be sent: of unchanged versions that this node serves, to hubs that lack them.
const WANTED: &str = "
    SELECT h.url AS hub, d.feed, d.format, d.etag
      FROM {json_rows $hubs url TEXT} AS h
     CROSS JOIN {served_versions} AS d
      JOIN feed_versions v
        ON v.feed = d.feed
       AND v.format = d.format
       AND v.etag = d.etag
       AND v.modified_at <= $unchanged_since
      LEFT JOIN hub_pings
        ON hub_pings.hub = h.url
       AND hub_pings.feed = d.feed
       AND hub_pings.format = d.format
     WHERE hub_pings.id IS NULL
        OR (hub_pings.etag <> d.etag AND hub_pings.due_at <= $now AND {unleased})";

static HAS_WANTED: Statement = Statement::with(
    "
    SELECT CAST(1 AS BIGINT) AS found
      FROM ({wanted}) AS w
     LIMIT 1",
    &[
        ("wanted", WANTED),
        ("served_versions", SERVED_VERSIONS),
        ("unleased", UNLEASED),
        ("row", "hub_pings"),
    ],
);

/// All nodes lock the rows in the same order, which prevents deadlocks. Rows that another node
/// leased in the meantime are skipped.
static LEASE: Statement = Statement::with(
    "
    INSERT INTO hub_pings (hub, feed, format, etag, pending_etag, lease_node, lease_until)
    SELECT w.hub, w.feed, w.format, '', w.etag, $node, {now} + $lease
      FROM ({wanted} ORDER BY 1, 2, 3 LIMIT $limit) AS w
     WHERE TRUE
    ON CONFLICT (hub, feed, format) DO UPDATE
       SET pending_etag = excluded.pending_etag,
           lease_node = excluded.lease_node,
           lease_until = excluded.lease_until
     WHERE hub_pings.etag <> excluded.pending_etag
       AND hub_pings.due_at <= $now
       AND {unleased}
    RETURNING id, hub, feed, format, pending_etag, attempts",
    &[
        ("wanted", WANTED),
        ("served_versions", SERVED_VERSIONS),
        ("unleased", UNLEASED),
        ("row", "hub_pings"),
    ],
);

static COMPLETE: Statement = Statement::with(
    "
    UPDATE hub_pings
       SET etag = $etag, attempts = 0, due_at = 0, {released}
     WHERE id = $id
       AND lease_node = $node",
    &[("released", RELEASED)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&HAS_WANTED, &LEASE, &COMPLETE];

impl FromRow for Ping {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            hub: row.get("hub")?,
            version: ServedVersion {
                feed: row.get("feed")?,
                format: row.get("format")?,
                etag: row.get("pending_etag")?,
            },
            attempts: row.get("attempts")?,
        })
    }
}

impl Hub<'_> {
    /// Leases up to `limit` pings to `hubs` about served versions that they were not notified of
    /// and that have been the current ones at least since `unchanged_since`.
    pub async fn lease_pings(
        self,
        node: &str,
        hubs: &[String],
        versions: &[ServedVersion],
        unchanged_since: Millis,
        now: Millis,
        limit: usize,
    ) -> StoreResult<Vec<Ping>> {
        let hubs: Vec<_> = hubs.iter().map(|hub| json!({"url": hub})).collect();
        let (hubs, versions) = (json!(hubs), versions_json(versions));
        let any = self
            .store
            .read(&HAS_WANTED)
            .bind("hubs", hubs.clone())
            .bind("versions", versions.clone())
            .bind("unchanged_since", unchanged_since)
            .bind("now", now)
            .exists()
            .await?;
        if !any {
            return Ok(Vec::new());
        }
        self.store
            .write(&LEASE)
            .bind("hubs", hubs)
            .bind("versions", versions)
            .bind("unchanged_since", unchanged_since)
            .bind("now", now)
            .bind("limit", limit)
            .bind("node", node)
            .bind("lease", as_millis_i64(LEASE_DURATION))
            .fetch_all()
            .await
    }

    /// Records that a hub was notified of the version of a ping, or that the ping was given up.
    pub async fn complete_ping(self, node: &str, ping: &Ping) -> StoreResult<()> {
        self.store
            .write(&COMPLETE)
            .bind("id", ping.id)
            .bind("node", node)
            .bind("etag", &ping.version.etag)
            .execute()
            .await?;
        Ok(())
    }
}
