//! Changes of a person by an admin: another address or other details, and the erasure of all personal
//! data.

use std::collections::BTreeMap;

use serde_json::json;

use super::address_changes::{RedirectedMessages, redirect_messages};
use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::imports::forgetting::forget_person;
use super::operations::Subscribers;
use super::subscribers::SubscriberDetails;
use super::suppressions::domain_key;
use super::{StoreResult, subscriber_values};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::fold::fold;
use crate::domain::time::Millis;

/// Result of a change of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeResult {
    /// The details were changed, and with the address that of queued messages.
    Changed(RedirectedMessages),
    /// Another subscriber has the new address.
    AddressInUse,
    /// The new address is suppressed.
    AddressSuppressed,
    /// Only its owner may subscribe the new address: its former subscriber was erased or has another
    /// address now.
    AddressRequiresOptIn,
    /// A message to the former address is being sent, so nothing was changed.
    BeingSent,
}

/// Result of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EraseResult {
    /// The data was erased.
    Erased {
        /// Number of deleted subscriptions.
        subscriptions: u64,
        /// Number of deliveries that no longer name the person.
        deliveries: u64,
    },
    /// A message to the person is being sent, so nothing was erased.
    BeingSent,
}

static IN_USE: Statement = Statement::new(
    "
    SELECT id
      FROM subscribers
     WHERE address_key = $key
       AND id <> $subscriber",
);

static SUPPRESSED: Statement =
    Statement::new("SELECT hash FROM suppressions WHERE hash IN ($hash, $domain)");

/// An address that this person had before may be used again.
static REQUIRES_OPT_IN: Statement = Statement::new(
    "
    SELECT hash
      FROM opt_in_required
     WHERE hash = $hash
       AND (subscriber_id IS NULL OR subscriber_id <> $subscriber)",
);

static REQUIRE_OPT_IN: Statement = Statement::new(
    "
    INSERT INTO opt_in_required (hash, subscriber_id, created_at)
    SELECT address_hash, $owner, $now
      FROM subscribers
     WHERE id = $subscriber
    ON CONFLICT (hash) DO NOTHING",
);

static ALLOW_ADDRESS: Statement = Statement::new("DELETE FROM opt_in_required WHERE hash = $hash");

static DETAILS: Statement =
    Statement::new("SELECT name, language, timezone FROM subscribers WHERE id = $subscriber");

static UPDATE: Statement = Statement::new(
    "
    UPDATE subscribers
       SET address = $address,
           address_key = $key,
           address_hash = $hash,
           name = $name,
           name_key = $name_key,
           language = $language,
           timezone = $timezone
     WHERE id = $subscriber",
);

static ADD_TO_CONSENT: Statement = Statement::new(
    "UPDATE subscriptions SET consent = consent || $note WHERE subscriber_id = $subscriber",
);

/// Deliveries to a person. A test message belongs to no person, but has one's present or former address.
const OF_PERSON: &str = "(subscriber_id = $subscriber
            OR (subscriber_id IS NULL
                AND kind = 'test'
                AND address_hash IN (
                    SELECT p.address_hash FROM subscribers p WHERE p.id = $subscriber
                     UNION ALL
                    SELECT o.hash FROM opt_in_required o WHERE o.subscriber_id = $subscriber)))";

static IS_BEING_SENT: Statement = Statement::with(
    "
    SELECT id
      FROM deliveries
     WHERE {of_person}
       AND state = 'sending'
     LIMIT 1",
    &[("of_person", OF_PERSON)],
);

static DEQUEUE: Statement = Statement::with(
    "
    DELETE FROM delivery_queue
     WHERE delivery_id IN (
           SELECT id
             FROM deliveries
            WHERE {of_person}
              AND state = 'queued')",
    &[("of_person", OF_PERSON)],
);

/// The rows remain, because they are counted. Replies of relays often contain the address. As when an
/// edition is cancelled, a delivery that an admin queued again returns to its former state.
static ANONYMIZE: Statement = Statement::with(
    "
    UPDATE deliveries
       SET state = CASE WHEN state = 'queued' THEN COALESCE(state_before_retry, 'cancelled')
                        ELSE state
                    END,
           ended_at = CASE WHEN state = 'queued' THEN $now ELSE ended_at END,
           address = '',
           address_hash = '',
           name = NULL,
           last_reply = CASE WHEN state = 'queued' AND state_before_retry IS NULL
                             THEN 'the subscriber was erased before it was sent'
                         END,
           payload = NULL,
           subscriber_id = NULL
     WHERE {of_person}",
    &[("of_person", OF_PERSON)],
);

static FORGET_OWNER: Statement = Statement::new(
    "UPDATE opt_in_required SET subscriber_id = NULL WHERE subscriber_id = $subscriber",
);

static DELETE_SUBSCRIPTIONS: Statement =
    Statement::new("DELETE FROM subscriptions WHERE subscriber_id = $subscriber");

static DELETE: Statement = Statement::new("DELETE FROM subscribers WHERE id = $subscriber");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &IN_USE,
    &SUPPRESSED,
    &REQUIRES_OPT_IN,
    &REQUIRE_OPT_IN,
    &ALLOW_ADDRESS,
    &DETAILS,
    &UPDATE,
    &ADD_TO_CONSENT,
    &IS_BEING_SENT,
    &DEQUEUE,
    &ANONYMIZE,
    &FORGET_OWNER,
    &DELETE_SUBSCRIPTIONS,
    &DELETE,
];

