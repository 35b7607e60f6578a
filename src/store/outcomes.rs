//! Group commit: records the outcomes of deliveries and marks the next ones as `sending`, for all
//! SMTP connections in one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::dialect::{Column, sql};
use super::leases::MIN_REMAINING_LEASE;
use super::{Db, Store, StoreResult, parse_word, reading, transaction, writing};
use crate::domain::delivery::{DeliveryOutcome, DeliveryState};
use crate::domain::time::{Millis, as_millis_i64};

/// Outcome of one attempt, to be recorded.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    /// Id of the delivery.
    pub id: i64,
    /// Effect of the attempt on the delivery.
    pub outcome: DeliveryOutcome,
    /// `true` to retry after an unknown outcome, `false` to hold the delivery.
    pub may_retry_unknown: bool,
    /// Reply of the relay, or the local error.
    pub reply: Option<String>,
    /// `true` if it was leased from the delivery queue instead of with its batch.
    pub is_from_queue: bool,
}

/// Request to start sending a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartCheck {
    /// Id of the delivery.
    pub id: i64,
    /// `true` if the start was permitted before and the permit must be checked again.
    pub is_renewal: bool,
}

/// State change of a delivery, serialized as a parameter of the group commit.
#[derive(Debug, Serialize)]
struct Transition<'a> {
    id: i64,
    from_state: &'static str,
    to_state: &'static str,
    attempts_added: i64,
    uncertain_added: i64,
    reply: Option<&'a str>,
    ended_at: Option<i64>,
    due_at: Option<i64>,
}

impl<'a> Transition<'a> {
    fn new(record: &'a AttemptRecord, now: Millis) -> Self {
        let (to_state, attempts_added, uncertain_added, due_at) = match &record.outcome {
            DeliveryOutcome::Sent => (DeliveryState::Sent, 1, 0, None),
            DeliveryOutcome::Failed => (DeliveryState::Failed, 1, 0, None),
            DeliveryOutcome::Deferred { until } => (DeliveryState::Queued, 1, 0, Some(until.0)),
            DeliveryOutcome::Postponed { until } => (DeliveryState::Queued, 0, 0, Some(until.0)),
            DeliveryOutcome::Unknown { until } if record.may_retry_unknown => {
                (DeliveryState::Queued, 1, 1, Some(until.0))
            }
            DeliveryOutcome::Unknown { .. } => (DeliveryState::Held, 1, 1, None),
            DeliveryOutcome::NotAttempted => (DeliveryState::Queued, 0, 0, None),
        };
        let ended_at = (to_state != DeliveryState::Queued).then_some(now.0);
        // A postponed delivery was never marked as `sending`.
        let from_state = match record.outcome {
            DeliveryOutcome::Postponed { .. } => DeliveryState::Queued,
            _ => DeliveryState::Sending,
        };
        Self {
            id: record.id,
            from_state: from_state.as_str(),
            to_state: to_state.as_str(),
            attempts_added,
            uncertain_added,
            reply: record.reply.as_deref(),
            ended_at,
            due_at,
        }
    }

    fn start(intent: &StartCheck) -> Self {
        let from_state =
            if intent.is_renewal { DeliveryState::Sending } else { DeliveryState::Queued };
        Self {
            id: intent.id,
            from_state: from_state.as_str(),
            to_state: DeliveryState::Sending.as_str(),
            attempts_added: 0,
            uncertain_added: 0,
            reply: None,
            ended_at: None,
            due_at: None,
        }
    }
}

/// A delivery that is added to the delivery queue.
#[derive(Debug, Serialize)]
struct Requeued {
    id: i64,
    due_at: i64,
}

#[expect(clippy::expect_used, reason = "serializing numbers and strings cannot fail")]
fn to_json(rows: &[impl Serialize]) -> String {
    serde_json::to_string(rows).expect("numbers and strings are valid JSON")
}

fn id_list(ids: impl Iterator<Item = i64>) -> Option<String> {
    let ids: Vec<i64> = ids.collect();
    (!ids.is_empty()).then(|| Value::from(ids).to_string())
}

