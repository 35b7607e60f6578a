//! Webhooks: the events on the way to each, and the attempts to deliver them.

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::leases::{LEASE_DURATION, RELEASED, UNLEASED};
use super::operations::Webhooks;
use super::webhook_log::WebhookAttempt;
use crate::domain::event::EventKind;
use crate::domain::time::{Millis, as_millis_i64};

/// Number of events that one transaction gives to the webhooks.
const EVENTS_PER_TRANSACTION: i64 = 200;

/// An event on the way to a webhook, leased by this node.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    /// Id of the row.
    pub id: i64,
    /// Name of the webhook.
    pub webhook: String,
    /// Number of attempts that failed.
    pub attempts: i64,
    /// The event to deliver.
    pub event: Event,
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Id of the event, which is never used again.
    pub id: i64,
    /// Kind of the event.
    pub kind: EventKind,
    /// Data of the event as JSON.
    pub data: String,
    /// Time of the change that the event reports.
    pub at: Millis,
}

/// Consequence of an attempt for the event and its webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The webhook accepted the event.
    Accepted,
    /// The attempt failed and is repeated at this time; `None` after the last one.
    RetryAt(Option<Millis>),
    /// The webhook is switched off, for this reason.
    Disabled(String),
}

/// Takes the events that are due and returns which webhooks could receive them.
static TAKE_EVENTS: Statement = Statement::new(
    "
      WITH taken AS MATERIALIZED (
           SELECT id
             FROM events
            WHERE NOT is_distributed
              AND due_at <= $now
            ORDER BY due_at, id
            LIMIT $limit
           {skip_locked})
    UPDATE events
       SET is_distributed = TRUE
     WHERE id IN (SELECT id FROM taken)
    RETURNING id, kind",
);

static HAS_EVENTS: Statement = Statement::new(
    "
    SELECT id
      FROM events
     WHERE NOT is_distributed
       AND due_at <= $now
     LIMIT 1",
);

static ADD_DELIVERIES: Statement = Statement::new(
    "
    INSERT INTO webhook_deliveries (webhook, event_id, due_at)
    SELECT r.webhook, r.event, $now
      FROM {json_rows $deliveries webhook TEXT, event INTEGER} AS r
     WHERE TRUE
    ON CONFLICT (webhook, event_id) DO NOTHING",
);

/// The webhooks take turns: the first event of each comes before the second of any. The condition stands
/// twice because PostgreSQL checks only that of the locked rows again when another node has just changed one.
static LEASE: Statement = Statement::with(
    "
      WITH ranked AS (
           SELECT d.id, d.due_at,
                  ROW_NUMBER() OVER (PARTITION BY d.webhook ORDER BY d.due_at, d.id) AS position,
                  r.capacity
             FROM webhook_deliveries d
             JOIN {json_rows $capacities webhook TEXT, capacity INTEGER} AS r
               ON r.webhook = d.webhook
            WHERE d.due_at <= $now
              AND {unleased}),
           picked AS MATERIALIZED (
           SELECT d.id
             FROM webhook_deliveries d
            WHERE d.id IN (SELECT id FROM ranked WHERE position <= capacity)
              AND d.due_at <= $now
              AND {unleased}
           {skip_locked})
    UPDATE webhook_deliveries
       SET lease_node = $node, lease_until = {now} + $lease
     WHERE id IN (SELECT id FROM picked)
    RETURNING id",
    &[("unleased", UNLEASED), ("row", "d")],
);

static LOAD: Statement = Statement::new(
    "
    SELECT d.id, d.webhook, d.attempts, d.event_id, e.kind, e.data, e.created_at
      FROM webhook_deliveries d
      JOIN events e ON e.id = d.event_id
     WHERE d.id IN {json_ids $ids}
       AND d.lease_node = $node
     ORDER BY e.id",
);

static HAS_DUE: Statement = Statement::new(
    "
    SELECT id
      FROM webhook_deliveries
     WHERE due_at <= $now
     LIMIT 1",
);

static DELETE_DELIVERY: Statement = Statement::new(
    "
    DELETE FROM webhook_deliveries
     WHERE id = $id
       AND lease_node = $node",
);

static RETRY: Statement = Statement::with(
    "
    UPDATE webhook_deliveries
       SET attempts = attempts + 1, due_at = $due_at, {released}
     WHERE id = $id
       AND lease_node = $node",
    &[("released", RELEASED)],
);

static RELEASE: Statement = Statement::with(
    "UPDATE webhook_deliveries SET {released} WHERE lease_node = $node",
    &[("released", RELEASED)],
);

static EXPIRE: Statement = Statement::with(
    "UPDATE webhook_deliveries SET {released} WHERE lease_node IS NOT NULL",
    &[("released", RELEASED)],
);

pub(super) static ADD_ATTEMPT: Statement = Statement::new(
    "
    INSERT INTO webhook_attempts (webhook, event_id, attempted_at, duration_ms, status, error)
    VALUES ($webhook, $event, $at, $duration, $status, $error)",
);

pub(super) static DELETE_STATE: Statement =
    Statement::new("DELETE FROM webhook_states WHERE name = $name");

static SET_FAILING: Statement = Statement::new(
    "
    INSERT INTO webhook_states (name, url, failing_since)
    VALUES ($name, $url, $now)
    ON CONFLICT (name) DO UPDATE
       SET failing_since = CASE WHEN webhook_states.url = excluded.url
                                THEN COALESCE(webhook_states.failing_since, excluded.failing_since)
                                ELSE excluded.failing_since
                            END,
           disabled_at = CASE WHEN webhook_states.url = excluded.url
                              THEN webhook_states.disabled_at
                          END,
           url = excluded.url",
);

