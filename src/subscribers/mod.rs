//! Subscribing, confirming, unsubscribing and undoing. All changes of subscriptions pass through
//! this module (guarantees 6 and 7).

use std::collections::BTreeMap;

use crate::config::{Config, Digest};
use crate::domain::actor::Actor;
use crate::domain::address::EmailAddress;
use crate::domain::attribute::AttributeValue;
use crate::domain::link_token::{self, LinkScope};
use crate::domain::subscription::{RequestOrigin, SubscriptionStatus};
use crate::domain::suppression_target::SuppressionTarget;
use crate::domain::time::{HOUR, Millis, SignedDuration};
use crate::domain::{language, selection, tag};
use crate::mail::payload::CONFIRMATION_LINK_DAYS;
use crate::store::subscriber_values::ValueChanges;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::store::subscriptions::{RequestResult, SubscriptionRequest};
use crate::store::suppressions::{address_hash, suppression_key};
use crate::store::{Store, StoreResult};

pub mod attributes;
pub mod bulk;
pub mod changes;
mod column_names;
pub mod export;
pub mod fields;
pub mod import;
mod known_terms;
mod line_problem;
pub mod segments;
mod subscriber_file;
pub mod suppression_export;

pub use known_terms::KnownTerms;
pub use line_problem::LineProblem;
pub use subscriber_file::ColumnProblem;

/// Time during which the page offers to undo unsubscribing.
pub const UNDO_WINDOW: SignedDuration = HOUR;

/// Time after which a sign-up that nobody confirmed is deleted: its link has expired by then.
pub const DELETE_PENDING_AFTER: SignedDuration =
    SignedDuration::from_hours(24 * (CONFIRMATION_LINK_DAYS + 1));

/// Data of a new subscriber, not validated yet.
#[derive(Debug, Clone, Default)]
pub struct NewSubscriber {
    /// E-mail address as entered.
    pub email: String,
    /// Name of the person.
    pub name: Option<String>,
    /// Language tag (RFC 5646).
    pub language: Option<String>,
    /// Time zone (IANA name).
    pub timezone: Option<String>,
    /// Chosen sections; empty for all.
    pub sections: Vec<String>,
    /// `true` if an admin replaces the sections of an existing subscription even by all.
    pub resets_sections: bool,
    /// Tags to add; only admins assign them.
    pub tags: Vec<String>,
    /// Attribute values to set, by name; only admins set them.
    pub attributes: BTreeMap<String, AttributeValue>,
}

/// Validates a subscription request; the error is one sentence.
pub fn validate(
    subscriber: &NewSubscriber,
    digests: &[&Digest],
    consent: &str,
    secret: &[u8],
) -> Result<SubscriptionRequest, String> {
    let address = EmailAddress::parse(&subscriber.email).map_err(|reason| reason.to_string())?;
    let cleaned = |value: &Option<String>| {
        value.as_deref().map(strip_control_characters).filter(|v| !v.is_empty())
    };
    let timezone = cleaned(&subscriber.timezone);
    if let Some(zone) = &timezone {
        jiff::tz::TimeZone::get(zone).map_err(|_| {
            format!(
                "{zone:?} is not a valid time zone; use an IANA name, for example `Europe/Berlin`"
            )
        })?;
    }
    let mut sections: Vec<String> = subscriber
        .sections
        .iter()
        .map(|s| strip_control_characters(s))
        .filter(|s| !s.is_empty())
        .collect();
    // Sorted without duplicates, so that equal choices share a variant.
    sections.sort_by_key(|s| selection::normalize_term(s));
    sections.dedup_by_key(|s| selection::normalize_term(s));
    let mut names: Vec<String> = digests.iter().map(|d| d.name.clone()).collect();
    names.sort();
    names.dedup();
    Ok(SubscriptionRequest {
        address_key: address.key(),
        address_hash: address_hash(secret, &address.key()),
        inbox_hash: address_hash(secret, &address.inbox_key()),
        address: address.as_str().to_owned(),
        name: cleaned(&subscriber.name).map(|n| n.chars().take(200).collect()),
        language: cleaned(&subscriber.language).map(|l| language::canonical(&l)).transpose()?,
        timezone,
        digests: names,
        sections,
        values: ValueChanges {
            tags: tag::normalize_all(&subscriber.tags)?,
            attributes: subscriber.attributes.clone(),
            ..ValueChanges::default()
        },
        consent: strip_control_characters(consent),
        resets_sections: subscriber.resets_sections,
        is_suppressed: false,
    })
}

