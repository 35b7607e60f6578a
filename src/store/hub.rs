//! Our hub's books: what it was asked for, and who subscribed.

use super::dialect::sql;
use super::leases::LEASE;
use super::{Store, StoreError, StoreResult, json_list, reading, transaction};
use crate::domain::time::{DAY, Millis, SECOND};

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To be sent new versions, or to be sent them for longer.
    Subscribe,
    /// To be sent no more.
    Unsubscribe,
}

impl Mode {
    /// Its word in the protocol and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    fn of(word: &str) -> StoreResult<Self> {
        match word {
            "subscribe" => Ok(Self::Subscribe),
            "unsubscribe" => Ok(Self::Unsubscribe),
            other => Err(StoreError::Inconsistent {
                what: format!("{other:?}"),
                place: "hub_requests.mode",
            }),
        }
    }
}

/// What somebody asked our hub for in the name of a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its row; 0 for one that is not kept yet.
    pub id: i64,
    /// What is wanted.
    pub mode: Mode,
    /// Where versions go.
    pub callback: String,
    /// The callback's host.
    pub host: String,
    /// The document's address as the request wrote it.
    pub topic: String,
    /// Its feed.
    pub feed: String,
    /// `rss`, `atom` or `json`.
    pub format: String,
    /// The key of signatures.
    pub secret: Option<String>,
    /// How long the subscription lasts, in seconds.
    pub lease_seconds: i64,
    /// Attempts to ask the callback.
    pub attempts: i64,
}

/// How many subscriptions the hub takes, those that wait for their callback included.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// In all.
    pub all: usize,
    /// With callbacks at one host.
    pub of_host: usize,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It waits for its callback's word.
    Waiting,
    /// Nobody subscribed there, so there is nothing to leave.
    Nothing,
    /// There is no room for another subscription.
    Full,
}

/// A subscription to what is published no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its row.
    pub id: i64,
    /// Where it is told.
    pub callback: String,
    /// The callback's host.
    pub host: String,
    /// The document's address as it was subscribed to.
    pub topic: String,
}

type Row = (i64, String, String, String, String, String, String, Option<String>, i64, i64);

fn request(row: Row) -> StoreResult<Request> {
    let (id, mode, callback, host, topic, feed, format, secret, lease_seconds, attempts) = row;
    Ok(Request {
        id,
        mode: Mode::of(&mode)?,
        callback,
        host,
        topic,
        feed,
        format,
        secret,
        lease_seconds,
        attempts,
    })
}

const COLUMNS: &str =
    "id, mode, callback, host, topic, feed, format, secret, lease_seconds, attempts";

