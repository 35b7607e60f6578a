//! Changes of subscriptions: asked for (with the confirmation mail in the same transaction), confirmed, left.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::subscription::Asker;
use crate::domain::time::Millis;

mod plan;

use plan::{Known, LinkRow, plan, standings};

/// A wish to subscribe one address to some digests.
#[derive(Debug, Clone)]
pub struct Request {
    /// The address as written.
    pub address: String,
    /// Its compared form.
    pub address_key: String,
    /// Its keyed hash.
    pub address_hash: String,
    /// The person's name, if told.
    pub name: Option<String>,
    /// Their language, if told.
    pub language: Option<String>,
    /// Their zone, if told.
    pub timezone: Option<String>,
    /// Digests' names.
    pub digests: Vec<String>,
    /// Chosen sections; empty for all.
    pub sections: Vec<String>,
    /// What they agreed to, and how we know.
    pub consent: String,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requested {
    /// Subscriptions for which the owner is asked by mail.
    pub asked: usize,
    /// Subscriptions that are confirmed now.
    pub confirmed: usize,
    /// Subscriptions that stay as they are.
    pub kept: usize,
    /// Subscriptions whose owner left, which stay so.
    pub left: usize,
    /// Whether the address is suppressed, so that nothing was done.
    pub suppressed: bool,
}

impl Store {
    /// Carries out some requests in one transaction; a confirmation mail is a delivery of the same transaction. Within one
    /// call an address may occur once.
    pub async fn request_subscriptions(
        &self,
        requests: Vec<Request>,
        asker: Asker,
        transport: &str,
        now: Millis,
    ) -> StoreResult<Vec<Requested>> {
        let statements = self.request_statements(asker);
        let transport = transport.to_owned();
        let hashes =
            json_list(&requests.iter().map(|r| r.address_hash.clone()).collect::<Vec<_>>());
        transaction!(self, |tx| {
            let suppressed: Vec<(String,)> = sqlx::query_as(sql(statements.suppressed.clone()))
                .bind(&hashes)
                .fetch_all(&mut *tx)
                .await?;
            let suppressed: HashSet<String> = suppressed.into_iter().map(|(hash,)| hash).collect();
            let people = people(requests.iter().filter(|r| !suppressed.contains(&r.address_hash)));
            let met: Vec<(i64, String)> = sqlx::query_as(sql(statements.meet.clone()))
                .bind(people)
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?;
            let ids = Value::from(met.iter().map(|(id, _)| *id).collect::<Vec<_>>()).to_string();
            let links: Vec<LinkRow> = sqlx::query_as(sql(statements.links.clone()))
                .bind(&ids)
                .fetch_all(&mut *tx)
                .await?;
            let known = Known {
                suppressed,
                people: met.into_iter().map(|(id, key)| (key, id)).collect(),
                standings: standings(links)?,
            };
            let plan = plan(&requests, &known, asker, now);
            sqlx::query(sql(statements.subscribe.clone()))
                .bind(Value::from(plan.links).to_string())
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            let asks = Value::from(plan.asks).to_string();
            let queued: Vec<(i64,)> = sqlx::query_as(sql(statements.ask.clone()))
                .bind(asks)
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?;
            let queued =
                Value::from(queued.into_iter().map(|(id,)| id).collect::<Vec<_>>()).to_string();
            sqlx::query(sql(statements.queue.clone()))
                .bind(queued)
                .bind(&transport)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            plan.results
        })
    }

