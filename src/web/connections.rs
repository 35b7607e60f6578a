//! The open connections of the web server: their maximum number, and which of them are closed to
//! make room for a new one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Divisor: at least one 64th of the maximum number is closed at a time, so that a flood does not
/// sort all connections for each new one.
const CLOSE_FRACTION_DIVISOR: usize = 64;
/// Longest time that closed connections may take before others are closed as well.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(1);

/// The open connections, at most a maximum number.
#[derive(Debug)]
pub(super) struct Connections {
    maximum: usize,
    /// Number of connections accepted so far, the clock by which progress is dated.
    accepted: AtomicU64,
    open: Mutex<HashMap<u64, Arc<Activity>>>,
    /// Notified when a connection was closed.
    closed: Notify,
    /// `true` since the maximum was reached, so that it is logged once.
    is_full: AtomicBool,
}

/// Progress of one connection.
#[derive(Debug, Default)]
struct Activity {
    /// Twice the number of connections that had been accepted at the last progress, and one more
    /// unless that was the acceptance itself.
    last_progress: AtomicU64,
    /// `true` if neither a request nor a response is incomplete.
    is_idle: AtomicBool,
    is_closing: AtomicBool,
    waker: AtomicWaker,
}

/// Entry of one connection, removed when it is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection {
    connections: Arc<Connections>,
    id: u64,
    activity: Arc<Activity>,
}

impl Connections {
    /// Creates an empty set for at most this number of connections.
    pub(super) fn new(maximum: usize) -> Arc<Self> {
        Arc::new(Self {
            maximum: maximum.max(1),
            accepted: AtomicU64::new(0),
            open: Mutex::default(),
            closed: Notify::new(),
            is_full: AtomicBool::new(false),
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        // A poisoned lock is safe to use: the map is consistent after each change.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an accepted connection. If the maximum is reached, first closes those without progress
    /// for the longest time: idle ones, then incomplete requests and responses.
    pub(super) async fn add(self: &Arc<Self>) -> OpenConnection {
        loop {
            if self.open().len() < self.maximum {
                return self.insert();
            }
            if !self.is_full.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    maximum = self.maximum,
                    "the maximum number of web connections is open, so idle ones are closed; if they belong to readers, raise [server] max_connections and the open-files limit (LimitNOFILE)"
                );
            }
            self.close_longest_waiting();
            // Closed connections end within microseconds; the timeout covers one whose task hangs.
            let _ = timeout(CLOSING_TIMEOUT, self.closed.notified()).await;
        }
    }

    fn insert(self: &Arc<Self>) -> OpenConnection {
        let id = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let activity = Arc::new(Activity::default());
        activity.last_progress.store(2 * id, Ordering::Relaxed);
        activity.is_idle.store(true, Ordering::Relaxed);
        let mut open = self.open();
        open.insert(id, Arc::clone(&activity));
        if open.len() < self.maximum / 2 {
            self.is_full.store(false, Ordering::Relaxed);
        }
        OpenConnection { connections: Arc::clone(self), id, activity }
    }

    /// Asks the connections without progress for the longest time to close, idle ones first.
    pub(super) fn close_longest_waiting(&self) {
        let open = self.open();
        let mut candidates: Vec<(bool, u64, &Arc<Activity>)> = open
            .values()
            .filter(|activity| !activity.is_closing.load(Ordering::Relaxed))
            .map(|activity| {
                let is_busy = !activity.is_idle.load(Ordering::Relaxed);
                (is_busy, activity.last_progress.load(Ordering::Relaxed), activity)
            })
            .collect();
        candidates.sort_unstable_by_key(|(is_busy, last_progress, _)| (*is_busy, *last_progress));
        for (_, _, activity) in
            candidates.into_iter().take(self.maximum.div_ceil(CLOSE_FRACTION_DIVISOR))
        {
            activity.is_closing.store(true, Ordering::Release);
            activity.waker.wake();
        }
    }
}

impl OpenConnection {
    /// Records progress; `is_idle` states that neither a request nor a response is incomplete now.
    pub(super) fn progress(&self, is_idle: bool) {
        let accepted = self.connections.accepted.load(Ordering::Relaxed);
        self.activity.last_progress.store(2 * accepted + 1, Ordering::Relaxed);
        self.activity.is_idle.store(is_idle, Ordering::Relaxed);
    }

    /// Records that the client does not read a response.
    pub(super) fn set_busy(&self) {
        self.activity.is_idle.store(false, Ordering::Relaxed);
    }

    /// Returns `true` if the connection must close now; otherwise wakes the task when it must.
    pub(super) fn poll_closing(&self, waker: &Waker) -> bool {
        self.activity.waker.register(waker);
        self.activity.is_closing.load(Ordering::Acquire)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.open().remove(&self.id);
        self.connections.closed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the connections that are asked to close, by position.
    fn closing(all: &[OpenConnection]) -> Vec<usize> {
        let is_closing = |(_, entry): &(usize, &OpenConnection)| entry.poll_closing(Waker::noop());
        all.iter().enumerate().filter(is_closing).map(|(at, _)| at).collect()
    }

    #[tokio::test]
    async fn idle_connections_close_before_busy_ones_and_the_longest_waiting_first() {
        let connections = Connections::new(4);
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(connections.add().await);
        }
        // The first one waits for a response, the second was active after the others.
        all[0].progress(false);
        all[1].progress(true);
        for expected in [vec![2], vec![2, 3], vec![1, 2, 3], vec![0, 1, 2, 3]] {
            connections.close_longest_waiting();
            assert_eq!(closing(&all), expected);
        }
    }

    #[tokio::test]
    async fn a_new_connection_waits_until_another_one_closed() {
        let connections = Connections::new(2);
        let first = connections.add().await;
        let second = connections.add().await;
        let mut third = std::pin::pin!(connections.add());
        assert!(futures_util::poll!(third.as_mut()).is_pending());
        assert!(first.poll_closing(Waker::noop()) && !second.poll_closing(Waker::noop()));
        drop(first);
        let third = third.await;
        assert_eq!(connections.open().len(), 2);
        drop((second, third));
    }
}
