//! What every reply of a relay means for the mail it was given, in one table.

use std::fmt::{self, Write as _};

use crate::domain::deferral::Deferral;

/// The server's words are kept up to this many characters.
const LONGEST_WORDS: usize = 500;

/// An enhanced status code, class.subject.detail (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// What it is about: 1 addresses, 2 mailboxes, 7 policy …
    pub subject: u16,
    /// The detail within the subject.
    pub detail: u16,
}

/// What a server said: code and text, safe to show and to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The three-digit reply code (RFC 5321 section 4.2).
    pub code: u16,
    /// The enhanced code in front of the text, if there is one.
    pub enhanced: Option<Enhanced>,
    /// Code and all lines of text in one, without control characters, at most 500 characters.
    pub words: String,
}

impl Answer {
    /// The answer made of a code and the text behind it.
    pub fn new(code: u16, text: &str) -> Self {
        Self::of_lines(code, std::iter::once(text))
    }

    /// The answer made of a code and the lines of text behind it.
    pub(super) fn of_lines<'a>(code: u16, lines: impl Iterator<Item = &'a str>) -> Self {
        let mut words = String::with_capacity(64);
        // Writing to a String can't fail.
        let _ = write!(words, "{code}");
        let digits = words.len();
        for line in lines {
            let blank = |c: char| c.is_whitespace() || c.is_control();
            let line = if words.len() == digits { line.trim_start_matches(blank) } else { line };
            if line.is_empty() {
                continue;
            }
            words.push(' ');
            if line.bytes().all(|b| matches!(b, b' '..=b'~')) {
                words.push_str(line);
            } else {
                words.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
            }
        }
        let enhanced = enhanced_of(code, &words[digits..]);
        if words.len() > LONGEST_WORDS
            && let Some((end, _)) = words.char_indices().nth(LONGEST_WORDS)
        {
            words.truncate(end);
        }
        words.truncate(words.trim_end().len());
        Self { code, enhanced, words }
    }

    /// Whether it grants what was asked (2xx, 3xx).
    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// What kind of "not now" it is, if it is one.
    pub fn deferral(&self) -> Deferral {
        Deferral::of(self.code, self.enhanced.map(|e| (e.class, e.subject, e.detail)), &self.words)
    }

    fn class(&self) -> u16 {
        self.code / 100
    }

    fn is_about(&self, subject: u16, details: &[u16]) -> bool {
        self.enhanced.is_some_and(|e| {
            e.subject == subject && (details.is_empty() || details.contains(&e.detail))
        })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The enhanced code a text begins with, where its class agrees with the reply code (RFC 2034 section 4).
fn enhanced_of(code: u16, text: &str) -> Option<Enhanced> {
    let mut parts = text.split_whitespace().next()?.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    let found = Enhanced {
        class: class.parse().ok()?,
        subject: subject.parse().ok()?,
        detail: detail.parse().ok()?,
    };
    (parts.next().is_none() && u16::from(found.class) == code / 100).then_some(found)
}

/// Whom a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This recipient alone.
    Recipient,
    /// The sender or the message: the next recipient would hear the same.
    Message,
    /// The relay, whatever it is given.
    Relay,
}

/// What became of one mail for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay has taken responsibility for it.
    Sent {
        /// Its words.
        answer: Answer,
    },
    /// Not now: it counts as an attempt and is tried again later.
    Deferred {
        /// Its words.
        answer: Answer,
        /// Whom it is about.
        scope: Scope,
    },
    /// Never: it fails.
    Refused {
        /// Its words.
        answer: Answer,
        /// Whom it is about.
        scope: Scope,
    },
    /// Its end may have reached the relay, whose answer has not reached us.
    Unknown {
        /// One sentence for a person.
        why: String,
    },
    /// The relay can't be used now; certainly not sent, and no attempt of the recipient's.
    RelayTrouble {
        /// One sentence for a person, with the relay's words if it said any.
        why: String,
    },
}

impl Outcome {
    /// The server's words, or one sentence of ours where it said none.
    pub fn words(&self) -> &str {
        match self {
            Self::Sent { answer }
            | Self::Deferred { answer, .. }
            | Self::Refused { answer, .. } => &answer.words,
            Self::Unknown { why } | Self::RelayTrouble { why } => why,
        }
    }
}

/// What became of a mail, and of the connection that carried it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The mail.
    pub outcome: Outcome,
    /// Whether the connection can take the next mail.
    pub reusable: bool,
}

/// Where in the transaction something was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// RSET, in front of MAIL where a transaction has failed.
    Reset,
    Mail,
    Rcpt,
    Data,
    /// Behind the final dot.
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

