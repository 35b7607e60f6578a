//! The log of webhooks: attempts, pending events, and which webhooks are switched off.

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Webhooks;
use crate::domain::event::EventKind;
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::Millis;

/// Attempt to deliver an event to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAttempt {
    /// Id of the attempt; a later one has a greater id.
    pub id: i64,
    /// Id of the event.
    pub event: i64,
    /// Kind of the event; `None` once the event was deleted, and for a test.
    pub kind: Option<EventKind>,
    /// Time of the attempt.
    pub at: Millis,
    /// Duration of the attempt in milliseconds.
    pub duration_ms: i64,
    /// HTTP status of the response.
    pub status: Option<i64>,
    /// Reason why there was no response, or what followed from it.
    pub error: Option<String>,
}

/// State of a webhook and its pending events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookState {
    /// Name of the webhook.
    pub name: String,
    /// URL that the state applies to.
    pub url: String,
    /// Time since which every attempt failed.
    pub failing_since: Option<Millis>,
    /// Time at which it was switched off.
    pub disabled_at: Option<Millis>,
    /// Reason why it was switched off.
    pub reason: Option<String>,
}

static STATES: Statement = Statement::new(
    "
    SELECT name, url, failing_since, disabled_at, reason
      FROM webhook_states
     ORDER BY name",
);

static COUNT_PENDING: Statement = Statement::new(
    "
    SELECT webhook, COUNT(*) AS pending
      FROM webhook_deliveries
     WHERE due_at IS NOT NULL
     GROUP BY webhook",
);

static ATTEMPTS: Statement = Statement::new(
    "
    SELECT a.id, a.event_id, e.kind, a.attempted_at, a.duration_ms, a.status, a.error
      FROM webhook_attempts a
      LEFT JOIN events e ON e.id = a.event_id
     WHERE a.webhook = $webhook
       AND a.id < $before
     ORDER BY a.id DESC
     LIMIT $limit",
);

static DELETE_OLD_ATTEMPTS: Statement =
    Statement::new("DELETE FROM webhook_attempts WHERE attempted_at < $before");

static DELETE_OLD_DELIVERIES: Statement = Statement::new(
    "
    DELETE FROM webhook_deliveries
     WHERE event_id IN (SELECT id FROM events WHERE created_at < $before AND due_at < $before)",
);

static DELETE_OLD_EVENTS: Statement =
    Statement::new("DELETE FROM events WHERE created_at < $before AND due_at < $before");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &STATES,
    &COUNT_PENDING,
    &ATTEMPTS,
    &DELETE_OLD_ATTEMPTS,
    &DELETE_OLD_DELIVERIES,
    &DELETE_OLD_EVENTS,
];

impl FromRow for WebhookAttempt {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let kind: Option<String> = row.get("kind")?;
        Ok(Self {
            id: row.get("id")?,
            event: row.get("event_id")?,
            kind: kind.and_then(|word| word.parse().ok()),
            at: row.time("attempted_at")?,
            duration_ms: row.get("duration_ms")?,
            status: row.get("status")?,
            error: row.get("error")?,
        })
    }
}

impl FromRow for WebhookState {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            name: row.get("name")?,
            url: row.get("url")?,
            failing_since: row.optional_time("failing_since")?,
            disabled_at: row.optional_time("disabled_at")?,
            reason: row.get("reason")?,
        })
    }
}

impl Webhooks<'_> {
    /// Returns the states of the webhooks that have failed.
    pub async fn states(self) -> StoreResult<Vec<WebhookState>> {
        self.store.read(&STATES).fetch_all().await
    }

    /// Returns the number of events on the way to each webhook that has any.
    pub async fn pending(self) -> StoreResult<Vec<(String, i64)>> {
        let count = |row: &Row| Ok((row.get("webhook")?, row.get("pending")?));
        self.store.read(&COUNT_PENDING).fetch_with(count).await
    }

    /// Returns a page of the attempts of a webhook, newest first.
    ///
    /// # Errors
    /// [`StoreError::Rejected`](super::StoreError::Rejected) if the cursor is not one of this list.
    pub async fn attempts(
        self,
        webhook: &str,
        page: &PageRequest,
    ) -> StoreResult<Page<WebhookAttempt>> {
        self.store
            .read(&ATTEMPTS)
            .bind("webhook", webhook)
            .bind("before", page.key_or(i64::MAX)?)
            .fetch_page(page, |attempt: &WebhookAttempt| attempt.id)
            .await
    }

    /// Deletes the events before a time, with their deliveries and attempts.
    pub async fn delete_before(self, before: Millis) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        for delete in [&DELETE_OLD_ATTEMPTS, &DELETE_OLD_DELIVERIES, &DELETE_OLD_EVENTS] {
            tx.query(delete).bind("before", before).execute().await?;
        }
        tx.commit().await
    }
}
