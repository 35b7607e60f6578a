//! Leasing: a node leases the next batch of an edition, or queue entries that are due.

use super::StoreResult;
use super::db::{Statement, Tx};
use super::leased_delivery::{LEASED_DELIVERY_COLUMNS, LeasedDelivery};
use super::leases::LEASE_DURATION;
use super::operations::Leases;
use crate::domain::time::{Millis, as_millis_i64};

/// Criteria by which a node leases deliveries.
#[derive(Debug, Clone, Copy)]
pub struct LeaseCriteria<'a> {
    /// Transports whose deliveries are leased.
    pub transports: &'a [String],
    /// Node that leases the deliveries.
    pub node: &'a str,
    /// Editions from which no batch is leased.
    pub excluded_editions: &'a [i64],
    /// Id of the edition served last; the next higher one is preferred, in rotation.
    pub after_edition: i64,
    /// `true` to hold the deliveries that a dead node left in flight, `false` to queue them again.
    pub hold_uncertain: bool,
}

/// Condition that the node may lease a batch. An expired lease of this node is still in use: the
/// next renewal extends it, or its guard releases it.
pub(super) const FREE_BATCH: &str = "NOT b.done
       AND (b.lease_node IS NULL OR (b.lease_until < {now} AND b.lease_node <> $node))";

/// Condition that an entry of the delivery queue is due and the node may lease it. The priorities, 0
/// for transactional messages and 1 for retries, are listed because the index begins with them.
pub(super) const DUE_ENTRY: &str = "w.transport IN {json_texts $transports}
       AND w.priority IN (0, 1)
       AND w.due_at <= $now
       AND (w.lease_node IS NULL OR (w.lease_until < {now} AND w.lease_node <> $node))
       AND (w.edition_id IS NULL
            OR EXISTS (SELECT 1 FROM editions e WHERE e.id = w.edition_id AND e.state = 'sending'))";

/// Selects the edition whose turn it is among those with a free batch.
const NEXT_EDITION: &str = "
    SELECT e.id
      FROM editions e
     WHERE e.state = 'sending'
       AND e.transport IN {json_texts $transports}
       AND e.id NOT IN {json_ids $excluded}
       AND EXISTS (SELECT 1 FROM delivery_batches b WHERE b.edition_id = e.id AND {free_batch})
     ORDER BY CASE WHEN e.id > $after_edition THEN 0 ELSE 1 END, e.id
     LIMIT 1";

static FIND_EDITION: Statement = Statement::with(NEXT_EDITION, &[("free_batch", FREE_BATCH)]);

static LEASE_BATCH: Statement = Statement::with(
    "
    UPDATE delivery_batches
       SET lease_node = $node,
           lease_until = {now} + $lease
     WHERE id = (
           SELECT b.id
             FROM delivery_batches b
            WHERE {free_batch}
              AND b.edition_id = ({next_edition})
            ORDER BY b.id
            LIMIT 1
           {skip_locked})
    RETURNING id, edition_id",
    &[("free_batch", FREE_BATCH), ("next_edition", NEXT_EDITION)],
);

/// Assignments for a delivery that a dead node left in state `sending`; its message may have been
/// sent.
pub(super) const HELD_AS_UNCERTAIN: &str = "state = 'held',
           ended_at = $now,
           last_reply =
           'the sending process ended during the attempt, so the outcome is unknown'";

/// Deliveries that are leased with this batch and were left in flight.
const IN_FLIGHT_IN_BATCH: &str = "batch_id = $batch
       AND state = 'sending'
       AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = deliveries.id)";

static HOLD_BATCH: Statement = Statement::with(
    "UPDATE deliveries SET {held} WHERE {in_flight}",
    &[("held", HELD_AS_UNCERTAIN), ("in_flight", IN_FLIGHT_IN_BATCH)],
);

static REQUEUE_BATCH: Statement = Statement::with(
    "UPDATE deliveries SET state = 'queued' WHERE {in_flight}",
    &[("in_flight", IN_FLIGHT_IN_BATCH)],
);

static LOAD_BATCH: Statement = Statement::with(
    "
    SELECT {columns}
      FROM deliveries d
     WHERE d.batch_id = $batch
       AND d.state = 'queued'
       AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = d.id)
     ORDER BY d.id",
    &[("columns", LEASED_DELIVERY_COLUMNS)],
);

static HAS_DUE_ENTRY: Statement = Statement::with(
    "
    SELECT w.delivery_id
      FROM delivery_queue w
     WHERE {due_entry}
     LIMIT 1",
    &[("due_entry", DUE_ENTRY)],
);

static LEASE_ENTRIES: Statement = Statement::with(
    "
    WITH picked AS MATERIALIZED (
        SELECT w.delivery_id
          FROM delivery_queue w
         WHERE {due_entry}
         ORDER BY w.priority, w.due_at
         LIMIT $limit
        {skip_locked})
    UPDATE delivery_queue
       SET lease_node = $node,
           lease_until = {now} + $lease
     WHERE delivery_id IN (SELECT delivery_id FROM picked)
    RETURNING delivery_id",
    &[("due_entry", DUE_ENTRY)],
);

