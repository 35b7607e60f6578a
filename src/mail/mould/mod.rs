//! A variant made ready to be poured out for thousands: all that its mails share is encoded once, and for each person only
//! the slots are filled. It says what [`Letter`](super::message::Letter) would say of the same values.

mod base64;
mod html;
mod marked;
mod quoted;
mod rehearsal;
#[cfg(test)]
mod tests;

use lettre::message::MultiPart;
use lettre::message::header::HeaderValue;

use self::base64::Base64;
use self::marked::{Marked, Slot, Values};
use self::quoted::Quoted;
pub use self::rehearsal::slots_suffice;
use super::header;
use super::message::{self, Refused};
use super::queued::Slots;
use crate::domain::characters::one_line;
use crate::domain::time::Millis;

/// What all mails of a variant say; subject, text and HTML hold the slots' words.
#[derive(Debug, Clone)]
pub struct Cast<'a> {
    /// Sender: `Name <address>` or an address.
    pub from: &'a str,
    /// Where answers go: `Name <address>` or an address.
    pub reply_to: Option<&'a str>,
    /// Subject, any text.
    pub subject: &'a str,
    /// The text part, any line ends.
    pub text: &'a str,
    /// The HTML part as the inliner wrote it, any line ends.
    pub html: &'a str,
    /// `weekly.news.example.edu`, without angle brackets (RFC 2919).
    pub list_id: &'a str,
    /// An address that leaves the list when it gets a mail, where one is configured.
    pub unsubscribe_mailto: Option<&'a str>,
    /// `Feedback-ID`, by which large receivers report complaints.
    pub feedback_id: Option<&'a str>,
    /// The edition's id, for `X-Courant-Edition`.
    pub edition: Option<&'a str>,
    /// The words that stand for the values.
    pub slots: &'a Slots,
    /// Something of the variant's own: the boundary between its parts is made from it.
    pub seed: &'a str,
}

/// Whose values fill the slots.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The recipient's address.
    pub address: &'a str,
    /// The recipient's name; taken as one line.
    pub name: Option<&'a str>,
    /// Where one POST leaves the list (RFC 8058).
    pub unsubscribe_url: &'a str,
    /// `local@domain`, without angle brackets.
    pub message_id: &'a str,
    /// When the mail was made: the same at every attempt.
    pub date: Millis,
}

/// A variant made ready.
#[derive(Debug)]
pub struct Mould {
    from: String,
    subject: Subject,
    /// `Reply-To` and `List-ID`.
    answers: String,
    unsubscribe_mailto: Option<String>,
    /// All that stands behind `List-Unsubscribe`, with the empty line.
    end_of_head: String,
    named: Body,
    /// For who has no name, where the parts show it.
    nameless: Option<Body>,
}

#[derive(Debug)]
enum Subject {
    /// The whole header.
    Fixed(String),
    /// The text's pieces and the slots behind each but the last.
    Slotted(String, Vec<(Slot, String)>),
}

impl Mould {
    /// Encodes what the variant's mails share.
    ///
    /// # Errors
    /// When the sender, where answers go or a list header can't stand in a mail; every text can.
    pub fn of(cast: &Cast<'_>) -> Result<Self, Refused> {
        let mut answers = Vec::new();
        if let Some(reply_to) = cast.reply_to {
            answers.push(message::mailbox("Reply-To", reply_to)?);
        }
        answers.push(message::list_id(cast.list_id)?);
        // Refused now, not for each person.
        message::unsubscribe_value("https://example.org", cast.unsubscribe_mailto)?;
        let boundary = message::boundary(cast.seed);
        let nameless = rehearsal::nameless(cast.text, cast.html, cast.slots);
        Ok(Self {
            from: header::lines([message::mailbox("From", cast.from)?]),
            subject: Subject::of(cast),
            answers: header::lines(answers),
            unsubscribe_mailto: cast.unsubscribe_mailto.map(str::to_owned),
            end_of_head: end_of_head(cast, &boundary),
            named: Body::of(cast.text, cast.html, cast.slots, &boundary),
            nameless: nameless.map(|(text, html)| Body::of(&text, &html, cast.slots, &boundary)),
        })
    }

