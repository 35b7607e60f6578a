//! What becomes of a row when the relay has spoken: sent, failed, tried again, held, or given back.

use std::sync::Arc;

use super::lane::{Lane, Ready, Shared};
use super::lease::Job;
use crate::config::Uncertain;
use crate::domain::deferral::{Class, Deferral};
use crate::domain::delivery::{Outcome, UNKNOWN_WAIT, next_attempt};
use crate::domain::time::Millis;
use crate::mail::smtp::{Outcome as Heard, Scope};
use crate::store::claims::Claimed;
use crate::store::outcomes::Record;

impl Lane {
    /// Turns what the relay said into what becomes of the row.
    pub(super) async fn note(&mut self, ready: Ready, heard: Heard) {
        let (outcome, words) = self.judge(&ready, heard).await;
        self.noted += 1;
        self.shared.record(&ready.job, outcome.clone(), Some(words)).await;
        if outcome == Outcome::Released {
            self.shared.give_back(&ready.job, ready.taken_at).await;
            self.shared.docket.put_back(ready.job);
        }
    }

    async fn judge(&mut self, ready: &Ready, heard: Heard) -> (Outcome, String) {
        let (shared, claimed) = (Arc::clone(&self.shared), &ready.job.claimed);
        let (engine, now) = (&shared.engine, (shared.engine.clock)());
        match heard {
            Heard::Sent { answer } => {
                shared.well();
                if let Some(edition) = claimed.edition_id {
                    engine.standings.accepted(edition);
                }
                if let Some(limit) = &ready.job.limit {
                    shared.slowness.took(&limit.key);
                }
                self.report.sent += 1;
                (Outcome::Sent, answer.words)
            }
            Heard::Deferred { answer, scope } => {
                if scope == Scope::Relay && !engine.is_its_own_trouble(claimed.id) {
                    shared.trouble(&answer.words);
                }
                let deferral = answer.deferral();
                if scope == Scope::Recipient {
                    shared.slow_down(&ready.job, deferral, &answer.words, now);
                }
                self.put_off(claimed, answer.words, deferral, now)
            }
            Heard::Refused { answer, scope } => {
                if scope != Scope::Recipient
                    && let Some(edition) = claimed.edition_id
                    && !engine
                        .message_refused(edition, &claimed.address, ready.granted, &answer.words)
                        .await
                {
                    return (Outcome::Released, answer.words);
                }
                self.report.failed += 1;
                (Outcome::Failed, answer.words)
            }
            Heard::Unknown { why } => {
                if !shared.may_retry_unknown(&ready.job) {
                    self.report.held += 1;
                }
                (Outcome::Unknown { until: now.plus(UNKNOWN_WAIT) }, why)
            }
            // Heard over and over for one mail while others pass, it is that mail's, and must neither block them nor last.
            Heard::RelayTrouble { why } if engine.is_its_own_trouble(claimed.id) => {
                self.put_off(claimed, why, Deferral::default(), now)
            }
            Heard::RelayTrouble { why } => {
                shared.trouble(&why);
                (Outcome::Released, why)
            }
        }
    }

    /// Tries a delivery again later, or gives it up when its time is over.
    fn put_off(
        &mut self,
        claimed: &Claimed,
        words: String,
        deferral: Deferral,
        now: Millis,
    ) -> (Outcome, String) {
        // The attempts so far and a number of the row's own spread thousands that were put off together.
        let jitter = (claimed.id.wrapping_mul(7919).wrapping_add(claimed.attempts * 104_729))
            .rem_euclid(1000);
        let since = claimed.first_tried_at.unwrap_or(now);
        if let Some(until) = next_attempt(since, claimed.attempts + 1, now, jitter, deferral) {
            self.report.deferred += 1;
            (Outcome::Deferred { until }, words)
        } else {
            self.report.failed += 1;
            (Outcome::Failed, format!("given up after four days: {words}"))
        }
    }
}

impl Shared {
    /// Notes trouble with the relay; gives until when it is left alone.
    pub(super) fn trouble(&self, why: &str) -> Millis {
        let (until, is_new) = self.health.trouble(why, (self.engine.clock)());
        if is_new {
            tracing::warn!(transport = %self.transport.name, "{why}; it is tried again, nothing is lost");
        }
        until
    }

    /// Lets a domain rest that puts off one recipient after the other, not for greylisting or full mailboxes, which are
    /// each recipient's own.
    fn slow_down(&self, job: &Job, deferral: Deferral, words: &str, now: Millis) {
        let Some(limit) =
            job.limit.as_ref().filter(|_| matches!(deferral.class, Class::Busy | Class::Other))
        else {
            return;
        };
        if let Some(until) = self.slowness.put_off(&limit.key, job.claimed.id, now) {
            self.docket.rest(&limit.key, until);
            let (transport, domain) = (&self.transport.name, &limit.key);
            tracing::warn!(%transport, %domain, "puts off one recipient after the other and is left alone for a while: {words}");
        }
    }

    fn well(&self) {
        if self.health.well() {
            tracing::info!(transport = %self.transport.name, "the relay takes mail again");
        }
    }

    fn may_retry_unknown(&self, job: &Job) -> bool {
        job.claimed.uncertain == 0 && self.transport.uncertain == Uncertain::Retry
    }

    /// Gives back what a job that did not go took from limits.
    pub(super) async fn give_back(&self, job: &Job, taken_at: Millis) {
        self.engine.recorder.give_back(&self.transport, job.limit.as_deref(), taken_at).await;
    }

    /// Hands over what became of a job.
    pub(super) async fn record(&self, job: &Job, outcome: Outcome, answer: Option<String>) {
        let record = Record {
            id: job.claimed.id,
            outcome,
            may_retry_unknown: self.may_retry_unknown(job),
            answer,
            is_single: job.ticket.is_single(),
        };
        self.engine.recorder.record(record, Arc::clone(&job.ticket)).await;
    }
}