    fn request_statements(&self, asker: Asker) -> RequestStatements {
        let texts =
            |names: &[&'static str]| names.iter().map(|n| Column::Text(n)).collect::<Vec<_>>();
        let person =
            self.rows("$1", &texts(&["address", "key", "hash", "name", "language", "timezone"]));
        let mut link = texts(&["digest", "status", "sections", "consent"]);
        link.push(Column::Int("person"));
        let mut ask = texts(&["address", "hash", "name", "letter"]);
        ask.push(Column::Int("person"));
        // A stranger may name an address, but changes nothing about a person we know.
        let update = if asker == Asker::Page {
            "address_key = excluded.address_key"
        } else {
            "name = COALESCE(excluded.name, subscribers.name), language = COALESCE(excluded.language, subscribers.language), \
             timezone = COALESCE(excluded.timezone, subscribers.timezone)"
        };
        let ids = self.numbers("$1");
        RequestStatements {
            suppressed: format!("SELECT hash FROM suppressions WHERE hash IN {}", self.texts("$1")),
            meet: format!(
                "INSERT INTO subscribers (address, address_key, address_hash, name, language, timezone, created_at) \
                 SELECT address, key, hash, name, language, timezone, $2 FROM {person} AS r WHERE TRUE \
                 ON CONFLICT (address_key) DO UPDATE SET {update} RETURNING id, address_key"
            ),
            links: format!(
                "SELECT subscriber_id, digest, status, since, requested_at FROM subscriptions WHERE subscriber_id IN {ids}"
            ),
            // What was left stays so until its owner confirms, and what its owner did a moment ago is not undone.
            subscribe: format!(
                "INSERT INTO subscriptions (subscriber_id, digest, status, sections, since, requested_at, consent) \
                 SELECT person, digest, status, sections, $2, $2, consent FROM {} AS r WHERE TRUE \
                 ON CONFLICT (subscriber_id, digest) DO UPDATE SET sections = excluded.sections, \
                 requested_at = excluded.requested_at, consent = excluded.consent, \
                 status = CASE subscriptions.status WHEN 'left' THEN 'left' ELSE excluded.status END, \
                 since = CASE subscriptions.status WHEN 'left' THEN subscriptions.since ELSE excluded.since END \
                 WHERE subscriptions.status IN ('pending', 'left')",
                self.rows("$1", &link)
            ),
            ask: format!(
                "INSERT INTO deliveries (kind, subscriber_id, address, address_hash, name, state, letter, created_at) \
                 SELECT 'confirmation', person, address, hash, name, 'queued', letter, $2 FROM {} AS r WHERE TRUE RETURNING id",
                self.rows("$1", &ask)
            ),
            queue: format!(
                "INSERT INTO waiting (delivery_id, transport, priority, due_at) SELECT d.id, $2, 0, $3 FROM deliveries d WHERE d.id IN {ids}"
            ),
        }
    }

    /// Confirms those among a subscriber's subscriptions to these digests that are pending, or were left before the
    /// confirmation mail `delivery` asked about them; gives the digests that are confirmed now or were before.
    pub async fn confirm(
        &self,
        subscriber: i64,
        delivery: i64,
        digests: &[String],
        evidence: &str,
        now: Millis,
    ) -> StoreResult<Vec<String>> {
        let asked_about = format!("subscriber_id = $1 AND digest IN {}", self.texts("$2"));
        let change = format!(
            "UPDATE subscriptions SET status = 'confirmed', since = $3, consent = consent || $4 WHERE {asked_about} \
             AND (status = 'pending' OR (status = 'left' AND since < (SELECT created_at FROM deliveries WHERE id = $5)))"
        );
        let look = format!(
            "SELECT digest FROM subscriptions WHERE {asked_about} AND status = 'confirmed' ORDER BY id"
        );
        let (digests, evidence) = (json_list(digests), format!("; {evidence}"));
        let rows: Vec<(String,)> = transaction!(self, |tx| {
            sqlx::query(sql(change.clone()))
                .bind(subscriber)
                .bind(&digests)
                .bind(now.0)
                .bind(&evidence)
                .bind(delivery)
                .execute(&mut *tx)
                .await?;
            sqlx::query_as(sql(look.clone()))
                .bind(subscriber)
                .bind(&digests)
                .fetch_all(&mut *tx)
                .await?
        })?;
        Ok(rows.into_iter().map(|(digest,)| digest).collect())
    }

    /// The digests that a confirmation mail queued since then asked about; empty if it is older or not this subscriber's.
    pub async fn asked_in(
        &self,
        subscriber: i64,
        delivery: i64,
        since: Millis,
    ) -> StoreResult<Vec<String>> {
        let row: Option<(Option<String>,)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT letter FROM deliveries WHERE id = $1 AND subscriber_id = $2 AND kind = 'confirmation' AND created_at >= $3"
        )
        .bind(delivery)
        .bind(subscriber)
        .bind(since.0)
        .fetch_optional(db)
        .await?
        });
        let letter: Value =
            row.and_then(|(l,)| l).and_then(|l| serde_json::from_str(&l).ok()).unwrap_or_default();
        Ok(letter["digests"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|d| d.as_str().map(str::to_owned))
            .collect())
    }

    /// Ends one subscription, or all of its owner's; gives whether the one was confirmed until now, so that it can be
    /// taken back.
    pub async fn leave(&self, subscription: i64, all: bool, now: Millis) -> StoreResult<bool> {
        let rest = if all {
            "UPDATE subscriptions SET status = 'left', since = $2 WHERE status <> 'left' \
             AND subscriber_id = (SELECT subscriber_id FROM subscriptions WHERE id = $1)"
        } else {
            "UPDATE subscriptions SET status = 'left', since = $2 WHERE id = $1 AND status <> 'left'"
        };
        transaction!(self, |tx| {
            let own = "UPDATE subscriptions SET status = 'left', since = $2 WHERE id = $1 AND status = 'confirmed'";
            let was_confirmed = sqlx::query(own)
                .bind(subscription)
                .bind(now.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1;
            sqlx::query(rest).bind(subscription).bind(now.0).execute(&mut *tx).await?;
            was_confirmed
        })
    }

    /// Ends all subscriptions of a subscriber; gives how many.
    pub async fn leave_all(&self, subscriber: i64, now: Millis) -> StoreResult<u64> {
        transaction!(self, |tx| {
            let left = sqlx::query("UPDATE subscriptions SET status = 'left' WHERE subscriber_id = $1 AND status <> 'left'")
                .bind(subscriber)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            // Also of those that were left before: an undo offered then is void now.
            sqlx::query("UPDATE subscriptions SET since = $2 WHERE subscriber_id = $1")
                .bind(subscriber)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            left
        })
    }

    /// Takes back a leaving of just now: the subscription must still stand as it was left at `left_at`, and nobody may
    /// have asked for it since, perhaps with other sections.
    pub async fn undo_leave(
        &self,
        subscription: i64,
        left_at: Millis,
        now: Millis,
    ) -> StoreResult<bool> {
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE subscriptions SET status = 'confirmed', since = $3 \
                 WHERE id = $1 AND status = 'left' AND since = $2 AND requested_at <= since \
                 AND NOT EXISTS (SELECT 1 FROM subscribers p JOIN suppressions x ON x.hash = p.address_hash \
                 WHERE p.id = subscriptions.subscriber_id)",
            )
            .bind(subscription)
            .bind(left_at.0)
            .bind(now.0)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1
        })
    }
}

struct RequestStatements {
    suppressed: String,
    meet: String,
    links: String,
    subscribe: String,
    ask: String,
    queue: String,
}

fn people<'a>(requests: impl Iterator<Item = &'a Request>) -> String {
    let rows: Vec<Value> = requests
        .map(|r| {
            json!({"address": r.address, "key": r.address_key, "hash": r.address_hash, "name": r.name, "language": r.language, "timezone": r.timezone})
        })
        .collect();
    Value::from(rows).to_string()
}
