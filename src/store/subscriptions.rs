//! Changes of subscriptions: requests (with the confirmation message in the same transaction),
//! confirmations and unsubscriptions.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::subscription::RequestOrigin;
use crate::domain::time::Millis;

mod plan;

use plan::{CurrentState, SubscriptionRow, current_subscriptions, plan};

/// Request to subscribe one address to some digests.
#[derive(Debug, Clone)]
pub struct SubscriptionRequest {
    /// Address as it was entered.
    pub address: String,
    /// Normalized form of the address, used for comparisons.
    pub address_key: String,
    /// Keyed hash of the address.
    pub address_hash: String,
    /// Name of the person, if given.
    pub name: Option<String>,
    /// Language of the person, if given.
    pub language: Option<String>,
    /// Time zone of the person, if given.
    pub timezone: Option<String>,
    /// Names of the requested digests.
    pub digests: Vec<String>,
    /// Chosen sections; empty means all sections.
    pub sections: Vec<String>,
    /// Record of the consent and of the way it was given.
    pub consent: String,
}

/// Result of a request: the number of subscriptions by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestResult {
    /// Subscriptions for which a confirmation message was queued.
    pub confirmations_queued: usize,
    /// Subscriptions that were confirmed by the request.
    pub confirmed: usize,
    /// Subscriptions that did not change.
    pub unchanged: usize,
    /// Subscriptions whose owner had unsubscribed, which remain unsubscribed.
    pub unsubscribed: usize,
    /// `true` if the address is suppressed, so that nothing was changed.
    pub suppressed: bool,
}

impl Store {
    /// Applies requests in one transaction, which also queues the confirmation messages. An address
    /// may occur only once per call.
    pub async fn request_subscriptions(
        &self,
        requests: Vec<SubscriptionRequest>,
        origin: RequestOrigin,
        transport: &str,
        now: Millis,
    ) -> StoreResult<Vec<RequestResult>> {
        let statements = self.request_statements(origin);
        let transport = transport.to_owned();
        let hashes =
            json_list(&requests.iter().map(|r| r.address_hash.clone()).collect::<Vec<_>>());
        transaction!(self, |tx| {
            let suppressed: Vec<(String,)> = sqlx::query_as(sql(statements.suppressed.clone()))
                .bind(&hashes)
                .fetch_all(&mut *tx)
                .await?;
            let suppressed: HashSet<String> = suppressed.into_iter().map(|(hash,)| hash).collect();
            let rows =
                subscriber_rows(requests.iter().filter(|r| !suppressed.contains(&r.address_hash)));
            let stored: Vec<(i64, String)> =
                sqlx::query_as(sql(statements.upsert_subscribers.clone()))
                    .bind(rows)
                    .bind(now.0)
                    .fetch_all(&mut *tx)
                    .await?;
            let ids = Value::from(stored.iter().map(|(id, _)| *id).collect::<Vec<_>>()).to_string();
            let subscriptions: Vec<SubscriptionRow> =
                sqlx::query_as(sql(statements.current.clone()))
                    .bind(&ids)
                    .fetch_all(&mut *tx)
                    .await?;
            let current = CurrentState {
                suppressed,
                subscribers: stored.into_iter().map(|(id, key)| (key, id)).collect(),
                subscriptions: current_subscriptions(subscriptions)?,
            };
            let plan = plan(&requests, &current, origin, now);
            sqlx::query(sql(statements.upsert_subscriptions.clone()))
                .bind(Value::from(plan.subscriptions).to_string())
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            let confirmations = Value::from(plan.confirmations).to_string();
            let queued: Vec<(i64,)> = sqlx::query_as(sql(statements.insert_confirmations.clone()))
                .bind(confirmations)
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?;
            let queued =
                Value::from(queued.into_iter().map(|(id,)| id).collect::<Vec<_>>()).to_string();
            sqlx::query(sql(statements.enqueue.clone()))
                .bind(queued)
                .bind(&transport)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            plan.results
        })
    }

