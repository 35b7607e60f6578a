//! What lettre brings back from a relay, as what was heard.

use std::io::ErrorKind;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use super::outcome::{Answer, Heard, Stage, is_out_of_step};

/// What a relay said in answer to an envelope's commands.
#[derive(Debug)]
pub(super) struct Said {
    /// The first that did not grant what was asked; what is said behind it only follows from it.
    pub(super) refusal: Option<(Stage, Heard)>,
    /// The relay has a recipient, to whom it would deliver whatever comes as content.
    pub(super) recipient_taken: bool,
    /// The relay waits for content (354), granted or not.
    pub(super) content_due: bool,
    /// Question and answer still belong together, and nobody hung up.
    pub(super) in_step: bool,
    /// The first refusal says that the relay did not understand what was written in one piece.
    pub(super) misunderstood: bool,
    known: bool,
}

impl Said {
    /// Nothing yet; `known` is whether the relay has understood before what is written in this manner.
    pub(super) fn by(known: bool) -> Self {
        Self {
            refusal: None,
            recipient_taken: false,
            content_due: false,
            in_step: true,
            misunderstood: false,
            known,
        }
    }

    /// Takes down one answer; false when there is nothing more to be heard.
    pub(super) fn hear(&mut self, stage: Stage, result: Result<Response, Error>) -> bool {
        let code = result.as_ref().map_or(0, code_of);
        let granted = match stage {
            Stage::Reset | Stage::Mail | Stage::Rcpt => (200..300).contains(&code),
            Stage::Data | Stage::Content => (300..400).contains(&code),
        };
        self.recipient_taken |= stage == Stage::Rcpt && granted;
        self.content_due |= stage == Stage::Data && granted;
        // The way of almost every answer: nothing of it is kept.
        if granted {
            return true;
        }
        let heard = heard(result);
        self.in_step &=
            matches!(&heard, Heard::Reply(answer) if answer.code != 421 && !answer.is_positive());
        if self.refusal.is_none() {
            self.misunderstood = is_out_of_step(stage, &heard, self.known);
            self.refusal = Some((stage, heard));
        }
        // Who did not understand may have lost a command, whose answer will never come.
        self.in_step && !self.misunderstood
    }
}

fn code_of(response: &Response) -> u16 {
    response.code().into()
}

/// What was heard, with its words.
pub(super) fn heard(result: Result<Response, Error>) -> Heard {
    let error = match result {
        Ok(response) => {
            return Heard::Reply(Answer::of_lines(code_of(&response), response.message()));
        }
        Err(error) => error,
    };
    let source = std::error::Error::source(&error);
    if let Some(code) = error.status() {
        let text = source.map(ToString::to_string).unwrap_or_default();
        return Heard::Reply(Answer::new(code.into(), &text));
    }
    let io = source.and_then(|s| s.downcast_ref::<std::io::Error>());
    Heard::Nothing(match (io, source) {
        (Some(io), _) => why_nothing(io),
        // Lettre's words for a connection that ends where a reply should come.
        (None, Some(s)) if s.to_string() == "incomplete response" => {
            "the relay closed the connection".to_owned()
        }
        _ => "the relay answered with something that is not SMTP".to_owned(),
    })
}

/// A broken wire in words for people.
pub(super) fn why_nothing(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut => "the relay did not answer in time".to_owned(),
        ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionAborted => "the relay closed the connection".to_owned(),
        ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    }
}
