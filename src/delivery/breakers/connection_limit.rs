//! Limit of simultaneous connections to a relay: shrinks to the number that the relay accepts, and
//! grows again slowly.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::time::{Millis, SignedDuration, multiply};

/// Wait before one more connection is tried, after the limit has shrunk.
const FIRST_GROWTH_WAIT: SignedDuration = SignedDuration::from_secs(10);
/// Longest wait before one more connection is tried; the wait doubles with every rejected one.
const MAX_GROWTH_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// Limit of a transport, shared by all of its workers and kept between runs.
#[derive(Debug, Clone)]
pub(in crate::delivery) struct ConnectionLimit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the workers that wait for a slot.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    configured: usize,
    limit: usize,
    connecting: usize,
    connected: usize,
    /// Time at which one more connection is tried.
    grow_at: Millis,
    growth_wait: SignedDuration,
    /// `true` while a connection beyond the last limit is tried.
    is_growing: bool,
    is_reported: bool,
}

impl State {
    fn open_count(&self) -> usize {
        self.connecting + self.connected
    }
}

/// Result of a rejected connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery) enum ConnectionRejection {
    /// There is no other connection, so the relay itself is unavailable.
    RelayUnavailable,
    /// The relay accepts only the other connections. `report` is their number the first time that
    /// it is known.
    LimitReached { report: Option<usize> },
}

/// Guard of one of the allowed connections; its drop frees the slot.
#[derive(Debug)]
pub(in crate::delivery) struct ConnectionSlot {
    limit: ConnectionLimit,
    is_connected: bool,
}

impl ConnectionLimit {
    /// Creates the limit of a transport with this number of configured connections.
    pub(in crate::delivery) fn new(configured: usize) -> Self {
        let state = State {
            configured,
            limit: configured,
            connecting: 0,
            connected: 0,
            grow_at: Millis(0),
            growth_wait: FIRST_GROWTH_WAIT,
            is_growing: false,
            is_reported: false,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another task does not make the counts wrong.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the slot of one more connection, if the relay may accept it.
    pub(in crate::delivery) fn try_open(&self, now: Millis) -> Option<ConnectionSlot> {
        let mut state = self.state();
        if state.open_count() >= state.limit {
            if state.limit >= state.configured || now < state.grow_at {
                return None;
            }
            state.limit += 1;
            state.is_growing = true;
            state.grow_at = now.plus(state.growth_wait);
        }
        state.connecting += 1;
        Some(ConnectionSlot { limit: self.clone(), is_connected: false })
    }

    /// Waits until a slot may be free; the longest wait without a change is one second.
    pub(in crate::delivery) async fn connection_slot_available(&self, clock: fn() -> Millis) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Registers before the check, so that no change between the check and the wait is lost.
            changed.as_mut().enable();
            let is_full = {
                let state = self.state();
                state.open_count() >= state.limit
                    && (state.limit >= state.configured || clock() < state.grow_at)
            };
            if !is_full {
                return;
            }
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), changed).await;
        }
    }
}

impl ConnectionSlot {
    /// Records that the relay has accepted the connection. Returns `true` if it now accepts all
    /// configured ones, although it had not before.
    pub(in crate::delivery) fn record_connected(&mut self) -> bool {
        if std::mem::replace(&mut self.is_connected, true) {
            return false;
        }
        let mut state = self.limit.state();
        state.connecting -= 1;
        state.connected += 1;
        if std::mem::take(&mut state.is_growing) {
            state.growth_wait = FIRST_GROWTH_WAIT;
        }
        state.connected >= state.configured && std::mem::take(&mut state.is_reported)
    }

