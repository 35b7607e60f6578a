//! Claims: a node leases the next block of an edition, or single deliveries that are due.

use super::dialect::sql;
use super::leases::LEASE;
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::time::Millis;

/// A delivery handed to a node for sending.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its number.
    pub id: i64,
    /// `edition`, `confirmation` or `test`.
    pub kind: String,
    /// Its edition, if it is one's.
    pub edition_id: Option<i64>,
    /// Its variant, if it is an edition's.
    pub variant_id: Option<i64>,
    /// The subscriber, if it goes to one.
    pub subscriber_id: Option<i64>,
    /// The subscription it answers.
    pub subscription_id: Option<i64>,
    /// Where it goes.
    pub address: String,
    /// The person's name.
    pub name: Option<String>,
    /// Attempts so far.
    pub attempts: i64,
    /// How often its outcome stayed unknown.
    pub uncertain: i64,
    /// What it says, for kinds other than `edition`.
    pub letter: Option<String>,
    /// When it was queued.
    pub created_at: Millis,
    /// When it was first attempted, if it was.
    pub first_tried_at: Option<Millis>,
}

/// Whose work a node looks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The transports whose mail it is.
    pub transports: &'a [String],
    /// The node that leases it.
    pub node: &'a str,
    /// Editions that are not wanted now.
    pub besides: &'a [i64],
    /// Of several editions the one behind this.
    pub after: i64,
    /// Whether what a dead node left uncertain is held; else it is tried once more.
    pub hold: bool,
}

type Row = (
    i64,
    String,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    String,
    Option<String>,
    i64,
    i64,
    Option<String>,
    i64,
    Option<i64>,
);

const COLUMNS: &str = "d.id, d.kind, d.edition_id, d.variant_id, d.subscriber_id, d.subscription_id, d.address, d.name, d.attempts, \
     d.uncertain, d.letter, d.created_at, d.first_tried_at";

fn claimed(row: Row) -> Claimed {
    let (
        id,
        kind,
        edition_id,
        variant_id,
        subscriber_id,
        subscription_id,
        address,
        name,
        attempts,
        uncertain,
        letter,
        created,
        tried,
    ) = row;
    Claimed {
        id,
        kind,
        edition_id,
        variant_id,
        subscriber_id,
        subscription_id,
        address,
        name,
        attempts,
        uncertain,
        letter,
        created_at: Millis(created),
        first_tried_at: tried.map(Millis),
    }
}

/// What to do with rows that a dead node left as `sending`: their mail may have gone out.
fn unsure(hold: bool) -> &'static str {
    if hold {
        "state = 'held', ended_at = $2, answer = 'the sending process ended at this moment, so the outcome is unknown'"
    } else {
        "state = 'queued'"
    }
}

