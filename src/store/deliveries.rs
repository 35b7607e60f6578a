//! Deliveries: transactional messages, counts and history, and the variants of editions.

use super::dialect::sql;
use super::{Store, StoreResult, json_list, parse_word, reading, transaction};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::time::Millis;

/// A message to one recipient that does not belong to an edition.
#[derive(Debug, Clone)]
pub struct TransactionalDelivery {
    /// Kind of the message.
    pub kind: DeliveryKind,
    /// E-mail address of the recipient.
    pub address: String,
    /// Keyed hash of the address.
    pub address_hash: String,
    /// JSON payload, as defined by the module that queues the message.
    pub payload: String,
    /// Name of the transport.
    pub transport: String,
}

/// A rendered variant of an edition.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Id of the variant.
    pub id: i64,
    /// Edition that the variant belongs to.
    pub edition_id: i64,
    /// Language tag of the variant.
    pub language: String,
    /// Subject line with placeholders.
    pub subject: String,
    /// HTML part with placeholders.
    pub html: String,
    /// Text part with placeholders.
    pub text: String,
    /// Template to render for each recipient, if placeholders do not suffice.
    pub template_snapshot: Option<String>,
}

/// Names with pending work that the config does not contain, for example after a rename.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnconfiguredNames {
    /// Transports with the number of their pending deliveries and batches.
    pub transports: Vec<(String, i64)>,
    /// Digests with the number of their subscriptions.
    pub digests: Vec<(String, i64)>,
}

/// Summary of a delivery for display.
#[derive(Debug, Clone)]
pub struct DeliverySummary {
    /// Edition that was delivered; `None` for transactional messages.
    pub edition_id: Option<i64>,
    /// Kind of the delivery.
    pub kind: DeliveryKind,
    /// State of the delivery.
    pub state: DeliveryState,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Last reply of the server, or the local error.
    pub last_reply: Option<String>,
}

impl Store {
    /// Queues a transactional message and returns the id of its delivery.
    pub async fn queue_transactional(
        &self,
        delivery: TransactionalDelivery,
        now: Millis,
    ) -> StoreResult<i64> {
        transaction!(self, |tx| {
            let (id,): (i64,) = sqlx::query_as(
                "INSERT INTO deliveries (kind, address, address_hash, state, payload, created_at) VALUES ($1, $2, $3, 'queued', $4, $5) RETURNING id",
            )
            .bind(delivery.kind.as_str())
            .bind(&delivery.address)
            .bind(&delivery.address_hash)
            .bind(&delivery.payload)
            .bind(now.0)
            .fetch_one(&mut *tx)
            .await?;
            sqlx::query("INSERT INTO delivery_queue (delivery_id, transport, priority, due_at) VALUES ($1, $2, 0, $3)")
                .bind(id)
                .bind(&delivery.transport)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            id
        })
    }

    /// Returns the number of deliveries still to be sent: those of sending editions, retries and
    /// transactional messages.
    pub async fn pending_count(&self) -> StoreResult<i64> {
        let row: (i64,) = reading!(self, |db| {
            sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM delivery_queue w WHERE w.edition_id IS NULL \
             OR EXISTS (SELECT 1 FROM editions e WHERE e.id = w.edition_id AND e.state = 'sending')) \
             + (SELECT COUNT(*) FROM editions e JOIN delivery_batches b ON b.edition_id = e.id JOIN deliveries d ON d.batch_id = b.id \
             WHERE e.state = 'sending' AND NOT b.done AND d.state IN ('queued', 'sending') \
             AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = d.id))"
        )
        .fetch_one(db)
        .await?
        });
        Ok(row.0)
    }

    /// Returns the transports and digests that have pending work but are not in the config.
    pub async fn unconfigured_names(
        &self,
        transports: &[String],
        digests: &[String],
    ) -> StoreResult<UnconfiguredNames> {
        let transports_sql = format!(
            "SELECT t, CAST(SUM(n) AS BIGINT) FROM (SELECT transport AS t, COUNT(*) AS n FROM delivery_queue GROUP BY transport UNION ALL \
             SELECT e.transport AS t, COUNT(*) AS n FROM editions e JOIN delivery_batches b ON b.edition_id = e.id \
             WHERE e.state IN ('sending', 'paused', 'preparing') AND NOT b.done GROUP BY e.transport) AS w \
             WHERE t NOT IN {} GROUP BY t ORDER BY t",
            self.json_texts("$1")
        );
        let digests_sql = format!(
            "SELECT digest, COUNT(*) FROM subscriptions WHERE status <> 'unsubscribed' AND digest NOT IN {} GROUP BY digest ORDER BY digest",
            self.json_texts("$1")
        );
        Ok(UnconfiguredNames {
            transports: reading!(self, |db| sqlx::query_as(sql(transports_sql))
                .bind(json_list(transports))
                .fetch_all(db)
                .await?),
            digests: reading!(self, |db| sqlx::query_as(sql(digests_sql))
                .bind(json_list(digests))
                .fetch_all(db)
                .await?),
        })
    }

    /// Returns a rendered variant of an edition.
    pub async fn variant(&self, id: i64) -> StoreResult<Option<Variant>> {
        type Row = (i64, i64, String, String, String, String, Option<String>);
        let row: Option<Row> = reading!(self, |db| {
            sqlx::query_as("SELECT id, edition_id, language, subject, html, text, template_snapshot FROM variants WHERE id = $1")
                .bind(id)
                .fetch_optional(db)
                .await?
        });
        Ok(row.map(|(id, edition_id, language, subject, html, text, template_snapshot)| Variant {
            id,
            edition_id,
            language,
            subject,
            html,
            text,
            template_snapshot,
        }))
    }

    /// Returns the last deliveries to a subscriber, newest first.
    pub async fn deliveries_to(
        &self,
        subscriber: i64,
        limit: i64,
    ) -> StoreResult<Vec<DeliverySummary>> {
        type Row = (Option<i64>, String, String, i64, Option<String>);
        let rows: Vec<Row> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT edition_id, kind, state, attempts, last_reply FROM deliveries WHERE subscriber_id = $1 ORDER BY id DESC LIMIT $2"
        )
        .bind(subscriber)
        .bind(limit)
        .fetch_all(db)
        .await?
        });
        rows.into_iter()
            .map(|(edition_id, kind, state, attempts, last_reply)| {
                Ok(DeliverySummary {
                    edition_id,
                    kind: parse_word(&kind, "deliveries.kind")?,
                    state: parse_word(&state, "deliveries.state")?,
                    attempts,
                    last_reply,
                })
            })
            .collect()
    }
}
