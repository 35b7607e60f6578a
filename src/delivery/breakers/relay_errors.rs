//! Relay errors by delivery: distinguishes a delivery that makes the relay fail from a relay that is
//! unusable.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Relay errors after which a delivery itself is deferred if the relay accepted others meanwhile.
const MAX_RELAY_ERRORS_PER_DELIVERY: u32 = 3;
/// Deliveries with counted relay errors; clearing the counts costs a few more rounds.
const MAX_TRACKED_DELIVERIES: usize = 10_000;

/// Relay errors of a transport, shared by all of its users.
#[derive(Debug, Clone, Default)]
pub(in crate::delivery) struct RelayErrors(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Number of messages that the relay has accepted.
    accepted: u64,
    by_delivery: HashMap<i64, Errors>,
}

/// Relay errors of a delivery.
#[derive(Debug)]
struct Errors {
    count: u32,
    /// Number of accepted messages at the first error.
    accepted_before: u64,
}

impl RelayErrors {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another task does not make the counts wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a relay error of a delivery; returns `true` if the delivery itself is the cause: it has
    /// had several, and the relay accepted others since the first.
    pub(in crate::delivery) fn record_error(&self, delivery: i64) -> bool {
        let mut state = self.state();
        if state.by_delivery.len() > MAX_TRACKED_DELIVERIES {
            state.by_delivery.clear();
        }
        let accepted = state.accepted;
        let first = Errors { count: 0, accepted_before: accepted };
        let errors = state.by_delivery.entry(delivery).or_insert(first);
        errors.count += 1;
        errors.count >= MAX_RELAY_ERRORS_PER_DELIVERY && accepted > errors.accepted_before
    }

    /// Records that the relay accepted a delivery, and forgets the errors of this delivery.
    pub(in crate::delivery) fn record_accepted(&self, delivery: i64) {
        let mut state = self.state();
        state.accepted += 1;
        state.by_delivery.remove(&delivery);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_the_cause_only_if_the_relay_accepts_others() {
        let errors = RelayErrors::default();
        errors.record_accepted(1);
        assert!((0..100).all(|_| !errors.record_error(7)), "the relay accepts nothing");
        errors.record_accepted(2);
        assert!(errors.record_error(7) && errors.record_error(7));
        assert!(!errors.record_error(8) && !errors.record_error(8));
    }

    #[test]
    fn an_accepted_delivery_starts_again_without_errors() {
        let errors = RelayErrors::default();
        assert!(!errors.record_error(7) && !errors.record_error(7));
        errors.record_accepted(7);
        assert!((0..100).all(|_| !errors.record_error(7)));
    }
}
