//! Worker: the send loop of one connection. At most two steps are open: one message accepted but
//! not yet recorded, and one on the wire (guarantee 4). Start permits are requested ahead, so that
//! no commit delays the connection.

mod connecting;
mod permits;
mod start;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::activity::TransportActivity;
use super::breakers::connection_limit::{ConnectionLimit, ConnectionSlot};
use super::breakers::domain::DomainBreakers;
use super::breakers::relay::{MAX_INLINE_WAIT, RelayBreaker};
use super::breakers::relay_errors::RelayErrors;
use super::dispatcher::Dispatcher;
use super::message_builder::MessageBuilder;
use super::queue::SendQueue;
use super::report::Report;
use super::transport::TransportConnection;
use crate::config::Transport;
use crate::domain::time::Millis;
pub(super) use start::PreparedMessage;
use start::{NotConnected, NotStarted, PendingStart};

/// Time after which a start permit is renewed; a command on an edition takes effect within a
/// second.
pub const PERMIT_TTL: Duration = Duration::from_millis(400);

/// State shared by the workers of a transport during a run.
pub(super) struct WorkerContext {
    pub(super) dispatcher: Dispatcher,
    pub(super) transport: Arc<Transport>,
    pub(super) messages: MessageBuilder,
    pub(super) queue: Arc<SendQueue>,
    pub(super) activity: Arc<TransportActivity>,
    pub(super) breaker: RelayBreaker,
    pub(super) connection_limit: ConnectionLimit,
    pub(super) relay_errors: RelayErrors,
    pub(super) domain_breakers: DomainBreakers,
    /// Fires on shutdown, or when this run ends early: the relay failed and another can take over,
    /// or a wait would be too long.
    pub(super) drain: CancellationToken,
    /// Fires on shutdown; messages permitted before a rate limit was used up are still sent.
    pub(super) shutdown: CancellationToken,
}

/// Error of a wait: the run ends first, or does not wait that long.
struct RunEnding;

/// Send loop of one connection.
pub(super) struct Worker {
    pub(super) shared: Arc<WorkerContext>,
    pub(super) report: Report,
    connection: TransportConnection,
    /// Slot of the connection, while it exists.
    pub(super) connection_slot: Option<ConnectionSlot>,
    pending: VecDeque<PendingStart>,
    /// Number of outcomes handed to the recorder; `committed` of them are known to be committed.
    pub(super) recorded: u64,
    committed: u64,
}

/// Sends jobs until the queue is closed; returns the counts.
pub(super) async fn run(shared: Arc<WorkerContext>, connection: TransportConnection) -> Report {
    let mut worker = Worker {
        shared,
        report: Report::default(),
        connection,
        connection_slot: None,
        pending: VecDeque::new(),
        recorded: 0,
        committed: 0,
    };
    while let Some(first) = worker.next_prepared().await {
        worker.send(first).await;
    }
    worker.connection.close().await;
    worker.report
}

impl Worker {
    /// Returns the next permitted message, with the connection open; `None` when the run is over.
    async fn next_prepared(&mut self) -> Option<PreparedMessage> {
        loop {
            if !self.should_continue() || !self.connection.is_ready() {
                self.requeue_pending().await;
            }
            if !self.connection.is_connected() {
                self.connection_slot = None;
            }
            let pending = match self.pending.pop_front() {
                Some(pending) => pending,
                None => {
                    // A job that waited here could be sent over another connection meanwhile.
                    let _ = self.wait_until_connectable().await;
                    let job = self.shared.queue.next(self.shared.dispatcher.clock).await?;
                    if self.shared.drain.is_cancelled() {
                        // Dropping the job releases its lease.
                        continue;
                    }
                    match self.open_connection().await {
                        Ok(()) => self.request_start(job).await,
                        Err(NotConnected) => {
                            self.shared.queue.requeue(job);
                            continue;
                        }
                    }
                }
            };
            match self.prepare(pending).await {
                Ok(message) => return Some(message),
                Err(NotStarted::RateLimited { until }) => {
                    self.shared.breaker.record_rate_limit(until);
                    let _ = self.wait_until(until).await;
                }
                Err(NotStarted::Skipped) => {}
            }
        }
    }

