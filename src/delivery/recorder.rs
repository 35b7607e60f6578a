//! The group commit: one transaction records what became of messages and marks the next ones, for all connections.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::lease::Ticket;
use crate::config::Transport;
use crate::domain::time::Millis;
use crate::store::outcomes::Record;
use crate::store::rates::{Ask, Granted, LimitKey};
use crate::store::{Store, StoreResult};

/// Entries of one commit at most.
const BATCH: usize = 512;
/// How long a database that fails is left alone before the same commit is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// The answer to an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// It was marked `sending` then: start soon, for a pause or a leaving since is not known.
    Start(Instant),
    /// A limit is used up until then.
    Wait(Millis),
    /// It is not this node's to send any more: paused, cancelled, left, suppressed, or the lease is lost.
    Drop,
}

enum Entry {
    /// What became of a message; the ticket is dropped when that is committed.
    Outcome(Box<Record>, Arc<Ticket>),
    /// A wish to start one.
    Intent { id: i64, transport: String, reply: oneshot::Sender<Grant> },
    /// A wish to know that all before is committed.
    Flush(oneshot::Sender<()>),
}

/// A handle on the task that commits; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    entries: mpsc::Sender<Entry>,
}

/// An answer on its way.
#[derive(Debug)]
pub(super) struct Pending(oneshot::Receiver<Grant>);

impl Pending {
    /// The answer; a recorder that is gone grants nothing.
    pub(super) async fn granted(self) -> Grant {
        self.0.await.unwrap_or(Grant::Drop)
    }
}

impl Recorder {
    /// Starts the task; it ends when the last handle is dropped.
    pub(super) fn start(store: Store, node: String, clock: fn() -> Millis, transports: &[Transport]) -> Self {
        let limits = transports
            .iter()
            .filter(|t| !t.rate.is_empty() || t.warm_up.is_some())
            .map(|t| (t.name.clone(), Ask { key: LimitKey::of(&t.name), limits: t.rate.clone(), warm_up: t.warm_up, wanted: 0 }))
            .collect();
        let (entries, inbox) = mpsc::channel(BATCH);
        tokio::spawn(Desk { store, node, clock, limits }.work(inbox));
        Self { entries }
    }

    /// Asks to start a message; the answer comes with the next commit, which also holds everything recorded before.
    pub(super) async fn intend(&self, id: i64, transport: &str) -> Pending {
        let (reply, answer) = oneshot::channel();
        let _ = self.entries.send(Entry::Intent { id, transport: transport.to_owned(), reply }).await;
        Pending(answer)
    }

    /// Hands over what became of a message; it is committed soon, whatever happens to the caller.
    pub(super) async fn record(&self, record: Record, ticket: Arc<Ticket>) {
        let _ = self.entries.send(Entry::Outcome(Box::new(record), ticket)).await;
    }

    /// Returns when everything handed over before is committed.
    pub(super) async fn flush(&self) {
        let (reply, done) = oneshot::channel();
        let _ = self.entries.send(Entry::Flush(reply)).await;
        let _ = done.await;
    }
}

struct Desk {
    store: Store,
    node: String,
    clock: fn() -> Millis,
    limits: HashMap<String, Ask>,
}

struct Wish {
    id: i64,
    transport: String,
    reply: oneshot::Sender<Grant>,
}

impl Desk {
    async fn work(self, mut inbox: mpsc::Receiver<Entry>) {
        let mut entries = Vec::with_capacity(BATCH);
        while inbox.recv_many(&mut entries, BATCH).await > 0 {
            let (mut records, mut tickets, mut wishes, mut flushes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for entry in entries.drain(..) {
                match entry {
                    Entry::Outcome(record, ticket) => {
                        records.push(*record);
                        tickets.push(ticket);
                    }
                    Entry::Intent { id, transport, reply } => wishes.push(Wish { id, transport, reply }),
                    Entry::Flush(reply) => flushes.push(reply),
                }
            }
            let (wishes, refused) = self.within_limits(wishes).await;
            let asked: Vec<i64> = wishes.iter().map(|w| w.id).collect();
            let started = self
                .until_it_works("the outcomes", || self.store.commit_outcomes(&self.node, records.clone(), asked.clone(), (self.clock)()));
            let started = started.await;
            let committed = Instant::now();
            drop(tickets);
            for wish in wishes {
                let _ = wish.reply.send(if started.contains(&wish.id) { Grant::Start(committed) } else { Grant::Drop });
            }
            for (wish, until) in refused {
                let _ = wish.reply.send(Grant::Wait(until));
            }
            for flush in flushes {
                let _ = flush.send(());
            }
        }
    }

    /// Divides wishes into those that their transports' limits allow now and those that must wait.
    async fn within_limits(&self, wishes: Vec<Wish>) -> (Vec<Wish>, Vec<(Wish, Millis)>) {
        if self.limits.is_empty() {
            return (wishes, Vec::new());
        }
        let mut wanted: HashMap<&str, i64> = HashMap::new();
        for wish in &wishes {
            if let Some((name, _)) = self.limits.get_key_value(&wish.transport) {
                *wanted.entry(name).or_default() += 1;
            }
        }
        let asks: Vec<Ask> = wanted.iter().map(|(name, wanted)| Ask { wanted: *wanted, ..self.limits[*name].clone() }).collect();
        let answers = self.until_it_works("the limits", || self.store.take_from_limits(&asks, (self.clock)())).await;
        let mut granted: HashMap<&str, (i64, Millis)> =
            wanted.into_keys().zip(answers).map(|(name, Granted { n, again })| (name, (n, again))).collect();
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for wish in wishes {
            match granted.get_mut(wish.transport.as_str()) {
                Some((0, again)) => later.push((wish, *again)),
                Some((left, _)) => {
                    *left -= 1;
                    now.push(wish);
                }
                None => now.push(wish),
            }
        }
        (now, later)
    }

    /// Tries until the database takes it: an outcome is never given up. Lanes wait meanwhile, for nothing is granted.
    async fn until_it_works<T, F: Future<Output = StoreResult<T>>>(&self, what: &str, attempt: impl Fn() -> F) -> T {
        let mut told = false;
        loop {
            match attempt().await {
                Ok(value) => {
                    if told {
                        tracing::info!("the database takes {what} again");
                    }
                    return value;
                }
                Err(e) if !told => {
                    told = true;
                    tracing::error!("the database does not take {what}, sending waits: {e}");
                }
                Err(_) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
