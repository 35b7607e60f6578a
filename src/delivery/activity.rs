//! Activity of a transport: recorded outcomes, messages of the last minute and the send queue.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

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
            DeliveryOutcome::NotCounted => {}
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
    pub(super) fn read(&self, now: Millis) -> (OutcomeCounts, u64, usize) {
        let activity = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.plus(-MINUTE).0.div_euclid(1000);
        let recent = activity.accepted.iter().filter(|(second, _)| *second > since);
        let queued = activity.queue.upgrade().map_or(0, |queue| queue.depth().total);
        (activity.outcomes, recent.map(|(_, count)| count).sum(), queued)
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
        activity.record(&DeliveryOutcome::NotCounted, start);
        let (outcomes, last_minute, queued) = activity.read(start.plus(99 * SECOND));
        assert_eq!((outcomes.sent, outcomes.failed, outcomes.deferred), (100, 1, 0));
        assert_eq!((last_minute, queued), (60, 0));
        assert_eq!(activity.read(start.plus(200 * SECOND)).1, 0);
    }
}