/// Dedicated connection of the group commit; a pooled one would cost more round trips than the
/// commit itself.
#[derive(Debug)]
pub struct CommitConnection {
    store: Store,
    apply_sql: Arc<str>,
    connection: Option<DbConnection>,
}

#[derive(Debug)]
enum DbConnection {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

impl CommitConnection {
    /// Creates the connection of a store; it is opened by the first commit, and again after an
    /// error.
    pub fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            apply_sql: store.apply_transitions_sql().into(),
            connection: None,
        }
    }

    /// Closes the connection; the next commit opens a new one.
    pub async fn close(&mut self) {
        // Everything is committed, so an error while closing has no effect.
        let _ = match self.connection.take() {
            Some(DbConnection::Sqlite(db)) => db.close().await,
            Some(DbConnection::Postgres(db)) => db.close().await,
            None => Ok(()),
        };
    }

    /// Commits the outcomes in `records`, marks the deliveries of `intents` that may be sent as
    /// `sending`, and returns the ids of those. The others must not be sent by this node: the
    /// edition is paused or cancelled, the recipient unsubscribed or is suppressed, or the lease is
    /// lost.
    pub async fn commit(
        &mut self,
        node: &str,
        records: &[AttemptRecord],
        intents: &[StartCheck],
        now: Millis,
    ) -> StoreResult<HashSet<i64>> {
        let transitions: Vec<Transition<'_>> = records
            .iter()
            .map(|r| Transition::new(r, now))
            .chain(intents.iter().map(Transition::start))
            .collect();
        if transitions.is_empty() {
            return Ok(HashSet::new());
        }
        if records.iter().all(|r| !r.is_from_queue)
            && transitions.iter().all(|s| s.due_at.is_none())
        {
            let applied = self.apply_transitions(node, to_json(&transitions), now).await?;
            // Nearly always all transitions were applied, which saves the query for the started
            // ones.
            if applied == transitions.len() as u64 {
                return Ok(intents.iter().map(|i| i.id).collect());
            }
        } else {
            self.store.apply_with_queue(node, &transitions, now).await?;
        }
        let Some(intent_ids) = id_list(intents.iter().map(|i| i.id)) else {
            return Ok(HashSet::new());
        };
        let started = self.store.started_deliveries(node, &intent_ids).await?;
        if started.len() < intents.len() {
            self.store
                .cancel_unsendable(
                    id_list(intents.iter().map(|i| i.id).filter(|id| !started.contains(id))),
                    now,
                )
                .await?;
        }
        Ok(started)
    }

    /// Applies the transitions in one statement, which is its own transaction, and returns their
    /// number.
    async fn apply_transitions(
        &mut self,
        node: &str,
        transitions: String,
        now: Millis,
    ) -> StoreResult<u64> {
        // A connection on which an error occurred is not used again.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.store.open_commit_connection().await?,
        };
        let query = AssertSqlSafe(Arc::clone(&self.apply_sql));
        let applied = match &mut connection {
            DbConnection::Sqlite(db) => sqlx::query(query)
                .bind(transitions)
                .bind(node)
                .bind(as_millis_i64(MIN_REMAINING_LEASE))
                .bind(now.0)
                .execute(&mut **db)
                .await?
                .rows_affected(),
            DbConnection::Postgres(db) => sqlx::query(query)
                .bind(transitions)
                .bind(node)
                .bind(as_millis_i64(MIN_REMAINING_LEASE))
                .bind(now.0)
                .execute(&mut **db)
                .await?
                .rows_affected(),
        };
        self.connection = Some(connection);
        Ok(applied)
    }
}

impl Store {
    async fn open_commit_connection(&self) -> StoreResult<DbConnection> {
        Ok(match &*self.db {
            Db::Sqlite { write, .. } => {
                DbConnection::Sqlite(Box::new(write.connect_options().connect().await?))
            }
            Db::Postgres(pool) => {
                DbConnection::Postgres(Box::new(pool.connect_options().connect().await?))
            }
        })
    }

