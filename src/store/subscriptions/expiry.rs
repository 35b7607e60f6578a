//! Expiry of subscriptions whose owners never confirmed them.

use serde_json::json;

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::audit_log::{self, NewAuditEntry};
use crate::store::db::Statement;
use crate::store::operations::Subscriptions;
use crate::store::transactional_messages::cancel_confirmations;

static HAS_EXPIRED: Statement = Statement::new(
    "
    SELECT CAST(1 AS BIGINT) AS found
      FROM subscriptions
     WHERE status = 'pending'
       AND requested_at <= $before
     LIMIT 1",
);

static DELETE_PENDING: Statement = Statement::new(
    "
    DELETE FROM subscriptions
     WHERE status = 'pending'
       AND requested_at <= $before
    RETURNING subscriber_id",
);

/// Deletes people without any subscription.
static DELETE_SUBSCRIBERS: Statement = Statement::new(
    "
    DELETE FROM subscribers
     WHERE id IN {json_ids $subscribers}
       AND NOT EXISTS (
           SELECT 1
             FROM subscriptions s
            WHERE s.subscriber_id = subscribers.id)
    RETURNING id",
);

static DELETE_CONFIRMATIONS: Statement = Statement::new(
    "
    DELETE FROM deliveries
     WHERE subscriber_id IN {json_ids $subscribers}
       AND kind = 'confirmation'
       AND state IN ('sent', 'failed', 'cancelled', 'bounced')",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] =
    &[&HAS_EXPIRED, &DELETE_PENDING, &DELETE_SUBSCRIBERS, &DELETE_CONFIRMATIONS];

impl Subscriptions<'_> {
    /// Deletes the pending subscriptions that were last requested before a time, and the people, with
    /// the messages to them, that have no other subscription. Returns the number of subscriptions.
    pub async fn delete_pending(self, before: Millis, now: Millis) -> StoreResult<usize> {
        if !self.store.read(&HAS_EXPIRED).bind("before", before).exists().await? {
            return Ok(0);
        }
        let mut tx = self.store.begin().await?;
        let owners: Vec<i64> =
            tx.query(&DELETE_PENDING).bind("before", before).fetch_scalars().await?;
        let deleted: Vec<i64> = tx
            .query(&DELETE_SUBSCRIBERS)
            .bind("subscribers", owners.as_slice())
            .fetch_scalars()
            .await?;
        cancel_confirmations(&mut tx, &owners, now).await?;
        tx.query(&DELETE_CONFIRMATIONS).bind("subscribers", deleted.as_slice()).execute().await?;
        let entry =
            NewAuditEntry::new(&Actor::System, AuditAction::Delete, AuditObject::Subscription, "")
                .with(json!({"unconfirmed": owners.len()}));
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(owners.len())
    }
}
