//! Claims: a node leases the next batch of an edition, or single deliveries that are due.

use super::dialect::sql;
use super::leases::LEASE_DURATION;
use super::{Store, StoreResult, json_list, parse_word, reading, transaction};
use crate::domain::delivery::DeliveryKind;
use crate::domain::time::{Millis, as_millis_i64};

/// A delivery that this node has leased for sending.
#[derive(Debug, Clone)]
pub struct LeasedDelivery {
    /// Id of the delivery.
    pub id: i64,
    /// Kind of the delivery.
    pub kind: DeliveryKind,
    /// Edition that is delivered; `None` for transactional messages.
    pub edition_id: Option<i64>,
    /// Variant that is delivered; `None` for transactional messages.
    pub variant_id: Option<i64>,
    /// Recipient; `None` if the recipient is not a subscriber.
    pub subscriber_id: Option<i64>,
    /// Subscription that the delivery is for; `None` for transactional messages.
    pub subscription_id: Option<i64>,
    /// E-mail address of the recipient.
    pub address: String,
    /// Name of the recipient, if known.
    pub name: Option<String>,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Number of attempts whose outcome is unknown.
    pub uncertain: i64,
    /// JSON payload of a transactional message.
    pub payload: Option<String>,
    /// Time at which the delivery was created.
    pub created_at: Millis,
    /// Time of the first attempt, if there was one.
    pub first_attempt_at: Option<Millis>,
}

/// Criteria by which a node claims deliveries.
#[derive(Debug, Clone, Copy)]
pub struct ClaimCriteria<'a> {
    /// Transports whose deliveries are claimed.
    pub transports: &'a [String],
    /// Node that claims the deliveries.
    pub node: &'a str,
    /// Editions from which no batch is claimed.
    pub excluded_editions: &'a [i64],
    /// Id of the edition served last; the next higher one is preferred, in rotation.
    pub after_edition: i64,
    /// `true` to hold the deliveries that a dead node left in flight, `false` to queue them again.
    pub hold_uncertain: bool,
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
     d.uncertain, d.payload, d.created_at, d.first_attempt_at";

fn leased_delivery(row: Row) -> StoreResult<LeasedDelivery> {
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
        payload,
        created,
        tried,
    ) = row;
    Ok(LeasedDelivery {
        id,
        kind: parse_word(&kind, "deliveries.kind")?,
        edition_id,
        variant_id,
        subscriber_id,
        subscription_id,
        address,
        name,
        attempts,
        uncertain,
        payload,
        created_at: Millis(created),
        first_attempt_at: tried.map(Millis),
    })
}

/// Returns the SET clause for deliveries that a dead node left in state `sending`; their message
/// may have been sent.
fn recover_in_flight(hold_uncertain: bool) -> &'static str {
    if hold_uncertain {
        "state = 'held', ended_at = $2, last_reply = 'the sending process ended during the attempt, so the outcome is unknown'"
    } else {
        "state = 'queued'"
    }
}

