//! Change feed: reports the names of changed objects to the clients of this process, whichever process or
//! node made the changes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::domain::change::Change;
use crate::store::Store;
use crate::store::recent_changes::ChangeCursor;

/// Interval at which the database is read while clients listen.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Shortest time between two reads.
const MIN_INTERVAL: Duration = Duration::from_millis(200);
/// Changes that a slow client may be behind before it is told to load everything again.
const CAPACITY: usize = 1_000;

/// Feed of changes; cheap to clone. The database is read only while a client listens.
#[derive(Debug, Clone)]
pub struct ChangeFeed {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    changes: broadcast::Sender<Change>,
    /// `true` while a task reads the database.
    is_reading: Mutex<bool>,
    closed: CancellationToken,
}

/// Message to a client of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A change of an object.
    Change(Change),
    /// Changes were missed; the client must load everything again.
    Missed,
}

/// Client of the feed; it is unsubscribed when it is dropped.
#[derive(Debug)]
pub struct ChangeReceiver {
    receiver: broadcast::Receiver<Change>,
    closed: CancellationToken,
}

impl Default for ChangeFeed {
    fn default() -> Self {
        let inner = Inner {
            changes: broadcast::channel(CAPACITY).0,
            is_reading: Mutex::new(false),
            closed: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }
}

impl ChangeFeed {
    /// Subscribes a client to the changes from now on.
    pub fn subscribe(&self, store: &Store) -> ChangeReceiver {
        let receiver = self.inner.changes.subscribe();
        let mut is_reading = self.inner.is_reading();
        if !std::mem::replace(&mut *is_reading, true) {
            tokio::spawn(read_changes(Arc::clone(&self.inner), store.clone()));
        }
        ChangeReceiver { receiver, closed: self.inner.closed.clone() }
    }

    /// Ends all clients, at the shutdown.
    pub fn close(&self) {
        self.inner.closed.cancel();
    }
}

impl ChangeReceiver {
    /// Waits for the next change; `None` once the feed is closed.
    pub async fn next(&mut self) -> Option<Received> {
        tokio::select! {
            biased;
            () = self.closed.cancelled() => None,
            received = self.receiver.recv() => match received {
                Ok(change) => Some(Received::Change(change)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Received::Missed),
                Err(broadcast::error::RecvError::Closed) => None,
            },
        }
    }
}

impl Inner {
    fn is_reading(&self) -> std::sync::MutexGuard<'_, bool> {
        self.is_reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if no client listens any more, and then marks that nothing reads.
    fn has_ended(&self) -> bool {
        let mut is_reading = self.is_reading();
        let ended = self.closed.is_cancelled() || self.changes.receiver_count() == 0;
        if ended {
            *is_reading = false;
        }
        ended
    }
}

/// Reads the changes until no client listens any more.
async fn read_changes(inner: Arc<Inner>, store: Store) {
    let (mut local, mut remote) =
        (store.article_changes().subscribe(), store.article_changes().listen());
    let mut cursor: Option<ChangeCursor> = None;
    while !inner.has_ended() {
        // A failure is repeated at the next read; the changes until then are reported late.
        match &cursor {
            None => cursor = store.recent_changes().now().await.ok(),
            Some(previous) => {
                if let Ok((changes, next)) = store.recent_changes().since(previous).await {
                    cursor = Some(next);
                    for change in changes {
                        inner.changes.send(change).ok();
                    }
                }
            }
        }
        tokio::time::sleep(MIN_INTERVAL).await;
        tokio::select! {
            () = inner.closed.cancelled() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = local.changed() => {}
            () = remote.changed() => {}
        }
    }
}
