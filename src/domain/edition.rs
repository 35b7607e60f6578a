//! Editions: the states of one issue of a digest, and what may follow what.

/// Where an edition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditionState {
    /// Its audience is being frozen.
    Preparing,
    /// It goes out.
    Sending,
    /// It waits until an admin resumes it.
    Paused,
    /// Every delivery has ended.
    Sent,
    /// It was called off.
    Cancelled,
}

impl EditionState {
    /// The word that is stored and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Sending => "sending",
            Self::Paused => "paused",
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state that a stored word means.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Preparing, Self::Sending, Self::Paused, Self::Sent, Self::Cancelled]
            .into_iter()
            .find(|s| s.word() == word)
    }
}

/// What an admin can order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Send nothing more for the time being.
    Pause,
    /// Go on.
    Resume,
    /// Call it off.
    Cancel,
    /// Try again what failed or was held.
    Retry,
}

impl EditionState {
    /// The state that an order leads to, or one sentence why it can't be followed.
    pub fn after(self, order: Order) -> Result<Self, String> {
        use EditionState::{Cancelled, Paused, Preparing, Sending, Sent};
        match (self, order) {
            (Sending, Order::Pause) => Ok(Paused),
            (Paused, Order::Resume) => Ok(Sending),
            (Sending | Paused | Preparing, Order::Cancel) => Ok(Cancelled),
            (Sent | Sending, Order::Retry) => Ok(Sending),
            (Paused, Order::Retry) => Ok(Paused),
            (state, order) => {
                let (verb, remedy) = match order {
                    Order::Pause => ("paused", "only an edition that is being sent can"),
                    Order::Resume => ("resumed", "only a paused one can"),
                    Order::Cancel => ("cancelled", "what was sent can't be taken back"),
                    Order::Retry => ("retried", "only one whose mails went out or were tried can"),
                };
                Err(format!("the edition is {} and can't be {verb}: {remedy}", state.word()))
            }
        }
    }
}

/// How many deliveries of an edition are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting for their first or next attempt.
    pub queued: i64,
    /// On their way.
    pub sending: i64,
    /// Accepted by the relay.
    pub sent: i64,
    /// Refused for good.
    pub failed: i64,
    /// Of unknown outcome; an admin decides.
    pub held: i64,
    /// Called off, or the subscriber left in time.
    pub cancelled: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_edition_can_be_retried_but_not_cancelled() {
        assert_eq!(EditionState::Sent.after(Order::Retry), Ok(EditionState::Sending));
        assert!(
            EditionState::Sent.after(Order::Cancel).is_err_and(|why| why.contains("taken back"))
        );
    }

    #[test]
    fn every_state_is_stored_as_its_word() {
        for word in ["preparing", "sending", "paused", "sent", "cancelled"] {
            assert_eq!(EditionState::of(word).map(EditionState::word), Some(word));
        }
    }
}
