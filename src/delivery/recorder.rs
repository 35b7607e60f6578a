//! The group commit: one transaction records what became of messages and marks the next ones, for all connections.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

use super::lease::{Limit, Ticket};
use crate::config::Transport;
use crate::domain::time::Millis;
use crate::store::outcomes::{Intent, Journal, Record};
use crate::store::rates::Unused;
use crate::store::{Store, StoreResult};

mod limits;

use limits::keys;

/// Entries of one commit at most.
const BATCH: usize = 512;
/// How long a database that fails is left alone before the same commit is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// The answer to an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// It was marked `sending` then: start soon, for a pause or a leaving since is not known. What it took from limits, it
    /// took at this time.
    Start(Instant, Millis),
    /// A limit of the transport is used up until then.
    Wait(Millis),
    /// A limit of the recipient's domain is used up until then.
    StandAside(Millis),
    /// It is not this node's to send any more: paused, cancelled, left, suppressed, or the lease is lost.
    Drop,
}

/// A wish to start a message.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) id: i64,
    pub(super) transport: Arc<Transport>,
    pub(super) limit: Option<Arc<Limit>>,
    /// Whether it was granted before: then it spends no limit.
    pub(super) again: bool,
}

enum Entry {
    /// What became of a message; the ticket is dropped when that is committed.
    Outcome(Box<Record>, Arc<Ticket>),
    /// A wish to start one.
    Intent(Wish, oneshot::Sender<Grant>),
    /// What was granted, at that time, and did not go after all.
    Unused(Box<Unused>),
    /// A wish to know that all before is committed.
    Flush(oneshot::Sender<()>),
    /// The same, and that nothing holds the database open.
    Close(oneshot::Sender<()>),
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
    pub(super) fn start(store: Store, node: String, clock: fn() -> Millis) -> Self {
        let (entries, inbox) = mpsc::channel(BATCH);
        let journal = Mutex::new(Journal::of(&store));
        tokio::spawn(Desk { store, journal, node, clock, changes: AtomicI64::new(0) }.work(inbox));
        Self { entries }
    }

    /// Asks to start a message; the answer comes with the next commit, which also holds everything recorded before.
    pub(super) async fn intend(&self, wish: Wish) -> Pending {
        let (reply, answer) = oneshot::channel();
        let _ = self.entries.send(Entry::Intent(wish, reply)).await;
        Pending(answer)
    }

    /// Hands over what became of a message; it is committed soon, whatever happens to the caller.
    pub(super) async fn record(&self, record: Record, ticket: Arc<Ticket>) {
        let _ = self.entries.send(Entry::Outcome(Box::new(record), ticket)).await;
    }

    /// Gives back what a message took from limits that did not go.
    pub(super) async fn give_back(
        &self,
        transport: &Transport,
        limit: Option<&Limit>,
        taken_at: Millis,
    ) {
        for key in keys(transport, limit) {
            let _ =
                self.entries.send(Entry::Unused(Box::new(Unused { key, n: 1, taken_at }))).await;
        }
    }

    /// Returns when everything handed over before is committed and nothing holds the database open.
    pub(super) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        let _ = self.entries.send(Entry::Close(reply)).await;
        let _ = done.await;
    }

    /// Returns when everything handed over before is committed.
    pub(super) async fn flush(&self) {
        let (reply, done) = oneshot::channel();
        let _ = self.entries.send(Entry::Flush(reply)).await;
        let _ = done.await;
    }
}

/// What the task works with.
struct Desk {
    store: Store,
    journal: Mutex<Journal>,
    node: String,
    clock: fn() -> Millis,
    /// Changes of limits so far.
    changes: AtomicI64,
}

/// What one commit is made of.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    tickets: Vec<Arc<Ticket>>,
    wishes: Vec<Asking>,
    unused: Vec<Unused>,
    flushes: Vec<oneshot::Sender<()>>,
    closes: Vec<oneshot::Sender<()>>,
}

/// An answer on its way to who asked.
type Answered = (oneshot::Sender<Grant>, Grant);

/// A wish, and who waits for the answer.
type Asking = (Wish, oneshot::Sender<Grant>);

impl Batch {
    /// Takes entries in their order, up to the first about a row that has a step in this commit already.
    fn of(entries: &mut VecDeque<Entry>) -> Self {
        let (mut batch, mut rows) = (Self::default(), HashSet::new());
        while let Some(entry) = entries.pop_front() {
            let row = match &entry {
                Entry::Outcome(record, _) => Some(record.id),
                Entry::Intent(wish, _) => Some(wish.id),
                Entry::Unused(_) | Entry::Flush(_) | Entry::Close(_) => None,
            };
            if row.is_some_and(|id| !rows.insert(id)) {
                entries.push_front(entry);
                break;
            }
            match entry {
                Entry::Outcome(record, ticket) => {
                    batch.records.push(*record);
                    batch.tickets.push(ticket);
                }
                Entry::Intent(wish, reply) => batch.wishes.push((wish, reply)),
                Entry::Unused(unused) => batch.unused.push(*unused),
                Entry::Flush(reply) => batch.flushes.push(reply),
                Entry::Close(reply) => batch.closes.push(reply),
            }
        }
        batch
    }
}

impl Desk {
    async fn work(self, mut inbox: mpsc::Receiver<Entry>) {
        let (mut fresh, mut entries) = (Vec::with_capacity(BATCH), VecDeque::with_capacity(BATCH));
        while !entries.is_empty() || inbox.recv_many(&mut fresh, BATCH).await > 0 {
            // Lanes that are about to speak come into the same commit.
            tokio::task::yield_now().await;
            while fresh.len() < BATCH
                && let Ok(entry) = inbox.try_recv()
            {
                fresh.push(entry);
            }
            entries.extend(fresh.drain(..));
            self.commit(Batch::of(&mut entries)).await;
        }
    }

    async fn commit(&self, batch: Batch) {
        let Batch { records, tickets, wishes, mut unused, flushes, closes } = batch;
        let (wishes, refused, taken_at) = self.within_limits(wishes, &mut unused).await;
        self.give_back(&unused).await;
        let intents: Vec<Intent> =
            wishes.iter().map(|(w, _)| Intent { id: w.id, again: w.again }).collect();
        // The time before it, so that an order that is carried out later is later on this clock too.
        let commit = async || {
            let mut journal = self.journal.lock().await;
            Ok((
                Instant::now(),
                journal.commit(&self.node, &records, &intents, (self.clock)()).await?,
            ))
        };
        let (committed, started) = self.until_it_works("the outcomes", commit).await;
        drop(tickets);
        let dropped = wishes.iter().filter(|(w, _)| !w.again && !started.contains(&w.id));
        let unspent = dropped.flat_map(|(w, _)| keys(&w.transport, w.limit.as_deref()));
        self.give_back(&unspent.map(|key| Unused { key, n: 1, taken_at }).collect::<Vec<_>>())
            .await;
        for (wish, reply) in wishes {
            let _ = reply.send(if started.contains(&wish.id) {
                Grant::Start(committed, taken_at)
            } else {
                Grant::Drop
            });
        }
        for (reply, grant) in refused {
            let _ = reply.send(grant);
        }
        if !closes.is_empty() {
            self.journal.lock().await.close().await;
        }
        for flush in flushes.into_iter().chain(closes) {
            let _ = flush.send(());
        }
    }

    /// Tries until the database takes it: an outcome is never given up. Lanes wait meanwhile, for nothing is granted.
    async fn until_it_works<T, F: Future<Output = StoreResult<T>>>(
        &self,
        what: &str,
        attempt: impl Fn() -> F,
    ) -> T {
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
