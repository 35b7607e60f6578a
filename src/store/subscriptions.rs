//! Changes of subscriptions: requests, confirmations and unsubscriptions.

use serde_json::{Value, json};

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::operations::Subscriptions;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

pub(super) mod confirmation_limits;
pub(super) mod expiry;
mod plan;
pub(super) mod requests;

/// Request to subscribe one address to some digests.
#[derive(Debug, Clone)]
pub struct SubscriptionRequest {
    /// Address to send to, with its domain in ASCII.
    pub address: String,
    /// Normalized form of the address, used for comparisons.
    pub address_key: String,
    /// Keyed hash of the address.
    pub address_hash: String,
    /// Keyed hash of the address without the variations that reach the same inbox.
    pub inbox_hash: String,
    /// Name of the person, if given.
    pub name: Option<String>,
    /// Language of the person, if given.
    pub language: Option<String>,
    /// Time zone of the person, if given.
    pub timezone: Option<String>,
    /// Names of the requested digests.
    pub digests: Vec<String>,
    /// Chosen sections; empty means all sections.
    pub sections: Vec<String>,
    /// Record of the consent and of the way it was given.
    pub consent: String,
}

/// Result of a request: the number of subscriptions by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestResult {
    /// Subscriptions for which a confirmation message was queued.
    pub confirmations_queued: usize,
    /// Subscriptions that were confirmed by the request.
    pub confirmed: usize,
    /// Subscriptions that did not change.
    pub unchanged: usize,
    /// Subscriptions that only the owner of the address may begin again: ended by the owner, or of an
    /// erased or former address.
    pub previously_unsubscribed: usize,
    /// `true` if the address is suppressed, so that nothing was changed.
    pub suppressed: bool,
}

/// The subscriptions of a subscriber to some digests.
const REQUESTED: &str = "subscriber_id = $subscriber AND digest IN {json_texts $digests}";

static CONFIRM: Statement = Statement::with(
    "
    UPDATE subscriptions
       SET status = 'confirmed',
           since = $now,
           consent = consent || $consent,
           removal_reason = NULL
     WHERE {requested}
       AND (status = 'pending'
            OR (status = 'unsubscribed'
                AND since < (SELECT created_at FROM deliveries WHERE id = $delivery)))",
    &[("requested", REQUESTED)],
);

static CONFIRMED: Statement = Statement::with(
    "
    SELECT digest
      FROM subscriptions
     WHERE {requested}
       AND status = 'confirmed'
     ORDER BY id",
    &[("requested", REQUESTED)],
);

/// A link that was sent to a former address of the subscriber is not valid.
static CONFIRMATION_PAYLOAD: Statement = Statement::new(
    "
    SELECT payload, created_at
      FROM deliveries
     WHERE id = $delivery
       AND subscriber_id = $subscriber
       AND kind = 'confirmation'
       AND created_at >= $since
       AND address_hash = (SELECT address_hash FROM subscribers WHERE id = $subscriber)",
);

static FORGET_REQUIRED_OPT_IN: Statement = Statement::new(
    "
    DELETE FROM opt_in_required
     WHERE hash = (SELECT address_hash FROM subscribers WHERE id = $subscriber)",
);

static UNSUBSCRIBE_CONFIRMED: Statement = Statement::new(
    "
    UPDATE subscriptions
       SET status = 'unsubscribed',
           since = $now
     WHERE id = $id
       AND status = 'confirmed'",
);

/// Its owner also ends what an admin has ended, so that no admin can begin it again.
static UNSUBSCRIBE: Statement = Statement::new(
    "
    UPDATE subscriptions
       SET status = 'unsubscribed',
           since = $now,
           removal_reason = NULL
     WHERE id = $id
       AND (status <> 'unsubscribed' OR removal_reason IS NOT NULL)",
);

static UNSUBSCRIBE_OWNER: Statement = Statement::new(
    "
    UPDATE subscriptions
       SET status = 'unsubscribed',
           since = $now,
           removal_reason = NULL
     WHERE (status <> 'unsubscribed' OR removal_reason IS NOT NULL)
       AND subscriber_id = (SELECT subscriber_id FROM subscriptions WHERE id = $id)",
);

/// The subscriptions of a subscriber to a digest, or to all without one.
const REMOVED: &str = "subscriber_id = $subscriber AND (digest = $digest OR $digest = '')";

static REMOVE: Statement = Statement::with(
    "
    UPDATE subscriptions
       SET status = 'unsubscribed',
           removal_reason = $reason
     WHERE {removed}
       AND status <> 'unsubscribed'",
    &[("removed", REMOVED)],
);

/// Also updates those unsubscribed before, which invalidates the undo links issued then.
static SET_SINCE: Statement = Statement::with(
    "UPDATE subscriptions SET since = $now WHERE {removed}",
    &[("removed", REMOVED)],
);

