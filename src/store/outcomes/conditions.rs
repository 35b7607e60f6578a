//! SQL conditions under which a node may change a delivery.

use crate::store::transactional_messages::IS_AWAITED;

/// Condition that the node leases a delivery: with its queue entry if it has one, otherwise with
/// its batch.
pub(super) const LEASED_BY_NODE: &str = "
    CASE WHEN (SELECT w.delivery_id FROM delivery_queue w WHERE w.delivery_id = deliveries.id)
              IS NULL
         THEN batch_id IN (
              SELECT b.id
                FROM delivery_batches b
               WHERE b.lease_node = $node)
         ELSE deliveries.id IN (
              SELECT w.delivery_id
                FROM delivery_queue w
               WHERE w.lease_node = $node)
          END";

/// Condition that the node leases a delivery for at least `$min_remaining` more milliseconds.
pub(super) const SAFELY_LEASED: &str = "
    CASE WHEN (SELECT w.delivery_id FROM delivery_queue w WHERE w.delivery_id = deliveries.id)
              IS NULL
         THEN batch_id IN (
              SELECT b.id
                FROM delivery_batches b
               WHERE b.lease_node = $node
                 AND b.lease_until > {now} + $min_remaining)
         ELSE deliveries.id IN (
              SELECT w.delivery_id
                FROM delivery_queue w
               WHERE w.lease_node = $node
                 AND w.lease_until > {now} + $min_remaining)
          END";

/// Condition that the edition of a delivery is in state `sending`, and its recipient neither suppressed nor
/// unsubscribed. Each part is a scalar subquery, which no plan turns into a full table scan.
pub(super) const IS_WANTED: &str = "
    (edition_id IS NULL
     OR (SELECT e.state FROM editions e WHERE e.id = deliveries.edition_id) = 'sending')
    AND NOT ({suppressed deliveries})
    AND (kind <> 'edition'
         OR (SELECT s.status FROM subscriptions s WHERE s.id = deliveries.subscription_id)
            = 'confirmed')";

/// Condition that a delivery may be sent now: the node leases it for long enough, it is wanted, and a
/// confirmation is still awaited.
pub(super) const MAY_BE_SENT: &str = "
    {safely_leased}
    AND {is_wanted}
    AND (kind <> 'confirmation' OR {is_awaited})";

/// The fragments of [`MAY_BE_SENT`] and [`LEASED_BY_NODE`].
pub(super) const LEASE_FRAGMENTS: &[(&str, &str)] = &[
    ("may_be_sent", MAY_BE_SENT),
    ("safely_leased", SAFELY_LEASED),
    ("is_wanted", IS_WANTED),
    ("is_awaited", IS_AWAITED),
    ("leased_by_node", LEASED_BY_NODE),
];

/// Condition that a delivery without a queue entry is leased with its batch.
pub(super) const LEASED_WITH_BATCH: &str = "
    (SELECT w.delivery_id FROM delivery_queue w WHERE w.delivery_id = deliveries.id) IS NULL
    AND batch_id IN (SELECT b.id FROM delivery_batches b WHERE b.lease_node = $node)";

/// The same condition for at least `$min_remaining` more milliseconds.
pub(super) const SAFELY_LEASED_WITH_BATCH: &str = "
    (SELECT w.delivery_id FROM delivery_queue w WHERE w.delivery_id = deliveries.id) IS NULL
    AND batch_id IN (
        SELECT b.id
          FROM delivery_batches b
         WHERE b.lease_node = $node
           AND b.lease_until > {now} + $min_remaining)";
