//! Circuit breaker per edition: many rejections of the sender or the message pause the edition, and
//! so do rejections of many recipients in a row.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::recipient_rejections::RecipientRejections;
use crate::mail::smtp::{FailureScope, Reply};

/// Rejections of the sender or the message in a row, for different recipients, that pause an edition.
const CONSECUTIVE_REJECTIONS_TO_PAUSE: usize = 3;
/// Number of latest messages in which rejections are counted.
const WINDOW_MESSAGES: usize = 500;
/// Rejections among the latest messages that pause an edition: two percent.
const REJECTIONS_IN_WINDOW_TO_PAUSE: usize = 10;

/// Number of editions with records.
const MAX_TRACKED_EDITIONS: usize = 100;

/// Action that follows a rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery) enum RejectionAction {
    /// The delivery fails for good.
    FailDelivery,
    /// The delivery fails and the edition is paused; the text says what the relay rejected how
    /// often.
    PauseEdition(&'static str),
    /// The delivery was in flight when the edition was paused: it is queued again and sent after
    /// the pause.
    Requeue,
}

/// Rejections by edition, for the editions that this process sends.
#[derive(Debug, Default)]
pub(in crate::delivery) struct EditionBreakers(Mutex<BTreeMap<i64, EditionRecord>>);

/// Recent rejections of one edition.
#[derive(Debug, Default)]
struct EditionRecord {
    consecutive: Vec<String>,
    recipients: RecipientRejections,
    /// For each of the latest messages, `true` if the sender or the message was rejected.
    window: VecDeque<bool>,
    rejected_in_window: usize,
    pause: PauseState,
    /// Limit of a pause that could not be stored; the next rejection requests it again.
    unstored_pause: Option<&'static str>,
}

/// Pause of an edition by this breaker.
#[derive(Debug, Default)]
enum PauseState {
    #[default]
    NotPaused,
    /// The pause is not stored yet, so permits may still be issued.
    Requested,
    /// The pause was stored at this time; earlier permits were issued without knowledge of it.
    PausedAt(Instant),
}

impl EditionBreakers {
    /// Records an accepted message of the edition.
    pub(in crate::delivery) fn record_accepted(&self, edition: i64) {
        self.with_record(edition, |record| {
            record.consecutive.clear();
            record.recipients.clear();
            record.push(false);
        });
    }

    /// Records a rejection of a delivery permitted at the given time, and returns the action to
    /// take.
    pub(in crate::delivery) fn record_rejection(
        &self,
        edition: i64,
        address: &str,
        scope: FailureScope,
        reply: &Reply,
        permitted_at: Instant,
    ) -> RejectionAction {
        self.with_record(edition, |record| {
            match record.pause {
                PauseState::Requested => return RejectionAction::Requeue,
                PauseState::PausedAt(paused) if permitted_at <= paused => {
                    return RejectionAction::Requeue;
                }
                PauseState::PausedAt(_) | PauseState::NotPaused => {}
            }
            let limit = match scope {
                FailureScope::Recipient => record.recipients.record(address, reply),
                FailureScope::Message | FailureScope::Relay => record.record_message(address),
            };
            let limit = limit.or(record.unstored_pause);
            let Some(reason) = limit else { return RejectionAction::FailDelivery };
            *record = EditionRecord { pause: PauseState::Requested, ..EditionRecord::default() };
            RejectionAction::PauseEdition(reason)
        })
    }

    /// Records that the requested pause is stored.
    pub(in crate::delivery) fn record_pause(&self, edition: i64) {
        self.with_record(edition, |record| record.pause = PauseState::PausedAt(Instant::now()));
    }

    /// Records that the requested pause, which the limit explains, could not be stored.
    pub(in crate::delivery) fn record_unstored_pause(&self, edition: i64, limit: &'static str) {
        self.with_record(edition, |record| {
            record.pause = PauseState::NotPaused;
            record.unstored_pause = Some(limit);
        });
    }

    fn with_record<T>(&self, edition: i64, f: impl FnOnce(&mut EditionRecord) -> T) -> T {
        // A panic of another task does not make the counts wrong.
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let result = f(records.entry(edition).or_default());
        if records.len() > MAX_TRACKED_EDITIONS {
            // The oldest edition has most likely ended.
            records.pop_first();
        }
        result
    }
}