impl Store {
    /// Keeps a request until its callback confirms it, in place of an earlier one for the same.
    pub async fn note_hub_request(
        &self,
        asked: &Request,
        room: Room,
        now: Millis,
    ) -> StoreResult<Noted> {
        let asked = asked.clone();
        transaction!(self, |tx| {
            let known: Option<(i64,)> =
                sqlx::query_as("SELECT id FROM hub_subscriptions WHERE callback = $1 AND feed = $2 AND format = $3 AND expires_at > $4")
                    .bind(&asked.callback)
                    .bind(&asked.feed)
                    .bind(&asked.format)
                    .bind(now.0)
                    .fetch_optional(&mut *tx)
                    .await?;
            if known.is_none() && asked.mode == Mode::Unsubscribe {
                return Ok(Noted::Nothing);
            }
            // The earlier one may be in hand: under a new number, its outcome can't be taken for this one's.
            sqlx::query(
                "DELETE FROM hub_requests WHERE callback = $1 AND feed = $2 AND format = $3",
            )
            .bind(&asked.callback)
            .bind(&asked.feed)
            .bind(&asked.format)
            .execute(&mut *tx)
            .await?;
            if known.is_none() {
                let (all, of_host): (i64, i64) = sqlx::query_as(
                    "WITH taken AS (SELECT host FROM hub_subscriptions WHERE expires_at > $2 UNION ALL SELECT r.host FROM hub_requests r \
                     WHERE NOT EXISTS (SELECT 1 FROM hub_subscriptions s WHERE s.callback = r.callback AND s.feed = r.feed \
                     AND s.format = r.format AND s.expires_at > $2)) \
                     SELECT (SELECT COUNT(*) FROM taken), (SELECT COUNT(*) FROM taken WHERE host = $1)",
                )
                .bind(&asked.host)
                .bind(now.0)
                .fetch_one(&mut *tx)
                .await?;
                let is_full = |taken: i64, room: usize| usize::try_from(taken).unwrap_or(0) >= room;
                if is_full(all, room.all) || is_full(of_host, room.of_host) {
                    return Ok(Noted::Full);
                }
            }
            sqlx::query(
                "INSERT INTO hub_requests (mode, callback, host, topic, feed, format, secret, lease_seconds, due_at, etag) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
                 COALESCE((SELECT etag FROM feed_versions WHERE feed = $5 AND format = $6), '')) \
                 ON CONFLICT (callback, feed, format) DO NOTHING",
            )
            .bind(asked.mode.word())
            .bind(&asked.callback)
            .bind(&asked.host)
            .bind(&asked.topic)
            .bind(&asked.feed)
            .bind(&asked.format)
            .bind(&asked.secret)
            .bind(asked.lease_seconds)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
            Noted::Waiting
        })
    }

    /// Leases up to `limit` requests whose callbacks are to be asked, but for those at hosts that have enough in hand.
    pub async fn claim_hub_requests(
        &self,
        node: &str,
        besides: &[String],
        limit: usize,
        now: Millis,
    ) -> StoreResult<Vec<Request>> {
        let due = format!(
            "r.due_at <= $1 AND {} AND r.host NOT IN {}",
            self.unleased("r"),
            self.texts("$2")
        );
        let besides = json_list(besides);
        let any: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(format!(
            "SELECT 1 FROM hub_requests r WHERE {due} LIMIT 1"
        )))
        .bind(now.0)
        .bind(&besides)
        .fetch_optional(db)
        .await?);
        if any.is_none() || limit == 0 {
            return Ok(Vec::new());
        }
        let claim = format!(
            "WITH picked AS MATERIALIZED (SELECT r.id FROM hub_requests r WHERE {due} ORDER BY r.due_at, r.id LIMIT $3 {}) \
             UPDATE hub_requests SET lease_node = $4, lease_until = {} + $5 WHERE id IN (SELECT id FROM picked) RETURNING {COLUMNS}",
            self.skip_locked(),
            self.database_now(),
        );
        let (node, limit) = (node.to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        transaction!(self, |tx| {
            let rows: Vec<Row> = sqlx::query_as(sql(claim.clone()))
                .bind(now.0)
                .bind(&besides)
                .bind(limit)
                .bind(&node)
                .bind(LEASE)
                .fetch_all(&mut *tx)
                .await?;
            rows.into_iter().map(request).collect::<StoreResult<Vec<Request>>>()?
        })
    }

    /// Ends a request with its callback's word; gives whether it still stood, for a later one takes its place.
    pub async fn close_hub_request(
        &self,
        node: &str,
        asked: &Request,
        confirmed: bool,
        now: Millis,
    ) -> StoreResult<bool> {
        let (node, asked) = (node.to_owned(), asked.clone());
        transaction!(self, |tx| {
            let etag: Option<(String,)> = sqlx::query_as(
                "DELETE FROM hub_requests WHERE id = $1 AND lease_node = $2 RETURNING etag",
            )
            .bind(asked.id)
            .bind(&node)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((etag,)) = etag else { return Ok(false) };
            match asked.mode {
                _ if !confirmed => {}
                Mode::Unsubscribe => {
                    sqlx::query("DELETE FROM hub_subscriptions WHERE callback = $1 AND feed = $2 AND format = $3")
                        .bind(&asked.callback)
                        .bind(&asked.feed)
                        .bind(&asked.format)
                        .execute(&mut *tx)
                        .await?;
                }
                Mode::Subscribe => {
                    // Who was given up and asks again is sent what it missed.
                    sqlx::query(
                        "INSERT INTO hub_subscriptions (callback, host, topic, feed, format, secret, expires_at, delivered_etag, due_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) ON CONFLICT (callback, feed, format) DO UPDATE SET \
                         topic = excluded.topic, secret = excluded.secret, expires_at = excluded.expires_at, attempts = 0, failures = 0, due_at = 0, \
                         delivered_etag = CASE WHEN hub_subscriptions.expires_at <= $9 THEN excluded.delivered_etag \
                         WHEN hub_subscriptions.attempts = 0 AND hub_subscriptions.failures > 1 THEN '' \
                         ELSE hub_subscriptions.delivered_etag END",
                    )
                    .bind(&asked.callback)
                    .bind(&asked.host)
                    .bind(&asked.topic)
                    .bind(&asked.feed)
                    .bind(&asked.format)
                    .bind(&asked.secret)
                    .bind(now.plus(asked.lease_seconds * SECOND).0)
                    .bind(&etag)
                    .bind(now.0)
                    .execute(&mut *tx)
                    .await?;
                }
            }
            true
        })
    }

    /// Forgets subscriptions whose time is over, and requests that nobody got round to for a day.
    pub async fn forget_expired_subscriptions(&self, now: Millis) -> StoreResult<()> {
        let any: Option<(i32,)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT 1 FROM hub_subscriptions WHERE expires_at <= $1 UNION ALL SELECT 1 FROM hub_requests WHERE due_at <= $2 LIMIT 1"
        )
        .bind(now.0)
        .bind(now.plus(-DAY).0)
        .fetch_optional(db)
        .await?
        });
        if any.is_none() {
            return Ok(());
        }
        transaction!(self, |tx| {
            sqlx::query("DELETE FROM hub_subscriptions WHERE expires_at <= $1")
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM hub_requests WHERE due_at <= $1")
                .bind(now.plus(-DAY).0)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Takes up to `limit` subscriptions to feeds other than these out of the books, to be told of their end.
    pub async fn take_orphans(
        &self,
        declared: &[String],
        limit: usize,
    ) -> StoreResult<Vec<Orphan>> {
        let orphans = format!(
            "SELECT o.id FROM hub_subscriptions o WHERE o.feed NOT IN {} ORDER BY o.id LIMIT $2",
            self.texts("$1")
        );
        let (declared, limit) = (json_list(declared), i64::try_from(limit).unwrap_or(i64::MAX));
        let any: Option<(i64,)> = reading!(self, |db| sqlx::query_as(sql(orphans.clone()))
            .bind(&declared)
            .bind(limit)
            .fetch_optional(db)
            .await?);
        if any.is_none() {
            return Ok(Vec::new());
        }
        let take = format!(
            "DELETE FROM hub_subscriptions WHERE id IN ({orphans}) RETURNING id, callback, host, topic"
        );
        transaction!(self, |tx| {
            let rows: Vec<(i64, String, String, String)> = sqlx::query_as(sql(take.clone()))
                .bind(&declared)
                .bind(limit)
                .fetch_all(&mut *tx)
                .await?;
            rows.into_iter()
                .map(|(id, callback, host, topic)| Orphan { id, callback, host, topic })
                .collect()
        })
    }
}
