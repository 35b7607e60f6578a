//! Changes of subscriptions: asked for (with the confirmation mail in the same transaction), confirmed, left.

use serde_json::json;

use super::dialect::sql;
use super::{Store, StoreError, StoreResult, json_list, reading, transaction};
use crate::domain::subscription::{Asker, Change, Status, requested};
use crate::domain::time::{MINUTE, Millis};

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

/// A person who asks again within this time gets no second confirmation mail.
const ASKED_LATELY: i64 = 15 * MINUTE;

impl Store {
    /// Carries out some requests in one transaction; a confirmation mail is a delivery of the same transaction.
    pub async fn request_subscriptions(&self, requests: Vec<Request>, asker: Asker, transport: &str, now: Millis) -> StoreResult<Vec<Requested>> {
        let transport = transport.to_owned();
        transaction!(self, |tx| {
            let mut results = Vec::with_capacity(requests.len());
            for r in &requests {
                let mut result = Requested::default();
                let suppressed: Option<(String,)> =
                    sqlx::query_as("SELECT hash FROM suppressions WHERE hash = $1").bind(&r.address_hash).fetch_optional(&mut *tx).await?;
                if suppressed.is_some() {
                    result.suppressed = true;
                    results.push(result);
                    continue;
                }
                let (person,): (i64,) = sqlx::query_as(if asker == Asker::Page { MEET } else { UPDATE })
                    .bind(&r.address)
                    .bind(&r.address_key)
                    .bind(&r.address_hash)
                    .bind(&r.name)
                    .bind(&r.language)
                    .bind(&r.timezone)
                    .bind(now.0)
                    .fetch_one(&mut *tx)
                    .await?;
                let mut asked = Vec::new();
                for digest in &r.digests {
                    let known: Option<(String,)> =
                        sqlx::query_as("SELECT status FROM subscriptions WHERE subscriber_id = $1 AND digest = $2")
                            .bind(person)
                            .bind(digest)
                            .fetch_optional(&mut *tx)
                            .await?;
                    let status = match known {
                        Some((word,)) => Some(Status::of(&word).ok_or(StoreError::Inconsistent { what: word, place: "subscriptions.status" })?),
                        None => None,
                    };
                    let next = match requested(status, asker) {
                        Change::Ask => {
                            result.asked += 1;
                            asked.push(digest.clone());
                            Status::Pending
                        }
                        Change::Confirm => {
                            result.confirmed += 1;
                            Status::Confirmed
                        }
                        Change::Keep => {
                            result.kept += 1;
                            continue;
                        }
                        Change::StaysLeft => {
                            result.left += 1;
                            continue;
                        }
                    };
                    sqlx::query(SUBSCRIBE)
                        .bind(person)
                        .bind(digest)
                        .bind(next.word())
                        .bind(json_list(&r.sections))
                        .bind(now.0)
                        .bind(&r.consent)
                        .execute(&mut *tx)
                        .await?;
                }
                let lately: Option<(i64,)> =
                    sqlx::query_as("SELECT id FROM deliveries WHERE subscriber_id = $1 AND kind = 'confirmation' AND created_at > $2 LIMIT 1")
                        .bind(person)
                        .bind(now.0 - ASKED_LATELY)
                        .fetch_optional(&mut *tx)
                        .await?;
                if !asked.is_empty() && (lately.is_none() || asker != Asker::Page) {
                    let letter = json!({"digests": asked, "language": r.language}).to_string();
                    let (delivery,): (i64,) = sqlx::query_as(ASK)
                        .bind(person)
                        .bind(&r.address)
                        .bind(&r.address_hash)
                        .bind(&r.name)
                        .bind(letter)
                        .bind(now.0)
                        .fetch_one(&mut *tx)
                        .await?;
                    sqlx::query("INSERT INTO waiting (delivery_id, transport, priority, due_at) VALUES ($1, $2, 0, $3)")
                        .bind(delivery)
                        .bind(&transport)
                        .bind(now.0)
                        .execute(&mut *tx)
                        .await?;
                }
                results.push(result);
            }
            results
        })
    }

