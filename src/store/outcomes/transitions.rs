//! State changes of deliveries, applied to all deliveries of a group commit in one statement.

use std::collections::HashMap;

use serde::Serialize;

use super::conditions::{
    IS_WANTED, LEASE_FRAGMENTS, LEASED_BY_NODE, LEASED_WITH_BATCH, MAY_BE_SENT, SAFELY_LEASED,
    SAFELY_LEASED_WITH_BATCH,
};
use super::requests::{OutcomeRecord, PermitRequest};
use crate::domain::address_rejection::AddressRejection;
use crate::domain::delivery::{DeliveryOutcome, DeliveryState};
use crate::domain::time::{Millis, as_millis_i64};
use crate::store::db::{Connection, Query, Statement, Tx};
use crate::store::leases::MIN_REMAINING_LEASE;
use crate::store::transactional_messages::IS_AWAITED;
use crate::store::{
    Store, StoreError, StoreResult, address_rejections, edition_counts, events, spawn_uncancellable,
};

/// State change of a delivery, serialized as a parameter of the group commit. Values that change
/// nothing are left out, because the database spends most of its time on parsing them.
#[derive(Debug, Serialize)]
pub(super) struct Transition<'a> {
    id: i64,
    from_state: &'static str,
    to_state: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    attempts_added: i64,
    #[serde(skip_serializing_if = "is_zero")]
    uncertain_added: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a str>,
    /// Address that a started delivery must still have.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    #[serde(skip)]
    pub(super) due_at: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// A delivery that is added to the delivery queue.
#[derive(Debug, Serialize)]
struct Requeued {
    id: i64,
    due_at: i64,
}

/// Applies the transitions of deliveries that are in the expected state. "Sent" is recorded even if another
/// node leases the delivery by now, everything else only while this node leases it.
const APPLY_TRANSITIONS: &str = "
    WITH o AS (
         SELECT *
           FROM {json_rows $transitions
                 id INTEGER, from_state TEXT, to_state TEXT, attempts_added INTEGER,
                 uncertain_added INTEGER, reply TEXT, address TEXT, ended_at INTEGER} AS r)
    UPDATE deliveries
       SET state = o.to_state,
           attempts = attempts + COALESCE(o.attempts_added, 0),
           uncertain = uncertain + COALESCE(o.uncertain_added, 0),
           last_reply = COALESCE(o.reply, deliveries.last_reply),
           ended_at = o.ended_at,
           first_attempt_at = CASE WHEN o.to_state = 'sending'
                                   THEN COALESCE(first_attempt_at, $now)
                                   ELSE first_attempt_at
                               END
      FROM o
     WHERE deliveries.id = o.id
       AND {id_among deliveries.id o}
       AND CASE WHEN deliveries.state <> o.from_state THEN FALSE
                WHEN o.to_state = 'sent' THEN TRUE
                WHEN o.to_state = 'sending'
                THEN deliveries.address = o.address AND {may_be_sent}
                ELSE {leased_by_node}
            END";

/// Applies the transitions in a transaction of its own.
static APPLY: Statement = Statement::with(APPLY_TRANSITIONS, LEASE_FRAGMENTS);

/// Applies the transitions of deliveries that are leased with their batches. PostgreSQL prepares every
/// subquery of a statement at each execution, and this one has half of them.
static APPLY_TO_BATCHES: Statement = Statement::with(
    APPLY_TRANSITIONS,
    &[
        ("may_be_sent", "{safely_leased} AND {is_wanted}"),
        ("safely_leased", SAFELY_LEASED_WITH_BATCH),
        ("is_wanted", IS_WANTED),
        ("leased_by_node", LEASED_WITH_BATCH),
    ],
);

/// Applies the transitions and returns the deliveries that were changed.
static APPLY_AND_RETURN: Statement = Statement::with(
    "
    {apply_transitions}
    RETURNING deliveries.id AS id, deliveries.state AS state",
    &[
        ("apply_transitions", APPLY_TRANSITIONS),
        ("may_be_sent", MAY_BE_SENT),
        ("safely_leased", SAFELY_LEASED),
        ("is_wanted", IS_WANTED),
        ("is_awaited", IS_AWAITED),
        ("leased_by_node", LEASED_BY_NODE),
    ],
);

/// Condition that a delivery was sent although it is neither in flight nor sent by its state: its node lost
/// the lease, and another one has held it, queued it again or cancelled it.
const IS_SENT_LATE: &str = "deliveries.id IN {json_ids $ids}
       AND deliveries.state NOT IN ('sending', 'sent')";

