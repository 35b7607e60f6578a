//! Leases of outgoing HTTP jobs, and pushes of new versions to the subscribers of the WebSub hub.

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::leases::LEASE_DURATION;
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::time::{Millis, as_millis_i64};

/// Kind of an outgoing HTTP job; the jobs of each kind are leased in a table of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Notification of an external hub about a changed document.
    Ping,
    /// Verification of intent: a request to a callback to confirm a subscription (WebSub section
    /// 5.3).
    Verify,
    /// Content distribution: a push of a new version to a subscriber (WebSub section 7).
    Deliver,
    /// Upload of a file to a publishing destination.
    Publish,
}

impl JobKind {
    /// All kinds of jobs.
    pub const ALL: [Self; 4] = [Self::Ping, Self::Verify, Self::Deliver, Self::Publish];

    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Ping => "hub_pings",
            Self::Verify => "hub_requests",
            Self::Deliver => "hub_subscriptions",
            Self::Publish => "publications",
        }
    }
}

/// Version of a document that this node serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedVersion {
    /// Name of the feed.
    pub feed: String,
    /// Format: `rss`, `atom` or `json`.
    pub format: String,
    /// Entity tag of the document.
    pub etag: String,
}

/// Serializes versions as a parameter of [`Store::json_rows`].
pub(super) fn versions_json(versions: &[ServedVersion]) -> String {
    let row = |v: &ServedVersion| json!({"feed": v.feed, "format": v.format, "etag": v.etag});
    Value::from(versions.iter().map(row).collect::<Vec<_>>()).to_string()
}

/// Columns of the rows of [`versions_json`].
pub(super) const VERSION_COLUMNS: [Column; 3] =
    [Column::Text("feed"), Column::Text("format"), Column::Text("etag")];

/// Push of a new version to a subscriber, leased by this node.
#[derive(Debug, Clone)]
pub struct Push {
    /// Id of the subscription.
    pub id: i64,
    /// Callback URL of the subscriber.
    pub callback: String,
    /// Host of the callback URL.
    pub host: String,
    /// Name of the feed.
    pub feed: String,
    /// Format: `rss`, `atom` or `json`.
    pub format: String,
    /// Secret for the signature (WebSub section 7.1).
    pub secret: Option<String>,
    /// Failed attempts since the last successful push.
    pub attempts: i64,
}

type PushRow = (i64, String, String, String, String, Option<String>, i64);

/// Criteria by which a node claims pushes.
#[derive(Debug, Clone, Copy)]
pub struct PushQuery<'a> {
    /// Node that claims the pushes.
    pub node: &'a str,
    /// Maximum number of pushes.
    pub limit: usize,
    /// Maximum number of pushes to one host.
    pub limit_per_host: usize,
    /// Hosts to which no more pushes are claimed.
    pub excluded_hosts: &'a [String],
    /// `true` to claim for subscribers that were slow or failed last time, `false` for all others.
    pub slow: bool,
}

/// Result of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushResult {
    /// The subscriber accepted it.
    Delivered {
        /// `true` if it took long, so that the subscriber counts as degraded next time.
        slow: bool,
    },
    /// It failed and is retried at this time.
    RetryAt(Millis),
    /// The last attempt failed; the next version will be pushed again.
    GivenUp,
    /// The subscriber no longer exists (410 Gone).
    Unsubscribed,
}

impl Store {
    /// Returns the SQL condition that no node leases a row.
    pub(super) fn unleased(&self, row: &str) -> String {
        format!("({row}.lease_node IS NULL OR {row}.lease_until < {})", self.database_now())
    }

