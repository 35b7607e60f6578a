//! Fetcher of a transport: leases due rows, fills the send queue, and releases finished leases.

mod leasing;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::activity::TransportActivity;
use super::breakers::relay::MAX_INLINE_WAIT;
use super::dispatcher::Dispatcher;
use super::domain_slots::SharedDomainLimit;
use super::lease::LeaseId;
use super::pacing::PostponementPacer;
use super::queue::SendQueue;
use crate::config::Transport;
use crate::domain::delivery::DeliveryOutcome;
use crate::domain::time::SignedDuration;
use crate::store::outcomes::OutcomeRecord;

/// Interval between polls for new work while workers are busy.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Fetches the work of one run of a transport.
pub(super) struct Fetcher<'a> {
    dispatcher: &'a Dispatcher,
    transport: &'a Transport,
    activity: &'a TransportActivity,
    /// Names of the transports whose mail this one sends.
    served: Vec<String>,
    drain: CancellationToken,
    queue: Arc<SendQueue>,
    finished_tx: mpsc::UnboundedSender<LeaseId>,
    finished_rx: mpsc::UnboundedReceiver<LeaseId>,
    /// Number of leases that are not released.
    open_leases: usize,
    last_edition: i64,
    last_poll: Option<Instant>,
    /// Limits of the domains seen so far.
    domain_limits: HashMap<String, Arc<SharedDomainLimit>>,
    pacer: PostponementPacer,
}

impl<'a> Fetcher<'a> {
    /// Returns a fetcher without leases.
    pub(super) fn new(
        dispatcher: &'a Dispatcher,
        transport: &'a Transport,
        activity: &'a TransportActivity,
        served: Vec<String>,
        drain: CancellationToken,
        queue: Arc<SendQueue>,
    ) -> Self {
        let (finished_tx, finished_rx) = mpsc::unbounded_channel();
        Self {
            dispatcher,
            transport,
            activity,
            served,
            drain,
            queue,
            finished_tx,
            finished_rx,
            open_leases: 0,
            last_edition: 0,
            last_poll: None,
            domain_limits: HashMap::new(),
            pacer: PostponementPacer::default(),
        }
    }

    /// Fills the send queue until nothing is due within `lookahead` and nothing is in flight.
    pub(super) async fn run(&mut self, lookahead: SignedDuration) -> anyhow::Result<()> {
        let deadline = (self.dispatcher.clock)().plus(lookahead);
        while !self.drain.is_cancelled() {
            self.release_finished().await?;
            self.postpone_blocked().await;
            let peer_leases = self.dispatcher.peer_leases(self.transport).await;
            let leased_queue_entries = self.lease_queue_entries().await?;
            let leased_batches = self.lease_batches().await?;
            if leased_queue_entries || leased_batches {
                continue;
            }
            let busy = self.open_leases > 0;
            let next = if busy {
                None
            } else {
                let names = self.transports_to_lease_for();
                self.dispatcher.store.deliveries().next_entry_due_at(&names).await?
            };
            if !busy
                && next.is_none_or(|due| due > deadline)
                && self.dispatcher.peers_idle_since(self.transport, peer_leases).await
            {
                break;
            }
            let queue = Arc::clone(&self.queue);
            tokio::select! {
                () = self.drain.cancelled() => {}
                () = queue.refill_needed.notified(), if busy => {}
                leased = self.finished_rx.recv(), if busy => self.release(leased.into_iter().collect()).await?,
                () = tokio::time::sleep(POLL_INTERVAL) => queue.wake_expired((self.dispatcher.clock)()),
            }
        }
        Ok(())
    }

    /// Puts jobs whose domain is blocked for long, or has more of them than fit into the queue, back into the
    /// store, so that they do not hold up others.
    async fn postpone_blocked(&mut self) {
        let now = (self.dispatcher.clock)();
        let mut postponed = self.queue.drain_parked_beyond(now.plus(MAX_INLINE_WAIT));
        postponed.extend(self.queue.drain_crowded(now));
        for (job, until) in postponed {
            let until = job
                .domain_limit
                .as_deref()
                .map_or(until, |limit| self.pacer.schedule(limit, until));
            let record = OutcomeRecord {
                rejection: None,
                id: job.delivery.id,
                outcome: DeliveryOutcome::Postponed { until },
                may_retry_uncertain: false,
                reply: None,
                is_queue_entry: job.lease.is_queue_entry(),
            };
            self.activity.record(&record.outcome, (self.dispatcher.clock)());
            self.dispatcher.recorder.record(record, job.lease).await;
        }
    }

    async fn release_finished(&mut self) -> anyhow::Result<()> {
        let mut finished = Vec::new();
        while let Ok(leased) = self.finished_rx.try_recv() {
            finished.push(leased);
        }
        self.release(finished).await
    }

    async fn release(&mut self, finished: Vec<LeaseId>) -> anyhow::Result<()> {
        self.dispatcher.release_leases(&finished).await?;
        self.open_leases -= finished.len();
        Ok(())
    }

    /// Closes the send queue; the workers end once it is empty.
    pub(super) fn close_queue(&self) {
        self.queue.close();
    }

    /// Waits until no job holds a lease, then releases the leases.
    pub(super) async fn finish(mut self) -> anyhow::Result<()> {
        drop(self.finished_tx);
        let mut remaining = Vec::new();
        for _ in 0..self.open_leases {
            let Some(leased) = self.finished_rx.recv().await else { break };
            remaining.push(leased);
        }
        self.dispatcher.release_leases(&remaining).await
    }
}
