//! Changes of a person by an admin: another address, name, language or time zone, and the erasure of
//! personal data.

use std::collections::BTreeMap;

use super::{NewSubscriber, validate};
use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::attribute::AttributeValue;
use crate::domain::tag;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::address_changes::RedirectedMessages;
use crate::store::subscriber_changes::{ChangeResult, EraseResult};
use crate::store::subscriber_values::ValueChanges;
use crate::store::subscribers::{Subscriber, SubscriberDetails};

/// New details of a person; `None` keeps the value, an empty text removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriberEdit {
    /// New e-mail address of the person.
    pub email: Option<String>,
    /// New name of the person.
    pub name: Option<String>,
    /// New language tag (RFC 5646).
    pub language: Option<String>,
    /// New time zone (IANA name).
    pub timezone: Option<String>,
    /// Tags that are added.
    pub tags: Vec<String>,
    /// Tags that are removed.
    pub removed_tags: Vec<String>,
    /// Attribute values to set, by name.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Names of attributes whose values are removed.
    pub removed_attributes: Vec<String>,
}

/// Changes the details of a subscriber. The records of consent name the former address. Queued messages
/// of editions go to a new address, and confirmations of `digests` are asked for again there.
///
/// # Errors
/// One sentence if a value is not valid, or if the subscriber cannot have the new address.
pub async fn edit(
    store: &Store,
    secret: &[u8],
    subscriber: &Subscriber,
    edit: &SubscriberEdit,
    digests: &[Digest],
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<Result<RedirectedMessages, String>> {
    let pick = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
    let person = NewSubscriber {
        email: edit.email.clone().unwrap_or_else(|| subscriber.address.clone()),
        name: pick(&edit.name, &subscriber.name),
        language: pick(&edit.language, &subscriber.language),
        timezone: pick(&edit.timezone, &subscriber.timezone),
        tags: edit.tags.clone(),
        attributes: edit.attributes.clone(),
        ..NewSubscriber::default()
    };
    let valid = match validate(&person, &[], "", secret) {
        Ok(valid) => valid,
        Err(reason) => return Ok(Err(reason)),
    };
    let note = (valid.address_hash != subscriber.address_hash).then(|| {
        format!("address changed from {} by an admin, {}", subscriber.address, now.rfc3339())
    });
    let removed_tags = match tag::normalize_all(&edit.removed_tags) {
        Ok(tags) => tags,
        Err(reason) => return Ok(Err(reason.to_string())),
    };
    let removed_attributes = edit.removed_attributes.clone();
    let new = valid.address.clone();
    let details = SubscriberDetails {
        address: valid.address,
        address_key: valid.address_key,
        address_hash: valid.address_hash,
        name: valid.name,
        language: valid.language,
        timezone: valid.timezone,
        values: ValueChanges { removed_tags, removed_attributes, ..valid.values },
    };
    let transports = digests.iter().map(|d| (d.name.clone(), d.transport.clone())).collect();
    let result = store
        .subscribers()
        .change(subscriber.id, &details, note.as_deref(), &transports, actor, now)
        .await?;
    let old = &subscriber.address;
    Ok(match result {
        ChangeResult::Changed(redirected) => Ok(redirected),
        ChangeResult::AddressInUse => Err(format!(
            "{new} is another subscriber; end one of them with `courant subscribers remove`"
        )),
        ChangeResult::AddressSuppressed => Err(format!(
            "{new} is suppressed; `courant suppressions show {new}` shows why, and `remove` allows e-mails"
        )),
        ChangeResult::AddressRequiresOptIn => Err(format!(
            "{new} was a subscriber before; only its owner can subscribe it again, on the subscription page"
        )),
        ChangeResult::BeingSent => {
            Err(format!("a message to {old} is being sent; run the command again in a minute"))
        }
    })
}

/// Erases the personal data of a subscriber. Returns the numbers of deleted subscriptions and of
/// anonymized deliveries.
///
/// # Errors
/// One sentence if a message to the subscriber is being sent.
pub async fn erase(
    store: &Store,
    subscriber: &Subscriber,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<Result<(u64, u64), String>> {
    Ok(match store.subscribers().erase(subscriber.id, actor, now).await? {
        EraseResult::Erased { subscriptions, deliveries } => Ok((subscriptions, deliveries)),
        EraseResult::BeingSent => Err(format!(
            "a message to {} is being sent; run the command again in a minute",
            subscriber.address
        )),
    })
}
