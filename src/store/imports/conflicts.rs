//! Conflicts of an import with other processes that add the same people.

use crate::store::StoreError;

/// Rows of another process that a chunk may meet. Its transaction reads the people first, so that they are
/// rare; on PostgreSQL, skipping them makes each insertion a sixth slower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflicts {
    /// The transaction fails, and is repeated with [`Self::Skipped`].
    Unexpected,
    /// The rows of the other process remain.
    Skipped,
}

impl Conflicts {
    /// Returns `true` if a transaction failed because another process had just added the same row.
    pub(super) fn caused(error: &StoreError) -> bool {
        error.violates("subscribers_address", "subscribers.address_key")
            || error
                .violates("subscriptions_subscriber_id_digest_key", "subscriptions.subscriber_id")
    }
}
