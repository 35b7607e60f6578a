//! Fetcher of a transport: leases due rows, fills the send queue, and releases finished leases.

mod leasing;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::dispatcher::{Dispatcher, MAX_INLINE_WAIT, Report};
use super::domain_slots::SharedDomainLimit;
use super::lease::LeaseId;
use super::message_builder::MessageBuilder;
use super::pacing::PostponementPacer;
use super::queue::SendQueue;
use super::snapshot::TransportActivity;
use super::worker::{self, WorkerContext};
use crate::config::Transport;
use crate::domain::delivery::DeliveryOutcome;
use crate::domain::time::SignedDuration;
use crate::store::outcomes::OutcomeRecord;

/// Interval between polls for new work while workers are busy.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Fetches the work of one run of a transport.
struct Fetcher<'a> {
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

/// Runs the workers of a transport until nothing is due and nothing in flight.
pub(super) async fn run(
    dispatcher: &Dispatcher,
    transport: &Transport,
    lookahead: SignedDuration,
    shutdown: &CancellationToken,
) -> anyhow::Result<Report> {
    let Some(state) = dispatcher.transports.get(&transport.name) else {
        bail!("the transport {} is not in the configuration of this process", transport.name);
    };
    let breaker = state.relay_breaker.clone();
    if let Some(error) = breaker.blocked_beyond((dispatcher.clock)().plus(lookahead)) {
        return Ok(Report { error, ..Report::default() });
    }
    let served = dispatcher.served_transports(transport);
    if !has_work(dispatcher, transport, &served, lookahead).await? {
        return Ok(Report::default());
    }
    let (connector, signer) = match state
        .connector(dispatcher.timeouts)
        .and_then(|connector| Ok((connector, state.signer()?)))
    {
        Ok(found) => found,
        Err(reason) => {
            // Another transport may take over.
            breaker.record_failure(&reason, (dispatcher.clock)());
            return Ok(Report { error: Some(reason), ..Report::default() });
        }
    };
    let domain_breaker = state.domain_breakers.clone();
    let queue = SendQueue::new(
        (2 * transport.connections).max(64),
        domain_breaker.open_domains((dispatcher.clock)()),
    );
    state.activity.set_queue(&queue);
    // A child token: ending the run of this relay must not stop the other transports.
    let (shutdown, drain) = (shutdown.clone(), shutdown.child_token());
    let shared = Arc::new(WorkerContext {
        dispatcher: dispatcher.clone(),
        transport: Arc::new(transport.clone()),
        messages: MessageBuilder::new(dispatcher.clone(), transport, signer),
        queue: Arc::clone(&queue),
        activity: Arc::clone(&state.activity),
        breaker: breaker.clone(),
        domain_breaker,
        drain: drain.clone(),
        shutdown,
    });
    let mut workers = JoinSet::new();
    for _ in 0..transport.connections {
        workers.spawn(worker::run(Arc::clone(&shared), connector.new_connection()));
    }
    let mut fetcher = Fetcher::new(dispatcher, transport, &state.activity, served, drain, queue);
    let result = fetcher.run(lookahead).await;
    fetcher.queue.close();
    let (mut report, panicked) = join_workers(workers).await;
    drop(shared);
    dispatcher.recorder.flush().await;
    fetcher.finish().await?;
    if report.error.is_none() {
        report.error = breaker.last_error();
    }
    match panicked {
        Some(e) => Err(e.into()),
        None => result.map(|()| report),
    }
}

/// Returns `true` if rows of these transports are due within `lookahead`, or may be released by a
/// peer transport; releases abandoned leases first.
async fn has_work(
    dispatcher: &Dispatcher,
    transport: &Transport,
    served: &[String],
    lookahead: SignedDuration,
) -> anyhow::Result<bool> {
    let peers_before = dispatcher.peer_leases(transport).await;
    dispatcher.release_abandoned(transport, served).await?;
    let due = dispatcher
        .store
        .deliveries()
        .has_work(served, &dispatcher.node, (dispatcher.clock)().plus(lookahead))
        .await?;
    Ok(due || !dispatcher.peers_idle_since(transport, peers_before).await)
}

/// Waits for all workers; returns their numbers, and the error of a worker that panicked.
async fn join_workers(mut workers: JoinSet<Report>) -> (Report, Option<JoinError>) {
    let (mut report, mut panicked) = (Report::default(), None);
    while let Some(worker) = workers.join_next().await {
        match worker {
            Ok(numbers) => report.add(numbers),
            // The other workers finish their jobs; the leases of the panicked one are released by
            // their guards.
            Err(e) => panicked = Some(e),
        }
    }
    (report, panicked)
}

impl<'a> Fetcher<'a> {
    /// Returns a fetcher without leases.
    fn new(
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

    async fn run(&mut self, lookahead: SignedDuration) -> anyhow::Result<()> {
        let deadline = (self.dispatcher.clock)().plus(lookahead);
        while !self.drain.is_cancelled() {
            self.release_finished().await?;
            self.postpone_throttled().await;
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
                self.dispatcher.store.deliveries().next_entry_due_at(&self.served).await?
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

    /// Returns jobs whose domain is throttled for long to the store, so that they do not hold up
    /// others.
    async fn postpone_throttled(&mut self) {
        for (job, until) in
            self.queue.drain_parked_beyond((self.dispatcher.clock)().plus(MAX_INLINE_WAIT))
        {
            let until = job
                .domain_limit
                .as_deref()
                .map_or(until, |limit| self.pacer.schedule(limit, until));
            let record = OutcomeRecord {
                id: job.delivery.id,
                outcome: DeliveryOutcome::Postponed { until },
                may_retry_uncertain: false,
                reply: None,
                is_queue_entry: job.lease.is_single_delivery(),
            };
            self.activity.record(&record.outcome, (self.dispatcher.clock)());
            self.dispatcher.recorder.record(record, job.lease).await;
        }
    }

    async fn release_finished(&mut self) -> anyhow::Result<()> {
        let mut released = Vec::new();
        while let Ok(leased) = self.finished_rx.try_recv() {
            released.push(leased);
        }
        self.release(released).await
    }

    async fn release(&mut self, released: Vec<LeaseId>) -> anyhow::Result<()> {
        self.dispatcher.release_leases(&released).await?;
        self.open_leases -= released.len();
        Ok(())
    }

    /// Waits until every lease is released, and gives them back.
    async fn finish(mut self) -> anyhow::Result<()> {
        drop(self.finished_tx);
        let mut remaining = Vec::new();
        for _ in 0..self.open_leases {
            let Some(leased) = self.finished_rx.recv().await else { break };
            remaining.push(leased);
        }
        self.dispatcher.release_leases(&remaining).await
    }
}
