//! Suppression of addresses that relays reject, in the transaction that records the outcome.

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::transactional_messages::cancel_to_addresses;
use crate::domain::actor::Actor;
use crate::domain::address_rejection::{
    AddressRejection, REJECTED_EDITIONS_TO_SUPPRESS, REJECTION_WINDOW,
};
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

/// Locks the editions, so that each of them is paused either before or after the rejections are
/// recorded.
static LOCK_EDITIONS: Statement = Statement::new(
    "
    UPDATE editions
       SET state = state
     WHERE id IN (SELECT d.edition_id FROM deliveries d WHERE d.id IN {json_ids $ids})",
);

/// Leaves out editions that were paused, since the relay may reject everybody.
static MARK: Statement = Statement::new(
    "
    UPDATE deliveries
       SET rejection = r.rejection
      FROM {json_rows $rejections id INTEGER, rejection TEXT} AS r
     WHERE deliveries.id = r.id
       AND kind = 'edition'
       AND (SELECT e.state FROM editions e WHERE e.id = deliveries.edition_id) = 'sending'",
);

static SUPPRESS: Statement = Statement::new(
    "
    INSERT INTO suppressions (hash, reason, created_at, delivery_id)
    SELECT d.address_hash, 'bounce', $now, d.id
      FROM deliveries d
     WHERE d.id IN {json_ids $ids}
       AND (d.rejection = 'mailbox'
            OR (d.rejection IS NOT NULL
                AND (SELECT COUNT(DISTINCT o.edition_id)
                       FROM deliveries o
                      WHERE o.subscriber_id = d.subscriber_id
                        AND o.address_hash = d.address_hash
                        AND o.state = 'failed'
                        AND o.rejection IS NOT NULL
                        AND o.ended_at > $since) >= $editions))
    ON CONFLICT (hash) DO NOTHING
    RETURNING hash",
);

/// Forgets the rejections since the last message of the edition that the relay accepted, and all those
/// that may concern the sender, the relay or the message.
static FORGET: Statement = Statement::new(
    "
    UPDATE deliveries
       SET rejection = NULL
     WHERE batch_id IN (SELECT b.id FROM delivery_batches b WHERE b.edition_id = $edition)
       AND rejection IS NOT NULL
       AND (rejection = 'unclear'
            OR ended_at >= COALESCE((
               SELECT MAX(s.ended_at)
                 FROM delivery_batches b
                 JOIN deliveries s ON s.batch_id = b.id
                WHERE b.edition_id = $edition
                  AND s.state = 'sent'), 0))",
);

static REVOKE: Statement = Statement::new(
    "
    DELETE FROM suppressions
     WHERE delivery_id IN (
           SELECT d.id
             FROM delivery_batches b
             JOIN deliveries d ON d.batch_id = b.id
            WHERE b.edition_id = $edition
              AND d.rejection IS NULL)
    RETURNING hash",
);

static FORGET_ADDRESS: Statement = Statement::new(
    "
    UPDATE deliveries
       SET rejection = NULL
     WHERE subscriber_id IN (SELECT p.id FROM subscribers p WHERE p.address_hash = $hash)
       AND rejection IS NOT NULL",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&LOCK_EDITIONS, &MARK, &SUPPRESS, &FORGET, &REVOKE, &FORGET_ADDRESS];

/// Records what failed deliveries say about their addresses, and suppresses the addresses that do
/// not exist or were rejected too often.
pub(super) async fn record(
    tx: &mut Tx,
    rejections: &[(i64, AddressRejection)],
    now: Millis,
) -> StoreResult<()> {
    if rejections.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = rejections.iter().map(|(id, _)| *id).collect();
    let rows: Json = rejections
        .iter()
        .map(|(id, rejection)| json!({"id": id, "rejection": rejection.as_str()}))
        .collect();
    tx.query(&LOCK_EDITIONS).bind("ids", ids.as_slice()).execute().await?;
    tx.query(&MARK).bind("rejections", rows).execute().await?;
    let suppressed: Vec<String> = tx
        .query(&SUPPRESS)
        .bind("ids", ids.as_slice())
        .bind("since", now.plus(-REJECTION_WINDOW))
        .bind("editions", REJECTED_EDITIONS_TO_SUPPRESS)
        .bind("now", now)
        .fetch_scalars()
        .await?;
    if !suppressed.is_empty() {
        cancel_to_addresses(tx, &suppressed, now).await?;
    }
    audit(tx, AuditAction::Create, &suppressed, now).await
}

/// Forgets the rejections that paused an edition, and removes the suppressions that they caused.
pub(super) async fn forget(tx: &mut Tx, edition: i64, now: Millis) -> StoreResult<()> {
    tx.query(&FORGET).bind("edition", edition).execute().await?;
    let removed: Vec<String> = tx.query(&REVOKE).bind("edition", edition).fetch_scalars().await?;
    audit(tx, AuditAction::Delete, &removed, now).await
}

/// Forgets the rejections of an address, whose suppression an admin removes.
pub(super) async fn forget_address(tx: &mut Tx, hash: &str) -> StoreResult<()> {
    tx.query(&FORGET_ADDRESS).bind("hash", hash).execute().await?;
    Ok(())
}

async fn audit(
    tx: &mut Tx,
    action: AuditAction,
    hashes: &[String],
    now: Millis,
) -> StoreResult<()> {
    for hash in hashes {
        let entry = NewAuditEntry::new(&Actor::System, action, AuditObject::Suppression, hash);
        audit_log::record(tx, entry, now).await?;
    }
    Ok(())
}