    /// Renews the leases of a node on these jobs.
    pub async fn renew_job_leases(
        &self,
        node: &str,
        held: &[(JobKind, Vec<i64>)],
    ) -> StoreResult<()> {
        let (node, clock) = (node.to_owned(), self.database_now());
        let renewals: Vec<(String, String)> = held
            .iter()
            .filter(|(_, ids)| !ids.is_empty())
            .map(|(kind, ids)| {
                let renew = format!(
                    "UPDATE {} SET lease_until = {clock} + $3 WHERE lease_node = $1 AND id IN {}",
                    kind.table(),
                    self.json_ids("$2")
                );
                (renew, Value::from(ids.clone()).to_string())
            })
            .collect();
        transaction!(self, |tx| {
            for (renew, ids) in &renewals {
                sqlx::query(sql(renew.clone()))
                    .bind(&node)
                    .bind(ids)
                    .bind(as_millis_i64(LEASE_DURATION))
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// Releases all job leases of a node at its regular shutdown.
    pub async fn release_job_leases(&self, node: &str) -> StoreResult<()> {
        let node = node.to_owned();
        transaction!(self, |tx| {
            for kind in JobKind::ALL {
                let free = format!(
                    "UPDATE {} SET lease_node = NULL, lease_until = 0 WHERE lease_node = $1",
                    kind.table()
                );
                sqlx::query(sql(free)).bind(&node).execute(&mut *tx).await?;
            }
        })
    }

    /// Postpones a job after a failed attempt.
    pub async fn delay_job(
        &self,
        node: &str,
        kind: JobKind,
        id: i64,
        until: Millis,
    ) -> StoreResult<()> {
        let text = format!(
            "UPDATE {} SET attempts = attempts + 1, due_at = $3, lease_node = NULL, lease_until = 0 WHERE id = $1 AND lease_node = $2",
            kind.table()
        );
        let node = node.to_owned();
        transaction!(self, |tx| {
            sqlx::query(sql(text.clone()))
                .bind(id)
                .bind(&node)
                .bind(until.0)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Leases subscriptions whose newest version, served by this node, is due; the hosts take
    /// turns.
    pub async fn claim_pushes(
        &self,
        query: PushQuery<'_>,
        versions: &[ServedVersion],
        now: Millis,
    ) -> StoreResult<Vec<Push>> {
        let due = format!(
            "s.due_at <= $2 AND s.expires_at > $2 AND s.failures {} 0 AND {} AND EXISTS (SELECT 1 FROM {} AS d JOIN feed_versions v \
             ON v.feed = d.feed AND v.format = d.format AND v.etag = d.etag \
             WHERE d.feed = s.feed AND d.format = s.format AND d.etag <> s.delivered_etag) AND s.host NOT IN {}",
            if query.slow { ">" } else { "=" },
            self.unleased("s"),
            self.json_rows("$1", &VERSION_COLUMNS),
            self.json_texts("$3"),
        );
        let (versions, excluded_hosts) = (versions_json(versions), json_list(query.excluded_hosts));
        let any: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(format!(
            "SELECT 1 FROM hub_subscriptions s WHERE {due} LIMIT 1"
        )))
        .bind(&versions)
        .bind(now.0)
        .bind(&excluded_hosts)
        .fetch_optional(db)
        .await?);
        if any.is_none() || query.limit == 0 {
            return Ok(Vec::new());
        }
        let claim = format!(
            "WITH ranked AS (SELECT s.id, s.due_at, ROW_NUMBER() OVER (PARTITION BY s.host ORDER BY s.due_at, s.id) AS position \
             FROM hub_subscriptions s WHERE {due}), \
             picked AS MATERIALIZED (SELECT s.id FROM hub_subscriptions s WHERE s.id IN \
             (SELECT r.id FROM ranked r WHERE r.position <= $4 ORDER BY r.position, r.due_at, r.id LIMIT $5) AND {free} {skip}) \
             UPDATE hub_subscriptions SET lease_node = $6, lease_until = {clock} + $7 WHERE id IN (SELECT id FROM picked) \
             RETURNING id, callback, host, feed, format, secret, attempts",
            free = self.unleased("s"),
            skip = self.skip_locked(),
            clock = self.database_now(),
        );
        let (node, limit) = (query.node.to_owned(), i64::try_from(query.limit).unwrap_or(i64::MAX));
        let limit_per_host = i64::try_from(query.limit_per_host).unwrap_or(i64::MAX);
        transaction!(self, |tx| {
            let rows: Vec<PushRow> = sqlx::query_as(sql(claim.clone()))
                .bind(&versions)
                .bind(now.0)
                .bind(&excluded_hosts)
                .bind(limit_per_host)
                .bind(limit)
                .bind(&node)
                .bind(as_millis_i64(LEASE_DURATION))
                .fetch_all(&mut *tx)
                .await?;
            let push = |(id, callback, host, feed, format, secret, attempts)| Push {
                id,
                callback,
                host,
                feed,
                format,
                secret,
                attempts,
            };
            rows.into_iter().map(push).collect()
        })
    }

    /// Records the result of a push of this version, unless another node leases the subscription by
    /// now.
    pub async fn complete_push(
        &self,
        node: &str,
        id: i64,
        etag: &str,
        result: PushResult,
    ) -> StoreResult<()> {
        let release = "lease_node = NULL, lease_until = 0 WHERE id = $1 AND lease_node = $2 AND $3 = $3 AND $4 = $4";
        let text = match result {
            PushResult::Delivered { .. } => {
                format!("UPDATE hub_subscriptions SET delivered_etag = $3, attempts = 0, failures = $4, due_at = 0, {release}")
            }
            PushResult::RetryAt(_) => {
                format!("UPDATE hub_subscriptions SET attempts = attempts + 1, failures = failures + 1, due_at = $4, {release}")
            }
            PushResult::GivenUp => {
                format!("UPDATE hub_subscriptions SET delivered_etag = $3, attempts = 0, failures = failures + 1, due_at = 0, {release}")
            }
            PushResult::Unsubscribed => "DELETE FROM hub_subscriptions WHERE id = $1 AND lease_node = $2 AND $3 = $3 AND $4 = $4".to_owned(),
        };
        let number = match result {
            PushResult::Delivered { slow } => i64::from(slow),
            PushResult::RetryAt(until) => until.0,
            PushResult::GivenUp | PushResult::Unsubscribed => 0,
        };
        let (node, etag) = (node.to_owned(), etag.to_owned());
        transaction!(self, |tx| {
            sqlx::query(sql(text.clone()))
                .bind(id)
                .bind(&node)
                .bind(&etag)
                .bind(number)
                .execute(&mut *tx)
                .await?;
        })
    }
}
