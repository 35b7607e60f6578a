//! An open connection: its start and end, its state, and unsolicited replies.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Quit;

use crate::mail::smtp::connection_state::State;
use crate::mail::smtp::handshake::{self, Capabilities};
use crate::mail::smtp::outcome::{AttemptResult, SmtpOutcome, StepResult};
use crate::mail::smtp::pipelining::{PipeliningLevel, PipeliningState};
use crate::mail::smtp::relay::{ConnectError, Relay, Timeouts};
use crate::mail::smtp::replies::step_result;
use crate::mail::smtp::stream::IoControl;

/// Timeout for the reply to QUIT, and for a reply sent just before the connection broke.
pub(super) const QUIT_TIMEOUT: Duration = Duration::from_secs(3);

/// Open SMTP connection to a relay.
pub struct Connection {
    pub(super) inner: AsyncSmtpConnection,
    pub(super) control: Arc<IoControl>,
    pub(super) capabilities: Capabilities,
    pub(super) encrypted: bool,
    pub(super) timeouts: Timeouts,
    pub(super) pipelining: Arc<PipeliningState>,
    pub(super) state: State,
    /// Write buffer, reused so that a message needs no new allocation.
    pub(super) write_buf: String,
}

impl Connection {
    /// Connects, encrypts as the TLS mode of the relay requires, and authenticates.
    ///
    /// # Errors
    /// Fails if the connection is not ready for mail; no message has been sent then.
    pub async fn open(relay: &Relay) -> Result<Self, ConnectError> {
        let handshake::EstablishedConnection { inner: lettre, control, capabilities, encrypted } =
            handshake::connect(relay).await?;
        Ok(Self {
            inner: lettre,
            control,
            capabilities,
            encrypted,
            timeouts: relay.timeouts,
            pipelining: Arc::clone(&relay.pipelining),
            state: State::idle(false),
            write_buf: String::new(),
        })
    }

    /// Returns `true` if the next message can start; `false` while a transaction is pipelined.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle { .. })
    }

    /// Returns `true` if the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Returns `true` if the relay announced PIPELINING (RFC 2920).
    pub fn supports_pipelining(&self) -> bool {
        self.capabilities.pipelining
    }

    /// Returns `true` if an envelope passed to `send_content` would be pipelined: the relay
    /// announces it and has not failed at it. Otherwise `send_content` still accepts an envelope,
    /// and `read_pipelined_replies` sends it.
    pub fn can_pipeline_next(&self) -> bool {
        matches!(self.state, State::Idle { .. } | State::AwaitingContent)
            && self.pipelining_level() == PipeliningLevel::Full
    }

    /// Sends QUIT and closes the connection; waits only briefly for the reply.
    pub async fn quit(mut self) {
        if self.is_idle() {
            self.control.set_timeout(QUIT_TIMEOUT);
            let _ = self.inner.command(Quit).await;
        }
    }

    /// Closes without QUIT, even if content is due or a transaction is pipelined: nothing of that
    /// mail is sent.
    pub fn abandon(self) {}

    pub(super) fn pipelining_level(&self) -> PipeliningLevel {
        if self.capabilities.pipelining { self.pipelining.level() } else { PipeliningLevel::None }
    }

    /// Handles a relay that replied or closed the connection before the write: nothing was sent,
    /// and its reply concerns only itself.
    pub(super) async fn unsolicited_reply(&mut self) -> AttemptResult {
        self.control.set_timeout(QUIT_TIMEOUT);
        relay_error(match step_result(self.inner.read_response().await) {
            StepResult::Reply(reply) => format!("the relay sent an unsolicited reply: {reply}"),
            StepResult::NoReply(reason) => reason,
        })
    }
}

pub(super) fn no_connection() -> AttemptResult {
    relay_error("the connection to the relay cannot accept a message".to_owned())
}

pub(super) fn relay_error(reason: String) -> AttemptResult {
    AttemptResult { outcome: SmtpOutcome::RelayError { reason }, reusable: false }
}
