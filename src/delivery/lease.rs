//! A job, and the guard of the lease that it belongs to.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::domain_slots::{DomainSlot, SharedDomainLimit};
use crate::store::leased_delivery::LeasedDelivery;

/// Identifies what a node has leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum LeaseId {
    /// Batch of deliveries of an edition.
    Batch(i64),
    /// Entry of the delivery queue, outside of a batch.
    QueueEntry(i64),
}

/// Guard of leased rows; its drop, after the last outcome of its jobs is committed, notifies the
/// fetcher.
#[derive(Debug)]
pub(super) struct LeaseGuard {
    id: LeaseId,
    finished: UnboundedSender<LeaseId>,
}

impl LeaseGuard {
    pub(super) fn new(id: LeaseId, finished: UnboundedSender<LeaseId>) -> Self {
        Self { id, finished }
    }

    /// Returns `true` if the lease is of a queue entry.
    pub(super) fn is_queue_entry(&self) -> bool {
        matches!(self.id, LeaseId::QueueEntry(_))
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        // The fetcher receives until every guard is dropped; if the fetcher is gone, the lease
        // expires.
        let _ = self.finished.send(self.id);
    }
}

/// Leased delivery on its way to a worker.
#[derive(Debug)]
pub(super) struct DeliveryJob {
    pub(super) delivery: LeasedDelivery,
    pub(super) lease: Arc<LeaseGuard>,
    /// Limits of the recipient domain.
    pub(super) domain_limit: Option<Arc<SharedDomainLimit>>,
    /// Slot of the recipient domain, while a worker holds the job and the domain has limits.
    pub(super) domain_slot: Option<DomainSlot>,
}
