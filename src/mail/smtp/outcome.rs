//! Classifies every reply of a relay: its meaning for the message and for the connection, in one
//! table.

use std::fmt::{self, Write as _};

use crate::domain::address_rejection::AddressRejection;
use crate::domain::deferral::Deferral;

/// Maximum length of a stored reply, in characters.
const MAX_REPLY_CHARS: usize = 500;

/// Enhanced status code: class, subject and detail (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnhancedStatus {
    /// Class of the status: 2, 4 or 5.
    pub class: u8,
    /// Subject: 1 addressing, 2 mailbox, 7 policy and others.
    pub subject: u16,
    /// Detail within the subject.
    pub detail: u16,
}

/// Reply of a server: code and text, safe to display and to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three-digit reply code (RFC 5321 section 4.2).
    pub code: u16,
    /// Enhanced status code at the start of the text, if there is one.
    pub enhanced: Option<EnhancedStatus>,
    /// Code and all lines of text in one line, without control characters, at most 500 characters.
    pub text: String,
}

impl Reply {
    /// Returns the reply with this code and text.
    pub fn new(code: u16, text: &str) -> Self {
        Self::from_lines(code, std::iter::once(text))
    }

    /// Returns the reply with this code and these lines of text.
    pub(super) fn from_lines<'a>(code: u16, lines: impl Iterator<Item = &'a str>) -> Self {
        let mut text = String::with_capacity(64);
        // Writing to a String cannot fail.
        let _ = write!(text, "{code}");
        let digits = text.len();
        for line in lines {
            let blank = |c: char| c.is_whitespace() || c.is_control();
            let line = if text.len() == digits { line.trim_start_matches(blank) } else { line };
            if line.is_empty() {
                continue;
            }
            text.push(' ');
            if line.bytes().all(|b| matches!(b, b' '..=b'~')) {
                text.push_str(line);
            } else {
                text.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
            }
        }
        let enhanced = parse_enhanced(code, &text[digits..]);
        if text.len() > MAX_REPLY_CHARS
            && let Some((end, _)) = text.char_indices().nth(MAX_REPLY_CHARS)
        {
            text.truncate(end);
        }
        text.truncate(text.trim_end().len());
        Self { code, enhanced, text }
    }

    /// Returns `true` for a positive reply (2xx, 3xx).
    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// Returns the deferral of a 4xx reply.
    pub fn deferral(&self) -> Deferral {
        Deferral::from_reply(
            self.code,
            self.enhanced.map(|e| (e.class, e.subject, e.detail)),
            &self.text,
        )
    }

    /// Returns `true` if the reply says that the mailbox does not exist or cannot receive mail.
    pub fn names_mailbox(&self) -> bool {
        const PHRASES: [&str; 7] = [
            "unknown user",
            "user unknown",
            "no such user",
            "no such recipient",
            "does not exist",
            "doesn't exist",
            "mailbox",
        ];
        let text = self.text.to_lowercase();
        match self.enhanced {
            Some(_) => self.is_about(1, &[1, 2, 3, 6, 10]) || self.is_about(2, &[1, 2, 3, 4]),
            None => {
                PHRASES.iter().any(|phrase| text.contains(phrase)) || text.ends_with(" unknown")
            }
        }
    }

    fn class(&self) -> u16 {
        self.code / 100
    }

    pub(super) fn is_about(&self, subject: u16, details: &[u16]) -> bool {
        self.enhanced.is_some_and(|e| {
            e.subject == subject && (details.is_empty() || details.contains(&e.detail))
        })
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Parses the enhanced status code at the start of a text; `None` if its class contradicts the
/// reply code (RFC 2034 section 4).
fn parse_enhanced(code: u16, text: &str) -> Option<EnhancedStatus> {
    let mut parts = text.split_whitespace().next()?.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    let found = EnhancedStatus {
        class: class.parse().ok()?,
        subject: subject.parse().ok()?,
        detail: detail.parse().ok()?,
    };
    (parts.next().is_none() && u16::from(found.class) == code / 100).then_some(found)
}

/// Scope of a deferral or rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureScope {
    /// Concerns only this recipient.
    Recipient,
    /// Concerns the sender or the message: other recipients would get the same reply.
    Message,
    /// Concerns the relay, independently of the message.
    Relay,
}

