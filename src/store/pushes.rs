//! What is pushed from here: leases on errands, and new versions to who subscribed at our hub.

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::leases::LEASE;
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::time::Millis;

/// A kind of request that a node makes on its own; each has a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Errand {
    /// Telling a hub elsewhere that a document changed.
    Ping,
    /// Asking a callback whether it wants what was asked for in its name.
    Verify,
    /// Sending a subscriber a new version.
    Deliver,
    /// Putting a document into a place elsewhere.
    Publish,
}

impl Errand {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Ping, Self::Verify, Self::Deliver, Self::Publish];

    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Ping => "hub_pings",
            Self::Verify => "hub_requests",
            Self::Deliver => "hub_subscriptions",
            Self::Publish => "published",
        }
    }
}

/// A version of a document that this node serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The feed's name.
    pub feed: String,
    /// `rss`, `atom` or `json`.
    pub format: String,
    /// What names its bytes.
    pub etag: String,
}

/// The versions as [`Store::rows`] takes them.
pub(super) fn served(versions: &[Version]) -> String {
    let row = |v: &Version| json!({"feed": v.feed, "format": v.format, "etag": v.etag});
    Value::from(versions.iter().map(row).collect::<Vec<_>>()).to_string()
}

/// Their columns.
pub(super) const VERSION: [Column; 3] =
    [Column::Text("feed"), Column::Text("format"), Column::Text("etag")];

/// A new version for a subscriber, leased by this node.
#[derive(Debug, Clone)]
pub struct Push {
    /// The subscription's row.
    pub id: i64,
    /// Where it goes.
    pub callback: String,
    /// The callback's host.
    pub host: String,
    /// Its feed.
    pub feed: String,
    /// `rss`, `atom` or `json`.
    pub format: String,
    /// The key of the signature.
    pub secret: Option<String>,
    /// Attempts since the last version that got through.
    pub attempts: i64,
}

type PushRow = (i64, String, String, String, String, Option<String>, i64);

/// Which pushes a node looks for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// The node.
    pub node: &'a str,
    /// How many at most.
    pub room: usize,
    /// Of these with one host.
    pub room_of_host: usize,
    /// Hosts that have enough in hand.
    pub besides: &'a [String],
    /// Those of who was slow or failed last time; else those of all others.
    pub troubled: bool,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was taken; whether that took long.
    Done {
        /// So it waits behind others next time.
        slow: bool,
    },
    /// Not now: tried again then.
    Later(Millis),
    /// Tried often enough: the next version is pushed again.
    GivenUp,
    /// The subscriber is no more.
    Gone,
}

impl Store {
    /// The condition that nobody holds a row of an errand's table.
    pub(super) fn unleased(&self, row: &str) -> String {
        format!("({row}.lease_node IS NULL OR {row}.lease_until < {})", self.database_now())
    }

