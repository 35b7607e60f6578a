//! State of a connection: what the relay expects or sends next.

use super::commands::TransactionCommands;
use super::outcome::SmtpOutcome;
use super::pipelining::PipeliningGuard;

/// State of the SMTP session between two commands, by what the relay expects or sends next.
///
/// Each command takes the state out, which leaves `Broken`, and stores the following one only when
/// it has ended properly. So a future dropped half-way leaves no connection on which the next
/// message would read the replies to this one.
#[derive(Debug)]
pub(super) enum State {
    /// Between transactions: the relay expects MAIL.
    Idle {
        /// The relay still holds state of a failed transaction, so RSET must precede the next.
        needs_rset: bool,
        /// Transaction of an envelope passed to `send_content` that was not written after the
        /// message data.
        unsent: Option<UnsentTransaction>,
    },
    /// The relay has replied 354 to DATA.
    AwaitingContent,
    /// The relay sends the replies to a transaction that was written after the message data.
    Pipelined {
        /// The message data before the transaction was accepted.
        content_accepted: bool,
        guard: PipeliningGuard,
    },
    /// No command may follow: replies are missing, or the connection has closed.
    Broken {
        /// Outcome of an envelope passed to `send_content` that no relay can accept.
        invalid: Option<SmtpOutcome>,
    },
}

/// Transaction of an envelope passed to `send_content` whose commands the relay has not received.
#[derive(Debug)]
pub(super) enum UnsentTransaction {
    /// Pipelining it is not possible with this relay, or not now: its commands are still to be
    /// sent.
    NotWritten(TransactionCommands),
    /// No relay can accept it; the message already has its outcome.
    Invalid(SmtpOutcome),
}

/// Transaction to be pipelined after the message data.
#[derive(Debug)]
pub(super) enum NextTransaction {
    /// Its commands are in the write of the message data.
    Pipelined(PipeliningGuard),
    /// Its commands are not in that write.
    Unsent(UnsentTransaction),
}

impl State {
    /// Returns the state between transactions, without a transaction to be sent.
    pub(super) fn idle(needs_rset: bool) -> Self {
        Self::Idle { needs_rset, unsent: None }
    }

    /// Returns the state of a connection on which no command may follow.
    pub(super) fn broken() -> Self {
        Self::Broken { invalid: None }
    }

    /// Returns the state after a failed transaction, which needs RSET.
    pub(super) fn after_failed_transaction(reusable: bool) -> Self {
        if reusable { Self::idle(true) } else { Self::broken() }
    }

    /// Returns the state after the reply to the message data. After the final dot the relay holds
    /// no state of the transaction, whatever it replied (RFC 5321 section 4.1.1.4), so a pipelined
    /// transaction needs no RSET.
    pub(super) fn after_content(
        content_accepted: bool,
        reusable: bool,
        next: Option<NextTransaction>,
    ) -> Self {
        match next {
            Some(NextTransaction::Pipelined(guard)) if reusable => {
                Self::Pipelined { content_accepted, guard }
            }
            Some(NextTransaction::Unsent(unsent)) if reusable => {
                Self::Idle { needs_rset: !content_accepted, unsent: Some(unsent) }
            }
            None if reusable => Self::idle(!content_accepted),
            // The outcome does not depend on the connection.
            Some(NextTransaction::Unsent(UnsentTransaction::Invalid(outcome))) => {
                Self::Broken { invalid: Some(outcome) }
            }
            _ => Self::broken(),
        }
    }

    /// Takes the state out and leaves `Broken` until the command has ended.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::broken())
    }

    /// Starts a transaction in place of any unsent one and returns whether it needs RSET; `None` if
    /// no transaction may start. A pipelined transaction cannot be replaced: the connection is
    /// broken.
    pub(super) fn start_transaction(&mut self) -> Option<bool> {
        match self.take() {
            Self::Idle { needs_rset, .. } => return Some(needs_rset),
            Self::AwaitingContent => *self = Self::AwaitingContent,
            Self::Pipelined { .. } | Self::Broken { .. } => {}
        }
        None
    }

    /// Starts the message data; returns `false` if the relay does not wait for it. Then an
    /// unsent transaction is discarded, and a pipelined one leaves the connection broken.
    pub(super) fn start_content(&mut self) -> bool {
        match self.take() {
            Self::AwaitingContent => return true,
            Self::Idle { needs_rset, .. } => *self = Self::idle(needs_rset),
            Self::Pipelined { .. } | Self::Broken { .. } => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::mail::smtp::outcome::{FailureScope, Reply};
    use crate::mail::smtp::pipelining::PipeliningState;

    fn invalid() -> SmtpOutcome {
        SmtpOutcome::Rejected { reply: Reply::new(553, "5.1.3 x"), scope: FailureScope::Recipient }
    }

    fn pipelined() -> State {
        let probe = Arc::new(PipeliningState::new("relay".to_owned())).begin_pipelining();
        State::after_content(true, true, probe.map(NextTransaction::Pipelined))
    }

    #[test]
    fn a_command_out_of_turn_keeps_the_state_and_breaks_only_a_pipelined_envelope() {
        let mut state = State::AwaitingContent;
        assert_eq!(state.start_transaction(), None);
        assert!(state.start_content(), "the relay still waits for the message data");
        assert!(
            matches!(state, State::Broken { .. }),
            "a command dropped half-way leaves no usable state"
        );
        let unsent = NextTransaction::Unsent(UnsentTransaction::Invalid(invalid()));
        let mut state = State::after_content(false, true, Some(unsent));
        assert!(!state.start_content());
        assert!(matches!(state, State::Idle { needs_rset: true, unsent: None }));
        assert_eq!(state.start_transaction(), Some(true));
        for start in [State::start_content, |s: &mut State| s.start_transaction().is_some()] {
            let mut state = pipelined();
            assert!(matches!(state, State::Pipelined { content_accepted: true, .. }));
            assert!(!start(&mut state) && matches!(state, State::Broken { invalid: None }));
        }
    }

    #[test]
    fn an_invalid_envelope_keeps_its_outcome_on_a_broken_connection() {
        let unsent = NextTransaction::Unsent(UnsentTransaction::Invalid(invalid()));
        let state = State::after_content(true, false, Some(unsent));
        assert!(matches!(state, State::Broken { invalid: Some(outcome) } if outcome == invalid()));
    }
}