/// Outcome of one message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmtpOutcome {
    /// The relay has accepted responsibility for the message.
    Sent {
        /// Reply of the relay.
        reply: Reply,
    },
    /// Temporary failure: counts as an attempt and is retried later.
    Deferred {
        /// Reply of the relay.
        reply: Reply,
        /// Scope of the failure.
        scope: FailureScope,
    },
    /// Permanent failure of the message.
    Rejected {
        /// Reply of the relay.
        reply: Reply,
        /// Scope of the failure.
        scope: FailureScope,
    },
    /// The end of the message data may have reached the relay, but its reply was not received.
    Uncertain {
        /// Cause, as one sentence.
        reason: String,
    },
    /// The relay accepts no more simultaneous connections. The message was certainly not sent; no
    /// attempt is counted, unless the message itself turns out to be the cause.
    TooManyConnections {
        /// Reply of the relay.
        reply: Reply,
    },
    /// The relay is unusable now. The message was certainly not sent; no attempt is counted, unless
    /// the message itself turns out to be the cause.
    RelayError {
        /// Cause, as one sentence, with the reply of the relay if there was one.
        reason: String,
    },
}

impl SmtpOutcome {
    /// Returns the text of the reply, or the cause if there was none.
    pub fn text(&self) -> &str {
        match self {
            Self::Sent { reply }
            | Self::Deferred { reply, .. }
            | Self::Rejected { reply, .. }
            | Self::TooManyConnections { reply } => &reply.text,
            Self::Uncertain { reason } | Self::RelayError { reason } => reason,
        }
    }
}

/// Result of an attempt: the outcome of the message and the state of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// Outcome of the message.
    pub outcome: SmtpOutcome,
    /// `true` if the connection can carry another message.
    pub reusable: bool,
}

/// Stage of a transaction in which a reply is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// RSET, sent before MAIL after a failed transaction.
    Reset,
    Mail,
    Rcpt,
    Data,
    /// After the final dot of the message data.
    Content,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "RSET",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Content => "the message",
        })
    }
}

/// Result of one step of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StepResult {
    /// The relay sent a well-formed reply.
    Reply(Reply),
    /// No reply will arrive: the connection closed, was reset, timed out, or does not speak SMTP.
    NoReply(String),
}

/// Classifies the result of a step (the table of replies); `None` if the next step may follow.
pub(super) fn classify(stage: Stage, step: StepResult) -> Option<AttemptResult> {
    let reply = match step {
        StepResult::Reply(reply) => reply,
        StepResult::NoReply(reason) if stage == Stage::Content => {
            return Some(not_reusable(SmtpOutcome::Uncertain { reason }));
        }
        StepResult::NoReply(reason) => {
            return Some(not_reusable(SmtpOutcome::RelayError { reason }));
        }
    };
    if is_connection_limit(stage, &reply) {
        return Some(not_reusable(SmtpOutcome::TooManyConnections { reply }));
    }
    let relay_error = |reply: &Reply| SmtpOutcome::RelayError {
        reason: format!("the relay answered {stage} with: {reply}"),
    };
    let outcome = match (stage, reply.class()) {
        // The relay is closing the connection (RFC 5321 section 3.8). After the message data the
        // reply may concern this message, so it counts as an attempt.
        (Stage::Content, _) if reply.code == 421 => {
            return Some(not_reusable(SmtpOutcome::Deferred { reply, scope: FailureScope::Relay }));
        }
        _ if reply.code == 421 => return Some(not_reusable(relay_error(&reply))),
        (Stage::Reset | Stage::Mail | Stage::Rcpt, 2) => return None,
        (Stage::Data, 3) => return None,
        (Stage::Content, 2) => SmtpOutcome::Sent { reply },
        // A reply that does not fit the stage: commands and replies no longer correspond.
        (Stage::Content, 3) => {
            return Some(not_reusable(SmtpOutcome::Uncertain {
                reason: format!("the relay answered the message with: {reply}"),
            }));
        }
        // No relay rejects RSET (RFC 5321 section 4.1.1.5): such a reply belongs to another
        // command.
        (_, 2 | 3) | (Stage::Reset, _) => return Some(not_reusable(relay_error(&reply))),
        (Stage::Mail, 4) => relay_error(&reply),
        (_, 4) => SmtpOutcome::Deferred { reply, scope: FailureScope::Recipient },
        _ if is_about_relay(stage, &reply) => relay_error(&reply),
        _ => {
            let scope = rejection_scope(stage, &reply);
            SmtpOutcome::Rejected { reply, scope }
        }
    };
    Some(AttemptResult { outcome, reusable: true })
}

