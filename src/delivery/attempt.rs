//! Maps the outcome of an SMTP attempt to a change of the row: sent, failed, deferred, held or
//! not attempted.

use std::sync::Arc;

use tracing::Instrument as _;

use super::lease::DeliveryJob;
use super::worker::{PreparedMessage, Worker, WorkerContext};
use crate::config::UncertainPolicy;
use crate::domain::address_rejection::AddressRejection;
use crate::domain::backoff::Jitter;
use crate::domain::deferral::{Deferral, DeferralClass};
use crate::domain::delivery::{
    DeliveryOutcome, MAX_RETRY_PERIOD, UNCERTAIN_OUTCOME_DELAY, next_attempt_at,
};
use crate::domain::duration;
use crate::domain::hidden_addresses::hide_local_parts;
use crate::domain::time::Millis;
use crate::mail::smtp::{FailureScope, Reply, SmtpOutcome};
use crate::store::leased_delivery::LeasedDelivery;
use crate::store::outcomes::OutcomeRecord;

impl Worker {
    /// Records the outcome of an attempt, and requeues the job if it was not attempted.
    pub(super) async fn record_outcome(
        &mut self,
        prepared: PreparedMessage,
        smtp_outcome: SmtpOutcome,
    ) {
        let (id, edition) = (prepared.job.delivery.id, prepared.job.delivery.edition_id);
        // Behind the next job, in case the message itself is the cause.
        let is_relay_error = matches!(
            smtp_outcome,
            SmtpOutcome::RelayError { .. } | SmtpOutcome::TooManyConnections { .. }
        );
        let rejection = match &smtp_outcome {
            SmtpOutcome::Rejected { reply, scope } => address_rejection(reply, *scope),
            _ => None,
        };
        let span = tracing::debug_span!("delivery", id, edition);
        let (outcome, reply) = self.apply_outcome(&prepared, smtp_outcome).instrument(span).await;
        self.recorded += 1;
        let rejection = rejection.filter(|_| outcome == DeliveryOutcome::Failed);
        self.shared
            .record_with_rejection(&prepared.job, outcome.clone(), Some(reply), rejection)
            .await;
        if outcome == DeliveryOutcome::NotCounted {
            self.shared.refund(&prepared.job, prepared.quota_taken_at).await;
            if is_relay_error {
                self.shared.queue.requeue_after_next(prepared.job);
            } else {
                self.shared.queue.requeue(prepared.job);
            }
        }
    }

    async fn apply_outcome(
        &mut self,
        prepared: &PreparedMessage,
        smtp_outcome: SmtpOutcome,
    ) -> (DeliveryOutcome, String) {
        let (shared, delivery) = (Arc::clone(&self.shared), &prepared.job.delivery);
        let (dispatcher, now) = (&shared.dispatcher, (shared.dispatcher.clock)());
        match smtp_outcome {
            SmtpOutcome::Sent { reply } => {
                self.record_accepted(&prepared.job);
                (DeliveryOutcome::Sent, reply.text)
            }
            SmtpOutcome::Deferred { reply, scope } => {
                if scope == FailureScope::Relay && !shared.relay_errors.record_error(delivery.id) {
                    shared.relay_failed(&reply.text);
                }
                let deferral = reply.deferral();
                if scope == FailureScope::Recipient {
                    shared.record_domain_deferral(&prepared.job, deferral, &reply.text, now);
                }
                self.defer(delivery, reply.text, deferral, now)
            }
            SmtpOutcome::Rejected { reply, scope } => {
                if let Some(edition) = delivery.edition_id
                    && !dispatcher
                        .record_edition_rejection(
                            edition,
                            &delivery.address,
                            scope,
                            &reply,
                            prepared.permitted_at,
                        )
                        .await
                {
                    return (DeliveryOutcome::NotCounted, reply.text);
                }
                self.report.failed += 1;
                (DeliveryOutcome::Failed, reply.text)
            }
            SmtpOutcome::Uncertain { reason } => {
                if !shared.may_retry_uncertain(&prepared.job) {
                    self.report.held += 1;
                }
                (DeliveryOutcome::Uncertain { until: now.plus(UNCERTAIN_OUTCOME_DELAY) }, reason)
            }
            SmtpOutcome::TooManyConnections { reply }
                if self.give_up_connection_slot(&reply.text) =>
            {
                (DeliveryOutcome::NotCounted, reply.text)
            }
            SmtpOutcome::RelayError { reason }
            | SmtpOutcome::TooManyConnections { reply: Reply { text: reason, .. } } => {
                self.fail_relay(delivery, reason, now)
            }
        }
    }

    /// Records that the relay accepted a message.
    fn record_accepted(&mut self, job: &DeliveryJob) {
        let shared = &self.shared;
        shared.relay_succeeded();
        if let Some(slot) = &mut self.connection_slot {
            slot.record_accepted();
        }
        shared.relay_errors.record_accepted(job.delivery.id);
        if let Some(edition) = job.delivery.edition_id {
            shared.dispatcher.edition_breakers.record_accepted(edition);
        }
        if let Some(limit) = &job.domain_limit {
            shared.domain_breakers.record_success(&limit.key);
        }
        self.report.sent += 1;
    }

