//! Start permits: requested before a message is sent, and returned if it is not sent.

use std::sync::Arc;

use super::Worker;
use super::start::{NotStarted, PendingStart, PreparedMessage};
use crate::delivery::lease::DeliveryJob;
use crate::delivery::recorder::{StartDecision, StartRequest};
use crate::domain::delivery::DeliveryOutcome;
use crate::domain::time::{Millis, SECOND, SignedDuration};
use crate::store::StoreError;

/// Delay before a worker continues after the database failed to load a message.
const DATABASE_RETRY_DELAY: SignedDuration = SECOND;

impl Worker {
    /// Requests a start permit for a job; the decision comes with a commit.
    pub(super) async fn request_start(&self, job: DeliveryJob) -> PendingStart {
        let request = self.start_request(&job, false);
        PendingStart {
            recorded_before: self.recorded,
            decision: self.shared.dispatcher.recorder.request_start(request).await,
            job,
        }
    }

    fn start_request(&self, job: &DeliveryJob, is_renewal: bool) -> StartRequest {
        StartRequest {
            id: job.delivery.id,
            address: job.delivery.address.clone(),
            transport: Arc::clone(&self.shared.transport),
            domain_limit: job.domain_limit.clone(),
            is_renewal,
            is_queue_entry: job.lease.is_queue_entry(),
        }
    }

    /// Waits for the start decision, whose commit marks the row as `sending`, and builds the
    /// message.
    pub(super) async fn prepare(
        &mut self,
        pending: PendingStart,
    ) -> Result<PreparedMessage, NotStarted> {
        let PendingStart { job, decision, recorded_before } = pending;
        let decision = decision.wait().await;
        self.committed = self.committed.max(recorded_before);
        let (permitted_at, taken_at) = match decision {
            StartDecision::Permitted { at, quota_taken_at: taken_at } => (at, taken_at),
            StartDecision::Denied => return Err(NotStarted::Skipped),
            StartDecision::TransportRateLimited { until } => {
                self.shared.queue.requeue(job);
                return Err(NotStarted::RateLimited { until });
            }
            StartDecision::DomainRateLimited { until } => {
                self.shared.queue.park(job, until);
                return Err(NotStarted::Skipped);
            }
        };
        if self.shared.shutdown.is_cancelled() {
            self.requeue(job, taken_at).await;
            return Err(NotStarted::Skipped);
        }
        match self.shared.messages.build(&job.delivery).await {
            Ok(message) => {
                Ok(PreparedMessage { job, permitted_at, quota_taken_at: taken_at, message })
            }
            Err(e) if e.chain().any(|cause| cause.is::<StoreError>()) => {
                // A database failure is not a failure of the recipient.
                self.requeue(job, taken_at).await;
                let _ = self
                    .wait_until((self.shared.dispatcher.clock)().plus(DATABASE_RETRY_DELAY))
                    .await;
                Err(NotStarted::Skipped)
            }
            Err(e) => {
                self.report.failed += 1;
                self.shared
                    .record(&job, DeliveryOutcome::Failed, Some(format!("not sent: {e:#}")))
                    .await;
                self.shared.refund(&job, taken_at).await;
                Err(NotStarted::Skipped)
            }
        }
    }

    /// Renews the permit of a message; returns `false` if the message must not be sent any more.
    pub(super) async fn renew_permit(&self, prepared: &mut PreparedMessage) -> bool {
        let job = &prepared.job;
        let request = self.start_request(job, true);
        match self.shared.dispatcher.recorder.request_start(request).await.wait().await {
            StartDecision::Permitted { at, .. } => {
                prepared.permitted_at = at;
                true
            }
            StartDecision::Denied
            | StartDecision::TransportRateLimited { .. }
            | StartDecision::DomainRateLimited { .. } => {
                self.shared.record(job, DeliveryOutcome::NotCounted, None).await;
                self.shared.refund(job, prepared.quota_taken_at).await;
                false
            }
        }
    }

    /// Puts the jobs whose decision is pending back into the queue, since they are not sent over
    /// this connection.
    pub(super) async fn requeue_pending(&mut self) {
        while let Some(PendingStart { job, decision, .. }) = self.pending.pop_front() {
            match decision.wait().await {
                StartDecision::Permitted { quota_taken_at: taken_at, .. } => {
                    self.requeue(job, taken_at).await
                }
                StartDecision::Denied => {}
                StartDecision::TransportRateLimited { .. } => self.shared.queue.requeue(job),
                StartDecision::DomainRateLimited { until } => self.shared.queue.park(job, until),
            }
        }
    }

    /// Puts back a permitted job that is certainly unsent, so that it is not recorded as uncertain.
    pub(super) async fn requeue(&self, job: DeliveryJob, taken_at: Millis) {
        self.shared.record(&job, DeliveryOutcome::NotCounted, None).await;
        self.shared.refund(&job, taken_at).await;
        self.shared.queue.requeue(job);
    }
}
