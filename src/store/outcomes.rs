//! The group commit: what became of messages and which ones start next, for all connections at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::dialect::{Column, sql};
use super::leases::MARGIN;
use super::{Db, Store, StoreResult, reading, transaction, writing};
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
    /// Whether it was leased by itself, not with its block.
    pub is_single: bool,
}

/// A wish to send a delivery now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// The delivery.
    pub id: i64,
    /// Whether it was allowed before and asks whether it still is.
    pub again: bool,
}

/// A row's next state, as it goes over to the database.
#[derive(Debug, Serialize)]
struct Step<'a> {
    id: i64,
    was: &'static str,
    state: &'static str,
    tried: i64,
    unsure: i64,
    answer: Option<&'a str>,
    ended: Option<i64>,
    due: Option<i64>,
}

impl<'a> Step<'a> {
    fn of(record: &'a Record, now: Millis) -> Self {
        let (state, tried, unsure, due) = match &record.outcome {
            Outcome::Sent => ("sent", 1, 0, None),
            Outcome::Failed => ("failed", 1, 0, None),
            Outcome::Deferred { until } => ("queued", 1, 0, Some(until.0)),
            Outcome::Postponed { until } => ("queued", 0, 0, Some(until.0)),
            Outcome::Unknown { until } if record.may_retry_unknown => {
                ("queued", 1, 1, Some(until.0))
            }
            Outcome::Unknown { .. } => ("held", 1, 1, None),
            Outcome::Released => ("queued", 0, 0, None),
        };
        let ended = (state != "queued").then_some(now.0);
        // What was never started is put off from where it stands.
        let was =
            if matches!(record.outcome, Outcome::Postponed { .. }) { "queued" } else { "sending" };
        Self {
            id: record.id,
            was,
            state,
            tried,
            unsure,
            answer: record.answer.as_deref(),
            ended,
            due,
        }
    }

    fn start(intent: &Intent) -> Self {
        let was = if intent.again { "sending" } else { "queued" };
        Self {
            id: intent.id,
            was,
            state: "sending",
            tried: 0,
            unsure: 0,
            answer: None,
            ended: None,
            due: None,
        }
    }
}

/// A delivery that waits by itself from now on.
#[derive(Debug, Serialize)]
struct Later {
    id: i64,
    due: i64,
}

#[expect(clippy::expect_used, reason = "numbers and texts alone are always JSON")]
fn json(rows: &[impl Serialize]) -> String {
    serde_json::to_string(rows).expect("numbers and texts")
}

fn ids(ids: impl Iterator<Item = i64>) -> Option<String> {
    let ids: Vec<i64> = ids.collect();
    (!ids.is_empty()).then(|| Value::from(ids).to_string())
}

/// The group commit's own connection: a pooled one costs more rounds to the database than the commit itself.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    advance: Arc<str>,
    line: Option<Line>,
}

#[derive(Debug)]
enum Line {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

impl Journal {
    /// The journal of a store; it is opened with the first commit, and again after an error.
    pub fn of(store: &Store) -> Self {
        Self { store: store.clone(), advance: store.advance_text().into(), line: None }
    }

    /// Closes the connection; the next commit opens another.
    pub async fn close(&mut self) {
        // All is committed: an error has nothing more to lose.
        let _ = match self.line.take() {
            Some(Line::Sqlite(db)) => db.close().await,
            Some(Line::Postgres(db)) => db.close().await,
            None => Ok(()),
        };
    }

    /// Commits what became of `records` and marks those of `intents` as `sending` that may start, all at once; gives these.
    /// The others are not this node's to send any more: paused, cancelled, left, suppressed, or the lease is lost.
    pub async fn commit(
        &mut self,
        node: &str,
        records: &[Record],
        intents: &[Intent],
        now: Millis,
    ) -> StoreResult<HashSet<i64>> {
        let steps: Vec<Step<'_>> = records
            .iter()
            .map(|r| Step::of(r, now))
            .chain(intents.iter().map(Step::start))
            .collect();
        if steps.is_empty() {
            return Ok(HashSet::new());
        }
        if records.iter().all(|r| !r.is_single) && steps.iter().all(|s| s.due.is_none()) {
            let made = self.advance(node, json(&steps), now).await?;
            // Nearly always each step is made, and nobody need ask which.
            if made == steps.len() as u64 {
                return Ok(intents.iter().map(|i| i.id).collect());
            }
        } else {
            self.store.advance_waiting(node, &steps, now).await?;
        }
        let Some(asked) = ids(intents.iter().map(|i| i.id)) else { return Ok(HashSet::new()) };
        let started = self.store.started(node, &asked).await?;
        if started.len() < intents.len() {
            self.store
                .excuse(ids(intents.iter().map(|i| i.id).filter(|id| !started.contains(id))), now)
                .await?;
        }
        Ok(started)
    }

