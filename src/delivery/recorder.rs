//! Group commit: one transaction records delivery outcomes and starts the next messages, for all
//! connections.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

use super::domain_slots::SharedDomainLimit;
use super::lease::LeaseGuard;
use crate::config::Transport;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::outcomes::{CommitConnection, OutcomeRecord, PermitRequest};
use crate::store::rate_limits::Refund;

mod quotas;
mod retry;
mod start;

use quotas::{Quotas, limit_keys};
use retry::retry_until_ok;
use start::PendingRequest;
pub(super) use start::{StartDecision, StartRequest};

/// Maximum number of commands received at once for a commit.
const MAX_RECEIVED_COMMANDS: usize = 512;

/// Message to the recorder task.
enum RecorderCommand {
    /// Outcome of a message; the lease is dropped after its commit.
    Outcome(Box<OutcomeRecord>, Arc<LeaseGuard>),
    /// Request to start a message.
    Start(StartRequest, oneshot::Sender<StartDecision>),
    /// Refund for a permitted message that was not sent.
    Refund(Box<Refund>),
    /// Requests a reply once all earlier commands are committed.
    Flush(oneshot::Sender<()>),
    /// Requests a reply once all earlier commands are committed and the connection is closed.
    Close(oneshot::Sender<()>),
}

/// Handle of the recorder task; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    commands: mpsc::Sender<RecorderCommand>,
}

/// Decision that arrives with a later commit.
#[derive(Debug)]
pub(super) struct PendingDecision(oneshot::Receiver<StartDecision>);

impl PendingDecision {
    /// Waits for the decision; a recorder that has stopped permits nothing.
    pub(super) async fn wait(self) -> StartDecision {
        self.0.await.unwrap_or(StartDecision::Denied)
    }
}

impl Recorder {
    /// Starts the recorder task; it ends when the last handle is dropped.
    pub(super) fn start(store: Store, node: String, clock: fn() -> Millis) -> Self {
        let (commands, inbox) = mpsc::channel(MAX_RECEIVED_COMMANDS);
        let connection = Mutex::new(CommitConnection::new(&store));
        let quotas = Quotas::new(store.clone(), node.clone(), clock);
        tokio::spawn(RecorderTask { store, connection, quotas, node, clock }.run(inbox));
        Self { commands }
    }

    /// Requests to start a message; the decision comes with the next commit, which also contains
    /// everything recorded before.
    pub(super) async fn request_start(&self, request: StartRequest) -> PendingDecision {
        let (reply, decision) = oneshot::channel();
        let _ = self.commands.send(RecorderCommand::Start(request, reply)).await;
        PendingDecision(decision)
    }

    /// Queues an outcome; it is committed soon, even if the caller is dropped.
    pub(super) async fn record(&self, record: OutcomeRecord, lease: Arc<LeaseGuard>) {
        let _ = self.commands.send(RecorderCommand::Outcome(Box::new(record), lease)).await;
    }

    /// Refunds the quota of a message that was not sent.
    pub(super) async fn refund(
        &self,
        transport: &Transport,
        limit: Option<&SharedDomainLimit>,
        taken_at: Millis,
    ) {
        for key in limit_keys(transport, limit) {
            let _ = self
                .commands
                .send(RecorderCommand::Refund(Box::new(Refund {
                    key,
                    count: 1,
                    quota_taken_at: taken_at,
                })))
                .await;
        }
    }

    /// Waits until everything queued before is committed and nothing holds the database open.
    pub(super) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        let _ = self.commands.send(RecorderCommand::Close(reply)).await;
        let _ = done.await;
    }

    /// Waits until everything queued before is committed.
    pub(super) async fn flush(&self) {
        let (reply, done) = oneshot::channel();
        let _ = self.commands.send(RecorderCommand::Flush(reply)).await;
        let _ = done.await;
    }
}

/// State of the recorder task.
struct RecorderTask {
    connection: Mutex<CommitConnection>,
    quotas: Quotas,
    store: Store,
    node: String,
    clock: fn() -> Millis,
}