static DISABLE: Statement = Statement::new(
    "
    UPDATE webhook_states
       SET disabled_at = COALESCE(disabled_at, $now),
           reason = COALESCE(reason, $reason)
     WHERE name = $name",
);

static DELETE_PENDING: Statement = Statement::new(
    "
    DELETE FROM webhook_deliveries
     WHERE webhook = $name",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &TAKE_EVENTS,
    &HAS_EVENTS,
    &ADD_DELIVERIES,
    &LEASE,
    &LOAD,
    &HAS_DUE,
    &DELETE_DELIVERY,
    &RETRY,
    &RELEASE,
    &EXPIRE,
    &ADD_ATTEMPT,
    &DELETE_STATE,
    &SET_FAILING,
    &DISABLE,
    &DELETE_PENDING,
];

impl FromRow for WebhookDelivery {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            webhook: row.get("webhook")?,
            attempts: row.get("attempts")?,
            event: Event {
                id: row.get("event_id")?,
                kind: row.enum_value("events.kind", |word| word.parse().ok())?,
                data: row.get("data")?,
                at: row.time("created_at")?,
            },
        })
    }
}

impl Webhooks<'_> {
    /// Gives some of the events that are due to the webhooks that receive their kinds, once per webhook,
    /// and returns the number of events; 0 if none is due.
    pub async fn distribute(
        self,
        receivers: &[(String, Vec<EventKind>)],
        now: Millis,
    ) -> StoreResult<usize> {
        if !self.store.read(&HAS_EVENTS).bind("now", now).exists().await? {
            return Ok(0);
        }
        let mut tx = self.store.begin().await?;
        let taken = tx.query(&TAKE_EVENTS).bind("now", now).bind("limit", EVENTS_PER_TRANSACTION);
        let mut events: Vec<(i64, String)> =
            taken.fetch_with(|row| Ok((row.get("id")?, row.get("kind")?))).await?;
        events.sort();
        let deliveries: Vec<Json> = events
            .iter()
            .flat_map(|(event, kind)| {
                let receives =
                    move |kinds: &[EventKind]| kinds.iter().any(|one| one.as_str() == kind);
                let receiving = receivers.iter().filter(move |(_, kinds)| receives(kinds));
                receiving.map(move |(name, _)| json!({"webhook": name, "event": event}))
            })
            .collect();
        if !deliveries.is_empty() {
            let add = tx.query(&ADD_DELIVERIES).bind("deliveries", Json::from(deliveries));
            add.bind("now", now).execute().await?;
        }
        tx.commit().await?;
        Ok(events.len())
    }

    /// Leases the deliveries that are due, of each webhook as many as it has capacity for.
    pub async fn lease(
        self,
        node: &str,
        capacities: &[(String, usize)],
        now: Millis,
    ) -> StoreResult<Vec<WebhookDelivery>> {
        if !self.store.read(&HAS_DUE).bind("now", now).exists().await? {
            return Ok(Vec::new());
        }
        let row = |(name, n): &(String, usize)| json!({"webhook": name, "capacity": n});
        let leased: Vec<i64> = self
            .store
            .write(&LEASE)
            .bind("capacities", capacities.iter().map(row).collect::<Json>())
            .bind("now", now)
            .bind("node", node)
            .bind("lease", as_millis_i64(LEASE_DURATION))
            .fetch_scalars()
            .await?;
        // Through the write connection, so that its own leases are visible.
        self.store.write(&LOAD).bind("ids", leased.as_slice()).bind("node", node).fetch_all().await
    }

    /// Records an attempt and what it means, unless another node leases the delivery by now; the attempt
    /// is logged in any case.
    pub async fn record_attempt(
        self,
        node: &str,
        delivery: &WebhookDelivery,
        (url, attempt): (&str, &WebhookAttempt),
        result: &AttemptResult,
    ) -> StoreResult<()> {
        let (name, now) = (&delivery.webhook, attempt.at);
        let mut tx = self.store.begin().await?;
        tx.query(&ADD_ATTEMPT)
            .bind("webhook", name)
            .bind("event", attempt.event)
            .bind("at", now)
            .bind("duration", attempt.duration_ms)
            .bind("status", attempt.status)
            .bind("error", attempt.error.as_deref())
            .execute()
            .await?;
        match result {
            AttemptResult::Accepted => {
                let delete = tx.query(&DELETE_DELIVERY).bind("id", delivery.id);
                delete.bind("node", node).execute().await?;
                tx.query(&DELETE_STATE).bind("name", name).execute().await?;
            }
            AttemptResult::RetryAt(due_at) => {
                let retry = tx.query(&RETRY).bind("id", delivery.id).bind("node", node);
                retry.bind("due_at", *due_at).execute().await?;
                let failing = tx.query(&SET_FAILING).bind("name", name).bind("url", url);
                failing.bind("now", now).execute().await?;
            }
            AttemptResult::Disabled(reason) => {
                let failing = tx.query(&SET_FAILING).bind("name", name).bind("url", url);
                failing.bind("now", now).execute().await?;
                let disable = tx.query(&DISABLE).bind("name", name).bind("now", now);
                disable.bind("reason", reason).execute().await?;
                tx.query(&DELETE_PENDING).bind("name", name).execute().await?;
            }
        }
        tx.commit().await
    }

    /// Releases the leases of a node at its shutdown.
    pub async fn release(self, node: &str) -> StoreResult<()> {
        self.store.write(&RELEASE).bind("node", node).execute().await.map(drop)
    }

    /// Ends the leases of all nodes; on SQLite, when no other process can hold one.
    pub async fn release_all(self) -> StoreResult<()> {
        self.store.write(&EXPIRE).execute().await.map(drop)
    }
}