static HAS_SENT_LATE: Statement = Statement::with(
    "SELECT id FROM deliveries WHERE {is_sent_late} LIMIT 1",
    &[("is_sent_late", IS_SENT_LATE)],
);

static RECORD_SENT_LATE: Statement = Statement::with(
    "
    UPDATE deliveries
       SET state = 'sent',
           attempts = attempts + o.attempts_added,
           last_reply = COALESCE(o.reply, deliveries.last_reply),
           ended_at = o.ended_at
      FROM {json_rows $transitions
            id INTEGER, attempts_added INTEGER, reply TEXT, ended_at INTEGER} AS o
     WHERE deliveries.id = o.id
       AND {is_sent_late}
    RETURNING deliveries.id AS id",
    &[("is_sent_late", IS_SENT_LATE)],
);

static DEQUEUE: Statement = Statement::new(
    "
    DELETE FROM delivery_queue
     WHERE delivery_id IN {json_ids $ids}",
);

static ENQUEUE: Statement = Statement::new(
    "
    INSERT INTO delivery_queue (delivery_id, edition_id, transport, priority, due_at)
    SELECT d.id, d.edition_id, COALESCE(e.transport, w.transport), 1, r.due_at
      FROM {json_rows $requeued id INTEGER, due_at INTEGER} AS r
      JOIN deliveries d ON d.id = r.id
      LEFT JOIN editions e ON e.id = d.edition_id
      LEFT JOIN delivery_queue w ON w.delivery_id = d.id
     WHERE TRUE
    ON CONFLICT (delivery_id) DO UPDATE
       SET due_at = excluded.due_at,
           lease_node = NULL,
           lease_until = 0",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[
    &APPLY,
    &APPLY_TO_BATCHES,
    &APPLY_AND_RETURN,
    &HAS_SENT_LATE,
    &RECORD_SENT_LATE,
    &DEQUEUE,
    &ENQUEUE,
];

impl<'a> Transition<'a> {
    pub(super) fn new(record: &'a OutcomeRecord, now: Millis) -> Self {
        let (to_state, attempts_added, uncertain_added, due_at) = match &record.outcome {
            DeliveryOutcome::Sent => (DeliveryState::Sent, 1, 0, None),
            DeliveryOutcome::Failed => (DeliveryState::Failed, 1, 0, None),
            DeliveryOutcome::Deferred { until } => (DeliveryState::Queued, 1, 0, Some(until.0)),
            DeliveryOutcome::Postponed { until } => (DeliveryState::Queued, 0, 0, Some(until.0)),
            DeliveryOutcome::Uncertain { until } if record.may_retry_uncertain => {
                (DeliveryState::Queued, 1, 1, Some(until.0))
            }
            DeliveryOutcome::Uncertain { .. } => (DeliveryState::Held, 1, 1, None),
            DeliveryOutcome::NotCounted => (DeliveryState::Queued, 0, 0, None),
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
            address: None,
            ended_at,
            due_at,
        }
    }

    pub(super) fn start(start: &'a PermitRequest) -> Self {
        let from_state =
            if start.is_renewal { DeliveryState::Sending } else { DeliveryState::Queued };
        Self {
            id: start.id,
            from_state: from_state.as_str(),
            to_state: DeliveryState::Sending.as_str(),
            attempts_added: 0,
            uncertain_added: 0,
            reply: None,
            address: Some(&start.address),
            ended_at: None,
            due_at: None,
        }
    }
}

fn to_json(rows: &[impl Serialize]) -> StoreResult<String> {
    serde_json::to_string(rows).map_err(|e| StoreError::Sql(sqlx::Error::Encode(e.into())))
}

/// Binds the parameters of a statement that applies transitions.
fn bind_transitions<'q>(
    query: Query<'q>,
    node: &'q str,
    transitions: String,
    now: Millis,
) -> Query<'q> {
    query
        .bind("transitions", transitions)
        .bind("node", node)
        .bind("min_remaining", as_millis_i64(MIN_REMAINING_LEASE))
        .bind("now", now)
}

