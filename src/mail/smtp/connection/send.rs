//! Sends a message: the commands of its transaction, then its content with the commands of the next
//! transaction pipelined behind it.

use super::session::{Connection, QUIT_TIMEOUT, no_connection};
use super::transaction::STAGES;
use crate::mail::smtp::commands::{Envelope, TransactionCommands, dot_stuff};
use crate::mail::smtp::connection_state::{NextTransaction, State, UnsentTransaction};
use crate::mail::smtp::outcome::{
    AttemptResult, FailureScope, Reply, SmtpOutcome, Stage, StepResult, classify,
    rejects_pipelining,
};
use crate::mail::smtp::pipelining::PipeliningLevel;
use crate::mail::smtp::replies::step_result;

/// Largest write buffer that is reused for the next message, in bytes.
const MAX_REUSED_BUFFER_BYTES: usize = 256 * 1024;

impl Connection {
    /// Sends one message. `content` is the complete message, 7-bit, with CRLF line ends.
    pub async fn send(&mut self, envelope_from: &str, to: &str, content: &str) -> AttemptResult {
        let envelope = Envelope { from: envelope_from, to, size: content.len() };
        match self.start_transaction(&envelope).await {
            Ok(()) => self.send_content(content, None).await,
            Err(attempt) => attempt,
        }
    }

    /// Sends MAIL, RCPT and DATA. After `Ok` the relay waits for the message data, and the only
    /// valid next calls are `send_content` and `abandon`.
    ///
    /// # Errors
    /// Returns the outcome if the message ends here.
    pub async fn start_transaction(
        &mut self,
        envelope: &Envelope<'_>,
    ) -> Result<(), AttemptResult> {
        let Some(needs_rset) = self.state.start_transaction() else { return Err(no_connection()) };
        match TransactionCommands::new(envelope, self.capabilities.size) {
            Ok(commands) => self.send_commands(&commands, needs_rset).await,
            Err(outcome) => {
                self.state = State::idle(needs_rset);
                Err(AttemptResult { outcome, reusable: true })
            }
        }
    }

    /// Sends the message data, with the transaction of the next message in the same write, and
    /// waits for the reply after the final dot. The result is for this content alone;
    /// `read_pipelined_replies` waits for the replies to the transaction.
    pub async fn send_content(
        &mut self,
        content: &str,
        next: Option<&Envelope<'_>>,
    ) -> AttemptResult {
        if !self.state.start_content() {
            return no_connection();
        }
        let mut write_buf = std::mem::take(&mut self.write_buf);
        write_buf.clear();
        dot_stuff(content, &mut write_buf);
        let content_length = write_buf.len() as u64;
        let next_transaction =
            next.map(|envelope| self.pipeline_transaction(envelope, &mut write_buf));
        self.control.set_timeout(self.timeouts.content);
        self.control.expect_no_input();
        let before = self.control.bytes_written();
        let result = self.inner.command(write_buf.as_str()).await;
        let written = self.control.bytes_written() - before;
        let incomplete_write = written < write_buf.len() as u64;
        if write_buf.capacity() <= MAX_REUSED_BUFFER_BYTES {
            self.write_buf = write_buf;
        }
        let was_pipelined = matches!(next_transaction, Some(NextTransaction::Pipelined(_)));
        let step = step_result(result);
        // Some relays reject the message data only because of the transaction behind it. Relays
        // that have accepted a pipelined transaction before are not suspected of this.
        let rejected_next_transaction = was_pipelined
            && !self.pipelining.is_proven(PipeliningLevel::Full)
            && matches!(&step, StepResult::Reply(reply) if reply.code >= 500)
            && rejects_pipelining(Stage::Content, &step, false);
        let mut attempt = match step {
            _ if self.control.write_prevented() => self.unsolicited_reply().await,
            StepResult::NoReply(reason) if incomplete_write => {
                self.write_failed(&reason, written >= content_length).await
            }
            StepResult::Reply(reply) if rejected_next_transaction => self.pipelining_failed(
                PipeliningLevel::Full,
                format!("the relay answered {} with: {reply}", Stage::Content),
            ),
            step => classify(Stage::Content, step).unwrap_or_else(no_connection),
        };
        attempt.reusable &= !incomplete_write;
        let content_accepted = matches!(attempt.outcome, SmtpOutcome::Sent { .. });
        self.state = State::after_content(content_accepted, attempt.reusable, next_transaction);
        attempt
    }

    /// Reads the replies to the envelope that was passed to `send_content`; to be called once after
    /// it, whatever the outcome of that message data. After `Ok` the relay waits for the message
    /// data of this message.
    ///
    /// # Errors
    /// Returns the outcome if this message ends here; a relay error if the connection ended with
    /// the message before.
    pub async fn read_pipelined_replies(&mut self) -> Result<(), AttemptResult> {
        match self.state.take() {
            State::Pipelined { content_accepted, guard: probe } => {
                // While unproven, all replies have to arrive within this timeout.
                self.control
                    .set_timeout(self.timeouts.unproven_pipelining.min(self.timeouts.reply));
                let replies = self.read_replies(PipeliningLevel::Full, &STAGES, None).await;
                let result =
                    self.classify_replies(PipeliningLevel::Full, content_accepted, replies).await;
                drop(probe);
                result
            }
            State::Idle { needs_rset, unsent: Some(UnsentTransaction::NotWritten(commands)) } => {
                self.send_commands(&commands, needs_rset).await
            }
            State::Idle { needs_rset, unsent: Some(UnsentTransaction::Invalid(outcome)) } => {
                self.state = State::idle(needs_rset);
                Err(AttemptResult { outcome, reusable: true })
            }
            State::Broken { invalid: Some(outcome) } => {
                Err(AttemptResult { outcome, reusable: false })
            }
            state @ (State::Idle { unsent: None, .. }
            | State::AwaitingContent
            | State::Broken { invalid: None }) => {
                self.state = state;
                Err(no_connection())
            }
        }
    }

    /// Appends the next transaction to the write buffer, if it may be pipelined.
    fn pipeline_transaction(
        &self,
        envelope: &Envelope<'_>,
        write_buf: &mut String,
    ) -> NextTransaction {
        let commands = match TransactionCommands::new(envelope, self.capabilities.size) {
            Ok(commands) => commands,
            Err(outcome) => return NextTransaction::Unsent(UnsentTransaction::Invalid(outcome)),
        };
        match self.capabilities.pipelining.then(|| self.pipelining.begin_pipelining()).flatten() {
            Some(guard) => {
                write_buf.push_str(commands.pipelined());
                NextTransaction::Pipelined(guard)
            }
            None => NextTransaction::Unsent(UnsentTransaction::NotWritten(commands)),
        }
    }

    /// Handles an incomplete write of the message data and the next transaction; the relay may have
    /// sent a reason before it closed the connection.
    async fn write_failed(&mut self, reason: &str, content_written: bool) -> AttemptResult {
        self.control.set_timeout(QUIT_TIMEOUT);
        match step_result(self.inner.read_response().await) {
            StepResult::Reply(reply) if content_written || !reply.is_positive() => {
                classify(Stage::Content, StepResult::Reply(reply)).unwrap_or_else(no_connection)
            }
            _ if content_written => AttemptResult {
                outcome: SmtpOutcome::Uncertain { reason: reason.to_owned() },
                reusable: false,
            },
            _ => {
                let reply =
                    Reply::new(451, &format!("{reason}, before the whole message was sent"));
                AttemptResult {
                    outcome: SmtpOutcome::Deferred { reply, scope: FailureScope::Relay },
                    reusable: false,
                }
            }
        }
    }
}
