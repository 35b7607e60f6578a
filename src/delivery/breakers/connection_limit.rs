//! Limit of simultaneous connections to a relay: shrinks to the number that the relay accepts,
//! doubles while messages are accepted over all of them, and tries a number that the relay has
//! rejected only after a wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::time::{Millis, SignedDuration, multiply};

/// Wait before a rejected number of connections is tried again.
const FIRST_GROWTH_WAIT: SignedDuration = SignedDuration::from_secs(10);
/// Longest wait before a rejected number is tried again; the wait doubles with every rejection.
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
    /// Number of open connections over which a message was accepted.
    proven: usize,
    /// Smallest number of connections that the relay has rejected.
    too_many: Option<usize>,
    /// Time at which the limit grows even if not every connection is proven or the number was
    /// rejected before.
    grow_at: Millis,
    growth_wait: SignedDuration,
    /// Limit before the last growth, until all connections of the grown limit are proven.
    growing_from: Option<usize>,
    is_reported: bool,
}

impl State {
    fn open_count(&self) -> usize {
        self.connecting + self.connected
    }

    /// Returns the limit to which one more connection may raise the current one; `None` while no
    /// more may be opened.
    fn next_limit(&self, now: Millis) -> Option<usize> {
        let first_rejected = self.too_many.unwrap_or(self.configured + 1);
        let is_due = now >= self.grow_at;
        if self.limit >= self.configured {
            None
        } else if self.limit + 1 >= first_rejected {
            is_due.then_some(self.limit + 1)
        } else {
            let may_double = is_due || self.proven >= self.limit;
            may_double.then(|| (self.limit * 2).min(first_rejected - 1))
        }
    }

    /// Returns `true` if one more connection may be opened.
    fn has_room(&self, now: Millis) -> bool {
        self.open_count() < self.limit || self.next_limit(now).is_some()
    }

    /// Ends the growth if all connections of the limit are proven.
    fn finish_growth(&mut self) {
        if self.proven < self.limit || self.growing_from.take().is_none() {
            return;
        }
        if self.too_many.is_some_and(|rejected| self.limit >= rejected) {
            self.too_many = None;
            self.growth_wait = FIRST_GROWTH_WAIT;
        }
    }

    /// Shrinks the limit to the open connections, of which there is at least one. Only the
    /// rejection of a number that was not proven shows that it is too many: proven connections
    /// end for other reasons, too.
    fn shrink(&mut self, now: Millis) {
        if let Some(proven) = self.growing_from {
            let was_rejected_before = self.too_many.is_some_and(|rejected| self.limit >= rejected);
            self.growth_wait = if was_rejected_before {
                multiply(self.growth_wait, 2).min(MAX_GROWTH_WAIT)
            } else {
                FIRST_GROWTH_WAIT
            };
            self.too_many = Some(self.open_count().max(proven) + 1);
        }
        self.limit = self.open_count();
        self.grow_at = now.plus(self.growth_wait);
        self.finish_growth();
    }

    /// Records that the relay rejects the only connection. An outage at the start says nothing
    /// about the number of connections, so rejections since then do not count.
    fn record_outage(&mut self, now: Millis, was_connected: bool) {
        if self.growing_from == Some(0) {
            self.too_many = None;
            self.growth_wait = FIRST_GROWTH_WAIT;
        }
        self.grow_at = now.plus(self.growth_wait);
        if was_connected {
            // All open connections may have been too many for each other, so one is tried alone.
            (self.limit, self.growing_from) = (1, None);
        } else {
            self.limit = self.too_many.map_or(self.configured, |rejected| rejected - 1).max(1);
            self.growing_from = Some(0);
        }
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
    is_proven: bool,
}

impl ConnectionLimit {
    /// Creates the limit of a transport with this number of configured connections.
    pub(in crate::delivery) fn new(configured: usize) -> Self {
        let state = State {
            configured,
            limit: configured,
            connecting: 0,
            connected: 0,
            proven: 0,
            too_many: None,
            grow_at: Millis(0),
            growth_wait: FIRST_GROWTH_WAIT,
            growing_from: Some(0),
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
            let limit = state.next_limit(now)?;
            state.growing_from = Some(state.limit);
            state.limit = limit;
            state.grow_at = now.plus(state.growth_wait);
            // The doubled limit has room for other workers, too.
            self.0.changed.notify_waiters();
        }
        state.connecting += 1;
        Some(ConnectionSlot { limit: self.clone(), is_connected: false, is_proven: false })
    }

    /// Records that the relay failed over an open connection: rejections of connections that were
    /// not proven belonged to the same failure, and say nothing about their number.
    pub(in crate::delivery) fn record_relay_failure(&self) {
        let mut state = self.state();
        if state.growing_from.take().is_some() {
            state.too_many = None;
            state.growth_wait = FIRST_GROWTH_WAIT;
        }
    }

    /// Waits until a slot may be free; the longest wait without a change is one second.
    pub(in crate::delivery) async fn connection_slot_available(&self, clock: fn() -> Millis) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Registers before the check, so that no change between the check and the wait is lost.
            changed.as_mut().enable();
            if self.state().has_room(clock()) {
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
        state.connected >= state.configured && std::mem::take(&mut state.is_reported)
    }

    /// Records that the relay has accepted a message over the connection.
    pub(in crate::delivery) fn record_accepted(&mut self) {
        if std::mem::replace(&mut self.is_proven, true) {
            return;
        }
        let mut state = self.limit.state();
        state.proven += 1;
        state.finish_growth();
        drop(state);
        self.limit.0.changed.notify_waiters();
    }

    /// Records that the relay rejects this connection, and frees its slot.
    pub(in crate::delivery) fn record_rejected(self, now: Millis) -> ConnectionRejection {
        let (limit, was_connected) = (self.limit.clone(), self.is_connected);
        drop(self);
        let mut state = limit.state();
        if state.open_count() == 0 {
            state.record_outage(now, was_connected);
            drop(state);
            limit.0.changed.notify_waiters();
            return ConnectionRejection::RelayUnavailable;
        }
        if state.open_count() < state.limit {
            state.shrink(now);
        }
        let is_known = state.connecting == 0 && state.too_many.is_some() && !state.is_reported;
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
        state.proven -= usize::from(self.is_proven);
        drop(state);
        self.limit.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