/// Applies the transitions, each statement in its own transaction, and returns `true` if all of them were
/// applied at once. `are_in_batches` says that the node leased all of these deliveries with batches.
pub(super) async fn apply(
    connection: &mut Connection,
    node: &str,
    transitions: &[Transition<'_>],
    are_in_batches: bool,
    now: Millis,
) -> StoreResult<bool> {
    let (json, count) = (to_json(transitions)?, transitions.len() as u64);
    if are_in_batches {
        let query = connection.query(&APPLY_TO_BATCHES);
        if bind_transitions(query, node, json.clone(), now).execute().await? == count {
            return Ok(true);
        }
        // A delivery may have got a queue entry since it was leased; those already applied are not
        // changed again, because their state is a new one.
    }
    Ok(bind_transitions(connection.query(&APPLY), node, json, now).execute().await? == count)
}

/// Returns the deliveries whose messages were sent.
fn sent_ids(transitions: &[Transition<'_>]) -> Vec<i64> {
    let sent = transitions.iter().filter(|t| t.to_state == DeliveryState::Sent.as_str());
    sent.map(|t| t.id).collect()
}

/// Records those of the sent deliveries that were not in flight any more, and returns them. The counts
/// of their editions may be stored already.
async fn record_sent_late(tx: &mut Tx, sent: &[i64], transitions: String) -> StoreResult<Vec<i64>> {
    let query = tx.query(&RECORD_SENT_LATE).bind("ids", sent).bind("transitions", transitions);
    let late: Vec<i64> = query.fetch_scalars().await?;
    edition_counts::forget(tx, &late).await?;
    Ok(late)
}

impl Store {
    /// Records those of the sent deliveries that were not in flight any more, which [`apply`] leaves.
    pub(super) async fn apply_sent_late(&self, transitions: &[Transition<'_>]) -> StoreResult<()> {
        let sent = sent_ids(transitions);
        if sent.is_empty()
            || !self.read(&HAS_SENT_LATE).bind("ids", sent.as_slice()).exists().await?
        {
            return Ok(());
        }
        let (store, json) = (self.clone(), to_json(transitions)?);
        spawn_uncancellable(async move {
            let mut tx = store.begin().await?;
            record_sent_late(&mut tx, &sent, json).await?;
            tx.commit().await
        })
        .await
    }

    /// Applies the transitions and updates the delivery queue: ended deliveries are removed from
    /// it, deferred ones added. Addresses that relays reject are suppressed.
    pub(super) async fn apply_with_queue(
        &self,
        node: &str,
        transitions: &[Transition<'_>],
        mut rejected: Vec<(i64, AddressRejection)>,
        now: Millis,
    ) -> StoreResult<()> {
        let (store, node, json) = (self.clone(), node.to_owned(), to_json(transitions)?);
        let due: HashMap<i64, i64> =
            transitions.iter().filter_map(|s| Some((s.id, s.due_at?))).collect();
        let (sent, transitions_len) = (sent_ids(transitions), transitions.len());
        // An outcome that happened is recorded even if nobody waits for it any more.
        spawn_uncancellable(async move {
            let mut tx = store.begin().await?;
            let mut changed =
                bind_transitions(tx.query(&APPLY_AND_RETURN), &node, json.clone(), now)
                    .fetch_with(|row| {
                        let state = row.enum_value("deliveries.state", |word| word.parse().ok())?;
                        Ok((row.get::<i64>("id")?, state))
                    })
                    .await?;
            if changed.len() < transitions_len && !sent.is_empty() {
                let late = record_sent_late(&mut tx, &sent, json).await?;
                changed.extend(late.into_iter().map(|id| (id, DeliveryState::Sent)));
            }
            rejected.retain(|(id, _)| changed.contains(&(*id, DeliveryState::Failed)));
            address_rejections::record(&mut tx, &rejected, now).await?;
            // Only for rows that were changed: a late outcome may concern a delivery that another
            // node has deferred in the meantime.
            let ended: Vec<i64> = changed
                .iter()
                .filter(|(_, state)| {
                    !matches!(state, DeliveryState::Queued | DeliveryState::Sending)
                })
                .map(|(id, _)| *id)
                .collect();
            if !ended.is_empty() {
                tx.query(&DEQUEUE).bind("ids", ended.as_slice()).execute().await?;
            }
            let requeued: Vec<Requeued> = changed
                .iter()
                .filter(|(_, state)| *state == DeliveryState::Queued)
                .filter_map(|(id, _)| Some(Requeued { id: *id, due_at: *due.get(id)? }))
                .collect();
            if !requeued.is_empty() {
                tx.query(&ENQUEUE).bind("requeued", to_json(&requeued)?).execute().await?;
            }
            let failed = changed.iter().filter(|(_, state)| *state == DeliveryState::Failed);
            let failed: Vec<i64> = failed.map(|(id, _)| *id).collect();
            events::record_failed_deliveries(&mut tx, &failed, now).await?;
            tx.commit().await
        })
        .await
    }
}
