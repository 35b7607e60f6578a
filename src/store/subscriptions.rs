//! Changes of subscriptions: confirmations here, requests and ends in the files below.

use serde_json::{Value, json};

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::operations::Subscriptions;
use super::subscriber_values::ValueChanges;
use super::subscription_history::KEEP;
use super::transactional_messages::cancel_confirmations;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

pub(super) mod confirmation_limits;
pub(super) mod ends;
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
    /// `true` if an admin replaces the sections of an existing subscription even by all.
    pub resets_sections: bool,
    /// Tags and attribute values of the person, which only an admin can set.
    pub values: ValueChanges,
    /// Record of the consent and of the way it was given.
    pub consent: String,
    /// `true` if the request comes from a file that says that the address is suppressed: it is stored,
    /// although nothing is sent.
    pub is_suppressed: bool,
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
    /// `true` if the address is suppressed, so that nothing is sent to it.
    pub suppressed: bool,
}

/// The subscriptions of a subscriber to some digests.
const REQUESTED: &str = "subscriber_id = $subscriber AND digest IN {json_texts $digests}";

/// The requested subscriptions that are pending, or ended before the confirmation message was queued.
const CONFIRMABLE: &str = "{requested}
       AND (status = 'pending'
            OR (status = 'unsubscribed'
                AND since < (SELECT created_at FROM deliveries WHERE id = $delivery)))";

static KEEP_CONFIRMABLE: Statement =
    Statement::with(KEEP, &[("changed", CONFIRMABLE), ("requested", REQUESTED)]);

static CONFIRM: Statement = Statement::with(
    "
    UPDATE subscriptions
       SET status = 'confirmed',
           since = $now,
           consent = consent || $consent,
           removal_reason = NULL
     WHERE {confirmable}",
    &[("confirmable", CONFIRMABLE), ("requested", REQUESTED)],
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

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&KEEP_CONFIRMABLE, &CONFIRM, &CONFIRMED, &CONFIRMATION_PAYLOAD, &FORGET_REQUIRED_OPT_IN];

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
        tx.query(&KEEP_CONFIRMABLE)
            .bind("subscriber", subscriber)
            .bind("digests", digests)
            .bind("now", now)
            .bind("delivery", delivery)
            .execute()
            .await?;
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
            cancel_confirmations(&mut tx, &[subscriber], now).await?;
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
