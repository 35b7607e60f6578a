//! State of the delivery at one moment, for metrics and pages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::dispatcher::Dispatcher;
use super::queue::SendQueue;
use crate::domain::delivery::DeliveryOutcome;
use crate::domain::time::{MINUTE, Millis};

/// Number of recorded outcomes since the dispatcher started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Messages that relays accepted.
    pub sent: u64,
    /// Messages that failed permanently.
    pub failed: u64,
    /// Attempts that are repeated later.
    pub deferred: u64,
    /// Messages that wait for a rate limit or a blocked recipient domain, without an attempt.
    pub postponed: u64,
    /// Attempts with an unknown outcome.
    pub uncertain: u64,
}

/// State of one transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportSnapshot {
    /// Name of the transport.
    pub name: String,
    /// Outcomes since the dispatcher started.
    pub outcomes: OutcomeCounts,
    /// Messages accepted within the last minute.
    pub sent_last_minute: u64,
    /// Leased messages that no worker has taken yet.
    pub queued: usize,
    /// Consecutive failures of the relay.
    pub relay_failures: u32,
    /// Reason of the last failure, until a message is accepted.
    pub relay_error: Option<String>,
    /// End of the backoff after a failure of the relay.
    pub backoff_until: Option<Millis>,
    /// Time until which the rate limits of the transport are used up.
    pub rate_limited_until: Option<Millis>,
    /// Blocked recipient domains, each with the end of its backoff.
    pub blocked_domains: Vec<(Arc<str>, Millis)>,
}

impl TransportSnapshot {
    /// Returns `true` if messages can be sent now.
    pub fn is_available(&self) -> bool {
        self.backoff_until.is_none() && self.rate_limited_until.is_none()
    }
}

/// Counters of one transport, and its send queue while a run is active.
#[derive(Debug, Default)]
pub(super) struct TransportActivity(Mutex<Activity>);

#[derive(Debug, Default)]
struct Activity {
    outcomes: OutcomeCounts,
    /// Seconds of the last minute with the number of messages accepted in each.
    accepted: VecDeque<(i64, u64)>,
    queue: std::sync::Weak<SendQueue>,
}

impl TransportActivity {
    /// Counts a recorded outcome.
    pub(super) fn record(&self, outcome: &DeliveryOutcome, now: Millis) {
        let mut activity = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = &mut activity.outcomes;
        match outcome {
            DeliveryOutcome::Sent => outcomes.sent += 1,
            DeliveryOutcome::Failed => outcomes.failed += 1,
            DeliveryOutcome::Deferred { .. } => outcomes.deferred += 1,
            DeliveryOutcome::Postponed { .. } => outcomes.postponed += 1,
            DeliveryOutcome::Uncertain { .. } => outcomes.uncertain += 1,
            DeliveryOutcome::NotAttempted => {}
        }
        if *outcome == DeliveryOutcome::Sent {
            let second = now.0.div_euclid(1000);
            match activity.accepted.back_mut() {
                Some((last, count)) if *last == second => *count += 1,
                _ => {
                    activity.accepted.push_back((second, 1));
                    while activity.accepted.len() > 60 {
                        activity.accepted.pop_front();
                    }
                }
            }
        }
    }

    /// Sets the send queue of the run that begins.
    pub(super) fn set_queue(&self, queue: &Arc<SendQueue>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).queue = Arc::downgrade(queue);
    }

    /// Returns the outcomes, the messages accepted within the last minute and the queue's length.
    fn read(&self, now: Millis) -> (OutcomeCounts, u64, usize) {
        let activity = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.plus(-MINUTE).0.div_euclid(1000);
        let recent = activity.accepted.iter().filter(|(second, _)| *second > since);
        let queued = activity.queue.upgrade().map_or(0, |queue| queue.depth().total);
        (activity.outcomes, recent.map(|(_, count)| count).sum(), queued)
    }
}

impl Dispatcher {
    /// Returns the state of each transport, in the order of their names.
    pub fn snapshot(&self) -> Vec<TransportSnapshot> {
        let now = (self.clock)();
        let is_ahead = |until: Millis| (until > now).then_some(until);
        self.transports
            .iter()
            .map(|(name, state)| {
                let (outcomes, sent_last_minute, queued) = state.activity.read(now);
                let relay = state.relay_breaker.snapshot();
                TransportSnapshot {
                    name: name.clone(),
                    outcomes,
                    sent_last_minute,
                    queued,
                    relay_failures: relay.failures,
                    relay_error: relay.last_error,
                    backoff_until: is_ahead(relay.open_until),
                    rate_limited_until: is_ahead(relay.rate_limited_until),
                    blocked_domains: state.domain_breakers.open_domains(now),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SECOND;

    #[test]
    fn outcomes_are_counted_and_the_last_minute_is_summed() {
        let (activity, start) = (TransportActivity::default(), Millis(0));
        for second in 0..100 {
            activity.record(&DeliveryOutcome::Sent, start.plus(second * SECOND));
        }
        activity.record(&DeliveryOutcome::Failed, start);
        activity.record(&DeliveryOutcome::NotAttempted, start);
        let (outcomes, last_minute, queued) = activity.read(start.plus(99 * SECOND));
        assert_eq!((outcomes.sent, outcomes.failed, outcomes.deferred), (100, 1, 0));
        assert_eq!((last_minute, queued), (60, 0));
        assert_eq!(activity.read(start.plus(200 * SECOND)).1, 0);
    }
}
