//! Subscriptions that their owners ended with a link of an edition.

use super::StoreResult;
use super::db::{Statement, Tx};
use crate::domain::time::Millis;

/// Adds a subscription that has not ended yet.
static ADD: Statement = Statement::new(
    "
    INSERT INTO edition_unsubscriptions (edition_id, subscription_id, unsubscribed_at)
    SELECT e.id, s.id, $now
      FROM editions e
      JOIN subscriptions s ON s.id = $subscription AND s.status <> 'unsubscribed'
     WHERE e.id = $edition
    ON CONFLICT (edition_id, subscription_id)
       DO UPDATE SET unsubscribed_at = excluded.unsubscribed_at",
);

static REMOVE: Statement = Statement::new(
    "
    DELETE FROM edition_unsubscriptions
     WHERE subscription_id = $subscription
       AND unsubscribed_at = $unsubscribed_at",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&ADD, &REMOVE];

/// Adds a subscription that ends now with a link of an edition; one that has ended is not added.
pub(super) async fn add(
    tx: &mut Tx,
    edition: i64,
    subscription: i64,
    now: Millis,
) -> StoreResult<()> {
    tx.query(&ADD)
        .bind("edition", edition)
        .bind("subscription", subscription)
        .bind("now", now)
        .execute()
        .await?;
    Ok(())
}

/// Removes a subscription whose end at this time was undone.
pub(super) async fn remove(
    tx: &mut Tx,
    subscription: i64,
    unsubscribed_at: Millis,
) -> StoreResult<()> {
    tx.query(&REMOVE)
        .bind("subscription", subscription)
        .bind("unsubscribed_at", unsubscribed_at)
        .execute()
        .await?;
    Ok(())
}