/// Entries that go into one commit.
#[derive(Default)]
struct CommitGroup {
    records: Vec<OutcomeRecord>,
    leases: Vec<Arc<LeaseGuard>>,
    requests: Vec<PendingRequest>,
    refunds: Vec<Refund>,
    flushes: Vec<oneshot::Sender<()>>,
    closes: Vec<oneshot::Sender<()>>,
}

impl CommitGroup {
    /// Takes commands in order, up to the first one about a row that is already in this commit.
    fn from_commands(commands: &mut VecDeque<RecorderCommand>) -> Self {
        let (mut group, mut rows) = (Self::default(), HashSet::new());
        while let Some(command) = commands.pop_front() {
            let row = match &command {
                RecorderCommand::Outcome(record, _) => Some(record.id),
                RecorderCommand::Start(request, _) => Some(request.id),
                RecorderCommand::Refund(_)
                | RecorderCommand::Flush(_)
                | RecorderCommand::Close(_) => None,
            };
            if row.is_some_and(|id| !rows.insert(id)) {
                commands.push_front(command);
                break;
            }
            match command {
                RecorderCommand::Outcome(record, lease) => {
                    group.records.push(*record);
                    group.leases.push(lease);
                }
                RecorderCommand::Start(request, reply) => group.requests.push((request, reply)),
                RecorderCommand::Refund(refund) => group.refunds.push(*refund),
                RecorderCommand::Flush(reply) => group.flushes.push(reply),
                RecorderCommand::Close(reply) => group.closes.push(reply),
            }
        }
        group
    }
}

impl RecorderTask {
    async fn run(self, mut inbox: mpsc::Receiver<RecorderCommand>) {
        let (mut received, mut commands) = (
            Vec::with_capacity(MAX_RECEIVED_COMMANDS),
            VecDeque::with_capacity(MAX_RECEIVED_COMMANDS),
        );
        while !commands.is_empty()
            || inbox.recv_many(&mut received, MAX_RECEIVED_COMMANDS).await > 0
        {
            // Workers that are about to send a command get into the same commit.
            tokio::task::yield_now().await;
            while received.len() < MAX_RECEIVED_COMMANDS
                && let Ok(command) = inbox.try_recv()
            {
                received.push(command);
            }
            commands.extend(received.drain(..));
            self.commit(CommitGroup::from_commands(&mut commands)).await;
        }
    }

    async fn commit(&self, group: CommitGroup) {
        let CommitGroup { records, leases, requests, mut refunds, flushes, closes } = group;
        let (requests, limited, taken_at) = self.quotas.take(requests, &mut refunds).await;
        self.quotas.refund(&refunds).await;
        let starts: Vec<PermitRequest> = requests
            .iter()
            .map(|(request, _)| PermitRequest {
                id: request.id,
                address: request.address.clone(),
                is_renewal: request.is_renewal,
                is_queue_entry: request.is_queue_entry,
            })
            .collect();
        // The time is taken before the commit, so that a command executed later is also later on
        // this clock.
        let commit = async || {
            let mut connection = self.connection.lock().await;
            Ok((
                Instant::now(),
                connection.commit(&self.node, &records, &starts, (self.clock)()).await?,
            ))
        };
        let (permitted_at, started) =
            retry_until_ok(&self.store, "delivery outcomes", commit).await;
        drop(leases);
        let dropped = requests
            .iter()
            .filter(|(request, _)| !request.is_renewal && !started.contains(&request.id));
        let unspent = dropped.flat_map(|(request, _)| {
            limit_keys(&request.transport, request.domain_limit.as_deref())
        });
        self.quotas
            .refund(
                &unspent
                    .map(|key| Refund { key, count: 1, quota_taken_at: taken_at })
                    .collect::<Vec<_>>(),
            )
            .await;
        for (request, reply) in requests {
            let _ = reply.send(if started.contains(&request.id) {
                StartDecision::Permitted { at: permitted_at, quota_taken_at: taken_at }
            } else {
                StartDecision::Denied
            });
        }
        for (reply, decision) in limited {
            let _ = reply.send(decision);
        }
        if !closes.is_empty() {
            self.connection.lock().await.close().await;
        }
        for flush in flushes.into_iter().chain(closes) {
            let _ = flush.send(());
        }
    }
}