    /// Makes the steps in one statement, which is a transaction of its own; gives how many it made.
    async fn advance(&mut self, node: &str, steps: String, now: Millis) -> StoreResult<u64> {
        // A line on which anything went wrong is not used again.
        let mut line = match self.line.take() {
            Some(line) => line,
            None => self.store.line().await?,
        };
        let query = AssertSqlSafe(Arc::clone(&self.advance));
        let made = match &mut line {
            Line::Sqlite(db) => sqlx::query(query)
                .bind(steps)
                .bind(node)
                .bind(MARGIN)
                .bind(now.0)
                .execute(&mut **db)
                .await?
                .rows_affected(),
            Line::Postgres(db) => sqlx::query(query)
                .bind(steps)
                .bind(node)
                .bind(MARGIN)
                .bind(now.0)
                .execute(&mut **db)
                .await?
                .rows_affected(),
        };
        self.line = Some(line);
        Ok(made)
    }
}

impl Store {
    async fn line(&self) -> StoreResult<Line> {
        Ok(match &*self.db {
            Db::Sqlite { write, .. } => {
                Line::Sqlite(Box::new(write.connect_options().connect().await?))
            }
            Db::Postgres(pool) => Line::Postgres(Box::new(pool.connect_options().connect().await?)),
        })
    }