    /// Records that the relay rejects this connection, and frees its slot.
    pub(in crate::delivery) fn record_rejected(self, now: Millis) -> ConnectionRejection {
        let (limit, was_connected) = (self.limit.clone(), self.is_connected);
        drop(self);
        let mut state = limit.state();
        if state.open_count() == 0 {
            if was_connected && state.configured > 1 {
                // All open connections may have been too many for each other, so one is tried alone.
                state.limit = 1;
                state.growth_wait = FIRST_GROWTH_WAIT;
                state.grow_at = now.plus(state.growth_wait);
            } else {
                // Nothing shows that the relay would accept fewer.
                state.limit = state.configured;
            }
            drop(state);
            limit.0.changed.notify_waiters();
            return ConnectionRejection::RelayUnavailable;
        }
        if state.open_count() < state.limit {
            state.limit = state.open_count();
            state.growth_wait = if std::mem::take(&mut state.is_growing) {
                multiply(state.growth_wait, 2).min(MAX_GROWTH_WAIT)
            } else {
                FIRST_GROWTH_WAIT
            };
            state.grow_at = now.plus(state.growth_wait);
        }
        let is_known = state.connecting == 0 && !state.is_reported;
        state.is_reported |= is_known;
        ConnectionRejection::LimitReached { report: is_known.then_some(state.limit) }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut state = self.limit.state();
        if self.is_connected {
            state.connected -= 1;
        } else {
            state.connecting -= 1;
        }
        drop(state);
        self.limit.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(1_000_000);

    fn open(limit: &ConnectionLimit, n: usize) -> Vec<ConnectionSlot> {
        (0..n).map(|_| limit.try_open(START).unwrap()).collect()
    }

    #[test]
    fn the_limit_shrinks_to_the_accepted_connections_and_is_reported_once() {
        let limit = ConnectionLimit::new(5);
        let mut slots = open(&limit, 5);
        assert!(limit.try_open(START).is_none(), "no more than configured");
        let rejected = slots.split_off(2);
        slots.iter_mut().for_each(|slot| assert!(!slot.record_connected()));
        let results: Vec<_> =
            rejected.into_iter().map(|slot| slot.record_rejected(START)).collect();
        let silent = ConnectionRejection::LimitReached { report: None };
        assert_eq!(
            results,
            [silent, silent, ConnectionRejection::LimitReached { report: Some(2) }]
        );
        assert!(limit.try_open(START).is_none());
        drop(slots.pop());
        let again = limit.try_open(START).unwrap();
        assert_eq!(again.record_rejected(START), silent, "reported before");
        assert!(limit.try_open(START).is_none(), "one is open");
    }

    #[test]
    fn a_relay_that_rejects_the_only_connection_is_unavailable() {
        let limit = ConnectionLimit::new(2);
        let mut slots = open(&limit, 2);
        let (last, first) = (slots.pop().unwrap(), slots.pop().unwrap());
        assert_eq!(
            first.record_rejected(START),
            ConnectionRejection::LimitReached { report: None }
        );
        assert_eq!(last.record_rejected(START), ConnectionRejection::RelayUnavailable);
        assert_eq!(open(&limit, 2).len(), 2, "all are tried again");
    }

    #[test]
    fn after_all_open_connections_were_rejected_one_is_tried_alone() {
        let limit = ConnectionLimit::new(3);
        let mut slots = open(&limit, 3);
        slots.iter_mut().for_each(|slot| assert!(!slot.record_connected()));
        let results: Vec<_> = slots.drain(..).map(|slot| slot.record_rejected(START)).collect();
        assert_eq!(results.last(), Some(&ConnectionRejection::RelayUnavailable));
        let alone = limit.try_open(START);
        assert!(alone.is_some() && limit.try_open(START).is_none());
        assert!(limit.try_open(START.plus(FIRST_GROWTH_WAIT)).is_some(), "it grows again");
    }

    #[test]
    fn one_more_connection_is_tried_after_a_wait_that_doubles_while_it_is_rejected() {
        let limit = ConnectionLimit::new(3);
        let mut slots = open(&limit, 3);
        let rejected = slots.pop().unwrap();
        slots.iter_mut().for_each(|slot| assert!(!slot.record_connected()));
        rejected.record_rejected(START);
        let mut now = START.plus(FIRST_GROWTH_WAIT);
        for wait in [20, 40, 80] {
            let tried = limit.try_open(now).unwrap();
            tried.record_rejected(now);
            let wait = SignedDuration::from_secs(wait);
            assert!(limit.try_open(now.plus(wait - SignedDuration::from_millis(1))).is_none());
            now = now.plus(wait);
        }
        let mut accepted = limit.try_open(now).unwrap();
        assert!(accepted.record_connected(), "all configured connections are accepted again");
    }
}