impl Subscribers<'_> {
    /// Replaces the details of a person. With `address_note`, which is added to the records of consent,
    /// the address changes: its former one then needs its owner's double opt-in, and queued messages
    /// follow. `transports` has the transport of each digest of the config.
    pub async fn change(
        self,
        subscriber: i64,
        details: &SubscriberDetails,
        address_note: Option<&str>,
        transports: &BTreeMap<String, String>,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<ChangeResult> {
        let mut tx = self.store.begin().await?;
        if let Some(note) = address_note {
            if let Some(obstacle) = address_obstacle(&mut tx, subscriber, details).await? {
                return Ok(obstacle);
            }
            tx.query(&REQUIRE_OPT_IN)
                .bind("subscriber", subscriber)
                .bind("owner", Some(subscriber))
                .bind("now", now)
                .execute()
                .await?;
            let hash = details.address_hash.as_str();
            tx.query(&ALLOW_ADDRESS).bind("hash", hash).execute().await?;
            let note = format!("; {note}");
            tx.query(&ADD_TO_CONSENT)
                .bind("subscriber", subscriber)
                .bind("note", note)
                .execute()
                .await?;
        }
        let fields = changed_fields(&mut tx, subscriber, details, address_note.is_some()).await?;
        tx.query(&UPDATE)
            .bind("subscriber", subscriber)
            .bind("address", details.address.as_str())
            .bind("key", details.address_key.as_str())
            .bind("hash", details.address_hash.as_str())
            .bind("name", details.name.as_deref())
            .bind("name_key", details.name.as_deref().map(fold))
            .bind("language", details.language.as_deref())
            .bind("timezone", details.timezone.as_deref())
            .execute()
            .await?;
        let redirected = match address_note {
            Some(_) => redirect_messages(&mut tx, subscriber, details, transports, now).await?,
            None => RedirectedMessages::default(),
        };
        let values =
            subscriber_values::save(&mut tx, &[(subscriber, &details.values)], actor, now).await?;
        let id = subscriber.to_string();
        let entry = NewAuditEntry::new(actor, AuditAction::Change, AuditObject::Subscriber, &id)
            .with(json!({"fields": fields, "values": values}));
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(ChangeResult::Changed(redirected))
    }

    /// Deletes a person with all subscriptions, cancels what is queued for them, and removes their data
    /// from all deliveries. The address then needs its owner's double opt-in.
    pub async fn erase(
        self,
        subscriber: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<EraseResult> {
        let mut tx = self.store.begin().await?;
        let result = erase_in(&mut tx, subscriber, now).await?;
        if result == EraseResult::BeingSent {
            return Ok(result);
        }
        let id = subscriber.to_string();
        let entry = NewAuditEntry::new(actor, AuditAction::Erase, AuditObject::Subscriber, &id);
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(result)
    }
}

/// Returns the names of the columns of a person that the new details change.
async fn changed_fields(
    tx: &mut Tx,
    subscriber: i64,
    details: &SubscriberDetails,
    has_new_address: bool,
) -> StoreResult<Vec<&'static str>> {
    let mut fields: Vec<&str> = if has_new_address { vec!["email"] } else { Vec::new() };
    let Some(old) = tx.query(&DETAILS).bind("subscriber", subscriber).fetch_first().await? else {
        return Ok(fields);
    };
    for (column, new) in
        [("name", &details.name), ("language", &details.language), ("timezone", &details.timezone)]
    {
        if old.get::<Option<String>>(column)? != *new {
            fields.push(column);
        }
    }
    Ok(fields)
}

/// Erases a person in a transaction, whose audit entry the caller records.
pub(super) async fn erase_in(
    tx: &mut Tx,
    subscriber: i64,
    now: Millis,
) -> StoreResult<EraseResult> {
    if tx.query(&IS_BEING_SENT).bind("subscriber", subscriber).exists().await? {
        return Ok(EraseResult::BeingSent);
    }
    tx.query(&DEQUEUE).bind("subscriber", subscriber).execute().await?;
    let anonymize = tx.query(&ANONYMIZE).bind("subscriber", subscriber);
    let deliveries = anonymize.bind("now", now).execute().await?;
    tx.query(&FORGET_OWNER).bind("subscriber", subscriber).execute().await?;
    tx.query(&REQUIRE_OPT_IN)
        .bind("subscriber", subscriber)
        .bind("owner", None::<i64>)
        .bind("now", now)
        .execute()
        .await?;
    let subscriptions =
        tx.query(&DELETE_SUBSCRIPTIONS).bind("subscriber", subscriber).execute().await?;
    tx.query(&DELETE).bind("subscriber", subscriber).execute().await?;
    forget_person(tx, subscriber).await?;
    Ok(EraseResult::Erased { subscriptions, deliveries })
}

/// Returns the reason why a person cannot have this address, if there is one.
async fn address_obstacle(
    tx: &mut Tx,
    subscriber: i64,
    details: &SubscriberDetails,
) -> StoreResult<Option<ChangeResult>> {
    let (key, hash) = (details.address_key.as_str(), details.address_hash.as_str());
    if tx.query(&IN_USE).bind("key", key).bind("subscriber", subscriber).exists().await? {
        return Ok(Some(ChangeResult::AddressInUse));
    }
    let suppressed = tx.query(&SUPPRESSED).bind("hash", hash).bind("domain", domain_key(key));
    if suppressed.exists().await? {
        return Ok(Some(ChangeResult::AddressSuppressed));
    }
    let requires_opt_in = tx.query(&REQUIRES_OPT_IN).bind("hash", hash);
    if requires_opt_in.bind("subscriber", subscriber).exists().await? {
        return Ok(Some(ChangeResult::AddressRequiresOptIn));
    }
    let is_being_sent = tx.query(&IS_BEING_SENT).bind("subscriber", subscriber).exists().await?;
    Ok(is_being_sent.then_some(ChangeResult::BeingSent))
}