    /// Records that the relay is unusable, unless the delivery itself is the cause.
    ///
    /// A relay error that repeats for one delivery while others succeed belongs to that delivery;
    /// deferring it keeps it from blocking the others and limits its attempts.
    fn fail_relay(
        &mut self,
        delivery: &LeasedDelivery,
        reason: String,
        now: Millis,
    ) -> (DeliveryOutcome, String) {
        if self.shared.relay_errors.record_error(delivery.id) {
            return self.defer(delivery, reason, Deferral::default(), now);
        }
        self.shared.connection_limit.record_relay_failure();
        self.shared.relay_failed(&reason);
        (DeliveryOutcome::NotCounted, reason)
    }

    /// Defers a delivery to a later attempt, or fails it when its retry period is over.
    fn defer(
        &mut self,
        delivery: &LeasedDelivery,
        reply: String,
        deferral: Deferral,
        now: Millis,
    ) -> (DeliveryOutcome, String) {
        let jitter = Jitter::new(delivery.id, delivery.attempts);
        let since = delivery.first_attempt_at.unwrap_or(now);
        if let Some(until) = next_attempt_at(since, delivery.attempts + 1, now, jitter, deferral) {
            self.report.deferred += 1;
            (DeliveryOutcome::Deferred { until }, reply)
        } else {
            self.report.failed += 1;
            (
                DeliveryOutcome::Failed,
                format!("given up after {}: {reply}", duration::format(MAX_RETRY_PERIOD)),
            )
        }
    }
}

/// Returns what a rejection says about the address of the recipient. A rejection of the sender or the
/// message is unclear: if it meant everybody, it would pause the edition.
fn address_rejection(reply: &Reply, scope: FailureScope) -> Option<AddressRejection> {
    match scope {
        FailureScope::Recipient => reply.address_rejection(),
        FailureScope::Message | FailureScope::Relay => {
            (!reply.names_sending_limit()).then_some(AddressRejection::Unclear)
        }
    }
}

impl WorkerContext {
    /// Records a relay failure, for all who may read the states of transports; returns the end of the backoff.
    pub(super) fn relay_failed(&self, reason: &str) -> Millis {
        let reason = hide_local_parts(reason);
        let (until, is_new) = self.breaker.record_failure(&reason, (self.dispatcher.clock)());
        if is_new {
            tracing::warn!(transport = %self.transport.name, "relay unavailable, will retry: {reason}");
        }
        until
    }

    /// Blocks a domain that defers one recipient after the other. Greylisting and full mailboxes
    /// do not count, since they concern single recipients.
    fn record_domain_deferral(
        &self,
        job: &DeliveryJob,
        deferral: Deferral,
        reply: &str,
        now: Millis,
    ) {
        let Some(limit) = job
            .domain_limit
            .as_ref()
            .filter(|_| matches!(deferral.class, DeferralClass::Busy | DeferralClass::Other))
        else {
            return;
        };
        if let Some(until) = self.domain_breakers.record_deferral(&limit.key, job.delivery.id, now)
        {
            self.queue.block(&limit.key, until);
            let (transport, domain) = (&self.transport.name, &limit.key);
            let seconds = until.since(now).as_secs();
            tracing::warn!(%transport, %domain, "recipient domain defers repeatedly; backing off for {seconds} s: {reply}");
        }
    }

    fn relay_succeeded(&self) {
        if self.breaker.record_success() {
            tracing::info!(transport = %self.transport.name, "relay accepts mail again");
        }
    }

    fn may_retry_uncertain(&self, job: &DeliveryJob) -> bool {
        job.delivery.uncertain == 0 && self.transport.uncertain == UncertainPolicy::Retry
    }

    /// Refunds the quota of a job that was not sent.
    pub(super) async fn refund(&self, job: &DeliveryJob, taken_at: Millis) {
        self.dispatcher
            .recorder
            .refund(&self.transport, job.domain_limit.as_deref(), taken_at)
            .await;
    }

    /// Passes the outcome of a job to the recorder.
    pub(super) async fn record(
        &self,
        job: &DeliveryJob,
        outcome: DeliveryOutcome,
        reply: Option<String>,
    ) {
        self.record_with_rejection(job, outcome, reply, None).await;
    }

    /// Passes the outcome of a job to the recorder, with what it says about the address.
    async fn record_with_rejection(
        &self,
        job: &DeliveryJob,
        outcome: DeliveryOutcome,
        reply: Option<String>,
        rejection: Option<AddressRejection>,
    ) {
        self.activity.record(&outcome, (self.dispatcher.clock)());
        let record = OutcomeRecord {
            id: job.delivery.id,
            outcome,
            may_retry_uncertain: self.may_retry_uncertain(job),
            reply,
            rejection,
            is_queue_entry: job.lease.is_queue_entry(),
        };
        self.dispatcher.recorder.record(record, Arc::clone(&job.lease)).await;
    }
}