/// Returns `true` if the result of a pipelined step shows that the relay does not handle
/// pipelining: a reply that does not fit the stage, a bad sequence of commands, or no reply.
/// Replies that any transaction may get do not count; neither does a syntax error of a relay that
/// has handled pipelining before (`proven`), because it concerns one message.
pub(super) fn rejects_pipelining(stage: Stage, step: &StepResult, proven: bool) -> bool {
    let StepResult::Reply(reply) = step else { return true };
    match (stage, reply.code) {
        (_, 421) => false,
        (Stage::Reset, _) | (Stage::Mail | Stage::Rcpt, 300..400) | (Stage::Data, 200..300) => true,
        (_, 500 | 502 | 503) => true,
        // For an address it is the usual reply to invalid syntax.
        (Stage::Mail | Stage::Data, 501) => !proven && !reply.is_about(1, &[]),
        (_, 500..600) => {
            let text = reply.text.to_ascii_lowercase();
            text.contains("pipelining") || text.contains("synchroni")
        }
        _ => false,
    }
}

/// Returns `true` for replies about the number of simultaneous connections to the relay. A reply to
/// RCPT may be about those of the relay to the domain of the recipient.
fn is_connection_limit(stage: Stage, reply: &Reply) -> bool {
    const PHRASES: [&str; 8] = [
        "too many connections",
        "too many concurrent",
        "too many simultaneous",
        "too many sessions",
        "concurrent connection",
        "simultaneous connection",
        "maximum number of connections",
        "thread limit exceeded",
    ];
    let is_named = || {
        let text = reply.text.to_ascii_lowercase();
        PHRASES.iter().any(|phrase| text.contains(phrase))
    };
    match (stage, reply.code) {
        (_, 432) => true,
        (Stage::Rcpt, 421) => is_named(),
        (Stage::Rcpt, _) => false,
        (_, 400..500) => is_named(),
        _ => false,
    }
}

/// Returns `true` for rejections of the client or of its commands, which say nothing about the
/// mail.
fn is_about_relay(stage: Stage, reply: &Reply) -> bool {
    let protocol = matches!(reply.code, 500 | 502 | 503 | 530 | 534 | 535 | 538);
    // Not based on 5.5.1 alone: some servers use it for an unknown recipient.
    protocol && stage != Stage::Content
}

/// Returns the scope of a 5xx reply. A 5xx to RCPT concerns the recipient, except for replies of
/// servers that check the sender late (the default of Postfix): policy (x.7.z) and invalid senders
/// (x.1.7, x.1.8). Any other 5xx concerns the message, unless it names a mailbox.
fn rejection_scope(stage: Stage, reply: &Reply) -> FailureScope {
    let sender = reply.is_about(7, &[]) || reply.is_about(1, &[7, 8]);
    let mailbox = reply.is_about(1, &[1, 2, 3, 6, 10])
        || reply.is_about(2, &[])
        || reply.address_rejection() == Some(AddressRejection::NoMailbox);
    match stage {
        Stage::Rcpt if !sender => FailureScope::Recipient,
        Stage::Content if mailbox => FailureScope::Recipient,
        _ => FailureScope::Message,
    }
}

fn not_reusable(outcome: SmtpOutcome) -> AttemptResult {
    AttemptResult { outcome, reusable: false }
}

#[cfg(test)]
mod tests;
