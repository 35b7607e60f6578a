//! Deliveries: one message to one recipient, its states and kinds, and the schedule of its retries.

use std::fmt;
use std::str::FromStr;

use super::backoff::Jitter;
use super::deferral::Deferral;
use super::time::{Millis, SignedDuration};

/// State of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Waits for its first or next attempt.
    Queued,
    /// An attempt is in progress.
    Sending,
    /// Accepted by the relay.
    Sent,
    /// Rejected permanently, or not accepted within [`MAX_RETRY_PERIOD`].
    Failed,
    /// The outcome of the last attempt is unknown; an admin decides.
    Held,
    /// Withdrawn before it was sent: the edition was cancelled, the recipient unsubscribed, was
    /// suppressed or erased, or the message lost its purpose.
    Cancelled,
    /// Accepted by the relay and returned later as undeliverable.
    Bounced,
}

impl DeliveryState {
    /// All states, in the order of a delivery's life.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Failed,
        Self::Held,
        Self::Cancelled,
        Self::Bounced,
    ];

    /// Returns the word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
            Self::Bounced => "bounced",
        }
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownValue;

    fn from_str(word: &str) -> Result<Self, UnknownValue> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or(UnknownValue)
    }
}

/// Kind of a delivery: of an edition, or transactional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryKind {
    /// An edition of a digest.
    Edition,
    /// The double opt-in message that asks a subscriber to confirm.
    Confirmation,
    /// A test message that an admin requested.
    Test,
}

impl DeliveryKind {
    /// All kinds of deliveries.
    pub const ALL: [Self; 3] = [Self::Edition, Self::Confirmation, Self::Test];

    /// Returns the word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edition => "edition",
            Self::Confirmation => "confirmation",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for DeliveryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DeliveryKind {
    type Err = UnknownValue;

    fn from_str(word: &str) -> Result<Self, UnknownValue> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownValue)
    }
}

/// A word that is not one of an enum's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownValue;

/// Effect of an attempt on the delivery's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Accepted by the relay.
    Sent,
    /// Rejected permanently; the delivery ends.
    Failed,
    /// Rejected temporarily; the attempt counts.
    Deferred {
        /// Time of the next attempt.
        until: Millis,
    },
    /// Not started because of a rate limit or a blocked recipient domain; no attempt is counted.
    Postponed {
        /// Time of the next attempt.
        until: Millis,
    },
    /// It is unknown whether the relay accepted the message.
    Uncertain {
        /// Time of the next attempt, if the config allows one.
        until: Millis,
    },
    /// No attempt is counted; the row returns to its previous state, with the reply if there was one.
    NotCounted,
}

/// Longest time after its first attempt during which a delivery is retried.
pub const MAX_RETRY_PERIOD: SignedDuration = SignedDuration::from_hours(4 * 24);

/// Returns the time of the next attempt of a deferred delivery, or `None` if [`MAX_RETRY_PERIOD`]
/// has passed since `first_attempt`; `attempts` includes the attempt just made.
pub fn next_attempt_at(
    first_attempt: Millis,
    attempts: i64,
    now: Millis,
    jitter: Jitter,
    deferral: Deferral,
) -> Option<Millis> {
    if now.since(first_attempt) >= MAX_RETRY_PERIOD {
        return None;
    }
    let delay = deferral.backoff(attempts);
    // A delay that the server asked for is never shortened.
    let is_requested = deferral.requested_wait.is_some();
    Some(now.plus(if is_requested { jitter.lengthen(delay) } else { jitter.vary(delay) }))
}

/// Delay before a delivery of unknown outcome is attempted again.
pub const UNCERTAIN_OUTCOME_DELAY: SignedDuration = SignedDuration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deferral::DeferralClass;
    use crate::domain::time::{DAY, HOUR, MINUTE, SECOND};

    const OTHER: Deferral = Deferral { class: DeferralClass::Other, requested_wait: None };

    #[test]
    fn every_state_and_kind_is_parsed_from_its_word() {
        for state in DeliveryState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        for kind in DeliveryKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("SENT".parse::<DeliveryState>(), Err(UnknownValue));
    }

    #[test]
    fn retry_delays_grow_and_end_after_four_days() {
        let start = Millis(0);
        let jitter = Jitter::new(1, 1);
        let after = |attempts, elapsed| {
            next_attempt_at(start, attempts, start.plus(elapsed), jitter, OTHER)
        };
        assert_eq!(after(1, SignedDuration::ZERO), Some(start.plus(jitter.vary(MINUTE))));
        assert_eq!(after(40, HOUR), Some(start.plus(HOUR + jitter.vary(6 * HOUR))));
        assert_eq!(after(9, 4 * DAY), None);
    }

    #[test]
    fn jitter_stays_within_20_percent_and_never_shortens_a_delay_given_by_the_server() {
        for row in 0..100 {
            let start = Millis(0);
            let wait = |deferral| {
                next_attempt_at(start, 1, start, Jitter::new(row, 1), deferral)
                    .map_or(SignedDuration::ZERO, |at| at.since(start))
            };
            assert!((48 * SECOND..=72 * SECOND).contains(&wait(OTHER)), "{}", wait(OTHER));
            let requested = wait(Deferral { requested_wait: Some(5 * MINUTE), ..OTHER });
            assert!((5 * MINUTE..=6 * MINUTE).contains(&requested), "{requested}");
        }
    }
}
