//! Slots of the messages in flight to recipient domains that have limits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::domain_limits::DomainLimit;
use crate::domain::rate::Rate;

/// Limits of a recipient domain, shared by all jobs to it.
#[derive(Debug)]
pub(super) struct SharedDomainLimit {
    /// Key under which messages are counted together.
    pub(super) key: Arc<str>,
    max_concurrent: Option<u32>,
    pub(super) rates: Vec<Rate>,
}

impl SharedDomainLimit {
    pub(super) fn new(limit: &DomainLimit<'_>) -> Self {
        Self {
            key: limit.key.into(),
            max_concurrent: limit.max_concurrent,
            rates: limit.rates.to_vec(),
        }
    }
}

/// Number of messages in flight to each domain, and the domains whose slots became free.
#[derive(Debug)]
pub(super) struct DomainSlots {
    state: Mutex<SlotState>,
    /// Wakes a worker when a slot becomes free.
    job_available: Arc<Notify>,
}

#[derive(Debug, Default)]
struct SlotState {
    in_flight: HashMap<Arc<str>, u32>,
    freed: Vec<Arc<str>>,
}

impl DomainSlots {
    pub(super) fn new(job_available: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), job_available })
    }

    fn state(&self) -> MutexGuard<'_, SlotState> {
        // A panic cannot interrupt a change of the state halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot, unless the domain has as many messages in flight as its limit allows.
    pub(super) fn take(self: &Arc<Self>, limit: &SharedDomainLimit) -> Option<DomainSlot> {
        let mut state = self.state();
        let in_flight = state.in_flight.entry(Arc::clone(&limit.key)).or_default();
        if limit.max_concurrent.is_some_and(|max| *in_flight >= max) {
            return None;
        }
        *in_flight += 1;
        Some(DomainSlot { domain: Arc::clone(&limit.key), slots: Arc::clone(self) })
    }

    /// Returns the domains with a slot that became free since the last call.
    pub(super) fn drain_freed(&self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.state().freed)
    }

    /// Returns `true` if no message is in flight.
    #[cfg(test)]
    pub(super) fn is_unused(&self) -> bool {
        self.state().in_flight.is_empty()
    }

    fn release(&self, domain: &Arc<str>) {
        let mut state = self.state();
        match state.in_flight.get_mut(domain) {
            Some(in_flight) if *in_flight > 1 => *in_flight -= 1,
            _ => drop(state.in_flight.remove(domain)),
        }
        state.freed.push(Arc::clone(domain));
        drop(state);
        self.job_available.notify_one();
    }
}

/// Slot of one message in flight to a domain; its drop releases it and wakes a worker.
#[derive(Debug)]
pub(super) struct DomainSlot {
    domain: Arc<str>,
    slots: Arc<DomainSlots>,
}

impl DomainSlot {
    /// Returns the key of the domain.
    pub(super) fn domain(&self) -> &Arc<str> {
        &self.domain
    }
}

impl Drop for DomainSlot {
    fn drop(&mut self) {
        self.slots.release(&self.domain);
    }
}
