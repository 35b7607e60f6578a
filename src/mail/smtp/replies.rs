//! Converts the results of lettre into replies.

use std::io::ErrorKind;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use super::outcome::{Reply, Stage, StepResult, rejects_pipelining};

/// Accumulated replies to the commands of a transaction.
#[derive(Debug)]
pub(super) struct TransactionReplies {
    /// First failed step; later failures only follow from it.
    pub(super) failure: Option<(Stage, StepResult)>,
    /// At least one `RCPT TO` was accepted, so any content would be delivered.
    pub(super) recipient_accepted: bool,
    /// The relay waits for content (354), possibly after an earlier failure.
    pub(super) awaiting_content: bool,
    /// Commands and replies still correspond, and the connection is open.
    pub(super) in_sync: bool,
    /// The first failure shows that the relay does not handle pipelined commands.
    pub(super) pipelining_rejected: bool,
    proven: bool,
}

impl TransactionReplies {
    /// Starts without replies; `proven` tells whether the relay has succeeded at this level before.
    pub(super) fn new(proven: bool) -> Self {
        Self {
            failure: None,
            recipient_accepted: false,
            awaiting_content: false,
            in_sync: true,
            pipelining_rejected: false,
            proven,
        }
    }

    /// Records one reply; returns `false` if no more replies can be expected.
    pub(super) fn record(&mut self, stage: Stage, result: Result<Response, Error>) -> bool {
        let code = result.as_ref().map_or(0, reply_code);
        let accepted = match stage {
            Stage::Reset | Stage::Mail | Stage::Rcpt => (200..300).contains(&code),
            Stage::Data | Stage::Content => (300..400).contains(&code),
        };
        self.recipient_accepted |= stage == Stage::Rcpt && accepted;
        self.awaiting_content |= stage == Stage::Data && accepted;
        // Fast path of almost every reply: nothing is stored.
        if accepted {
            return true;
        }
        let step = step_result(result);
        self.in_sync &=
            matches!(&step, StepResult::Reply(reply) if reply.code != 421 && !reply.is_positive());
        if self.failure.is_none() {
            self.pipelining_rejected = rejects_pipelining(stage, &step, self.proven);
            self.failure = Some((stage, step));
        }
        // A relay that rejected pipelining may have discarded a command and never reply to it.
        self.in_sync && !self.pipelining_rejected
    }
}

fn reply_code(response: &Response) -> u16 {
    response.code().into()
}

/// Converts a result of lettre into a step result with its text.
pub(super) fn step_result(result: Result<Response, Error>) -> StepResult {
    let error = match result {
        Ok(response) => {
            return StepResult::Reply(Reply::from_lines(reply_code(&response), response.message()));
        }
        Err(error) => error,
    };
    let source = std::error::Error::source(&error);
    if let Some(code) = error.status() {
        let text = source.map(ToString::to_string).unwrap_or_default();
        return StepResult::Reply(Reply::new(code.into(), &text));
    }
    let io = source.and_then(|s| s.downcast_ref::<std::io::Error>());
    StepResult::NoReply(match (io, source) {
        (Some(io), _) => describe_io_error(io),
        // Error text of lettre for a connection that ends instead of a reply.
        (None, Some(s)) if s.to_string() == "incomplete response" => {
            "the relay closed the connection".to_owned()
        }
        _ => "the relay answered with something that is not SMTP".to_owned(),
    })
}

/// Describes an I/O error of the connection for people.
pub(super) fn describe_io_error(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut => "the relay did not answer in time".to_owned(),
        ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionAborted => "the relay closed the connection".to_owned(),
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => error.to_string(),
    }
}