impl Store {
    /// Leases the next free block of what these transports carry, of another edition than those in `besides` and of the one
    /// behind `after` where there are several; what a dead node left uncertain in it is queued again, or held.
    pub async fn claim_block(
        &self,
        wanted: Wanted<'_>,
        now: Millis,
    ) -> StoreResult<Option<(i64, i64, Vec<Claimed>)>> {
        let clock = self.database_now();
        // A lease of one's own that ran out is in flight still: the renewal revives it, or its ticket brings it back.
        let free = format!(
            "NOT b.done AND (b.lease_node IS NULL OR (b.lease_until < {clock} AND b.lease_node <> $1))"
        );
        let edition = format!(
            "SELECT e.id FROM editions e WHERE e.state = 'sending' AND e.transport IN {} AND e.id NOT IN {} AND EXISTS \
             (SELECT 1 FROM blocks b WHERE b.edition_id = e.id AND {free}) ORDER BY CASE WHEN e.id > $4 THEN 0 ELSE 1 END, e.id LIMIT 1",
            self.texts("$2"),
            self.numbers("$3")
        );
        let claim = format!(
            "UPDATE blocks SET lease_node = $1, lease_until = {clock} + $5 WHERE id = (SELECT b.id FROM blocks b WHERE {free} AND b.edition_id = \
             ({edition}) ORDER BY b.id LIMIT 1 {}) RETURNING id, edition_id",
            self.skip_locked()
        );
        let recover = format!(
            "UPDATE deliveries SET {} WHERE block_id = $1 AND state = 'sending' AND $2 = $2 \
             AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = deliveries.id)",
            unsure(wanted.hold)
        );
        let load = format!(
            "SELECT {COLUMNS} FROM deliveries d WHERE d.block_id = $1 AND d.state = 'queued' \
             AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.delivery_id = d.id) ORDER BY d.id"
        );
        let (node, after) = (wanted.node.to_owned(), wanted.after);
        let (transports, besides) = (
            json_list(wanted.transports),
            serde_json::Value::from(wanted.besides.to_vec()).to_string(),
        );
        let any: Option<(i64,)> = reading!(self, |db| sqlx::query_as(sql(edition))
            .bind(&node)
            .bind(&transports)
            .bind(&besides)
            .bind(after)
            .fetch_optional(db)
            .await?);
        if any.is_none() {
            return Ok(None);
        }
        transaction!(self, |tx| {
            let block: Option<(i64, i64)> = sqlx::query_as(sql(claim.clone()))
                .bind(&node)
                .bind(&transports)
                .bind(&besides)
                .bind(after)
                .bind(LEASE)
                .fetch_optional(&mut *tx)
                .await?;
            let Some((block, edition)) = block else { return Ok(None) };
            sqlx::query(sql(recover.clone())).bind(block).bind(now.0).execute(&mut *tx).await?;
            let rows: Vec<Row> =
                sqlx::query_as(sql(load.clone())).bind(block).fetch_all(&mut *tx).await?;
            Some((block, edition, rows.into_iter().map(claimed).collect()))
        })
    }

    /// Leases up to `limit` single deliveries that are due of what these transports carry, the most urgent first.
    pub async fn claim_waiting(
        &self,
        wanted: Wanted<'_>,
        limit: i64,
        now: Millis,
    ) -> StoreResult<Vec<Claimed>> {
        let (node, hold) = (wanted.node.to_owned(), wanted.hold);
        let transports = json_list(wanted.transports);
        let due = self.waiting_due();
        let any: Option<(i64,)> = reading!(self, |db| sqlx::query_as(sql(format!(
            "SELECT w.delivery_id FROM waiting w WHERE {due} LIMIT 1"
        )))
        .bind(&transports)
        .bind(now.0)
        .bind(&node)
        .fetch_optional(db)
        .await?);
        if any.is_none() {
            return Ok(Vec::new());
        }
        let clock = self.database_now();
        let claim = format!(
            "WITH picked AS MATERIALIZED (SELECT w.delivery_id FROM waiting w WHERE {due} ORDER BY w.priority, w.due_at LIMIT $5 {}) \
             UPDATE waiting SET lease_node = $3, lease_until = {clock} + $4 WHERE delivery_id IN (SELECT delivery_id FROM picked) \
             RETURNING delivery_id",
            self.skip_locked()
        );
        let recover = format!(
            "UPDATE deliveries SET {} WHERE id IN {} AND state = 'sending' AND $2 = $2",
            unsure(hold),
            self.numbers("$1")
        );
        let forget = format!(
            "DELETE FROM waiting WHERE delivery_id IN {} AND EXISTS (SELECT 1 FROM deliveries d WHERE d.id = delivery_id AND d.state <> 'queued')",
            self.numbers("$1")
        );
        let load = format!(
            "SELECT {COLUMNS} FROM deliveries d JOIN waiting w ON w.delivery_id = d.id WHERE d.id IN {} ORDER BY w.priority, w.due_at",
            self.numbers("$1")
        );
        transaction!(self, |tx| {
            let ids: Vec<(i64,)> = sqlx::query_as(sql(claim.clone()))
                .bind(&transports)
                .bind(now.0)
                .bind(&node)
                .bind(LEASE)
                .bind(limit)
                .fetch_all(&mut *tx)
                .await?;
            let ids = serde_json::Value::from(ids.into_iter().map(|(id,)| id).collect::<Vec<_>>())
                .to_string();
            sqlx::query(sql(recover.clone())).bind(&ids).bind(now.0).execute(&mut *tx).await?;
            sqlx::query(sql(forget.clone())).bind(&ids).execute(&mut *tx).await?;
            let rows: Vec<Row> =
                sqlx::query_as(sql(load.clone())).bind(&ids).fetch_all(&mut *tx).await?;
            rows.into_iter().map(claimed).collect()
        })
    }