    /// Confirms the pending subscriptions that the confirmation mail of `delivery` asked about; gives the digests' names.
    pub async fn confirm(&self, subscriber: i64, delivery: i64, evidence: &str, now: Millis) -> StoreResult<Vec<String>> {
        let digests = self.asked_in(subscriber, delivery).await?;
        let text = format!(
            "UPDATE subscriptions SET status = 'confirmed', since = $3, consent = consent || $4 WHERE subscriber_id = $1 AND status = 'pending' \
             AND digest IN {} RETURNING digest",
            self.texts("$2")
        );
        let (digests, evidence) = (json_list(&digests), format!("; {evidence}"));
        let rows: Vec<(String,)> = transaction!(self, |tx| {
            sqlx::query_as(sql(text.clone())).bind(subscriber).bind(&digests).bind(now.0).bind(&evidence).fetch_all(&mut *tx).await?
        })?;
        Ok(rows.into_iter().map(|(digest,)| digest).collect())
    }

    /// The digests that a confirmation mail asked about; empty if it is not this subscriber's.
    pub async fn asked_in(&self, subscriber: i64, delivery: i64) -> StoreResult<Vec<String>> {
        let row: Option<(Option<String>,)> = reading!(self, |db| sqlx::query_as(
            "SELECT letter FROM deliveries WHERE id = $1 AND subscriber_id = $2 AND kind = 'confirmation'"
        )
        .bind(delivery)
        .bind(subscriber)
        .fetch_optional(db)
        .await?);
        let letter: serde_json::Value = row.and_then(|(l,)| l).and_then(|l| serde_json::from_str(&l).ok()).unwrap_or_default();
        Ok(letter["digests"].as_array().into_iter().flatten().filter_map(|d| d.as_str().map(str::to_owned)).collect())
    }

    /// Ends one subscription, or all of its owner's; gives how many ended now.
    pub async fn leave(&self, subscription: i64, all: bool, now: Millis) -> StoreResult<u64> {
        let text = if all {
            "UPDATE subscriptions SET status = 'left', since = $2 WHERE status <> 'left' \
             AND subscriber_id = (SELECT subscriber_id FROM subscriptions WHERE id = $1)"
        } else {
            "UPDATE subscriptions SET status = 'left', since = $2 WHERE id = $1 AND status <> 'left'"
        };
        transaction!(self, |tx| { sqlx::query(text).bind(subscription).bind(now.0).execute(&mut *tx).await?.rows_affected() })
    }

    /// Ends all subscriptions of a subscriber; gives how many.
    pub async fn leave_all(&self, subscriber: i64, now: Millis) -> StoreResult<u64> {
        transaction!(self, |tx| {
            sqlx::query("UPDATE subscriptions SET status = 'left', since = $2 WHERE subscriber_id = $1 AND status <> 'left'")
                .bind(subscriber)
                .bind(now.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
        })
    }

    /// Takes back a leaving of just now: the subscription must still stand as it was left at `left_at`.
    pub async fn undo_leave(&self, subscription: i64, left_at: Millis, now: Millis) -> StoreResult<bool> {
        transaction!(self, |tx| {
            sqlx::query("UPDATE subscriptions SET status = 'confirmed', since = $3 WHERE id = $1 AND status = 'left' AND since = $2")
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

/// A stranger may name an address, but changes nothing about a person we know.
const MEET: &str = "INSERT INTO subscribers (address, address_key, address_hash, name, language, timezone, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (address_key) DO UPDATE SET address_key = excluded.address_key RETURNING id";

const UPDATE: &str = "INSERT INTO subscribers (address, address_key, address_hash, name, language, timezone, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (address_key) DO UPDATE SET name = COALESCE(excluded.name, subscribers.name), \
     language = COALESCE(excluded.language, subscribers.language), timezone = COALESCE(excluded.timezone, subscribers.timezone) RETURNING id";

const SUBSCRIBE: &str = "INSERT INTO subscriptions (subscriber_id, digest, status, sections, since, requested_at, consent) \
     VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (subscriber_id, digest) DO UPDATE SET status = excluded.status, \
     sections = excluded.sections, since = excluded.since, requested_at = excluded.requested_at, consent = excluded.consent";

const ASK: &str = "INSERT INTO deliveries (kind, subscriber_id, address, address_hash, name, state, letter, created_at) \
     VALUES ('confirmation', $1, $2, $3, $4, 'queued', $5, $6) RETURNING id";
