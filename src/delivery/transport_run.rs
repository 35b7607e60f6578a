//! One run of a transport: its workers send what the fetcher leases, until nothing is due.

use std::sync::Arc;

use anyhow::bail;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::dispatcher::Dispatcher;
use super::fetcher::Fetcher;
use super::message_builder::MessageBuilder;
use super::queue::SendQueue;
use super::report::Report;
use super::transport::Connector;
use super::worker::{self, WorkerContext};
use crate::config::Transport;
use crate::domain::time::SignedDuration;

impl Dispatcher {
    /// Sends everything due over a transport, including what becomes due within `lookahead`, and
    /// returns when nothing is in flight.
    ///
    /// When `shutdown` fires, messages in flight are finished and the other leases released.
    pub async fn deliver_due(
        &self,
        transport: &Transport,
        lookahead: SignedDuration,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Report> {
        let Some(state) = self.transports.get(&transport.name) else {
            bail!("the transport {} is not in the configuration of this process", transport.name);
        };
        let breaker = state.relay_breaker.clone();
        if let Some(error) = breaker.blocked_beyond((self.clock)().plus(lookahead)) {
            return Ok(Report { error, ..Report::default() });
        }
        let served = self.served_transports(transport);
        if !self.release_abandoned_and_check_work(transport, &served, lookahead).await? {
            return Ok(Report::default());
        }
        let (connector, signer) = match state
            .connector(self.timeouts)
            .and_then(|connector| Ok((connector, state.signer()?)))
        {
            Ok(found) => found,
            Err(reason) => {
                // Another transport may take over.
                breaker.record_failure(&reason, (self.clock)());
                return Ok(Report { error: Some(reason), ..Report::default() });
            }
        };
        let domain_breakers = state.domain_breakers.clone();
        let queue = SendQueue::new(
            (2 * transport.connections).max(64),
            domain_breakers.open_domain_keys((self.clock)()),
        );
        state.activity.set_queue(&queue);
        // A child token: ending the run of this relay must not stop the other transports.
        let (shutdown, drain) = (shutdown.clone(), shutdown.child_token());
        let shared = Arc::new(WorkerContext {
            dispatcher: self.clone(),
            transport: Arc::new(transport.clone()),
            messages: MessageBuilder::new(self.clone(), transport, signer),
            queue: Arc::clone(&queue),
            activity: Arc::clone(&state.activity),
            breaker: breaker.clone(),
            connection_limit: state.connection_limit.clone(),
            relay_errors: state.relay_errors.clone(),
            domain_breakers,
            drain: drain.clone(),
            shutdown,
        });
        let workers = spawn_workers(&shared, &connector);
        let mut fetcher = Fetcher::new(self, transport, &state.activity, served, drain, queue);
        let result = fetcher.run(lookahead).await;
        fetcher.close_queue();
        let (mut report, panicked) = join_workers(workers).await;
        drop(shared);
        self.recorder.flush().await;
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
    async fn release_abandoned_and_check_work(
        &self,
        transport: &Transport,
        served: &[String],
        lookahead: SignedDuration,
    ) -> anyhow::Result<bool> {
        let peers_before = self.peer_leases(transport).await;
        self.release_abandoned(transport, served).await?;
        let due = self
            .store
            .deliveries()
            .has_work(served, &self.node, (self.clock)().plus(lookahead))
            .await?;
        Ok(due || !self.peers_idle_since(transport, peers_before).await)
    }
}

/// Starts a worker for each configured connection.
fn spawn_workers(shared: &Arc<WorkerContext>, connector: &Connector) -> JoinSet<Report> {
    (0..shared.transport.connections)
        .map(|_| worker::run(Arc::clone(shared), connector.new_connection()))
        .collect()
}

/// Waits for all workers; returns their counts, and the error of a worker that panicked.
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
