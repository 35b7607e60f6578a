//! Subscribers come, confirm, leave and come back; every change of theirs passes here (promises 6 and 7).

use crate::config::{Config, Digest};
use crate::domain::address::EmailAddress;
use crate::domain::subscription::Asker;
use crate::domain::time::{DAY, HOUR, Millis};
use crate::domain::token::{self, Power};
use crate::domain::{language, selection};
use crate::mail::queued::CONFIRM_DAYS;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::store::subscriptions::{Request, Requested};
use crate::store::suppressions::address_hash;
use crate::store::{Store, StoreResult};

pub mod export;
pub mod import;

/// How long after leaving its page offers to take it back, in milliseconds.
pub const UNDO: i64 = HOUR;

/// What somebody tells of a person.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// The address.
    pub email: String,
    /// The name.
    pub name: Option<String>,
    /// Language (RFC 5646).
    pub language: Option<String>,
    /// Zone (IANA).
    pub timezone: Option<String>,
    /// Chosen sections; empty for all.
    pub sections: Vec<String>,
}

/// Checks what was told of a person; the error is one sentence.
pub fn request(
    person: &Person,
    digests: &[&Digest],
    consent: &str,
    secret: &[u8],
) -> Result<Request, String> {
    let address = EmailAddress::parse(&person.email).map_err(|why| why.to_string())?;
    let told = |value: &Option<String>| value.as_deref().map(printable).filter(|v| !v.is_empty());
    let timezone = told(&person.timezone);
    if let Some(zone) = &timezone {
        jiff::tz::TimeZone::get(zone)
            .map_err(|_| format!("{zone:?} is no time zone; write one as `Europe/Berlin`"))?;
    }
    let mut sections: Vec<String> =
        person.sections.iter().map(|s| printable(s)).filter(|s| !s.is_empty()).collect();
    // One order and no doubles, so that equal choices share a variant.
    sections.sort_by_key(|s| selection::term(s));
    sections.dedup_by_key(|s| selection::term(s));
    let mut names: Vec<String> = digests.iter().map(|d| d.name.clone()).collect();
    names.sort();
    names.dedup();
    Ok(Request {
        address_key: address.key(),
        address_hash: address_hash(secret, &address.key()),
        address: address.as_str().to_owned(),
        name: told(&person.name).map(|n| n.chars().take(200).collect()),
        language: told(&person.language).map(|l| language::canonical(&l)).transpose()?,
        timezone,
        digests: names,
        sections,
        consent: printable(consent),
    })
}

/// A text without control characters: none means anything here, and PostgreSQL takes no NUL.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// Carries out requests; confirmation mails go over the first digest's transport.
pub async fn carry_out(
    store: &Store,
    requests: Vec<Request>,
    digests: &[&Digest],
    asker: Asker,
    now: Millis,
) -> StoreResult<Vec<Requested>> {
    let transport = digests.first().map_or("", |d| d.transport.as_str());
    store.request_subscriptions(requests, asker, transport, now).await
}

/// Asks for subscriptions on the public page: the answer is the same whether the address is known or not.
pub async fn subscribe(
    store: &Store,
    secret: &[u8],
    person: &Person,
    digests: &[&Digest],
    now: Millis,
) -> anyhow::Result<Result<(), String>> {
    let consent = format!("asked for on the page, {}", now.rfc3339());
    let request = match request(person, digests, &consent, secret) {
        Ok(request) => request,
        Err(why) => return Ok(Err(why)),
    };
    carry_out(store, vec![request], digests, Asker::Page, now).await?;
    Ok(Ok(()))
}

/// What a confirmation link shows while it works: the person and the digests it asks about.
pub async fn asked(
    store: &Store,
    secret: &[u8],
    token: &str,
    now: Millis,
) -> StoreResult<Option<(Subscriber, Vec<String>)>> {
    let Some(Power::Confirm { subscriber, delivery }) = token::read(secret, token) else {
        return Ok(None);
    };
    let Some(person) = store.subscriber(subscriber).await? else { return Ok(None) };
    let digests = store.asked_in(subscriber, delivery, now.plus(-CONFIRM_DAYS * DAY)).await?;
    Ok((!digests.is_empty()).then_some((person, digests)))
}

