//! Group commit: records the outcomes of deliveries and marks the next ones as `sending`, for all
//! SMTP connections in one transaction.

mod conditions;
mod requests;
mod transitions;

use std::collections::HashSet;

use self::conditions::{LEASE_FRAGMENTS, LEASED_BY_NODE};
pub use self::requests::{OutcomeRecord, PermitRequest};
use self::transitions::Transition;
use super::db::{Connection, Statement};
use super::leases::MIN_REMAINING_LEASE;
use super::transactional_messages::{IS_AWAITED, NOT_AWAITED};
use super::{Store, StoreResult};
use crate::domain::address_rejection::AddressRejection;
use crate::domain::delivery::DeliveryOutcome;
use crate::domain::event::EventKind;
use crate::domain::time::{Millis, as_millis_i64};

/// Dedicated connection of the group commit; a pooled one would cost more round trips than the
/// commit itself.
#[derive(Debug)]
pub struct CommitConnection {
    store: Store,
    connection: Option<Connection>,
}

/// The deliveries that are marked as `sending` and may be sent by the node.
static STARTED: Statement = Statement::with(
    "
    SELECT deliveries.id
      FROM deliveries
     WHERE id IN {json_ids $ids}
       AND state = 'sending'
       AND {may_be_sent}",
    LEASE_FRAGMENTS,
);

static HAS_MARKED: Statement = Statement::new(
    "
    SELECT id
      FROM deliveries
     WHERE id IN {json_ids $ids}
       AND state = 'sending'
     LIMIT 1",
);

/// Returns deliveries to the queue that were marked as `sending` before their edition was paused, and that
/// the node does not send.
static UNMARK: Statement = Statement::with(
    "
    UPDATE deliveries
       SET state = 'queued'
     WHERE id IN {json_ids $ids}
       AND state = 'sending'
       AND {leased_by_node}",
    &[("leased_by_node", LEASED_BY_NODE)],
);

/// Condition that a queued delivery must not be sent, because its recipient unsubscribed or is
/// suppressed, or because no confirmation is awaited any more.
const IS_UNSENDABLE: &str = "id IN {json_ids $ids}
       AND state = 'queued'
       AND ({suppressed deliveries}
            OR (kind = 'edition'
                AND NOT EXISTS (
                    SELECT 1
                      FROM subscriptions s
                     WHERE s.id = deliveries.subscription_id
                       AND s.status = 'confirmed'))
            OR (kind = 'confirmation' AND NOT ({is_awaited})))";

static HAS_UNSENDABLE: Statement = Statement::with(
    "
    SELECT id
      FROM deliveries
     WHERE {is_unsendable}
     LIMIT 1",
    &[("is_unsendable", IS_UNSENDABLE), ("is_awaited", IS_AWAITED)],
);

/// A delivery that an admin queued again returns to the state that it had before, with its reply.
static CANCEL_UNSENDABLE: Statement = Statement::with(
    "
    UPDATE deliveries
       SET state = COALESCE(state_before_retry, 'cancelled'),
           ended_at = $now,
           last_reply = CASE WHEN state_before_retry IS NOT NULL THEN last_reply
                             WHEN kind = 'edition'
                             THEN 'unsubscribed or suppressed before it was sent'
                             WHEN kind = 'test'
                               OR {suppressed deliveries}
                             THEN 'suppressed before it was sent'
                             ELSE {not_awaited}
                         END
     WHERE {is_unsendable}",
    &[("is_unsendable", IS_UNSENDABLE), ("is_awaited", IS_AWAITED), ("not_awaited", NOT_AWAITED)],
);