impl Store {
    /// Leases the next free batch and returns its id, its edition and its queued deliveries.
    /// Deliveries of the batch that a dead node left in flight are queued again or held.
    pub async fn claim_batch(
        &self,
        request: ClaimCriteria<'_>,
        now: Millis,
    ) -> StoreResult<Option<(i64, i64, Vec<LeasedDelivery>)>> {
        let clock = self.database_now();
        // An expired lease of this node is still in use: the next renewal extends it, or its guard
        // releases it.
        let free = format!(
            "NOT b.done AND (b.lease_node IS NULL OR (b.lease_until < {clock} AND b.lease_node <> $1))"
        );
        let edition = format!(
            "SELECT e.id FROM editions e WHERE e.state = 'sending' AND e.transport IN {} AND e.id NOT IN {} AND EXISTS \
             (SELECT 1 FROM delivery_batches b WHERE b.edition_id = e.id AND {free}) ORDER BY CASE WHEN e.id > $4 THEN 0 ELSE 1 END, e.id LIMIT 1",
            self.json_texts("$2"),
            self.json_ids("$3")
        );
        let claim = format!(
            "UPDATE delivery_batches SET lease_node = $1, lease_until = {clock} + $5 WHERE id = (SELECT b.id FROM delivery_batches b WHERE {free} AND b.edition_id = \
             ({edition}) ORDER BY b.id LIMIT 1 {}) RETURNING id, edition_id",
            self.skip_locked()
        );
        let recover = format!(
            "UPDATE deliveries SET {} WHERE batch_id = $1 AND state = 'sending' AND $2 = $2 \
             AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = deliveries.id)",
            recover_in_flight(request.hold_uncertain)
        );
        let load = format!(
            "SELECT {COLUMNS} FROM deliveries d WHERE d.batch_id = $1 AND d.state = 'queued' \
             AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = d.id) ORDER BY d.id"
        );
        let (node, after_edition) = (request.node.to_owned(), request.after_edition);
        let (transports, excluded) = (
            json_list(request.transports),
            serde_json::Value::from(request.excluded_editions.to_vec()).to_string(),
        );
        let any: Option<(i64,)> = reading!(self, |db| sqlx::query_as(sql(edition))
            .bind(&node)
            .bind(&transports)
            .bind(&excluded)
            .bind(after_edition)
            .fetch_optional(db)
            .await?);
        if any.is_none() {
            return Ok(None);
        }
        transaction!(self, |tx| {
            let batch: Option<(i64, i64)> = sqlx::query_as(sql(claim.clone()))
                .bind(&node)
                .bind(&transports)
                .bind(&excluded)
                .bind(after_edition)
                .bind(as_millis_i64(LEASE_DURATION))
                .fetch_optional(&mut *tx)
                .await?;
            let Some((batch, edition)) = batch else { return Ok(None) };
            sqlx::query(sql(recover.clone())).bind(batch).bind(now.0).execute(&mut *tx).await?;
            let rows: Vec<Row> =
                sqlx::query_as(sql(load.clone())).bind(batch).fetch_all(&mut *tx).await?;
            let deliveries = rows.into_iter().map(leased_delivery);
            Some((batch, edition, deliveries.collect::<StoreResult<Vec<LeasedDelivery>>>()?))
        })
    }