static HOLD_ENTRIES: Statement = Statement::with(
    "UPDATE deliveries SET {held} WHERE id IN {json_ids $ids} AND state = 'sending'",
    &[("held", HELD_AS_UNCERTAIN)],
);

static REQUEUE_ENTRIES: Statement = Statement::new(
    "
    UPDATE deliveries
       SET state = 'queued'
     WHERE id IN {json_ids $ids}
       AND state = 'sending'",
);

static DEQUEUE_ENDED: Statement = Statement::new(
    "
    DELETE FROM delivery_queue
     WHERE delivery_id IN {json_ids $ids}
       AND EXISTS (SELECT 1 FROM deliveries d WHERE d.id = delivery_id AND d.state <> 'queued')",
);

static LOAD_ENTRIES: Statement = Statement::with(
    "
    SELECT {columns}
      FROM deliveries d
      JOIN delivery_queue w ON w.delivery_id = d.id
     WHERE d.id IN {json_ids $ids}
     ORDER BY w.priority, w.due_at",
    &[("columns", LEASED_DELIVERY_COLUMNS)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &FIND_EDITION,
    &LEASE_BATCH,
    &HOLD_BATCH,
    &REQUEUE_BATCH,
    &LOAD_BATCH,
    &HAS_DUE_ENTRY,
    &LEASE_ENTRIES,
    &HOLD_ENTRIES,
    &REQUEUE_ENTRIES,
    &DEQUEUE_ENDED,
    &LOAD_ENTRIES,
];

impl Leases<'_> {
    /// Leases the next free batch and returns its id, its edition and its queued deliveries.
    /// Deliveries of the batch that a dead node left in flight are queued again or held.
    pub async fn lease_batch(
        self,
        request: LeaseCriteria<'_>,
        now: Millis,
    ) -> StoreResult<Option<(i64, i64, Vec<LeasedDelivery>)>> {
        let any = self
            .store
            .read(&FIND_EDITION)
            .bind("transports", request.transports)
            .bind("excluded", request.excluded_editions)
            .bind("node", request.node)
            .bind("after_edition", request.after_edition)
            .exists()
            .await?;
        if !any {
            return Ok(None);
        }
        let mut tx = self.store.begin().await?;
        let leased = tx
            .query(&LEASE_BATCH)
            .bind("node", request.node)
            .bind("lease", as_millis_i64(LEASE_DURATION))
            .bind("transports", request.transports)
            .bind("excluded", request.excluded_editions)
            .bind("after_edition", request.after_edition)
            .fetch_first()
            .await?;
        let Some(leased) = leased else { return Ok(None) };
        let (batch, edition): (i64, i64) = (leased.get("id")?, leased.get("edition_id")?);
        let recover = if request.hold_uncertain {
            tx.query(&HOLD_BATCH).bind("now", now)
        } else {
            tx.query(&REQUEUE_BATCH)
        };
        recover.bind("batch", batch).execute().await?;
        let deliveries = tx.query(&LOAD_BATCH).bind("batch", batch).fetch_all().await?;
        tx.commit().await?;
        Ok(Some((batch, edition, deliveries)))
    }

    /// Leases up to `limit` due deliveries of the delivery queue, the most urgent first.
    pub async fn lease_queue_entries(
        self,
        request: LeaseCriteria<'_>,
        limit: i64,
        now: Millis,
    ) -> StoreResult<Vec<LeasedDelivery>> {
        let any = self
            .store
            .read(&HAS_DUE_ENTRY)
            .bind("transports", request.transports)
            .bind("now", now)
            .bind("node", request.node)
            .exists()
            .await?;
        if !any {
            return Ok(Vec::new());
        }
        let mut tx = self.store.begin().await?;
        let ids: Vec<i64> = tx
            .query(&LEASE_ENTRIES)
            .bind("transports", request.transports)
            .bind("now", now)
            .bind("node", request.node)
            .bind("lease", as_millis_i64(LEASE_DURATION))
            .bind("limit", limit)
            .fetch_scalars()
            .await?;
        let deliveries = load_entries(&mut tx, &ids, request.hold_uncertain, now).await?;
        tx.commit().await?;
        Ok(deliveries)
    }
}

/// Loads deliveries whose queue entries were just leased. Those that a dead node left in flight are
/// queued again or held, and entries of ended deliveries are removed.
async fn load_entries(
    tx: &mut Tx,
    ids: &[i64],
    hold_uncertain: bool,
    now: Millis,
) -> StoreResult<Vec<LeasedDelivery>> {
    let recover = if hold_uncertain {
        tx.query(&HOLD_ENTRIES).bind("now", now)
    } else {
        tx.query(&REQUEUE_ENTRIES)
    };
    recover.bind("ids", ids).execute().await?;
    tx.query(&DEQUEUE_ENDED).bind("ids", ids).execute().await?;
    tx.query(&LOAD_ENTRIES).bind("ids", ids).fetch_all().await
}