    /// Returns those of these deliveries that are marked as `sending` and may be sent by this node.
    async fn started_deliveries(&self, node: &str, ids: &str) -> StoreResult<HashSet<i64>> {
        let text = format!(
            "SELECT deliveries.id FROM deliveries WHERE id IN {} AND state = 'sending' AND {} AND $4 = $4",
            self.json_ids("$1"),
            self.may_be_sent()
        );
        // Through the write connection, so that its own writes are visible.
        let rows: Vec<(i64,)> = writing!(self, |db| sqlx::query_as(sql(text))
            .bind(ids)
            .bind(node)
            .bind(as_millis_i64(MIN_REMAINING_LEASE))
            .bind(0_i64)
            .fetch_all(db)
            .await?);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Applies the transitions and updates the delivery queue: ended deliveries are removed from
    /// it, deferred ones added.
    async fn apply_with_queue(
        &self,
        node: &str,
        transitions: &[Transition<'_>],
        now: Millis,
    ) -> StoreResult<()> {
        let apply =
            format!("{} RETURNING deliveries.id, deliveries.state", self.apply_transitions_sql());
        let dequeue =
            format!("DELETE FROM delivery_queue WHERE delivery_id IN {}", self.json_ids("$1"));
        let enqueue = format!(
            "INSERT INTO delivery_queue (delivery_id, edition_id, transport, priority, due_at) \
             SELECT d.id, d.edition_id, COALESCE(e.transport, w.transport), 1, r.due_at FROM {} AS r \
             JOIN deliveries d ON d.id = r.id LEFT JOIN editions e ON e.id = d.edition_id LEFT JOIN delivery_queue w ON w.delivery_id = d.id \
             WHERE TRUE ON CONFLICT (delivery_id) DO UPDATE SET due_at = excluded.due_at, lease_node = NULL, lease_until = 0",
            self.json_rows("$1", &[Column::Int("id"), Column::Int("due_at")])
        );
        let (node, text) = (node.to_owned(), to_json(transitions));
        let due: HashMap<i64, i64> =
            transitions.iter().filter_map(|s| Some((s.id, s.due_at?))).collect();
        transaction!(self, |tx| {
            let rows: Vec<(i64, String)> = sqlx::query_as(sql(apply.clone()))
                .bind(&text)
                .bind(&node)
                .bind(as_millis_i64(MIN_REMAINING_LEASE))
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?;
            let rows = rows
                .into_iter()
                .map(|(id, state)| Ok((id, parse_word(&state, "deliveries.state")?)))
                .collect::<StoreResult<Vec<(i64, DeliveryState)>>>()?;
            // Only for rows that were changed: a late outcome may concern a delivery that another
            // node has deferred in the meantime.
            if let Some(ended) = id_list(
                rows.iter()
                    .filter(|(_, state)| {
                        !matches!(state, DeliveryState::Queued | DeliveryState::Sending)
                    })
                    .map(|(id, _)| *id),
            ) {
                sqlx::query(sql(dequeue.clone())).bind(&ended).execute(&mut *tx).await?;
            }
            let requeued: Vec<Requeued> = rows
                .iter()
                .filter(|(_, state)| *state == DeliveryState::Queued)
                .filter_map(|(id, _)| Some(Requeued { id: *id, due_at: *due.get(id)? }))
                .collect();
            if !requeued.is_empty() {
                sqlx::query(sql(enqueue.clone()))
                    .bind(to_json(&requeued))
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// Cancels those of `ids` whose recipients unsubscribed or were suppressed since they were
    /// queued.
    async fn cancel_unsendable(&self, ids: Option<String>, now: Millis) -> StoreResult<()> {
        let Some(ids) = ids else { return Ok(()) };
        let is_unsendable = format!(
            "id IN {} AND state = 'queued' AND (EXISTS (SELECT 1 FROM suppressions x WHERE x.hash = deliveries.address_hash) \
             OR (kind = 'edition' AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.id = deliveries.subscription_id AND s.status = 'confirmed')))",
            self.json_ids("$1")
        );
        let any = format!("SELECT 1 FROM deliveries WHERE {is_unsendable} LIMIT 1");
        let any: Option<(i32,)> =
            reading!(self, |db| sqlx::query_as(sql(any)).bind(&ids).fetch_optional(db).await?);
        if any.is_none() {
            return Ok(());
        }
        let cancel = format!(
            "UPDATE deliveries SET state = 'cancelled', ended_at = $2, last_reply = CASE WHEN kind = 'edition' \
             THEN 'unsubscribed or suppressed before it was sent' ELSE 'suppressed before it was sent' END WHERE {is_unsendable}"
        );
        let dequeue = format!(
            "DELETE FROM delivery_queue WHERE delivery_id IN (SELECT id FROM deliveries WHERE id IN {} AND state = 'cancelled')",
            self.json_ids("$1")
        );
        transaction!(self, |tx| {
            sqlx::query(sql(cancel.clone())).bind(&ids).bind(now.0).execute(&mut *tx).await?;
            sqlx::query(sql(dequeue.clone())).bind(&ids).execute(&mut *tx).await?;
        })
    }

    /// Returns SQL that applies transitions. Parameters: `$1` the transitions, `$2` the node, `$3`
    /// the minimum remaining lease, `$4` the current time. "Sent" is recorded even if another node
    /// leases the row by now, everything else only while this node leases it.
    fn apply_transitions_sql(&self) -> String {
        let columns = [
            Column::Int("id"),
            Column::Text("from_state"),
            Column::Text("to_state"),
            Column::Int("attempts_added"),
            Column::Int("uncertain_added"),
            Column::Text("reply"),
            Column::Int("ended_at"),
        ];
        format!(
            "UPDATE deliveries SET state = o.to_state, attempts = attempts + o.attempts_added, uncertain = uncertain + o.uncertain_added, \
             last_reply = COALESCE(o.reply, deliveries.last_reply), ended_at = o.ended_at, \
             first_attempt_at = CASE WHEN o.to_state = 'sending' THEN COALESCE(first_attempt_at, $4) ELSE first_attempt_at END FROM {} AS o \
             WHERE deliveries.id = o.id AND {} AND CASE WHEN o.to_state = 'sent' THEN deliveries.state <> 'sent' \
             WHEN deliveries.state <> o.from_state THEN FALSE WHEN o.to_state = 'sending' THEN {} ELSE {} END",
            self.json_rows("$1", &columns),
            self.id_among("deliveries.id", "$1"),
            self.may_be_sent(),
            leased_by_node("-1")
        )
    }

    /// Returns the SQL condition that a delivery may be sent now: node `$2` leases it for at least
    /// `$3` more milliseconds, its edition is in state `sending`, and its recipient is neither
    /// suppressed nor unsubscribed. Each part is a scalar subquery, which no plan turns into a full
    /// table scan.
    fn may_be_sent(&self) -> String {
        format!(
            "{} AND (edition_id IS NULL OR (SELECT e.state FROM editions e WHERE e.id = deliveries.edition_id) = 'sending') \
             AND (SELECT x.hash FROM suppressions x WHERE x.hash = deliveries.address_hash) IS NULL \
             AND (kind <> 'edition' OR (SELECT s.status FROM subscriptions s WHERE s.id = deliveries.subscription_id) = 'confirmed')",
            leased_by_node(&format!("{} + $3", self.database_now()))
        )
    }
}

/// Returns the SQL condition that node `$2` leases a delivery beyond `until`: with its queue entry
/// if it has one, otherwise with its batch.
fn leased_by_node(until: &str) -> String {
    format!(
        "CASE WHEN (SELECT w.delivery_id FROM delivery_queue w WHERE w.delivery_id = deliveries.id) IS NULL \
         THEN batch_id IN (SELECT b.id FROM delivery_batches b WHERE b.lease_node = $2 AND b.lease_until > {until}) \
         ELSE deliveries.id IN (SELECT w.delivery_id FROM delivery_queue w WHERE w.lease_node = $2 AND w.lease_until > {until}) END"
    )
}
