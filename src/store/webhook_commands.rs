//! Commands on webhooks: an event is repeated, a receiver tested or switched on again.

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::operations::Webhooks;
use super::webhook_log::WebhookAttempt;
use super::webhooks::{ADD_ATTEMPT, DELETE_STATE};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

/// Repeats the delivery of an event.
static ADD_AGAIN: Statement = Statement::new(
    "
    INSERT INTO webhook_deliveries (webhook, event_id, due_at)
    SELECT CAST($webhook AS TEXT), id, CAST($now AS BIGINT)
      FROM events
     WHERE id = $event
    ON CONFLICT (webhook, event_id) DO UPDATE
       SET due_at = excluded.due_at,
           attempts = 0",
);

static DELETE_DISABLED: Statement =
    Statement::new("DELETE FROM webhook_states WHERE name = $name AND disabled_at IS NOT NULL");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&ADD_AGAIN, &DELETE_DISABLED];

async fn record(
    tx: &mut Tx,
    webhook: &str,
    action: AuditAction,
    detail: Json,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let entry = NewAuditEntry::new(actor, action, AuditObject::Webhook, webhook);
    audit_log::record(tx, entry.with(detail), now).await
}

impl Webhooks<'_> {
    /// Delivers an event to a webhook again, at once and with all retries. Returns `false` if there is no
    /// such event.
    pub async fn replay(
        self,
        webhook: &str,
        event: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let add = tx.query(&ADD_AGAIN).bind("webhook", webhook).bind("event", event);
        if add.bind("now", now).execute().await? == 0 {
            return Ok(false);
        }
        record(&mut tx, webhook, AuditAction::Retry, json!({"event": event}), actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Logs the attempt of a test, and switches the webhook on again if it accepted the test.
    pub async fn record_test(
        self,
        webhook: &str,
        attempt: &WebhookAttempt,
        is_accepted: bool,
        actor: &Actor,
    ) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        tx.query(&ADD_ATTEMPT)
            .bind("webhook", webhook)
            .bind("event", attempt.event)
            .bind("at", attempt.at)
            .bind("duration", attempt.duration_ms)
            .bind("status", attempt.status)
            .bind("error", attempt.error.as_deref())
            .execute()
            .await?;
        if is_accepted {
            tx.query(&DELETE_STATE).bind("name", webhook).execute().await?;
        }
        let detail = json!({"accepted": is_accepted});
        record(&mut tx, webhook, AuditAction::Test, detail, actor, attempt.at).await?;
        tx.commit().await
    }

    /// Switches a webhook on again; returns `false` if it is not switched off.
    pub async fn enable(self, webhook: &str, actor: &Actor, now: Millis) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        if tx.query(&DELETE_DISABLED).bind("name", webhook).execute().await? == 0 {
            return Ok(false);
        }
        record(&mut tx, webhook, AuditAction::Resume, Json::Null, actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