    /// The complete message for one person: 7-bit, its lines ending in CRLF; the same person gives the same bytes.
    ///
    /// # Errors
    /// When the address, the Message-ID or the link can't stand in a mail; every name can.
    pub fn pour(&self, person: &Person<'_>) -> Result<String, Refused> {
        let to = message::ascii_address("the recipient's address", person.address)?;
        let message_id = message::message_id_value(person.message_id)?;
        let unsubscribe =
            message::unsubscribe_value(person.unsubscribe_url, self.unsubscribe_mailto.as_deref())?;
        let name = one_line(person.name.unwrap_or_default());
        let values = Values {
            name: &name,
            address: person.address,
            unsubscribe_url: person.unsubscribe_url,
        };
        let body = self.nameless.as_ref().filter(|_| name.is_empty()).unwrap_or(&self.named);
        let mut out = String::with_capacity(
            self.from.len() + self.answers.len() + self.end_of_head.len() + body.len() + 2048,
        );
        out.push_str(&self.from);
        line(&mut out, "To", &header::mailbox_value("To", Some(&name), to.as_ref()));
        self.subject.pour(values, &mut out);
        out.push_str(&header::lines([message::date(person.date)]));
        line(&mut out, "Message-ID", &message_id);
        out.push_str(&self.answers);
        line(&mut out, "List-Unsubscribe", &unsubscribe);
        out.push_str(&self.end_of_head);
        body.pour(values, &mut out);
        Ok(out)
    }
}

fn line(out: &mut String, name: &str, value: &str) {
    for part in [name, ": ", value, "\r\n"] {
        out.push_str(part);
    }
}

fn end_of_head(cast: &Cast<'_>, boundary: &str) -> String {
    let mut headers: Vec<HeaderValue> =
        vec![message::one_click(), header::text("Auto-Submitted", "auto-generated")];
    headers.extend(cast.feedback_id.map(|id| header::text("Feedback-ID", id)));
    headers.extend(cast.edition.map(|id| header::text("X-Courant-Edition", id)));
    let parts = MultiPart::alternative().boundary(boundary).build();
    format!("{}MIME-Version: 1.0\r\n{}\r\n", header::lines(headers), parts.headers())
}

impl Subject {
    fn of(cast: &Cast<'_>) -> Self {
        let marked = Marked::plain(cast.subject, cast.slots);
        let (first, behind) = (marked.pieces[0], &marked.pieces[1..]);
        if behind.is_empty() {
            return Self::Fixed(header::lines([header::text("Subject", first)]));
        }
        let behind =
            marked.slots.iter().zip(behind).map(|((slot, _), piece)| (*slot, (*piece).to_owned()));
        Self::Slotted(first.to_owned(), behind.collect())
    }

    fn pour(&self, values: Values<'_>, out: &mut String) {
        match self {
            Self::Fixed(header) => out.push_str(header),
            Self::Slotted(first, behind) => {
                let mut subject = first.clone();
                for (slot, piece) in behind {
                    subject.push_str(values.of(*slot));
                    subject.push_str(piece);
                }
                out.push_str(&header::lines([header::text("Subject", &subject)]));
            }
        }
    }
}

/// Both parts with all that stands around them.
#[derive(Debug)]
struct Body {
    text: Part,
    html: Part,
    end: String,
}

#[derive(Debug)]
struct Part {
    head: String,
    content: Content,
}

/// A part in the encoding that makes it shorter.
#[derive(Debug)]
enum Content {
    Quoted(Quoted),
    Base64(Base64),
}

impl Body {
    fn of(text: &str, html: &str, slots: &Slots, boundary: &str) -> Self {
        let (text, html) = (message::crlf(text), message::crlf(html));
        Self {
            text: Part::of("plain", &Marked::plain(&text, slots), boundary),
            html: Part::of("html", &Marked::html(&html, slots), boundary),
            end: format!("\r\n--{boundary}--\r\n"),
        }
    }

    fn len(&self) -> usize {
        self.text.len() + self.html.len() + self.end.len()
    }

    fn pour(&self, values: Values<'_>, out: &mut String) {
        self.text.pour(values, out);
        out.push_str("\r\n");
        self.html.pour(values, out);
        out.push_str(&self.end);
    }
}

impl Part {
    fn of(kind: &str, marked: &Marked<'_>, boundary: &str) -> Self {
        let (quoted, base64) = (Quoted::of(marked), Base64::of(marked));
        let (encoding, content) = if quoted.len() <= base64.len() {
            ("quoted-printable", Content::Quoted(quoted))
        } else {
            ("base64", Content::Base64(base64))
        };
        let head = format!(
            "--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        Self { head, content }
    }

    fn len(&self) -> usize {
        self.head.len()
            + match &self.content {
                Content::Quoted(quoted) => quoted.len(),
                Content::Base64(base64) => base64.len(),
            }
    }

    fn pour(&self, values: Values<'_>, out: &mut String) {
        out.push_str(&self.head);
        match &self.content {
            Content::Quoted(quoted) => quoted.pour(values, out),
            Content::Base64(base64) => base64.pour(values, out),
        }
    }
}
