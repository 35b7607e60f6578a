//! How much may be said to a relay at once, and what it has taught us about that.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row, where it has worked before, are no accident.
const FAILURES: u8 = 3;
/// A step down lasts this long: one relay in many was restarted at a bad moment, and one that can't learn it costs one mail
/// put back an hour.
const LASTS: Duration = Duration::from_secs(60 * 60);

/// How commands are grouped into writes, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Manner {
    /// One command, one answer.
    StepByStep,
    /// MAIL, RCPT and DATA in one write (RFC 2920).
    Envelope,
    /// These three in the write of the message before them, behind its final dot: DATA ends a group, and content opens the
    /// next (RFC 2920 section 3.1).
    Riding,
}

/// What the connections to one relay have learned about it, for all of them and for as long as the process runs.
#[derive(Debug)]
pub(super) struct Learned {
    relay: String,
    manner: AtomicU8,
    riding: Record,
    envelope: Record,
    stepped_down: Mutex<Option<Instant>>,
    on_trial: AtomicBool,
}

/// Leave for one envelope to ride; where none ever has, the only one until it is dropped.
#[derive(Debug)]
pub(super) struct Leave {
    trial: Option<Arc<Learned>>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(learned) = &self.trial {
            learned.on_trial.store(false, Ordering::Relaxed);
        }
    }
}

/// How one manner has fared.
#[derive(Debug, Default)]
struct Record {
    worked: AtomicBool,
    failures: AtomicU8,
    told: AtomicBool,
}

impl Learned {
    /// Nothing yet: the best is hoped for. `relay` is its name for people.
    pub(super) fn about(relay: String) -> Self {
        let manner = AtomicU8::new(Manner::Riding as u8);
        let (riding, envelope) = (Record::default(), Record::default());
        Self {
            relay,
            manner,
            riding,
            envelope,
            stepped_down: Mutex::default(),
            on_trial: AtomicBool::new(false),
        }
    }

    /// The manner to use now.
    pub(super) fn manner(&self) -> Manner {
        let manner = self.current();
        if manner == Manner::Riding { manner } else { self.manner_at(Instant::now()) }
    }

    /// Whether a group written in this manner has ever been understood.
    pub(super) fn knows(&self, manner: Manner) -> bool {
        self.record(manner).is_none_or(|record| record.worked.load(Ordering::Relaxed))
    }

    /// Leave for an envelope to ride, if it may. A relay that has never understood one is tried by a single connection at a
    /// time, so that a relay which can't costs one mail put back and not one for each connection.
    pub(super) fn leave_to_ride(self: &Arc<Self>) -> Option<Leave> {
        if self.manner() != Manner::Riding {
            return None;
        }
        if self.knows(Manner::Riding) {
            return Some(Leave { trial: None });
        }
        (!self.on_trial.swap(true, Ordering::Relaxed))
            .then(|| Leave { trial: Some(Arc::clone(self)) })
    }

    /// A group written in this manner was understood.
    pub(super) fn worked(&self, manner: Manner) {
        let Some(record) = self.record(manner) else { return };
        // Read first: all connections share these, and almost always nothing changes.
        if !record.worked.load(Ordering::Relaxed) {
            record.worked.store(true, Ordering::Relaxed);
        }
        if record.failures.load(Ordering::Relaxed) > 0 {
            record.failures.store(0, Ordering::Relaxed);
        }
    }

    /// A group written in this manner was not understood; `why` is what was heard instead.
    pub(super) fn failed(&self, manner: Manner, why: &str) {
        self.failed_at(manner, why, Instant::now());
    }

    fn current(&self) -> Manner {
        match self.manner.load(Ordering::Relaxed) {
            0 => Manner::StepByStep,
            1 => Manner::Envelope,
            _ => Manner::Riding,
        }
    }

    fn record(&self, manner: Manner) -> Option<&Record> {
        match manner {
            Manner::StepByStep => None,
            Manner::Envelope => Some(&self.envelope),
            Manner::Riding => Some(&self.riding),
        }
    }

    /// One step up when the last step down is long enough ago; what goes wrong there goes wrong for the first time.
    fn manner_at(&self, now: Instant) -> Manner {
        let mut since = self.stepped_down.lock().unwrap_or_else(PoisonError::into_inner);
        let up = match self.current() {
            Manner::StepByStep => Manner::Envelope,
            Manner::Envelope | Manner::Riding => Manner::Riding,
        };
        if since.is_some_and(|since| now.saturating_duration_since(since) >= LASTS) {
            *since = (up != Manner::Riding).then_some(now);
            if let Some(record) = self.record(up) {
                record.worked.store(false, Ordering::Relaxed);
                record.failures.store(0, Ordering::Relaxed);
            }
            self.manner.store(up as u8, Ordering::Relaxed);
        }
        self.current()
    }

