//! Sends a transaction, pipelined or step by step, and evaluates its replies.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::commands::Rset;
use lettre::transport::smtp::response::Response;

use super::session::{Connection, no_connection, relay_error};
use crate::mail::smtp::commands::TransactionCommands;
use crate::mail::smtp::connection_state::State;
use crate::mail::smtp::outcome::{AttemptResult, Stage, StepResult, classify};
use crate::mail::smtp::pipelining::PipeliningLevel;
use crate::mail::smtp::replies::{TransactionReplies, step_result};

/// Stages of a transaction, one for each reply.
pub(super) const STAGES: [Stage; 3] = [Stage::Mail, Stage::Rcpt, Stage::Data];
/// The same stages after RSET, which resets a failed transaction.
const STAGES_WITH_RSET: [Stage; 4] = [Stage::Reset, Stage::Mail, Stage::Rcpt, Stage::Data];

impl Connection {
    /// Sends a transaction, in one write or step by step, with RSET before it if needed. The caller
    /// has taken the state out.
    pub(super) async fn send_commands(
        &mut self,
        commands: &TransactionCommands,
        needs_rset: bool,
    ) -> Result<(), AttemptResult> {
        let level = self.pipelining_level().min(PipeliningLevel::Transaction);
        let replies = match level {
            PipeliningLevel::None => self.send_step_by_step(commands, needs_rset).await,
            _ => self.send_pipelined(commands, needs_rset).await,
        };
        if self.control.write_prevented() {
            return Err(self.unsolicited_reply().await);
        }
        self.classify_replies(level, true, replies).await
    }

    /// Sends all commands in one write, then reads their replies (RFC 2920).
    async fn send_pipelined(
        &mut self,
        commands: &TransactionCommands,
        needs_rset: bool,
    ) -> TransactionReplies {
        self.control.set_timeout(self.timeouts.reply);
        self.control.expect_no_input();
        if needs_rset {
            let first = self.inner.command(format!("{Rset}{}", commands.pipelined())).await;
            self.read_replies(PipeliningLevel::Transaction, &STAGES_WITH_RSET, Some(first)).await
        } else {
            let first = self.inner.command(commands.pipelined()).await;
            self.read_replies(PipeliningLevel::Transaction, &STAGES, Some(first)).await
        }
    }

    /// Sends one command after the other, up to the first that is rejected.
    async fn send_step_by_step(
        &mut self,
        commands: &TransactionCommands,
        needs_rset: bool,
    ) -> TransactionReplies {
        let mut replies = TransactionReplies::new(true);
        if needs_rset {
            let result = self.command(&Rset.to_string()).await;
            replies.record(Stage::Reset, result);
        }
        for (stage, command) in commands.step_by_step() {
            if replies.failure.is_some() {
                break;
            }
            let result = self.command(command).await;
            replies.record(stage, result);
        }
        replies
    }

    async fn command(&mut self, command: &str) -> Result<Response, Error> {
        self.control.set_timeout(self.timeouts.reply);
        self.control.expect_no_input();
        self.inner.command(command).await
    }

    /// Reads the replies to a pipelined transaction, the first of which may already have been read.
    /// Each reply has its own timeout, except while full pipelining is unproven: then a deadline
    /// that the caller set covers all of them.
    pub(super) async fn read_replies(
        &mut self,
        level: PipeliningLevel,
        stages: &[Stage],
        first: Option<Result<Response, Error>>,
    ) -> TransactionReplies {
        let proven = self.pipelining.is_proven(level);
        let mut replies = TransactionReplies::new(proven);
        let mut next = first;
        for &stage in stages {
            let result = match next.take() {
                Some(result) => result,
                None => {
                    if proven || level != PipeliningLevel::Full {
                        self.control.set_timeout(self.timeouts.reply);
                    }
                    self.inner.read_response().await
                }
            };
            if !replies.record(stage, result) {
                break;
            }
        }
        replies
    }

    /// Evaluates the replies to a transaction for its message and for the connection. A missing
    /// reply is a failure of pipelining only if `counts_missing_reply`: the content before it was
    /// accepted.
    pub(super) async fn classify_replies(
        &mut self,
        level: PipeliningLevel,
        counts_missing_reply: bool,
        replies: TransactionReplies,
    ) -> Result<(), AttemptResult> {
        let Some((stage, step)) = replies.failure else {
            self.pipelining.record_success(level);
            self.state = State::AwaitingContent;
            return Ok(());
        };
        let mut attempt = match step {
            step if level == PipeliningLevel::None || !replies.pipelining_rejected => {
                classify(stage, step).unwrap_or_else(no_connection)
            }
            StepResult::Reply(reply) => {
                self.pipelining_failed(level, format!("the relay answered {stage} with: {reply}"))
            }
            StepResult::NoReply(reason) if counts_missing_reply => {
                self.pipelining_failed(level, reason)
            }
            StepResult::NoReply(reason) => relay_error(reason),
        };
        attempt.reusable &= replies.in_sync;
        if replies.awaiting_content && attempt.reusable {
            // With an accepted recipient, empty data would deliver an empty message: then only
            // closing is safe.
            attempt.reusable = !replies.recipient_accepted && self.send_empty_data().await;
        }
        self.state = State::after_failed_transaction(attempt.reusable);
        Err(attempt)
    }

    /// Records that the relay failed at a pipelined group: the message is retried, and the
    /// connection is unusable.
    pub(super) fn pipelining_failed(
        &self,
        level: PipeliningLevel,
        reason: String,
    ) -> AttemptResult {
        self.pipelining.record_failure(level, &reason);
        relay_error(reason)
    }

    /// Sends empty data after a DATA that was accepted without recipients (RFC 2920 section 3.1).
    /// The reply only shows whether the connection is still alive.
    async fn send_empty_data(&mut self) -> bool {
        self.control.set_timeout(self.timeouts.reply);
        matches!(step_result(self.inner.command(".\r\n").await), StepResult::Reply(reply) if reply.code != 421)
    }
}
