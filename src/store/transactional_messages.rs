//! Cancellation of queued transactional messages that have lost their purpose, in the transaction of the
//! change that ends it.

use super::StoreResult;
use super::db::{Statement, Tx};
use crate::domain::time::Millis;

/// Condition that a confirmation message still asks for something: its recipient has this address, and one
/// of its digests waits for the confirmation.
pub(super) const IS_AWAITED: &str = "
    (SELECT s.id
       FROM subscriptions s
       JOIN subscribers p ON p.id = s.subscriber_id
      WHERE s.subscriber_id = deliveries.subscriber_id
        AND p.address_hash = deliveries.address_hash
        AND s.digest IN {json_list deliveries.payload digests}
        AND (s.status = 'pending'
             OR (s.status = 'unsubscribed' AND s.since < deliveries.created_at))
      LIMIT 1) IS NOT NULL";

/// Reason of a cancelled confirmation message, as an SQL text.
pub(super) const NOT_AWAITED: &str = "'not needed any more before it was sent'";

static CANCEL_CONFIRMATIONS: Statement = Statement::with(
    "
    UPDATE deliveries
       SET state = 'cancelled',
           ended_at = $now,
           last_reply = {not_awaited}
     WHERE subscriber_id IN {json_ids $subscribers}
       AND kind = 'confirmation'
       AND state = 'queued'
       AND NOT ({is_awaited})
    RETURNING id",
    &[("is_awaited", IS_AWAITED), ("not_awaited", NOT_AWAITED)],
);

/// The deliveries of editions are cancelled when they are due, because a suppression may be removed
/// before.
static CANCEL_TO_ADDRESSES: Statement = Statement::new(
    "
    UPDATE deliveries
       SET state = 'cancelled',
           ended_at = $now,
           last_reply = 'suppressed before it was sent'
     WHERE id IN (SELECT w.delivery_id FROM delivery_queue w WHERE w.edition_id IS NULL)
       AND (address_hash IN {json_texts $keys}
            OR {domain_key deliveries.address} IN {json_texts $keys})
       AND state = 'queued'
    RETURNING id",
);

static CANCEL_TO_FORMER_ADDRESS: Statement = Statement::new(
    "
    UPDATE deliveries
       SET state = 'cancelled',
           ended_at = $now,
           last_reply = 'the address was changed before it was sent'
     WHERE subscriber_id = $subscriber
       AND kind = 'confirmation'
       AND state = 'queued'
    RETURNING id",
);

static DEQUEUE: Statement =
    Statement::new("DELETE FROM delivery_queue WHERE delivery_id IN {json_ids $deliveries}");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&CANCEL_CONFIRMATIONS, &CANCEL_TO_ADDRESSES, &CANCEL_TO_FORMER_ADDRESS, &DEQUEUE];

/// Cancels the queued confirmation messages to subscribers for whose digests no confirmation is awaited
/// any more.
pub(super) async fn cancel_confirmations(
    tx: &mut Tx,
    subscribers: &[i64],
    now: Millis,
) -> StoreResult<()> {
    let cancelled: Vec<i64> = tx
        .query(&CANCEL_CONFIRMATIONS)
        .bind("subscribers", subscribers)
        .bind("now", now)
        .fetch_scalars()
        .await?;
    dequeue(tx, &cancelled).await
}

/// Cancels the queued transactional messages to addresses and domains that were just suppressed, by the keys
/// of their suppressions.
pub(super) async fn cancel_to_addresses(
    tx: &mut Tx,
    keys: &[String],
    now: Millis,
) -> StoreResult<()> {
    let cancelled: Vec<i64> =
        tx.query(&CANCEL_TO_ADDRESSES).bind("keys", keys).bind("now", now).fetch_scalars().await?;
    dequeue(tx, &cancelled).await
}

/// Cancels the queued confirmation messages to a subscriber whose address changes; returns their number.
pub(super) async fn cancel_to_former_address(
    tx: &mut Tx,
    subscriber: i64,
    now: Millis,
) -> StoreResult<usize> {
    let query = tx.query(&CANCEL_TO_FORMER_ADDRESS).bind("subscriber", subscriber);
    let cancelled: Vec<i64> = query.bind("now", now).fetch_scalars().await?;
    dequeue(tx, &cancelled).await?;
    Ok(cancelled.len())
}

async fn dequeue(tx: &mut Tx, deliveries: &[i64]) -> StoreResult<()> {
    if !deliveries.is_empty() {
        tx.query(&DEQUEUE).bind("deliveries", deliveries).execute().await?;
    }
    Ok(())
}
