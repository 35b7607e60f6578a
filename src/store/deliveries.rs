//! Deliveries: queued one by one, found, and the variants they show.

use super::dialect::sql;
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::time::Millis;

/// A mail for one person that belongs to no edition.
#[derive(Debug, Clone)]
pub struct Letter {
    /// `test`.
    pub kind: &'static str,
    /// Where it goes.
    pub address: String,
    /// Keyed hash of the address.
    pub address_hash: String,
    /// What it says, as the flow that sends it understands it.
    pub body: String,
    /// Transport's name.
    pub transport: String,
}

/// A rendered variant.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its number.
    pub id: i64,
    /// Its edition.
    pub edition_id: i64,
    /// Language tag.
    pub language: String,
    /// Subject with slots.
    pub subject: String,
    /// HTML with slots.
    pub html: String,
    /// Text with slots.
    pub text: String,
    /// What to render for each subscriber, where slots will not do.
    pub recipe: Option<String>,
}

/// What a change of names in the config left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stranded {
    /// Transports with mails or blocks that wait for them.
    pub transports: Vec<(String, i64)>,
    /// Digests with subscriptions.
    pub digests: Vec<(String, i64)>,
}

/// What became of a delivery, for a person.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its edition; none for other kinds.
    pub edition_id: Option<i64>,
    /// `edition`, `confirmation` or `test`.
    pub kind: String,
    /// Its state.
    pub state: String,
    /// Attempts so far.
    pub attempts: i64,
    /// The server's words.
    pub answer: Option<String>,
}

impl Store {
    /// Queues a letter; gives its delivery's number.
    pub async fn queue_letter(&self, letter: Letter, now: Millis) -> StoreResult<i64> {
        transaction!(self, |tx| {
            let (id,): (i64,) = sqlx::query_as(
                "INSERT INTO deliveries (kind, address, address_hash, state, letter, created_at) VALUES ($1, $2, $3, 'queued', $4, $5) RETURNING id",
            )
            .bind(letter.kind)
            .bind(&letter.address)
            .bind(&letter.address_hash)
            .bind(&letter.body)
            .bind(now.0)
            .fetch_one(&mut *tx)
            .await?;
            sqlx::query("INSERT INTO waiting (delivery_id, transport, priority, due_at) VALUES ($1, $2, 0, $3)")
                .bind(id)
                .bind(&letter.transport)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            id
        })
    }

    /// How many deliveries still wait to be sent: queued ones of editions that go out, retries and letters.
    pub async fn waiting_count(&self) -> StoreResult<i64> {
        let row: (i64,) = reading!(self, |db| {
            sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM waiting w WHERE w.edition_id IS NULL \
             OR EXISTS (SELECT 1 FROM editions e WHERE e.id = w.edition_id AND e.state = 'sending')) \
             + (SELECT COUNT(*) FROM editions e JOIN blocks b ON b.edition_id = e.id JOIN deliveries d ON d.block_id = b.id \
             WHERE e.state = 'sending' AND NOT b.done AND d.state IN ('queued', 'sending') \
             AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = d.id))"
        )
        .fetch_one(db)
        .await?
        });
        Ok(row.0)
    }

    /// What waits for transports or digests that the config does not name: the name, and how much.
    pub async fn stranded(
        &self,
        transports: &[String],
        digests: &[String],
    ) -> StoreResult<Stranded> {
        let mails = format!(
            "SELECT t, CAST(SUM(n) AS BIGINT) FROM (SELECT transport AS t, COUNT(*) AS n FROM waiting GROUP BY transport UNION ALL \
             SELECT e.transport AS t, COUNT(*) AS n FROM editions e JOIN blocks b ON b.edition_id = e.id \
             WHERE e.state IN ('sending', 'paused', 'preparing') AND NOT b.done GROUP BY e.transport) AS w \
             WHERE t NOT IN {} GROUP BY t ORDER BY t",
            self.texts("$1")
        );
        let people = format!(
            "SELECT digest, COUNT(*) FROM subscriptions WHERE status <> 'left' AND digest NOT IN {} GROUP BY digest ORDER BY digest",
            self.texts("$1")
        );
        Ok(Stranded {
            transports: reading!(self, |db| sqlx::query_as(sql(mails))
                .bind(json_list(transports))
                .fetch_all(db)
                .await?),
            digests: reading!(self, |db| sqlx::query_as(sql(people))
                .bind(json_list(digests))
                .fetch_all(db)
                .await?),
        })
    }

    /// A rendered variant.
    pub async fn variant(&self, id: i64) -> StoreResult<Option<Variant>> {
        type Row = (i64, i64, String, String, String, String, Option<String>);
        let row: Option<Row> = reading!(self, |db| {
            sqlx::query_as("SELECT id, edition_id, language, subject, html, text, recipe FROM variants WHERE id = $1")
                .bind(id)
                .fetch_optional(db)
                .await?
        });
        Ok(row.map(|(id, edition_id, language, subject, html, text, recipe)| Variant {
            id,
            edition_id,
            language,
            subject,
            html,
            text,
            recipe,
        }))
    }

    /// The last deliveries to a subscriber, newest first.
    pub async fn deliveries_to(&self, subscriber: i64, limit: i64) -> StoreResult<Vec<Sent>> {
        type Row = (Option<i64>, String, String, i64, Option<String>);
        let rows: Vec<Row> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT edition_id, kind, state, attempts, answer FROM deliveries WHERE subscriber_id = $1 ORDER BY id DESC LIMIT $2"
        )
        .bind(subscriber)
        .bind(limit)
        .fetch_all(db)
        .await?
        });
        Ok(rows
            .into_iter()
            .map(|(edition_id, kind, state, attempts, answer)| Sent {
                edition_id,
                kind,
                state,
                attempts,
                answer,
            })
            .collect())
    }
}