    /// Prolongs a node's leases on these rows.
    pub async fn renew_errands(&self, node: &str, held: &[(Errand, Vec<i64>)]) -> StoreResult<()> {
        let (node, clock) = (node.to_owned(), self.database_now());
        let renewals: Vec<(String, String)> = held
            .iter()
            .filter(|(_, ids)| !ids.is_empty())
            .map(|(errand, ids)| {
                let renew = format!(
                    "UPDATE {} SET lease_until = {clock} + $3 WHERE lease_node = $1 AND id IN {}",
                    errand.table(),
                    self.numbers("$2")
                );
                (renew, Value::from(ids.clone()).to_string())
            })
            .collect();
        transaction!(self, |tx| {
            for (renew, ids) in &renewals {
                sqlx::query(sql(renew.clone()))
                    .bind(&node)
                    .bind(ids)
                    .bind(LEASE)
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// Gives a node's leases on all errands back at its orderly end.
    pub async fn give_errands_back(&self, node: &str) -> StoreResult<()> {
        let node = node.to_owned();
        transaction!(self, |tx| {
            for errand in Errand::ALL {
                let free = format!(
                    "UPDATE {} SET lease_node = NULL, lease_until = 0 WHERE lease_node = $1",
                    errand.table()
                );
                sqlx::query(sql(free)).bind(&node).execute(&mut *tx).await?;
            }
        })
    }

    /// Puts an errand off after an attempt.
    pub async fn delay_errand(
        &self,
        node: &str,
        errand: Errand,
        id: i64,
        until: Millis,
    ) -> StoreResult<()> {
        let text = format!(
            "UPDATE {} SET attempts = attempts + 1, due_at = $3, lease_node = NULL, lease_until = 0 WHERE id = $1 AND lease_node = $2",
            errand.table()
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

    /// Leases subscriptions that are due the newest version of what this node serves: each host's in turn.
    pub async fn claim_pushes(
        &self,
        sought: Sought<'_>,
        versions: &[Version],
        now: Millis,
    ) -> StoreResult<Vec<Push>> {
        let due = format!(
            "s.due_at <= $2 AND s.expires_at > $2 AND s.failures {} 0 AND {} AND EXISTS (SELECT 1 FROM {} AS d JOIN feed_versions v \
             ON v.feed = d.feed AND v.format = d.format AND v.etag = d.etag \
             WHERE d.feed = s.feed AND d.format = s.format AND d.etag <> s.delivered_etag) AND s.host NOT IN {}",
            if sought.troubled { ">" } else { "=" },
            self.unleased("s"),
            self.rows("$1", &VERSION),
            self.texts("$3"),
        );
        let (versions, besides) = (served(versions), json_list(sought.besides));
        let any: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(format!(
            "SELECT 1 FROM hub_subscriptions s WHERE {due} LIMIT 1"
        )))
        .bind(&versions)
        .bind(now.0)
        .bind(&besides)
        .fetch_optional(db)
        .await?);
        if any.is_none() || sought.room == 0 {
            return Ok(Vec::new());
        }
        let claim = format!(
            "WITH ranked AS (SELECT s.id, s.due_at, ROW_NUMBER() OVER (PARTITION BY s.host ORDER BY s.due_at, s.id) AS place \
             FROM hub_subscriptions s WHERE {due}), \
             picked AS MATERIALIZED (SELECT s.id FROM hub_subscriptions s WHERE s.id IN \
             (SELECT r.id FROM ranked r WHERE r.place <= $4 ORDER BY r.place, r.due_at, r.id LIMIT $5) AND {free} {skip}) \
             UPDATE hub_subscriptions SET lease_node = $6, lease_until = {clock} + $7 WHERE id IN (SELECT id FROM picked) \
             RETURNING id, callback, host, feed, format, secret, attempts",
            free = self.unleased("s"),
            skip = self.skip_locked(),
            clock = self.database_now(),
        );
        let (node, room) = (sought.node.to_owned(), i64::try_from(sought.room).unwrap_or(i64::MAX));
        let room_of_host = i64::try_from(sought.room_of_host).unwrap_or(i64::MAX);
        transaction!(self, |tx| {
            let rows: Vec<PushRow> = sqlx::query_as(sql(claim.clone()))
                .bind(&versions)
                .bind(now.0)
                .bind(&besides)
                .bind(room_of_host)
                .bind(room)
                .bind(&node)
                .bind(LEASE)
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

    /// Notes what became of a push of this version, unless another node has the subscription by now.
    pub async fn close_push(
        &self,
        node: &str,
        id: i64,
        etag: &str,
        pushed: Pushed,
    ) -> StoreResult<()> {
        let release = "lease_node = NULL, lease_until = 0 WHERE id = $1 AND lease_node = $2 AND $3 = $3 AND $4 = $4";
        let text = match pushed {
            Pushed::Done { .. } => {
                format!("UPDATE hub_subscriptions SET delivered_etag = $3, attempts = 0, failures = $4, due_at = 0, {release}")
            }
            Pushed::Later(_) => {
                format!("UPDATE hub_subscriptions SET attempts = attempts + 1, failures = failures + 1, due_at = $4, {release}")
            }
            Pushed::GivenUp => {
                format!("UPDATE hub_subscriptions SET delivered_etag = $3, attempts = 0, failures = failures + 1, due_at = 0, {release}")
            }
            Pushed::Gone => "DELETE FROM hub_subscriptions WHERE id = $1 AND lease_node = $2 AND $3 = $3 AND $4 = $4".to_owned(),
        };
        let number = match pushed {
            Pushed::Done { slow } => i64::from(slow),
            Pushed::Later(until) => until.0,
            Pushed::GivenUp | Pushed::Gone => 0,
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