impl EditionRecord {
    /// Records a rejection of the sender or the message; returns the limit if one is reached.
    fn record_message(&mut self, address: &str) -> Option<&'static str> {
        self.push(true);
        if !self.consecutive.iter().any(|a| a == address) {
            self.consecutive.push(address.to_owned());
        }
        if self.consecutive.len() >= CONSECUTIVE_REJECTIONS_TO_PAUSE {
            Some("the sender or the message 3 times in a row")
        } else if self.rejected_in_window >= REJECTIONS_IN_WINDOW_TO_PAUSE {
            Some("the sender or the message 10 times within the last 500 messages")
        } else {
            None
        }
    }

    fn push(&mut self, rejected: bool) {
        self.window.push_back(rejected);
        self.rejected_in_window += usize::from(rejected);
        if self.window.len() > WINDOW_MESSAGES {
            self.rejected_in_window -= usize::from(self.window.pop_front() == Some(true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::now() + std::time::Duration::from_secs(seconds)
    }

    fn reject(breaker: &EditionBreakers, address: &str, at: Instant) -> RejectionAction {
        breaker.record_rejection(1, address, FailureScope::Message, &Reply::new(554, "no"), at)
    }

    #[test]
    fn rejections_of_three_different_recipients_in_a_row_pause_the_edition_and_of_one_do_not() {
        let breaker = EditionBreakers::default();
        for _ in 0..5 {
            assert_eq!(reject(&breaker, "a@x.example", at(1)), RejectionAction::FailDelivery);
        }
        assert_eq!(reject(&breaker, "b@x.example", at(1)), RejectionAction::FailDelivery);
        breaker.record_accepted(1);
        for who in ["c", "d"] {
            assert_eq!(reject(&breaker, who, at(1)), RejectionAction::FailDelivery);
        }
        assert!(matches!(reject(&breaker, "e", at(1)), RejectionAction::PauseEdition(_)));
    }

    #[test]
    fn deliveries_permitted_before_the_pause_are_requeued_and_later_ones_fail() {
        let (breaker, before) = (EditionBreakers::default(), Instant::now());
        for who in ["a", "b", "c"] {
            reject(&breaker, who, before);
        }
        assert_eq!(
            reject(&breaker, "d", at(1)),
            RejectionAction::Requeue,
            "the pause is not stored yet"
        );
        breaker.record_pause(1);
        assert_eq!(reject(&breaker, "d", before), RejectionAction::Requeue);
        assert_eq!(reject(&breaker, "d", at(1)), RejectionAction::FailDelivery);
    }

    #[test]
    fn a_pause_that_could_not_be_stored_is_requested_by_the_next_rejection() {
        let breaker = EditionBreakers::default();
        for who in ["a", "b"] {
            reject(&breaker, who, at(1));
        }
        let RejectionAction::PauseEdition(limit) = reject(&breaker, "c", at(1)) else { panic!() };
        breaker.record_unstored_pause(1, limit);
        assert_eq!(reject(&breaker, "d", at(1)), RejectionAction::PauseEdition(limit));
        breaker.record_pause(1);
        assert_eq!(reject(&breaker, "e", at(9)), RejectionAction::FailDelivery);
    }

    #[test]
    fn records_of_old_editions_are_forgotten() {
        let breaker = EditionBreakers::default();
        for edition in 0..1_000 {
            breaker.record_accepted(edition);
        }
        let records = breaker.0.lock().unwrap();
        assert_eq!(records.len(), MAX_TRACKED_EDITIONS);
        assert!(records.contains_key(&999));
    }

    #[test]
    fn rejections_of_two_percent_of_the_window_pause_the_edition_however_far_apart() {
        let breaker = EditionBreakers::default();
        let mut paused_after = None;
        for n in 0..600 {
            if n % 50 == 0 {
                if let RejectionAction::PauseEdition(_) = reject(&breaker, &format!("r{n}"), at(1))
                {
                    paused_after = Some(n);
                    break;
                }
            } else {
                breaker.record_accepted(1);
            }
        }
        assert_eq!(paused_after, Some(450));
        let rare = EditionBreakers::default();
        for n in 0..5_000 {
            if n % 60 == 0 {
                assert_eq!(reject(&rare, &format!("r{n}"), at(1)), RejectionAction::FailDelivery);
            } else {
                rare.record_accepted(1);
            }
        }
    }
}