    /// Sends a message, and pipelines the next ones behind it while the connection allows.
    async fn send(&mut self, first: PreparedMessage) {
        let shutdown = self.shared.shutdown.clone();
        let mut current = first;
        if current.permitted_at.elapsed() > PERMIT_TTL && !self.renew_permit(&mut current).await {
            return;
        }
        // The commit takes no longer than the reply to the transaction.
        self.prefetch().await;
        if let Err(outcome) = self.connection.start_transaction(&current.message, &shutdown).await {
            return self.record_outcome(current, outcome).await;
        }
        loop {
            let next = self.next_pipelined().await;
            self.prefetch().await;
            // While the previous message was on the wire, the edition may have been paused, or the
            // subscriber may have unsubscribed.
            if current.permitted_at.elapsed() > PERMIT_TTL && !self.renew_permit(&mut current).await
            {
                // After reply 354 the only choices are to send the message data or to drop the
                // connection.
                self.connection.abandon();
                if let Some(next) = next {
                    self.requeue(next.job, next.quota_taken_at).await;
                }
                return;
            }
            self.await_commit().await;
            let outcome = self
                .connection
                .send_content(&current.message, next.as_ref().map(|n| &n.message), &shutdown)
                .await;
            self.shared.dispatcher.content_attempts.fetch_add(1, Ordering::Relaxed);
            self.record_outcome(current, outcome).await;
            let Some(next) = next else { return };
            if !self.connection.is_connected() {
                // The pipelined message is certainly unsent, and its recipient is not the cause.
                return self.requeue(next.job, next.quota_taken_at).await;
            }
            match self.connection.read_pipelined_replies(&shutdown).await {
                Ok(()) => current = next,
                Err(outcome) => return self.record_outcome(next, outcome).await,
            }
        }
    }

    /// Waits until at most one message is accepted but not yet recorded, unless a later decision
    /// has shown that already.
    async fn await_commit(&mut self) {
        if self.recorded - self.committed > 1 {
            self.shared.dispatcher.recorder.flush().await;
            self.committed = self.recorded;
        }
    }

    /// Returns the message whose transaction may be pipelined after the current message.
    async fn next_pipelined(&mut self) -> Option<PreparedMessage> {
        if !self.should_continue() || !self.connection.can_pipeline() {
            return None;
        }
        let pending = self.pending.pop_front()?;
        match self.prepare(pending).await {
            Ok(message) => Some(message),
            Err(NotStarted::RateLimited { until }) => {
                self.shared.breaker.record_rate_limit(until);
                None
            }
            Err(NotStarted::Skipped) => None,
        }
    }

    /// Requests a permit for one more message while another is on the wire.
    async fn prefetch(&mut self) {
        if self.pending.is_empty()
            && self.should_continue()
            && let Some(job) = self.shared.queue.try_next((self.shared.dispatcher.clock)())
        {
            let pending = self.request_start(job).await;
            self.pending.push_back(pending);
        }
    }

    /// Returns `true` if another message may follow: the run continues and the breaker of the relay
    /// is closed.
    fn should_continue(&self) -> bool {
        !self.shared.drain.is_cancelled()
            && self.shared.breaker.backoff_until() <= (self.shared.dispatcher.clock)()
    }

    /// Waits until the given time; ends the run if that is too far away.
    async fn wait_until(&self, until: Millis) -> Result<(), RunEnding> {
        let wait = until.since((self.shared.dispatcher.clock)());
        if wait > MAX_INLINE_WAIT {
            self.shared.drain.cancel();
            return Err(RunEnding);
        }
        let wait = Duration::try_from(wait).unwrap_or_default().max(Duration::from_millis(1));
        tokio::select! {
            () = self.shared.drain.cancelled() => Err(RunEnding),
            () = self.shared.queue.closed() => Err(RunEnding),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}