/// Removes control characters, which have no meaning here; PostgreSQL rejects NUL.
fn strip_control_characters(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// Deletes the sign-ups that were not confirmed within [`DELETE_PENDING_AFTER`], with the people
/// who have no other subscription. Returns their number.
pub async fn delete_pending(store: &Store, now: Millis) -> StoreResult<usize> {
    store.subscriptions().delete_pending(now.plus(-DELETE_PENDING_AFTER), now).await
}

/// Applies requests. Confirmation e-mails are sent over the transport of the first digest.
pub async fn apply_requests(
    store: &Store,
    requests: Vec<SubscriptionRequest>,
    digests: &[&Digest],
    origin: RequestOrigin,
    actor: &Actor,
    now: Millis,
) -> StoreResult<Vec<RequestResult>> {
    let transport = digests.first().map_or("", |d| d.transport.as_str());
    store.subscriptions().request(requests, origin, transport, actor, now).await
}

/// Asks the owner of a pending subscription again, for an admin. Returns `false` if the subscription is
/// not pending, or if the owner was asked less than 15 minutes ago.
///
/// # Errors
/// One sentence if the address is suppressed or the stored data is not valid.
pub async fn remind(
    store: &Store,
    secret: &[u8],
    (subscriber, subscription): (&Subscriber, &Subscription),
    digest: &Digest,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<bool> {
    let person = NewSubscriber {
        email: subscriber.address.clone(),
        sections: subscription.sections.clone(),
        ..NewSubscriber::default()
    };
    let request = validate(&person, &[digest], &subscription.consent, secret)
        .map_err(|reason| anyhow::anyhow!(reason))?;
    let origin = RequestOrigin::AdminReminder;
    let results = apply_requests(store, vec![request], &[digest], origin, actor, now).await?;
    let result = results.first().copied().unwrap_or_default();
    if result.suppressed {
        anyhow::bail!("{} is suppressed; remove the suppression first", subscriber.address);
    }
    Ok(result.confirmations_queued > 0)
}

/// Requests subscriptions from the public page. The response does not reveal whether the address is
/// known.
pub async fn subscribe(
    store: &Store,
    secret: &[u8],
    subscriber: &NewSubscriber,
    digests: &[&Digest],
    now: Millis,
) -> anyhow::Result<Result<(), String>> {
    let consent = format!("requested on the subscription page, {}", now.rfc3339());
    let request = match validate(subscriber, digests, &consent, secret) {
        Ok(request) => request,
        Err(reason) => return Ok(Err(reason)),
    };
    apply_requests(store, vec![request], digests, RequestOrigin::Page, &Actor::Subscriber, now)
        .await?;
    Ok(Ok(()))
}

/// Subscriptions that a confirmation link confirms, or confirmed before.
#[derive(Debug, Clone)]
pub struct ConfirmationLink {
    /// Owner of the subscriptions.
    pub subscriber: Subscriber,
    /// Names of the digests.
    pub digests: Vec<String>,
    /// Chosen sections; empty means all sections.
    pub sections: Vec<String>,
    /// `true` if all of them are confirmed already.
    pub is_confirmed: bool,
}

/// Returns the subscriptions of a confirmation link, or `None` if it is invalid or expired, or if
/// they were ended since.
pub async fn resolve_confirmation_link(
    store: &Store,
    secret: &[u8],
    token: &str,
    now: Millis,
) -> StoreResult<Option<ConfirmationLink>> {
    let Some(LinkScope::Confirm { subscriber: id, delivery }) = link_token::verify(secret, token)
    else {
        return Ok(None);
    };
    let Some(subscriber) = store.subscribers().find(id).await? else { return Ok(None) };
    let oldest = now.plus(-SignedDuration::from_hours(24 * CONFIRMATION_LINK_DAYS));
    let requested = store.subscriptions().requested_confirmation(id, delivery, oldest).await?;
    let Some((digests, queued_at)) = requested else { return Ok(None) };
    let mut subscriptions = store.subscriptions().list_of(&[id]).await?;
    subscriptions.retain(|subscription| {
        let is_current = match subscription.status {
            SubscriptionStatus::Unsubscribed => subscription.status_changed_at < queued_at,
            SubscriptionStatus::Pending
            | SubscriptionStatus::Confirmed
            | SubscriptionStatus::Paused => true,
        };
        is_current && digests.contains(&subscription.digest)
    });
    let is_confirmed = subscriptions.iter().all(|subscription| {
        matches!(subscription.status, SubscriptionStatus::Confirmed | SubscriptionStatus::Paused)
    });
    let Some(first) = subscriptions.first() else { return Ok(None) };
    Ok(Some(ConfirmationLink {
        subscriber,
        sections: first.sections.clone(),
        digests: subscriptions.iter().map(|subscription| subscription.digest.clone()).collect(),
        is_confirmed,
    }))
}

/// Confirms the subscriptions of a confirmation link. Returns those of its digests that are
/// confirmed now or were before, or `None` without any: an old link does not restore a subscription
/// that was ended since.
pub async fn confirm(
    store: &Store,
    secret: &[u8],
    token: &str,
    now: Millis,
) -> StoreResult<Option<(Subscriber, Vec<String>)>> {
    let Some(LinkScope::Confirm { delivery, .. }) = link_token::verify(secret, token) else {
        return Ok(None);
    };
    let Some(ConfirmationLink { subscriber, digests, .. }) =
        resolve_confirmation_link(store, secret, token, now).await?
    else {
        return Ok(None);
    };
    let evidence = format!("confirmed by the owner of the address, {}", now.rfc3339());
    let confirmed = store
        .subscriptions()
        .confirm(subscriber.id, delivery, &digests, &evidence, &Actor::Subscriber, now)
        .await?;
    Ok((!confirmed.is_empty()).then_some((subscriber, confirmed)))
}

/// Returns the subscription of an unsubscribe or undo link.
pub async fn subscription_for_token(
    store: &Store,
    secret: &[u8],
    token: &str,
) -> StoreResult<Option<Subscription>> {
    match link_token::verify(secret, token) {
        Some(
            LinkScope::Unsubscribe { subscription, .. } | LinkScope::Undo { subscription, .. },
        ) => store.subscriptions().find(subscription).await,
        _ => Ok(None),
    }
}

/// Result of unsubscribing by a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsubscribeOutcome {
    /// Token that undoes it for the one digest. Only present if the subscription was confirmed
    /// until now, so that nobody is subscribed by it without their own confirmation.
    pub undo: Option<String>,
}

/// Unsubscribes from one digest or all by an unsubscribe link. Returns `None` if the link is
/// invalid.
pub async fn unsubscribe(
    store: &Store,
    secret: &[u8],
    token: &str,
    all: bool,
    now: Millis,
) -> StoreResult<Option<UnsubscribeOutcome>> {
    let Some(LinkScope::Unsubscribe { subscription, edition }) = link_token::verify(secret, token)
    else {
        return Ok(None);
    };
    let was_confirmed = store
        .subscriptions()
        .unsubscribe(subscription, edition, all, &Actor::Subscriber, now)
        .await?;
    let undo = was_confirmed.then(|| {
        link_token::sign(secret, LinkScope::Undo { subscription, unsubscribed_at: now.0 })
    });
    Ok(Some(UnsubscribeOutcome { undo }))
}

/// Undoes unsubscribing within [`UNDO_WINDOW`] if nothing changed since. Returns `true` if it did.
pub async fn undo_unsubscribe(
    store: &Store,
    secret: &[u8],
    token: &str,
    now: Millis,
) -> StoreResult<bool> {
    match link_token::verify(secret, token) {
        Some(LinkScope::Undo { subscription, unsubscribed_at })
            if now.since(Millis(unsubscribed_at)) <= UNDO_WINDOW =>
        {
            store
                .subscriptions()
                .undo_unsubscribe(subscription, Millis(unsubscribed_at), &Actor::Subscriber, now)
                .await
        }
        _ => Ok(false),
    }
}

/// Ends the subscriptions of an address to one digest, or to all, for an admin, who can begin them
/// again with consent. Returns their number, or `None` if the address is not a subscriber.
pub async fn unsubscribe_by_admin(
    store: &Store,
    address: &EmailAddress,
    digest: Option<&str>,
    reason: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<Option<u64>> {
    match store.subscribers().find_by_address(&address.key()).await? {
        Some(subscriber) => {
            let reason = strip_control_characters(reason);
            store
                .subscriptions()
                .unsubscribe_by_admin(subscriber.id, digest, &reason, actor, now)
                .await
                .map(Some)
        }
        None => Ok(None),
    }
}

/// Suppresses an address or a domain for an admin. Returns `true` if it was not suppressed before.
pub async fn suppress(
    store: &Store,
    secret: &[u8],
    target: &SuppressionTarget,
    actor: &Actor,
    now: Millis,
) -> StoreResult<bool> {
    store.suppressions().add(&suppression_key(secret, target), "admin", actor, now).await
}

/// Removes a suppression for an admin. Returns `true` if there was one.
pub async fn unsuppress(
    store: &Store,
    secret: &[u8],
    target: &SuppressionTarget,
    actor: &Actor,
    now: Millis,
) -> StoreResult<bool> {
    store.suppressions().remove(&suppression_key(secret, target), actor, now).await
}

/// Removes the suppression with this key for an admin. Returns `true` if there was one.
pub async fn unsuppress_key(
    store: &Store,
    key: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<bool> {
    store.suppressions().remove(key, actor, now).await
}

/// Returns the configured digests of these names; the error lists the existing ones.
pub fn find_digests<'a>(config: &'a Config, names: &[String]) -> Result<Vec<&'a Digest>, String> {
    let known = || config.digests.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", ");
    names
        .iter()
        .map(|n| {
            config
                .digests
                .iter()
                .find(|d| &d.name == n)
                .ok_or_else(|| format!("there is no digest {n:?}; existing digests: {}", known()))
        })
        .collect()
}