/// Confirms what a confirmation link asks about; gives those of its digests that are confirmed now or were before, none
/// if there are none: who left since is not brought back by an old link.
pub async fn confirm(
    store: &Store,
    secret: &[u8],
    token: &str,
    now: Millis,
) -> StoreResult<Option<(Subscriber, Vec<String>)>> {
    let Some(Power::Confirm { delivery, .. }) = token::read(secret, token) else { return Ok(None) };
    let Some((person, digests)) = asked(store, secret, token, now).await? else { return Ok(None) };
    let evidence = format!("confirmed by its owner, {}", now.rfc3339());
    let confirmed = store.confirm(person.id, delivery, &digests, &evidence, now).await?;
    Ok((!confirmed.is_empty()).then_some((person, confirmed)))
}

/// The subscription an unsubscribe link is for.
pub async fn held_by(
    store: &Store,
    secret: &[u8],
    token: &str,
) -> StoreResult<Option<Subscription>> {
    match token::read(secret, token) {
        Some(Power::Unsubscribe { subscription } | Power::Undo { subscription, .. }) => {
            store.subscription(subscription).await
        }
        _ => Ok(None),
    }
}

/// A leaving that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// A token that takes the leaving of the one digest back; only for what was confirmed until this very leaving, so that
    /// nobody comes back by it who had not come by their own confirmation.
    pub undo: Option<String>,
}

/// Leaves by an unsubscribe link, one digest or all; none if it is no such link.
pub async fn leave(
    store: &Store,
    secret: &[u8],
    token: &str,
    all: bool,
    now: Millis,
) -> StoreResult<Option<Leaving>> {
    let Some(Power::Unsubscribe { subscription }) = token::read(secret, token) else {
        return Ok(None);
    };
    let was_confirmed = store.leave(subscription, all, now).await?;
    let undo =
        was_confirmed.then(|| token::sign(secret, Power::Undo { subscription, left_at: now.0 }));
    Ok(Some(Leaving { undo }))
}

/// Takes a leaving back, within an hour and if nothing happened since; gives whether it did.
pub async fn undo(store: &Store, secret: &[u8], token: &str, now: Millis) -> StoreResult<bool> {
    match token::read(secret, token) {
        Some(Power::Undo { subscription, left_at }) if now.0 - left_at <= UNDO => {
            store.undo_leave(subscription, Millis(left_at), now).await
        }
        _ => Ok(false),
    }
}

/// Ends all subscriptions of an address on an admin's word; gives how many, or none if it is no subscriber's.
pub async fn remove(
    store: &Store,
    address: &EmailAddress,
    now: Millis,
) -> StoreResult<Option<u64>> {
    match store.find_subscriber(&address.key()).await? {
        Some(person) => store.leave_all(person.id, now).await.map(Some),
        None => Ok(None),
    }
}

/// Suppresses an address on an admin's word; gives whether it was not yet.
pub async fn suppress(
    store: &Store,
    secret: &[u8],
    address: &EmailAddress,
    now: Millis,
) -> StoreResult<bool> {
    store.suppress(&address_hash(secret, &address.key()), "admin", now).await
}

/// Lifts a suppression on an admin's word; gives whether there was one.
pub async fn unsuppress(store: &Store, secret: &[u8], address: &EmailAddress) -> StoreResult<bool> {
    store.unsuppress(&address_hash(secret, &address.key())).await
}

/// The configured digests of these names; the error lists those there are.
pub fn digests_named<'a>(config: &'a Config, names: &[String]) -> Result<Vec<&'a Digest>, String> {
    let known = || config.digests.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", ");
    names
        .iter()
        .map(|n| {
            config
                .digests
                .iter()
                .find(|d| &d.name == n)
                .ok_or_else(|| format!("there is no digest {n:?}; there are: {}", known()))
        })
        .collect()
}