static UNDO_UNSUBSCRIBE: Statement = Statement::new(
    "
    UPDATE subscriptions
       SET status = 'confirmed',
           since = $now
     WHERE id = $id
       AND status = 'unsubscribed'
       AND since = $unsubscribed_at
       AND requested_at <= since
       AND NOT EXISTS (
             SELECT 1
               FROM subscribers p
               JOIN suppressions x ON x.hash = p.address_hash
              WHERE p.id = subscriptions.subscriber_id)",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &CONFIRM,
    &CONFIRMED,
    &CONFIRMATION_PAYLOAD,
    &FORGET_REQUIRED_OPT_IN,
    &UNSUBSCRIBE_CONFIRMED,
    &UNSUBSCRIBE,
    &UNSUBSCRIBE_OWNER,
    &REMOVE,
    &SET_SINCE,
    &UNDO_UNSUBSCRIBE,
];

impl Subscriptions<'_> {
    /// Confirms the subscriptions of a subscriber to these digests that are pending, or were
    /// unsubscribed before the confirmation message `delivery` was queued. Returns those of the
    /// digests that are confirmed now, including those confirmed before.
    pub async fn confirm(
        self,
        subscriber: i64,
        delivery: i64,
        digests: &[String],
        consent: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Vec<String>> {
        let mut tx = self.store.begin().await?;
        let changed = tx
            .query(&CONFIRM)
            .bind("subscriber", subscriber)
            .bind("digests", digests)
            .bind("now", now)
            .bind("consent", format!("; {consent}"))
            .bind("delivery", delivery)
            .execute()
            .await?;
        let confirmed = tx
            .query(&CONFIRMED)
            .bind("subscriber", subscriber)
            .bind("digests", digests)
            .fetch_scalars()
            .await?;
        if changed > 0 {
            tx.query(&FORGET_REQUIRED_OPT_IN).bind("subscriber", subscriber).execute().await?;
            let (action, detail) = (AuditAction::Confirm, json!({"digests": confirmed}));
            let object = (AuditObject::Subscriber, subscriber);
            record(&mut tx, actor, action, object, detail, now).await?;
        }
        tx.commit().await?;
        Ok(confirmed)
    }

    /// Returns the digests of a confirmation message and the time at which it was queued; `None` if
    /// that was before `since`, for another subscriber, or to a former address.
    pub async fn requested_confirmation(
        self,
        subscriber: i64,
        delivery: i64,
        since: Millis,
    ) -> StoreResult<Option<(Vec<String>, Millis)>> {
        let rows = self
            .store
            .read(&CONFIRMATION_PAYLOAD)
            .bind("delivery", delivery)
            .bind("subscriber", subscriber)
            .bind("since", since)
            .fetch_with(|row| Ok((row.get::<Option<String>>("payload")?, row.time("created_at")?)))
            .await?;
        let Some((payload, queued_at)) = rows.into_iter().next() else { return Ok(None) };
        let payload: Value =
            payload.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let digests = payload["digests"].as_array().into_iter().flatten();
        let digests = digests.filter_map(|d| d.as_str().map(str::to_owned)).collect();
        Ok(Some((digests, queued_at)))
    }

    /// Unsubscribes one subscription, or all of its subscriber. Returns `true` if the one was confirmed,
    /// so that the change can be undone.
    pub async fn unsubscribe(
        self,
        subscription: i64,
        all: bool,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let confirmed = tx
            .query(&UNSUBSCRIBE_CONFIRMED)
            .bind("id", subscription)
            .bind("now", now)
            .execute()
            .await?;
        let rest = if all { &UNSUBSCRIBE_OWNER } else { &UNSUBSCRIBE };
        let others = tx.query(rest).bind("id", subscription).bind("now", now).execute().await?;
        if confirmed + others > 0 {
            let (action, detail) = (AuditAction::Unsubscribe, json!({"all": all}));
            let object = (AuditObject::Subscription, subscription);
            record(&mut tx, actor, action, object, detail, now).await?;
        }
        tx.commit().await?;
        Ok(confirmed == 1)
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
        let (action, detail) = (AuditAction::Subscribe, json!({"undo": true}));
        let object = (AuditObject::Subscription, subscription);
        record(&mut tx, actor, action, object, detail, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Records a change of a person or a subscription, which is named by its id.
async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: AuditAction,
    (object, id): (AuditObject, i64),
    detail: Value,
    now: Millis,
) -> StoreResult<()> {
    let object_id = id.to_string();
    let entry = NewAuditEntry::new(actor, action, object, &object_id).with(detail);
    audit_log::record(tx, entry, now).await
}
