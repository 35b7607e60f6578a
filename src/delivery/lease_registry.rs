//! Registry of the leases of this process. Its runs lease as one node, and each lease is released
//! by the run that holds it.

use std::collections::{HashMap, HashSet};

use super::lease::LeaseId;

/// Leases of all runs of this process.
#[derive(Debug, Default)]
pub(super) struct LeaseRegistry {
    /// Name of the holding transport by lease.
    pub(super) by_lease: HashMap<LeaseId, String>,
    /// Number of releases by transport.
    release_counts: HashMap<String, u64>,
}

/// Leases of transports that serve the same mail and may release some of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PeerLeases {
    /// `true` if a peer holds a lease.
    pub(super) any_held: bool,
    /// Number of releases by peers; a run that polled before the latest one must poll again.
    release_count: u64,
}

impl LeaseRegistry {
    /// Returns the leases of these transports.
    pub(super) fn leases_of(&self, transports: &HashSet<&String>) -> PeerLeases {
        PeerLeases {
            any_held: self.by_lease.values().any(|by| transports.contains(by)),
            release_count: transports
                .iter()
                .filter_map(|name| self.release_counts.get(*name))
                .sum(),
        }
    }

    /// Returns the leased batches and the leased queue entries.
    pub(super) fn ids(&self) -> (Vec<i64>, Vec<i64>) {
        let (mut batches, mut deliveries) = (Vec::new(), Vec::new());
        for lease in self.by_lease.keys() {
            match lease {
                LeaseId::Batch(id) => batches.push(*id),
                LeaseId::QueueEntry(id) => deliveries.push(*id),
            }
        }
        (batches, deliveries)
    }

    /// Forgets a lease that was released in the database.
    pub(super) fn record_release(&mut self, lease: &LeaseId) {
        if let Some(by) = self.by_lease.remove(lease) {
            *self.release_counts.entry(by).or_default() += 1;
        }
    }
}