    /// Whether what these transports carry has anything to send that is due until then and not in other hands.
    pub async fn has_work(
        &self,
        transports: &[String],
        node: &str,
        until: Millis,
    ) -> StoreResult<bool> {
        let clock = self.database_now();
        let text = format!(
            "SELECT 1 FROM waiting w WHERE {} UNION ALL SELECT 1 FROM editions e JOIN blocks b ON b.edition_id = e.id WHERE e.state = 'sending' \
             AND e.transport IN {} AND NOT b.done AND (b.lease_node IS NULL OR (b.lease_until < {clock} AND b.lease_node <> $3)) LIMIT 1",
            self.waiting_due(),
            self.texts("$1")
        );
        let any: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(json_list(transports))
            .bind(until.0)
            .bind(node)
            .fetch_optional(db)
            .await?);
        Ok(any.is_some())
    }

    /// When the next single delivery of these transports is due, if there is one.
    pub async fn next_waiting(&self, transports: &[String]) -> StoreResult<Option<Millis>> {
        let text = self.next_waiting_text();
        let row: (Option<i64>,) = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(json_list(transports))
            .fetch_one(db)
            .await?);
        Ok(row.0.map(Millis))
    }

    /// One step into an index for each edition that goes out and one for each transport's letters, however many wait.
    fn next_waiting_text(&self) -> String {
        let transports = self.texts("$1");
        format!(
            "SELECT MIN(due) FROM (SELECT (SELECT MIN(w.due_at) FROM waiting w WHERE w.edition_id = e.id AND w.transport = e.transport) AS due \
             FROM editions e WHERE e.state = 'sending' AND e.transport IN {transports} UNION ALL \
             SELECT (SELECT MIN(w.due_at) FROM waiting w WHERE w.edition_id IS NULL AND w.transport = t.value) AS due \
             FROM {transports} AS t) AS firsts"
        )
    }

    fn waiting_due(&self) -> String {
        format!(
            "w.transport IN {} AND w.priority IN (0, 1) AND w.due_at <= $2 AND (w.lease_node IS NULL OR (w.lease_until < {} AND w.lease_node <> $3)) \
             AND (w.edition_id IS NULL OR EXISTS (SELECT 1 FROM editions e WHERE e.id = w.edition_id AND e.state = 'sending'))",
            self.texts("$1"),
            self.database_now()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Db;
    use super::*;

    #[tokio::test]
    async fn the_next_that_is_due_is_looked_up_and_not_searched_for() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", home.path().join("courant.db").display()))
            .await
            .unwrap();
        let Db::Sqlite { read, .. } = &*store.db else { unreachable!() };
        let explain = format!("EXPLAIN QUERY PLAN {}", store.next_waiting_text());
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sql(explain)).bind("[\"default\"]").fetch_all(read).await.unwrap();
        let of_waiting: Vec<&str> = plan
            .iter()
            .map(|(.., step)| step.as_str())
            .filter(|step| step.contains(" w "))
            .collect();
        let look_up =
            "SEARCH w USING COVERING INDEX waiting_edition (edition_id=? AND transport=?)";
        assert_eq!(of_waiting, [look_up, look_up], "{plan:?}");
    }
}
