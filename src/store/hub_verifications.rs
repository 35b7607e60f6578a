//! Verifications of requests to the WebSub hub, and the subscriptions that they start or end.

use super::StoreResult;
use super::db::Statement;
use super::hub_requests::{HubMode, HubRequest};
use super::leases::{LEASE_DURATION, UNLEASED};
use super::operations::Hub;
use crate::domain::time::{Millis, SignedDuration, as_millis_i64};

/// Condition on requests `r` that may be verified.
const DUE: &str = "r.due_at <= $now
       AND {unleased}
       AND r.host NOT IN {json_texts $excluded_hosts}";

static HAS_DUE: Statement = Statement::with(
    "
    SELECT CAST(1 AS BIGINT) AS found
      FROM hub_requests r
     WHERE {due}
     LIMIT 1",
    &[("due", DUE), ("unleased", UNLEASED), ("row", "r")],
);

static LEASE: Statement = Statement::with(
    "
      WITH picked AS MATERIALIZED (
           SELECT r.id
             FROM hub_requests r
            WHERE {due}
            ORDER BY r.attempts, r.network_rank, r.due_at, r.id
            LIMIT $limit
           {skip_locked})
    UPDATE hub_requests
       SET lease_node = $node, lease_until = {now} + $lease
     WHERE id IN (SELECT id FROM picked)
    RETURNING id, mode, callback, host, topic, feed, format, secret, lease_seconds, attempts",
    &[("due", DUE), ("unleased", UNLEASED), ("row", "r")],
);

static COMPLETE: Statement = Statement::new(
    "
    DELETE FROM hub_requests
     WHERE id = $id
       AND lease_node = $node
    RETURNING etag",
);

static UNSUBSCRIBE: Statement = Statement::new(
    "
    DELETE FROM hub_subscriptions
     WHERE callback = $callback
       AND feed = $feed
       AND format = $format",
);

/// Adds or renews a subscription. A subscriber that was given up and subscribes again receives the
/// version it missed.
static SUBSCRIBE: Statement = Statement::new(
    "
    INSERT INTO hub_subscriptions
           (callback, host, topic, feed, format, secret, expires_at, delivered_etag, due_at)
    VALUES ($callback, $host, $topic, $feed, $format, $secret, $expires_at, $etag, 0)
    ON CONFLICT (callback, feed, format) DO UPDATE
       SET topic = excluded.topic,
           secret = excluded.secret,
           expires_at = excluded.expires_at,
           attempts = 0,
           failures = 0,
           due_at = 0,
           delivered_etag = CASE
               WHEN hub_subscriptions.expires_at <= $now
               THEN excluded.delivered_etag
               WHEN hub_subscriptions.attempts = 0 AND hub_subscriptions.failures > 1
               THEN ''
               ELSE hub_subscriptions.delivered_etag
           END",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&HAS_DUE, &LEASE, &COMPLETE, &UNSUBSCRIBE, &SUBSCRIBE];

impl Hub<'_> {
    /// Leases up to `limit` requests that are due for verification, except those with callbacks at
    /// `excluded_hosts`: first attempts before others, and the networks in turn.
    pub async fn lease_requests(
        self,
        node: &str,
        excluded_hosts: &[String],
        limit: usize,
        now: Millis,
    ) -> StoreResult<Vec<HubRequest>> {
        let any = self
            .store
            .read(&HAS_DUE)
            .bind("now", now)
            .bind("excluded_hosts", excluded_hosts)
            .exists()
            .await?;
        if !any || limit == 0 {
            return Ok(Vec::new());
        }
        self.store
            .write(&LEASE)
            .bind("now", now)
            .bind("excluded_hosts", excluded_hosts)
            .bind("limit", limit)
            .bind("node", node)
            .bind("lease", as_millis_i64(LEASE_DURATION))
            .fetch_all()
            .await
    }

    /// Completes a request with the answer of its callback; returns `false` if a later request has
    /// replaced it.
    pub async fn complete_request(
        self,
        node: &str,
        request: &HubRequest,
        confirmed: bool,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let etag: Option<String> = tx
            .query(&COMPLETE)
            .bind("id", request.id)
            .bind("node", node)
            .fetch_optional_scalar()
            .await?;
        let Some(etag) = etag else { return Ok(false) };
        if confirmed {
            let change = match request.mode {
                HubMode::Unsubscribe => tx.query(&UNSUBSCRIBE),
                HubMode::Subscribe => tx
                    .query(&SUBSCRIBE)
                    .bind("host", &request.host)
                    .bind("topic", &request.topic)
                    .bind("secret", &request.secret)
                    .bind("expires_at", now.plus(SignedDuration::from_secs(request.lease_seconds)))
                    .bind("etag", etag)
                    .bind("now", now),
            };
            change
                .bind("callback", &request.callback)
                .bind("feed", &request.feed)
                .bind("format", &request.format)
                .execute()
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}