/// What was heard in answer to one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// A well-formed reply.
    Reply(Answer),
    /// No reply, and there will be none: closed, reset, timed out, or not SMTP.
    Nothing(String),
}

/// The table: what a step's answer means; nothing when the next step may follow.
pub(super) fn meaning(stage: Stage, heard: Heard) -> Option<Delivered> {
    let answer = match heard {
        Heard::Reply(answer) => answer,
        Heard::Nothing(why) if stage == Stage::Content => {
            return Some(closed(Outcome::Unknown { why }));
        }
        Heard::Nothing(why) => return Some(closed(Outcome::RelayTrouble { why })),
    };
    let trouble = |answer: &Answer| Outcome::RelayTrouble {
        why: format!("the relay answered {stage} with: {answer}"),
    };
    let outcome = match (stage, answer.class()) {
        // It is closing the channel (RFC 5321 section 3.8).
        // Within a recipient's own content it may be about that content, so it counts as an attempt of theirs.
        (Stage::Content, _) if answer.code == 421 => {
            return Some(closed(Outcome::Deferred { answer, scope: Scope::Relay }));
        }
        _ if answer.code == 421 => return Some(closed(trouble(&answer))),
        (Stage::Reset | Stage::Mail | Stage::Rcpt, 2) => return None,
        (Stage::Data, 3) => return None,
        (Stage::Content, 2) => Outcome::Sent { answer },
        // An answer out of step: from here on question and answer no longer belong together.
        (Stage::Content, 3) => {
            return Some(closed(Outcome::Unknown {
                why: format!("the relay answered the message with: {answer}"),
            }));
        }
        // No relay refuses RSET (RFC 5321 section 4.1.1.5): what sounds like it is the answer to something else.
        (_, 2 | 3) | (Stage::Reset, _) => return Some(closed(trouble(&answer))),
        (Stage::Mail, 4) => trouble(&answer),
        (_, 4) => Outcome::Deferred { answer, scope: Scope::Recipient },
        _ if is_about_relay(stage, &answer) => trouble(&answer),
        _ => {
            let scope = scope_of_refusal(stage, &answer);
            Outcome::Refused { answer, scope }
        }
    };
    Some(Delivered { outcome, reusable: true })
}

/// Whether what answers an envelope that was written in one piece, or what is missing there, says that the relay does not
/// understand such writing: out of step, out of sequence, or nothing at all. What it may say to any envelope is none; nor is a
/// syntax error of a relay that has understood such writing (`known`), for that is about one mail.
pub(super) fn is_out_of_step(stage: Stage, heard: &Heard, known: bool) -> bool {
    let Heard::Reply(answer) = heard else { return true };
    match (stage, answer.code) {
        (_, 421) => false,
        (Stage::Reset, _) | (Stage::Mail | Stage::Rcpt, 300..400) | (Stage::Data, 200..300) => true,
        (_, 500 | 502 | 503) => true,
        // Of an address it is the usual word for one that is written wrongly.
        (Stage::Mail | Stage::Data, 501) => !known && !answer.is_about(1, &[]),
        (_, 500..600) => {
            let words = answer.words.to_ascii_lowercase();
            words.contains("pipelining") || words.contains("synchroni")
        }
        _ => false,
    }
}

/// Refusals that say how this relay must be spoken to (who we are, which commands) and nothing about the mail.
fn is_about_relay(stage: Stage, answer: &Answer) -> bool {
    let protocol = matches!(answer.code, 500 | 502 | 503 | 530 | 534 | 535 | 538);
    // Not by 5.5.1 alone: there are servers that say so of a recipient they don't know.
    protocol && stage != Stage::Content
}

/// A 5xx to RCPT is about the recipient, but for what servers that judge the sender late (Postfix does by default) say
/// there: policy (x.7.z) and bad senders (x.1.7, x.1.8). Any other 5xx is about the message, but for what names a mailbox.
fn scope_of_refusal(stage: Stage, answer: &Answer) -> Scope {
    let sender = answer.is_about(7, &[]) || answer.is_about(1, &[7, 8]);
    let mailbox = answer.is_about(1, &[1, 2, 3, 6, 10]) || answer.is_about(2, &[]);
    match stage {
        Stage::Rcpt if !sender => Scope::Recipient,
        Stage::Content if mailbox => Scope::Recipient,
        _ => Scope::Message,
    }
}

fn closed(outcome: Outcome) -> Delivered {
    Delivered { outcome, reusable: false }
}

#[cfg(test)]
mod tests;