    /// Leases up to `limit` due deliveries of the delivery queue, the most urgent first.
    pub async fn claim_queued(
        &self,
        request: ClaimCriteria<'_>,
        limit: i64,
        now: Millis,
    ) -> StoreResult<Vec<LeasedDelivery>> {
        let (node, hold_uncertain) = (request.node.to_owned(), request.hold_uncertain);
        let transports = json_list(request.transports);
        let due = self.queue_entry_is_due();
        let any: Option<(i64,)> = reading!(self, |db| sqlx::query_as(sql(format!(
            "SELECT w.delivery_id FROM delivery_queue w WHERE {due} LIMIT 1"
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
            "WITH picked AS MATERIALIZED (SELECT w.delivery_id FROM delivery_queue w WHERE {due} ORDER BY w.priority, w.due_at LIMIT $5 {}) \
             UPDATE delivery_queue SET lease_node = $3, lease_until = {clock} + $4 WHERE delivery_id IN (SELECT delivery_id FROM picked) \
             RETURNING delivery_id",
            self.skip_locked()
        );
        let recover = format!(
            "UPDATE deliveries SET {} WHERE id IN {} AND state = 'sending' AND $2 = $2",
            recover_in_flight(hold_uncertain),
            self.json_ids("$1")
        );
        let delete_ended = format!(
            "DELETE FROM delivery_queue WHERE delivery_id IN {} AND EXISTS (SELECT 1 FROM deliveries d WHERE d.id = delivery_id AND d.state <> 'queued')",
            self.json_ids("$1")
        );
        let load = format!(
            "SELECT {COLUMNS} FROM deliveries d JOIN delivery_queue w ON w.delivery_id = d.id WHERE d.id IN {} ORDER BY w.priority, w.due_at",
            self.json_ids("$1")
        );
        transaction!(self, |tx| {
            let ids: Vec<(i64,)> = sqlx::query_as(sql(claim.clone()))
                .bind(&transports)
                .bind(now.0)
                .bind(&node)
                .bind(as_millis_i64(LEASE_DURATION))
                .bind(limit)
                .fetch_all(&mut *tx)
                .await?;
            let ids = serde_json::Value::from(ids.into_iter().map(|(id,)| id).collect::<Vec<_>>())
                .to_string();
            sqlx::query(sql(recover.clone())).bind(&ids).bind(now.0).execute(&mut *tx).await?;
            sqlx::query(sql(delete_ended.clone())).bind(&ids).execute(&mut *tx).await?;
            let rows: Vec<Row> =
                sqlx::query_as(sql(load.clone())).bind(&ids).fetch_all(&mut *tx).await?;
            rows.into_iter().map(leased_delivery).collect::<StoreResult<Vec<LeasedDelivery>>>()?
        })
    }

    /// Returns `true` if there is a batch, or a queued delivery due until `until`, that this node
    /// could claim for these transports.
    pub async fn has_work(
        &self,
        transports: &[String],
        node: &str,
        until: Millis,
    ) -> StoreResult<bool> {
        let clock = self.database_now();
        let text = format!(
            "SELECT 1 FROM delivery_queue w WHERE {} UNION ALL SELECT 1 FROM editions e JOIN delivery_batches b ON b.edition_id = e.id WHERE e.state = 'sending' \
             AND e.transport IN {} AND NOT b.done AND (b.lease_node IS NULL OR (b.lease_until < {clock} AND b.lease_node <> $3)) LIMIT 1",
            self.queue_entry_is_due(),
            self.json_texts("$1")
        );
        let any: Option<(i32,)> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(json_list(transports))
            .bind(until.0)
            .bind(node)
            .fetch_optional(db)
            .await?);
        Ok(any.is_some())
    }

    /// Returns the time at which the next queued delivery of these transports is due.
    pub async fn next_queued_at(&self, transports: &[String]) -> StoreResult<Option<Millis>> {
        let text = self.next_queued_at_sql();
        let row: (Option<i64>,) = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(json_list(transports))
            .fetch_one(db)
            .await?);
        Ok(row.0.map(Millis))
    }

    /// Returns SQL that needs one index lookup per sending edition and one per transport for its
    /// transactional messages, independent of the length of the queue.
    fn next_queued_at_sql(&self) -> String {
        let transports = self.json_texts("$1");
        format!(
            "SELECT MIN(due) FROM (SELECT (SELECT MIN(w.due_at) FROM delivery_queue w WHERE w.edition_id = e.id AND w.transport = e.transport) AS due \
             FROM editions e WHERE e.state = 'sending' AND e.transport IN {transports} UNION ALL \
             SELECT (SELECT MIN(w.due_at) FROM delivery_queue w WHERE w.edition_id IS NULL AND w.transport = t.value) AS due \
             FROM {transports} AS t) AS firsts"
        )
    }

    fn queue_entry_is_due(&self) -> String {
        format!(
            "w.transport IN {} AND w.priority IN (0, 1) AND w.due_at <= $2 AND (w.lease_node IS NULL OR (w.lease_until < {} AND w.lease_node <> $3)) \
             AND (w.edition_id IS NULL OR EXISTS (SELECT 1 FROM editions e WHERE e.id = w.edition_id AND e.state = 'sending'))",
            self.json_texts("$1"),
            self.database_now()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Db;
    use super::*;

    #[tokio::test]
    async fn next_due_delivery_is_found_by_index_lookups_only() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", home.path().join("courant.db").display()))
            .await
            .unwrap();
        let Db::Sqlite { read, .. } = &*store.db else { unreachable!() };
        let explain = format!("EXPLAIN QUERY PLAN {}", store.next_queued_at_sql());
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sql(explain)).bind("[\"default\"]").fetch_all(read).await.unwrap();
        let queue_steps: Vec<&str> = plan
            .iter()
            .map(|(.., step)| step.as_str())
            .filter(|step| step.contains(" w "))
            .collect();
        let lookup =
            "SEARCH w USING COVERING INDEX delivery_queue_edition (edition_id=? AND transport=?)";
        assert_eq!(queue_steps, [lookup, lookup], "{plan:?}");
    }
}