    /// Which of these deliveries may go out: on their way, and ours to send.
    async fn started(&self, node: &str, asked: &str) -> StoreResult<HashSet<i64>> {
        let text = format!(
            "SELECT deliveries.id FROM deliveries WHERE id IN {} AND state = 'sending' AND {} AND $4 = $4",
            self.numbers("$1"),
            self.startable()
        );
        // On the connection that writes: what it wrote is what counts.
        let rows: Vec<(i64,)> = writing!(self, |db| sqlx::query_as(sql(text))
            .bind(asked)
            .bind(node)
            .bind(MARGIN)
            .bind(0_i64)
            .fetch_all(db)
            .await?);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// The same with the list of single deliveries: what ended leaves it, what is put off joins it.
    async fn advance_waiting(
        &self,
        node: &str,
        steps: &[Step<'_>],
        now: Millis,
    ) -> StoreResult<()> {
        let advance = format!("{} RETURNING deliveries.id, deliveries.state", self.advance_text());
        let forget = format!("DELETE FROM waiting WHERE delivery_id IN {}", self.numbers("$1"));
        let put_off = format!(
            "INSERT INTO waiting (delivery_id, edition_id, transport, priority, due_at) \
             SELECT d.id, d.edition_id, COALESCE(e.transport, w.transport), 1, r.due FROM {} AS r \
             JOIN deliveries d ON d.id = r.id LEFT JOIN editions e ON e.id = d.edition_id LEFT JOIN waiting w ON w.delivery_id = d.id \
             WHERE TRUE ON CONFLICT (delivery_id) DO UPDATE SET due_at = excluded.due_at, lease_node = NULL, lease_until = 0",
            self.rows("$1", &[Column::Int("id"), Column::Int("due")])
        );
        let (node, text) = (node.to_owned(), json(steps));
        let due: HashMap<i64, i64> = steps.iter().filter_map(|s| Some((s.id, s.due?))).collect();
        transaction!(self, |tx| {
            let rows: Vec<(i64, String)> = sqlx::query_as(sql(advance.clone()))
                .bind(&text)
                .bind(&node)
                .bind(MARGIN)
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?;
            // Only what was ours to tell: a late outcome may be about a row that another node put off meanwhile.
            if let Some(ended) = ids(rows
                .iter()
                .filter(|(_, state)| !matches!(state.as_str(), "queued" | "sending"))
                .map(|(id, _)| *id))
            {
                sqlx::query(sql(forget.clone())).bind(&ended).execute(&mut *tx).await?;
            }
            let later: Vec<Later> = rows
                .iter()
                .filter(|(_, s)| s == "queued")
                .filter_map(|(id, _)| Some(Later { id: *id, due: *due.get(id)? }))
                .collect();
            if !later.is_empty() {
                sqlx::query(sql(put_off.clone())).bind(json(&later)).execute(&mut *tx).await?;
            }
        })
    }

    /// Cancels those whose recipients left, or were suppressed, since they were queued.
    async fn excuse(&self, refused: Option<String>, now: Millis) -> StoreResult<()> {
        let Some(refused) = refused else { return Ok(()) };
        let gone = format!(
            "id IN {} AND state = 'queued' AND (EXISTS (SELECT 1 FROM suppressions x WHERE x.hash = deliveries.address_hash) \
             OR (kind = 'edition' AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.id = deliveries.subscription_id AND s.status = 'confirmed')))",
            self.numbers("$1")
        );
        let any = format!("SELECT 1 FROM deliveries WHERE {gone} LIMIT 1");
        let any: Option<(i32,)> =
            reading!(self, |db| sqlx::query_as(sql(any)).bind(&refused).fetch_optional(db).await?);
        if any.is_none() {
            return Ok(());
        }
        let cancel = format!(
            "UPDATE deliveries SET state = 'cancelled', ended_at = $2, answer = CASE WHEN kind = 'edition' \
             THEN 'left, or was suppressed, before it was sent' ELSE 'suppressed before it was sent' END WHERE {gone}"
        );
        let forget = format!(
            "DELETE FROM waiting WHERE delivery_id IN (SELECT id FROM deliveries WHERE id IN {} AND state = 'cancelled')",
            self.numbers("$1")
        );
        transaction!(self, |tx| {
            sqlx::query(sql(cancel.clone())).bind(&refused).bind(now.0).execute(&mut *tx).await?;
            sqlx::query(sql(forget.clone())).bind(&refused).execute(&mut *tx).await?;
        })
    }

    /// `$1` the steps, `$2` the node, `$3` the margin of a lease, `$4` now. A "sent" is true whoever holds the row by now;
    /// anything else only while it is ours.
    fn advance_text(&self) -> String {
        let steps = [
            Column::Int("id"),
            Column::Text("was"),
            Column::Text("state"),
            Column::Int("tried"),
            Column::Int("unsure"),
            Column::Text("answer"),
            Column::Int("ended"),
        ];
        format!(
            "UPDATE deliveries SET state = o.state, attempts = attempts + o.tried, uncertain = uncertain + o.unsure, \
             answer = COALESCE(o.answer, deliveries.answer), ended_at = o.ended, \
             first_tried_at = CASE WHEN o.state = 'sending' THEN COALESCE(first_tried_at, $4) ELSE first_tried_at END FROM {} AS o \
             WHERE deliveries.id = o.id AND {} AND CASE WHEN o.state = 'sent' THEN deliveries.state <> 'sent' \
             WHEN deliveries.state <> o.was THEN FALSE WHEN o.state = 'sending' THEN {} ELSE {} END",
            self.rows("$1", &steps),
            self.few("deliveries.id", "$1"),
            self.startable(),
            ours("-1")
        )
    }

    /// Whether a delivery may go out now: leased by `$2` for at least `$3` more, its edition going out, its recipient still
    /// there. What is asked of each row is a subquery with one value, which no plan turns into a walk over a whole table.
    fn startable(&self) -> String {
        format!(
            "{} AND (edition_id IS NULL OR (SELECT e.state FROM editions e WHERE e.id = deliveries.edition_id) = 'sending') \
             AND (SELECT x.hash FROM suppressions x WHERE x.hash = deliveries.address_hash) IS NULL \
             AND (kind <> 'edition' OR (SELECT s.status FROM subscriptions s WHERE s.id = deliveries.subscription_id) = 'confirmed')",
            ours(&format!("{} + $3", self.database_now()))
        )
    }
}

/// Whether `$2` has leased a delivery until later than `until`: by itself, where it waits by itself, else with its block.
fn ours(until: &str) -> String {
    format!(
        "CASE WHEN (SELECT w.delivery_id FROM waiting w WHERE w.delivery_id = deliveries.id) IS NULL \
         THEN block_id IN (SELECT b.id FROM blocks b WHERE b.lease_node = $2 AND b.lease_until > {until}) \
         ELSE deliveries.id IN (SELECT w.delivery_id FROM waiting w WHERE w.lease_node = $2 AND w.lease_until > {until}) END"
    )
}