    fn request_statements(&self, origin: RequestOrigin) -> RequestStatements {
        let texts =
            |names: &[&'static str]| names.iter().map(|n| Column::Text(n)).collect::<Vec<_>>();
        let subscriber = self
            .json_rows("$1", &texts(&["address", "key", "hash", "name", "language", "timezone"]));
        let mut subscription = texts(&["digest", "status", "sections", "consent"]);
        subscription.push(Column::Int("subscriber_id"));
        let mut confirmation = texts(&["address", "hash", "name", "payload"]);
        confirmation.push(Column::Int("subscriber_id"));
        // Anyone can enter an address on the page, so such a request never changes a known person.
        let update = if origin == RequestOrigin::Page {
            "address_key = excluded.address_key"
        } else {
            "name = COALESCE(excluded.name, subscribers.name), language = COALESCE(excluded.language, subscribers.language), \
             timezone = COALESCE(excluded.timezone, subscribers.timezone)"
        };
        let ids = self.json_ids("$1");
        RequestStatements {
            suppressed: format!(
                "SELECT hash FROM suppressions WHERE hash IN {}",
                self.json_texts("$1")
            ),
            upsert_subscribers: format!(
                "INSERT INTO subscribers (address, address_key, address_hash, name, language, timezone, created_at) \
                 SELECT address, key, hash, name, language, timezone, $2 FROM {subscriber} AS r WHERE TRUE \
                 ON CONFLICT (address_key) DO UPDATE SET {update} RETURNING id, address_key"
            ),
            current: format!(
                "SELECT subscriber_id, digest, status, since, requested_at FROM subscriptions WHERE subscriber_id IN {ids}"
            ),
            // An unsubscribed subscription stays so until its owner confirms, and a change that the
            // owner has just made is not undone.
            upsert_subscriptions: format!(
                "INSERT INTO subscriptions (subscriber_id, digest, status, sections, since, requested_at, consent) \
                 SELECT subscriber_id, digest, status, sections, $2, $2, consent FROM {} AS r WHERE TRUE \
                 ON CONFLICT (subscriber_id, digest) DO UPDATE SET sections = excluded.sections, \
                 requested_at = excluded.requested_at, consent = excluded.consent, \
                 status = CASE subscriptions.status WHEN 'unsubscribed' THEN 'unsubscribed' ELSE excluded.status END, \
                 since = CASE subscriptions.status WHEN 'unsubscribed' THEN subscriptions.since ELSE excluded.since END \
                 WHERE subscriptions.status IN ('pending', 'unsubscribed')",
                self.json_rows("$1", &subscription)
            ),
            insert_confirmations: format!(
                "INSERT INTO deliveries (kind, subscriber_id, address, address_hash, name, state, payload, created_at) \
                 SELECT 'confirmation', subscriber_id, address, hash, name, 'queued', payload, $2 FROM {} AS r WHERE TRUE RETURNING id",
                self.json_rows("$1", &confirmation)
            ),
            enqueue: format!(
                "INSERT INTO delivery_queue (delivery_id, transport, priority, due_at) SELECT d.id, $2, 0, $3 FROM deliveries d WHERE d.id IN {ids}"
            ),
        }
    }

    /// Confirms the subscriptions of a subscriber to these digests that are pending, or were
    /// unsubscribed before the confirmation message `delivery` was queued. Returns those of the
    /// digests that are confirmed now, including those confirmed before.
    pub async fn confirm(
        &self,
        subscriber: i64,
        delivery: i64,
        digests: &[String],
        evidence: &str,
        now: Millis,
    ) -> StoreResult<Vec<String>> {
        let is_requested = format!("subscriber_id = $1 AND digest IN {}", self.json_texts("$2"));
        let confirm = format!(
            "UPDATE subscriptions SET status = 'confirmed', since = $3, consent = consent || $4 WHERE {is_requested} \
             AND (status = 'pending' OR (status = 'unsubscribed' AND since < (SELECT created_at FROM deliveries WHERE id = $5)))"
        );
        let confirmed = format!(
            "SELECT digest FROM subscriptions WHERE {is_requested} AND status = 'confirmed' ORDER BY id"
        );
        let (digests, evidence) = (json_list(digests), format!("; {evidence}"));
        let rows: Vec<(String,)> = transaction!(self, |tx| {
            sqlx::query(sql(confirm.clone()))
                .bind(subscriber)
                .bind(&digests)
                .bind(now.0)
                .bind(&evidence)
                .bind(delivery)
                .execute(&mut *tx)
                .await?;
            sqlx::query_as(sql(confirmed.clone()))
                .bind(subscriber)
                .bind(&digests)
                .fetch_all(&mut *tx)
                .await?
        })?;
        Ok(rows.into_iter().map(|(digest,)| digest).collect())
    }

    /// Returns the digests of a confirmation message; empty if it was queued before `since` or for
    /// another subscriber.
    pub async fn digests_of_confirmation(
        &self,
        subscriber: i64,
        delivery: i64,
        since: Millis,
    ) -> StoreResult<Vec<String>> {
        let row: Option<(Option<String>,)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT payload FROM deliveries WHERE id = $1 AND subscriber_id = $2 AND kind = 'confirmation' AND created_at >= $3"
        )
        .bind(delivery)
        .bind(subscriber)
        .bind(since.0)
        .fetch_optional(db)
        .await?
        });
        let payload: Value = row
            .and_then(|(payload,)| payload)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        Ok(payload["digests"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|d| d.as_str().map(str::to_owned))
            .collect())
    }

    /// Unsubscribes one subscription, or all of its owner. Returns `true` if the one was confirmed,
    /// so that the change can be undone.
    pub async fn unsubscribe(
        &self,
        subscription: i64,
        all: bool,
        now: Millis,
    ) -> StoreResult<bool> {
        let rest = if all {
            "UPDATE subscriptions SET status = 'unsubscribed', since = $2 WHERE status <> 'unsubscribed' \
             AND subscriber_id = (SELECT subscriber_id FROM subscriptions WHERE id = $1)"
        } else {
            "UPDATE subscriptions SET status = 'unsubscribed', since = $2 WHERE id = $1 AND status <> 'unsubscribed'"
        };
        transaction!(self, |tx| {
            let own = "UPDATE subscriptions SET status = 'unsubscribed', since = $2 WHERE id = $1 AND status = 'confirmed'";
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

    /// Unsubscribes all subscriptions of a subscriber and returns the number of those changed.
    pub async fn unsubscribe_all(&self, subscriber: i64, now: Millis) -> StoreResult<u64> {
        transaction!(self, |tx| {
            let changed = sqlx::query("UPDATE subscriptions SET status = 'unsubscribed' WHERE subscriber_id = $1 AND status <> 'unsubscribed'")
                .bind(subscriber)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            // Also updates those unsubscribed before, which invalidates the undo links issued then.
            sqlx::query("UPDATE subscriptions SET since = $2 WHERE subscriber_id = $1")
                .bind(subscriber)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            changed
        })
    }

    /// Undoes an unsubscription made at `unsubscribed_at`, unless the subscription changed or was
    /// requested again since then.
    pub async fn undo_unsubscribe(
        &self,
        subscription: i64,
        unsubscribed_at: Millis,
        now: Millis,
    ) -> StoreResult<bool> {
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE subscriptions SET status = 'confirmed', since = $3 \
                 WHERE id = $1 AND status = 'unsubscribed' AND since = $2 AND requested_at <= since \
                 AND NOT EXISTS (SELECT 1 FROM subscribers p JOIN suppressions x ON x.hash = p.address_hash \
                 WHERE p.id = subscriptions.subscriber_id)",
            )
            .bind(subscription)
            .bind(unsubscribed_at.0)
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
    upsert_subscribers: String,
    current: String,
    upsert_subscriptions: String,
    insert_confirmations: String,
    enqueue: String,
}

fn subscriber_rows<'a>(requests: impl Iterator<Item = &'a SubscriptionRequest>) -> String {
    let rows: Vec<Value> = requests
        .map(|r| {
            json!({"address": r.address, "key": r.address_key, "hash": r.address_hash, "name": r.name, "language": r.language, "timezone": r.timezone})
        })
        .collect();
    Value::from(rows).to_string()
}