    fn failed_at(&self, manner: Manner, why: &str, now: Instant) {
        let Some(record) = self.record(manner) else { return };
        let mut since = self.stepped_down.lock().unwrap_or_else(PoisonError::into_inner);
        // Connections that were on their way when another one stepped down add nothing to it.
        if self.current() < manner {
            return;
        }
        let failures = record.failures.load(Ordering::Relaxed).saturating_add(1);
        record.failures.store(failures, Ordering::Relaxed);
        if record.worked.load(Ordering::Relaxed) && failures < FAILURES {
            return;
        }
        record.failures.store(0, Ordering::Relaxed);
        let (down, what, instead) = match manner {
            Manner::Riding => (
                Manner::Envelope,
                "an envelope behind the message before it",
                "each waits until the last is answered",
            ),
            _ => (
                Manner::StepByStep,
                "several commands at once",
                "each command waits for the answer to the last",
            ),
        };
        self.manner.store(down as u8, Ordering::Relaxed);
        *since = Some(now);
        if !record.told.swap(true, Ordering::Relaxed) {
            let relay = &self.relay;
            tracing::warn!(
                "the relay {relay} does not understand {what} ({why}): from here on {instead}, which is slower and loses nothing"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned() -> (Learned, Instant) {
        (Learned::about("relay.example:25".to_owned()), Instant::now())
    }

    #[test]
    fn one_failure_is_enough_where_it_never_worked_and_three_in_a_row_where_it_did() {
        let (new, now) = learned();
        new.failed_at(Manner::Riding, "silence", now);
        assert_eq!(new.manner_at(now), Manner::Envelope);
        let (known, now) = learned();
        known.worked(Manner::Riding);
        for _ in 0..9 {
            known.failed_at(Manner::Riding, "silence", now);
            known.failed_at(Manner::Riding, "silence", now);
            assert_eq!(known.manner_at(now), Manner::Riding);
            known.worked(Manner::Riding);
        }
        (0..3).for_each(|_| known.failed_at(Manner::Riding, "silence", now));
        assert_eq!(known.manner_at(now), Manner::Envelope);
    }

    #[test]
    fn a_relay_that_has_never_understood_it_is_tried_by_one_connection_at_a_time() {
        let (learned, now) = learned();
        let learned = Arc::new(learned);
        let first = learned.leave_to_ride();
        assert!(first.is_some() && learned.leave_to_ride().is_none());
        drop(first);
        let second = learned.leave_to_ride();
        assert!(second.is_some(), "a connection that was given up gives its leave back");
        learned.worked(Manner::Riding);
        assert!(learned.leave_to_ride().is_some());
        (0..3).for_each(|_| learned.failed_at(Manner::Riding, "silence", now));
        assert!(learned.leave_to_ride().is_none());
    }

    #[test]
    fn a_relay_that_fails_at_less_is_not_given_more() {
        let (learned, now) = learned();
        learned.failed_at(Manner::Envelope, "silence", now);
        assert_eq!(
            learned.manner_at(now),
            Manner::StepByStep,
            "who can't hear an envelope at once can't hear it riding"
        );
        learned.failed_at(Manner::Riding, "silence", now);
        learned.failed_at(Manner::StepByStep, "silence", now);
        assert_eq!(learned.manner_at(now), Manner::StepByStep);
    }

    #[test]
    fn each_step_is_tried_again_after_an_hour() {
        let (learned, now) = learned();
        learned.worked(Manner::Riding);
        learned.failed_at(Manner::Envelope, "closed", now);
        assert_eq!(learned.manner_at(now + LASTS / 2), Manner::StepByStep);
        assert_eq!(learned.manner_at(now + LASTS), Manner::Envelope);
        assert_eq!(learned.manner_at(now + LASTS * 3 / 2), Manner::Envelope);
        assert_eq!(learned.manner_at(now + LASTS * 2), Manner::Riding);
        assert!(!learned.knows(Manner::Riding), "it has to show it anew");
        learned.failed_at(Manner::Riding, "closed", now + LASTS * 2);
        assert_eq!(learned.manner_at(now + LASTS * 2), Manner::Envelope);
    }
}
