//! Ends of subscriptions by their owners and by admins, and how an owner undoes one.

use serde_json::json;

use super::record;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::db::Statement;
use crate::store::edition_unsubscriptions;
use crate::store::operations::Subscriptions;
use crate::store::subscription_history::KEEP;
use crate::store::transactional_messages::cancel_confirmations;

static IS_CONFIRMED: Statement =
    Statement::new("SELECT id FROM subscriptions WHERE id = $id AND status = 'confirmed'");

/// A subscription that its owner has not ended yet. The owner also ends what an admin has ended, so that
/// no admin can begin it again.
const ENDABLE: &str = "id = $id AND (status <> 'unsubscribed' OR removal_reason IS NOT NULL)";

/// The same, of all subscriptions of its owner.
const ALL_ENDABLE: &str = "(status <> 'unsubscribed' OR removal_reason IS NOT NULL)
       AND subscriber_id = (SELECT subscriber_id FROM subscriptions WHERE id = $id)";

const UNSUBSCRIBE_ENDABLE: &str = "
    UPDATE subscriptions
       SET status = 'unsubscribed',
           since = $now,
           removal_reason = NULL
     WHERE {changed}";

static KEEP_ENDABLE: Statement = Statement::with(KEEP, &[("changed", ENDABLE)]);
static UNSUBSCRIBE: Statement = Statement::with(UNSUBSCRIBE_ENDABLE, &[("changed", ENDABLE)]);
static KEEP_ALL_ENDABLE: Statement = Statement::with(KEEP, &[("changed", ALL_ENDABLE)]);
static UNSUBSCRIBE_ALL: Statement =
    Statement::with(UNSUBSCRIBE_ENDABLE, &[("changed", ALL_ENDABLE)]);

static OWNER: Statement = Statement::new("SELECT subscriber_id FROM subscriptions WHERE id = $id");

/// The subscriptions of a subscriber to a digest, or to all without one.
const REMOVED: &str = "subscriber_id = $subscriber AND (digest = $digest OR $digest = '')";

/// Those of them that are not ended yet.
const REMOVABLE: &str = "{removed} AND status <> 'unsubscribed'";

static KEEP_REMOVABLE: Statement =
    Statement::with(KEEP, &[("changed", REMOVABLE), ("removed", REMOVED)]);

static REMOVE: Statement = Statement::with(
    "
    UPDATE subscriptions
       SET status = 'unsubscribed',
           removal_reason = $reason
     WHERE {removable}",
    &[("removable", REMOVABLE), ("removed", REMOVED)],
);

/// Also updates those unsubscribed before, which invalidates the undo links issued then.
static SET_SINCE: Statement = Statement::with(
    "UPDATE subscriptions SET since = $now WHERE {removed}",
    &[("removed", REMOVED)],
);

/// A subscription that has not changed since its owner unsubscribed.
const UNDOABLE: &str = "id = $id
       AND status = 'unsubscribed'
       AND since = $unsubscribed_at
       AND requested_at <= since
       AND NOT EXISTS (
             SELECT 1
               FROM subscribers p
               JOIN suppressions x ON x.hash = p.address_hash
              WHERE p.id = subscriptions.subscriber_id)";

static KEEP_UNDOABLE: Statement = Statement::with(KEEP, &[("changed", UNDOABLE)]);

static UNDO_UNSUBSCRIBE: Statement = Statement::with(
    "UPDATE subscriptions SET status = 'confirmed', since = $now WHERE {undoable}",
    &[("undoable", UNDOABLE)],
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[
    &IS_CONFIRMED,
    &KEEP_ENDABLE,
    &UNSUBSCRIBE,
    &KEEP_ALL_ENDABLE,
    &UNSUBSCRIBE_ALL,
    &OWNER,
    &KEEP_REMOVABLE,
    &REMOVE,
    &SET_SINCE,
    &KEEP_UNDOABLE,
    &UNDO_UNSUBSCRIBE,
];

impl Subscriptions<'_> {
    /// Unsubscribes one subscription, or all of its subscriber, with a link of an edition if one is given.
    /// Returns `true` if the one was confirmed, so that the change can be undone.
    pub async fn unsubscribe(
        self,
        subscription: i64,
        edition: Option<i64>,
        all: bool,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let was_confirmed = tx.query(&IS_CONFIRMED).bind("id", subscription).exists().await?;
        let [keep, end] =
            if all { [&KEEP_ALL_ENDABLE, &UNSUBSCRIBE_ALL] } else { [&KEEP_ENDABLE, &UNSUBSCRIBE] };
        tx.query(keep).bind("id", subscription).bind("now", now).execute().await?;
        if let Some(edition) = edition {
            edition_unsubscriptions::add(&mut tx, edition, subscription, now).await?;
        }
        let ended = tx.query(end).bind("id", subscription).bind("now", now).execute().await?;
        if ended > 0 {
            let owner: i64 = tx.query(&OWNER).bind("id", subscription).fetch_scalar().await?;
            cancel_confirmations(&mut tx, &[owner], now).await?;
            let (action, detail) = (AuditAction::Unsubscribe, json!({"all": all}));
            let object = (AuditObject::Subscription, subscription);
            record(&mut tx, actor, action, object, detail, now).await?;
        }
        tx.commit().await?;
        Ok(was_confirmed && ended > 0)
    }

    /// Ends the subscriptions of a subscriber to one digest, or to all, as an act of an admin, and
    /// returns the number of those changed.
    pub async fn unsubscribe_by_admin(
        self,
        subscriber: i64,
        digest: Option<&str>,
        reason: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<u64> {
        let mut tx = self.store.begin().await?;
        tx.query(&KEEP_REMOVABLE)
            .bind("subscriber", subscriber)
            .bind("digest", digest.unwrap_or_default())
            .bind("now", now)
            .execute()
            .await?;
        let changed = tx
            .query(&REMOVE)
            .bind("subscriber", subscriber)
            .bind("digest", digest.unwrap_or_default())
            .bind("reason", reason)
            .execute()
            .await?;
        tx.query(&SET_SINCE)
            .bind("subscriber", subscriber)
            .bind("digest", digest.unwrap_or_default())
            .bind("now", now)
            .execute()
            .await?;
        cancel_confirmations(&mut tx, &[subscriber], now).await?;
        let detail = json!({"subscriptions": changed, "digest": digest});
        let action = AuditAction::Unsubscribe;
        let object = (AuditObject::Subscriber, subscriber);
        record(&mut tx, actor, action, object, detail, now).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Undoes an unsubscription made at `unsubscribed_at`, unless the subscription changed or was
    /// requested again since then.
    pub async fn undo_unsubscribe(
        self,
        subscription: i64,
        unsubscribed_at: Millis,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        tx.query(&KEEP_UNDOABLE)
            .bind("id", subscription)
            .bind("unsubscribed_at", unsubscribed_at)
            .bind("now", now)
            .execute()
            .await?;
        let changed = tx
            .query(&UNDO_UNSUBSCRIBE)
            .bind("id", subscription)
            .bind("unsubscribed_at", unsubscribed_at)
            .bind("now", now)
            .execute()
            .await?;
        if changed == 0 {
            return Ok(false);
        }
        edition_unsubscriptions::remove(&mut tx, subscription, unsubscribed_at).await?;
        let (action, detail) = (AuditAction::Subscribe, json!({"undo": true}));
        let object = (AuditObject::Subscription, subscription);
        record(&mut tx, actor, action, object, detail, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
