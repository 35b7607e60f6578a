//! RAII guards of a job: its share of a lease, and its slot among the messages in flight to a
//! domain.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::queue::SendQueue;
use crate::domain::domain_limits::DomainLimit;
use crate::domain::rate::Rate;
use crate::store::leased_delivery::LeasedDelivery;

/// Identifies what a node has leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum LeaseId {
    /// Batch of deliveries of an edition.
    Batch(i64),
    /// Single delivery outside of a batch.
    QueueEntry(i64),
}

/// Guard of leased rows; its drop, after the last outcome of its jobs is committed, notifies the
/// fetcher.
#[derive(Debug)]
pub(super) struct LeaseGuard {
    id: LeaseId,
    released: UnboundedSender<LeaseId>,
}

impl LeaseGuard {
    pub(super) fn new(id: LeaseId, released: UnboundedSender<LeaseId>) -> Self {
        Self { id, released }
    }

    /// Returns `true` if the lease is of a single delivery.
    pub(super) fn is_queue_entry(&self) -> bool {
        matches!(self.id, LeaseId::QueueEntry(_))
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        // The fetcher receives until every guard is dropped; if the fetcher is gone, the lease
        // expires.
        let _ = self.released.send(self.id);
    }
}

/// Slot of one message in flight to a domain; the drop releases it.
#[derive(Debug)]
pub(super) struct DomainSlot {
    held: Option<(Arc<str>, Arc<SendQueue>)>,
}

impl DomainSlot {
    pub(super) fn new(domain: Arc<str>, queue: Arc<SendQueue>) -> Self {
        Self { held: Some((domain, queue)) }
    }

    /// Disarms the guard: returns the domain key without releasing the slot.
    pub(super) fn into_key(mut self) -> Option<Arc<str>> {
        self.held.take().map(|(domain, _)| domain)
    }
}

impl Drop for DomainSlot {
    fn drop(&mut self) {
        if let Some((domain, queue)) = self.held.take() {
            queue.release_slot(&domain);
        }
    }
}

/// Limits of a recipient domain, shared by all jobs to it.
#[derive(Debug)]
pub(super) struct SharedDomainLimit {
    /// Key under which messages are counted together.
    pub(super) key: Arc<str>,
    max_in_flight: Option<u32>,
    pub(super) rates: Vec<Rate>,
}

impl SharedDomainLimit {
    pub(super) fn new(limit: &DomainLimit<'_>) -> Self {
        Self {
            key: limit.key.into(),
            max_in_flight: limit.max_concurrent,
            rates: limit.rates.to_vec(),
        }
    }

    /// Returns `true` if another message may start while `in_flight` are in flight.
    pub(super) fn has_room(&self, in_flight: u32) -> bool {
        self.max_in_flight.is_none_or(|max| in_flight < max)
    }
}

/// Leased delivery on its way to a worker.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) delivery: LeasedDelivery,
    pub(super) lease: Arc<LeaseGuard>,
    /// Limits of the recipient domain.
    pub(super) domain_limit: Option<Arc<SharedDomainLimit>>,
    /// Slot of the recipient domain, while a worker holds the job and the domain has limits.
    pub(super) slot: Option<DomainSlot>,
}