static DEQUEUE_CANCELLED: Statement = Statement::new(
    "
    DELETE FROM delivery_queue
     WHERE delivery_id IN (
           SELECT id
             FROM deliveries
            WHERE id IN {json_ids $ids}
              AND state IN ('cancelled', 'failed', 'held'))",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&STARTED, &HAS_MARKED, &UNMARK, &HAS_UNSENDABLE, &CANCEL_UNSENDABLE, &DEQUEUE_CANCELLED];
/// All statements that apply transitions.
pub(super) use self::transitions::STATEMENTS as TRANSITION_STATEMENTS;

impl CommitConnection {
    /// Creates the connection of a store; it is opened by the first commit, and again after an
    /// error.
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone(), connection: None }
    }

    /// Closes the connection; the next commit opens a new one.
    pub async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Everything is committed, so an error while closing has no effect.
            let _ = connection.close().await;
        }
    }

    /// Commits the outcomes in `records`, marks the deliveries of `starts` that may be sent as
    /// `sending`, and returns the ids of those. The others must not be sent by this node: the
    /// edition is paused or cancelled, the recipient unsubscribed or is suppressed, or the lease is
    /// lost.
    pub async fn commit(
        &mut self,
        node: &str,
        records: &[OutcomeRecord],
        starts: &[PermitRequest],
        now: Millis,
    ) -> StoreResult<HashSet<i64>> {
        let transitions: Vec<Transition<'_>> = records
            .iter()
            .map(|r| Transition::new(r, now))
            .chain(starts.iter().map(Transition::start))
            .collect();
        if transitions.is_empty() {
            return Ok(HashSet::new());
        }
        if records.iter().all(|r| !r.is_queue_entry && r.rejection.is_none())
            && transitions.iter().all(|s| s.due_at.is_none())
            && !self.reports_failures(records)
        {
            let are_in_batches = starts.iter().all(|s| !s.is_queue_entry);
            let mut connection = self.take_or_open().await?;
            let are_applied =
                transitions::apply(&mut connection, node, &transitions, are_in_batches, now)
                    .await?;
            self.put_back(connection);
            // Nearly always all transitions were applied, which saves the query for the started
            // ones.
            if are_applied {
                return Ok(starts.iter().map(|i| i.id).collect());
            }
            self.store.apply_sent_late(&transitions).await?;
        } else {
            let rejections: Vec<(i64, AddressRejection)> =
                records.iter().filter_map(|r| Some((r.id, r.rejection?))).collect();
            self.store.apply_with_queue(node, &transitions, rejections, now).await?;
        }
        let ids: Vec<i64> = starts.iter().map(|i| i.id).collect();
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let started = self.store.started_deliveries(node, &ids).await?;
        let started: HashSet<i64> = started.into_iter().collect();
        let refused: Vec<i64> = ids.into_iter().filter(|id| !started.contains(id)).collect();
        if !refused.is_empty() {
            let is_first = |id: &&i64| starts.iter().any(|s| s.id == **id && !s.is_renewal);
            let first: Vec<i64> = refused.iter().filter(is_first).copied().collect();
            self.store.unmark(node, &first).await?;
            self.store.cancel_unsendable(&refused, now).await?;
        }
        Ok(started)
    }

    /// Returns `true` if an outcome is an event for webhooks, which its own transaction records.
    fn reports_failures(&self, records: &[OutcomeRecord]) -> bool {
        self.store.recorded_events.contains(EventKind::DeliveryFailed)
            && records.iter().any(|r| r.outcome == DeliveryOutcome::Failed)
    }

    /// Takes the connection out; one on which an error occurs is not put back and so never used
    /// again.
    async fn take_or_open(&mut self) -> StoreResult<Connection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.store).await,
        }
    }

    fn put_back(&mut self, connection: Connection) {
        self.connection = Some(connection);
    }
}

impl Store {
    /// Returns those of these deliveries that are marked as `sending` and may be sent by this node.
    async fn started_deliveries(&self, node: &str, ids: &[i64]) -> StoreResult<Vec<i64>> {
        // Through the write connection, so that its own writes are visible.
        self.write(&STARTED)
            .bind("ids", ids)
            .bind("node", node)
            .bind("min_remaining", as_millis_i64(MIN_REMAINING_LEASE))
            .fetch_scalars()
            .await
    }

    /// Returns those of `ids` to the queue that were marked as `sending` and are refused all the same.
    async fn unmark(&self, node: &str, ids: &[i64]) -> StoreResult<()> {
        if !self.read(&HAS_MARKED).bind("ids", ids).exists().await? {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        tx.query(&UNMARK).bind("ids", ids).bind("node", node).execute().await?;
        tx.commit().await
    }

    /// Cancels those of `ids` whose recipients unsubscribed or were suppressed since they were
    /// queued.
    async fn cancel_unsendable(&self, ids: &[i64], now: Millis) -> StoreResult<()> {
        if !self.read(&HAS_UNSENDABLE).bind("ids", ids).exists().await? {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        tx.query(&CANCEL_UNSENDABLE).bind("ids", ids).bind("now", now).execute().await?;
        tx.query(&DEQUEUE_CANCELLED).bind("ids", ids).execute().await?;
        tx.commit().await
    }
}
