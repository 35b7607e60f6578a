//! Messages queued for a subscriber whose address changes: those of editions go to the new address, and
//! confirmations are asked for again there.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::db::{Statement, Tx};
use super::subscribers::SubscriberDetails;
use super::subscriptions::requests::queue_confirmations;
use super::transactional_messages::cancel_to_former_address;
use crate::domain::time::Millis;

/// Queued messages that a change of an address affected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedirectedMessages {
    /// Messages of editions that go to the new address.
    pub editions: u64,
    /// Confirmation messages to the former address that were cancelled.
    pub cancelled_confirmations: usize,
    /// Confirmation messages to the new address.
    pub confirmations: usize,
}

/// A node that has leased such a delivery gets no permit for the former address.
static REDIRECT: Statement = Statement::new(
    "
    UPDATE deliveries
       SET address = $address,
           address_hash = $hash,
           name = $name
     WHERE subscriber_id = $subscriber
       AND kind = 'edition'
       AND state = 'queued'",
);

/// The unconfirmed subscriptions of a subscriber to some digests.
const AWAITED: &str =
    "subscriber_id = $subscriber AND status = 'pending' AND digest IN {json_texts $digests}";

static LIST_AWAITED: Statement = Statement::with(
    "SELECT digest, sections FROM subscriptions WHERE {awaited} ORDER BY digest",
    &[("awaited", AWAITED)],
);

static RENEW_REQUESTS: Statement = Statement::with(
    "UPDATE subscriptions SET requested_at = $now WHERE {awaited}",
    &[("awaited", AWAITED)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&REDIRECT, &LIST_AWAITED, &RENEW_REQUESTS];

/// Redirects the messages queued for a subscriber with these new details. `transports` has the transport
/// of each digest of the config.
pub(super) async fn redirect_messages(
    tx: &mut Tx,
    subscriber: i64,
    details: &SubscriberDetails,
    transports: &BTreeMap<String, String>,
    now: Millis,
) -> StoreResult<RedirectedMessages> {
    let editions = tx
        .query(&REDIRECT)
        .bind("subscriber", subscriber)
        .bind("address", details.address.as_str())
        .bind("hash", details.address_hash.as_str())
        .bind("name", details.name.as_deref())
        .execute()
        .await?;
    let cancelled_confirmations = cancel_to_former_address(tx, subscriber, now).await?;
    let digests: Vec<String> = transports.keys().cloned().collect();
    let awaited = tx
        .query(&LIST_AWAITED)
        .bind("subscriber", subscriber)
        .bind("digests", digests.as_slice())
        .fetch_with(|row| {
            Ok((row.get::<String>("digest")?, row.text_list("subscriptions.sections")?))
        })
        .await?;
    tx.query(&RENEW_REQUESTS)
        .bind("subscriber", subscriber)
        .bind("digests", digests.as_slice())
        .bind("now", now)
        .execute()
        .await?;
    // One message for all digests with the same sections and transport, as for a request.
    let mut messages: BTreeMap<(&str, Vec<String>), Vec<String>> = BTreeMap::new();
    for (digest, sections) in awaited {
        let transport = transports.get(&digest).map_or("", String::as_str);
        messages.entry((transport, sections)).or_default().push(digest);
    }
    let confirmations = messages.len();
    for ((transport, sections), digests) in messages {
        let message = confirmation(subscriber, details, &digests, &sections);
        queue_confirmations(tx, vec![message], transport, now).await?;
    }
    Ok(RedirectedMessages { editions, cancelled_confirmations, confirmations })
}

/// Returns the row of a confirmation message.
fn confirmation(
    subscriber: i64,
    details: &SubscriberDetails,
    digests: &[String],
    sections: &[String],
) -> Json {
    let payload = json!({"digests": digests, "sections": sections, "language": details.language});
    json!({
        "subscriber_id": subscriber,
        "address": details.address,
        "hash": details.address_hash,
        "name": details.name,
        "payload": payload.to_string(),
    })
}
