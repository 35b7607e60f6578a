//! The group commit: what became of messages and which ones start next, for all connections in one transaction.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::leases::MARGIN;
use super::{Store, StoreResult, transaction};
use crate::domain::delivery::Outcome;
use crate::domain::time::Millis;

/// What became of one attempt.
#[derive(Debug, Clone)]
pub struct Record {
    /// The delivery.
    pub id: i64,
    /// What it means.
    pub outcome: Outcome,
    /// Whether an unknown outcome is tried once more; else the row is held.
    pub may_retry_unknown: bool,
    /// The relay's words.
    pub answer: Option<String>,
    /// Transport's name, for a retry.
    pub transport: String,
    /// Its edition, for a retry.
    pub edition_id: Option<i64>,
}

/// An empty set of rows.
const NONE: &str = "[]";

struct Sets {
    all: String,
    ended_ids: String,
    retries: String,
}

fn sets(records: &[Record], now: Millis) -> Sets {
    let (mut all, mut ended_ids, mut retries) = (Vec::new(), Vec::new(), Vec::new());
    for r in records {
        let (state, tried, unsure, until) = match &r.outcome {
            Outcome::Sent => ("sent", 1, 0, None),
            Outcome::Failed => ("failed", 1, 0, None),
            Outcome::Deferred { until } => ("queued", 1, 0, Some(until)),
            Outcome::Unknown { until } if r.may_retry_unknown => ("queued", 1, 1, Some(until)),
            Outcome::Unknown { .. } => ("held", 1, 1, None),
            Outcome::Released => ("queued", 0, 0, None),
        };
        let over = matches!(state, "sent" | "failed" | "held");
        all.push(json!({"id": r.id, "state": state, "tried": tried, "unsure": unsure, "answer": r.answer,
            "ended": if over { Value::from(now.0) } else { Value::Null }}));
        if over {
            ended_ids.push(r.id);
        }
        if let Some(until) = until {
            retries.push(json!({"id": r.id, "edition": r.edition_id, "transport": r.transport, "due": until.0}));
        }
    }
    Sets { all: Value::from(all).to_string(), ended_ids: Value::from(ended_ids).to_string(), retries: Value::from(retries).to_string() }
}

impl Store {
    /// Commits what became of `records` and marks those of `intents` as `sending` that may start, in one transaction; gives
    /// these. The others are not this node's to send any more: paused, cancelled, left, suppressed, or the lease is lost.
    pub async fn commit_outcomes(&self, node: &str, records: Vec<Record>, intents: Vec<i64>, now: Millis) -> StoreResult<HashSet<i64>> {
        let statements = self.statements();
        let node = node.to_owned();
        let sets = sets(&records, now);
        let intents = Value::from(intents).to_string();
        transaction!(self, |tx| {
            if sets.all != NONE {
                sqlx::query(sql(statements.record.clone())).bind(&sets.all).bind(&node).execute(&mut *tx).await?;
            }
            if sets.ended_ids != NONE {
                sqlx::query(sql(statements.forget.clone())).bind(&sets.ended_ids).execute(&mut *tx).await?;
            }
            if sets.retries != NONE {
                sqlx::query(sql(statements.retry.clone())).bind(&sets.retries).execute(&mut *tx).await?;
            }
            let mut started: Vec<(i64,)> = Vec::new();
            if intents != NONE {
                let excused =
                    sqlx::query(sql(statements.excuse.clone())).bind(&intents).bind(now.0).execute(&mut *tx).await?.rows_affected();
                if excused > 0 {
                    sqlx::query(sql(statements.forget.clone())).bind(&intents).execute(&mut *tx).await?;
                }
                started = sqlx::query_as(sql(statements.start.clone()))
                    .bind(&intents)
                    .bind(&node)
                    .bind(MARGIN)
                    .bind(now.0)
                    .fetch_all(&mut *tx)
                    .await?;
            }
            started.into_iter().map(|(id,)| id).collect()
        })
    }

    fn statements(&self) -> Statements {
        let ended = [
            Column::Int("id"),
            Column::Text("state"),
            Column::Int("tried"),
            Column::Int("unsure"),
            Column::Text("answer"),
            Column::Int("ended"),
        ];
        let retries = [Column::Int("id"), Column::Int("edition"), Column::Text("transport"), Column::Int("due")];
        let asked = self.numbers("$1");
        let clock = self.database_now();
        let ours = "(EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = deliveries.id AND w.lease_node = $2) \
             OR (NOT EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = deliveries.id) \
             AND EXISTS (SELECT 1 FROM blocks b WHERE b.id = deliveries.block_id AND b.lease_node = $2)))";
        Statements {
            // A "sent" is true whoever holds the row by now; anything else only while it is ours.
            record: format!(
                "UPDATE deliveries SET state = o.state, attempts = attempts + o.tried, uncertain = uncertain + o.unsure, \
                 answer = COALESCE(o.answer, deliveries.answer), ended_at = o.ended FROM {} AS o \
                 WHERE deliveries.id = o.id AND deliveries.state <> 'sent' AND (o.state = 'sent' OR (deliveries.state = 'sending' AND {ours}))",
                self.rows("$1", &ended)
            ),
            // Only what has ended indeed: a late outcome may be about a row that another node put off meanwhile.
            forget: format!(
                "DELETE FROM waiting WHERE delivery_id IN (SELECT id FROM deliveries WHERE id IN {asked} \
                 AND state IN ('sent', 'failed', 'held', 'cancelled'))"
            ),
            retry: format!(
                "INSERT INTO waiting (delivery_id, edition_id, transport, priority, due_at) SELECT r.id, r.edition, r.transport, 1, r.due \
                 FROM {} AS r JOIN deliveries d ON d.id = r.id WHERE d.state = 'queued' \
                 ON CONFLICT (delivery_id) DO UPDATE SET due_at = excluded.due_at, lease_node = NULL, lease_until = 0",
                self.rows("$1", &retries)
            ),
            excuse: format!(
                "UPDATE deliveries SET state = 'cancelled', ended_at = $2, answer = CASE WHEN kind = 'edition' \
                 THEN 'left, or was suppressed, before it was sent' ELSE 'suppressed before it was sent' END \
                 WHERE id IN {asked} AND state = 'queued' AND (EXISTS (SELECT 1 FROM suppressions x WHERE x.hash = deliveries.address_hash) \
                 OR (kind = 'edition' AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.id = deliveries.subscription_id AND s.status = 'confirmed')))"
            ),
            start: format!(
                "UPDATE deliveries SET state = 'sending', first_tried_at = COALESCE(first_tried_at, $4) WHERE id IN {asked} AND state = 'queued' \
                 AND (edition_id IS NULL OR EXISTS (SELECT 1 FROM editions e WHERE e.id = deliveries.edition_id AND e.state = 'sending')) \
                 AND (EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = deliveries.id AND w.lease_node = $2 AND w.lease_until > {clock} + $3) \
                 OR (NOT EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = deliveries.id) AND EXISTS (SELECT 1 FROM blocks b \
                 WHERE b.id = deliveries.block_id AND b.lease_node = $2 AND b.lease_until > {clock} + $3))) RETURNING id"
            ),
        }
    }
}

struct Statements {
    record: String,
    forget: String,
    retry: String,
    excuse: String,
    start: String,
}
