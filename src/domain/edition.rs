//! Editions: states of one issue of a digest, and the allowed transitions.

use super::delivery::DeliveryState;

/// State of an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditionState {
    /// The audience is being frozen.
    Preparing,
    /// Deliveries are being sent.
    Sending,
    /// Paused until an admin resumes it.
    Paused,
    /// Every delivery has ended.
    Sent,
    /// Cancelled by an admin.
    Cancelled,
}

impl EditionState {
    /// All states, in the order of an edition's life.
    pub const ALL: [Self; 5] =
        [Self::Preparing, Self::Sending, Self::Paused, Self::Sent, Self::Cancelled];

    /// Returns the word for the database, commands and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Sending => "sending",
            Self::Paused => "paused",
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// Command of an admin on an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditionCommand {
    /// Stops sending until resumed.
    Pause,
    /// Continues sending after a pause.
    Resume,
    /// Cancels the deliveries that are not sent.
    Cancel,
    /// Sends failed and held deliveries again.
    Retry,
}

impl EditionState {
    /// Returns the state after a command, or an error message if the command is not allowed.
    pub fn apply(self, command: EditionCommand) -> Result<Self, String> {
        use EditionState::{Cancelled, Paused, Preparing, Sending, Sent};
        match (self, command) {
            (Sending, EditionCommand::Pause) => Ok(Paused),
            (Paused, EditionCommand::Resume) => Ok(Sending),
            (Sending | Paused | Preparing, EditionCommand::Cancel) => Ok(Cancelled),
            (Sent | Sending, EditionCommand::Retry) => Ok(Sending),
            (Paused, EditionCommand::Retry) => Ok(Paused),
            (state, command) => {
                let (verb, remedy) = match command {
                    EditionCommand::Pause => {
                        ("paused", "only an edition that is being sent can be paused")
                    }
                    EditionCommand::Resume => ("resumed", "only a paused edition can be resumed"),
                    EditionCommand::Cancel => ("cancelled", "sent messages cannot be recalled"),
                    EditionCommand::Retry => {
                        ("retried", "only an edition with attempted deliveries can be retried")
                    }
                };
                Err(format!("the edition is {} and cannot be {verb}: {remedy}", state.as_str()))
            }
        }
    }
}

/// Number of deliveries of an edition in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Waiting for the first or next attempt.
    pub queued: i64,
    /// Being transmitted to a relay.
    pub sending: i64,
    /// Accepted by the relay.
    pub sent: i64,
    /// Rejected permanently, or retried for too long.
    pub failed: i64,
    /// Of unknown outcome, held for an admin.
    pub held: i64,
    /// Cancelled, or the subscriber unsubscribed before sending.
    pub cancelled: i64,
    /// Accepted by the relay and returned later as undeliverable.
    pub bounced: i64,
}

impl DeliveryCounts {
    /// Returns the number of deliveries in a state.
    pub fn of(self, state: DeliveryState) -> i64 {
        match state {
            DeliveryState::Queued => self.queued,
            DeliveryState::Sending => self.sending,
            DeliveryState::Sent => self.sent,
            DeliveryState::Failed => self.failed,
            DeliveryState::Held => self.held,
            DeliveryState::Cancelled => self.cancelled,
            DeliveryState::Bounced => self.bounced,
        }
    }

    /// Adds deliveries in a state.
    pub fn add(&mut self, state: DeliveryState, number: i64) {
        *match state {
            DeliveryState::Queued => &mut self.queued,
            DeliveryState::Sending => &mut self.sending,
            DeliveryState::Sent => &mut self.sent,
            DeliveryState::Failed => &mut self.failed,
            DeliveryState::Held => &mut self.held,
            DeliveryState::Cancelled => &mut self.cancelled,
            DeliveryState::Bounced => &mut self.bounced,
        } += number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_edition_can_be_retried_but_not_cancelled() {
        assert_eq!(EditionState::Sent.apply(EditionCommand::Retry), Ok(EditionState::Sending));
        assert!(
            EditionState::Sent
                .apply(EditionCommand::Cancel)
                .is_err_and(|reason| reason.contains("cannot be recalled"))
        );
    }

    #[test]
    fn every_state_round_trips_through_its_word() {
        for word in ["preparing", "sending", "paused", "sent", "cancelled"] {
            assert_eq!(EditionState::parse(word).map(EditionState::as_str), Some(word));
        }
    }
}
