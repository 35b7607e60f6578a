//! Precompiled messages: everything that the messages of a variant share is encoded once, and only
//! the placeholders are filled in for each recipient. The result has the content that
//! [`MessageParts`](super::message::MessageParts) builds from the same values.

mod base64;
mod equivalence;
mod escape;
mod html;
mod quoted_printable;
mod segments;
#[cfg(test)]
mod tests;

use lettre::message::MultiPart;
use lettre::message::header::HeaderValue;

use self::base64::Base64;
pub use self::equivalence::can_precompile;
use self::quoted_printable::QuotedPrintable;
use self::segments::{Placeholder, Segments, Values};
use super::header;
use super::message::{self, BuildError};
use super::payload::Placeholders;
use crate::domain::text_repair::one_line;
use crate::domain::time::Millis;
use crate::templates::RenderedMail;

/// Shared content of the messages of a variant; subject, text and HTML contain the placeholders.
#[derive(Debug, Clone)]
pub struct VariantParts<'a> {
    /// Sender, as `Name <address>` or an address.
    pub from: &'a str,
    /// `Reply-To`, as `Name <address>` or an address.
    pub reply_to: Option<&'a str>,
    /// Subject, as any text.
    pub subject: &'a str,
    /// Plain text part, with any line ends.
    pub text: &'a str,
    /// HTML part as serialized by the CSS inliner, with any line ends.
    pub html: &'a str,
    /// List-ID such as `weekly.news.example.edu`, without angle brackets (RFC 2919).
    pub list_id: &'a str,
    /// Address to which subscribers write to unsubscribe, if one is configured.
    pub unsubscribe_mailto: Option<&'a str>,
    /// `Feedback-ID`, which large receivers use to report complaints.
    pub feedback_id: Option<&'a str>,
    /// Id of the edition, for `X-Courant-Edition`.
    pub edition: Option<&'a str>,
    /// Placeholders that the texts contain.
    pub placeholders: &'a Placeholders,
    /// Unique value of the variant, from which the MIME boundary is derived.
    pub boundary_seed: &'a str,
}

/// Values of one recipient for the placeholders and headers.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// Address of the recipient, without a name.
    pub address: &'a str,
    /// Name of the recipient; line breaks are replaced by spaces.
    pub name: Option<&'a str>,
    /// Link that unsubscribes with a single POST (RFC 8058).
    pub unsubscribe_url: &'a str,
    /// Message-ID as `local@domain`, without angle brackets.
    pub message_id: &'a str,
    /// Time of creation, the same at every attempt.
    pub date: Millis,
}

/// Message of a variant, encoded except for the values of its recipient.
#[derive(Debug)]
pub struct PrecompiledMessage {
    from: String,
    subject: Subject,
    /// The encoded headers `Reply-To` and `List-ID`.
    reply_to_and_list_id: String,
    unsubscribe_mailto: Option<String>,
    /// Encoded headers after `List-Unsubscribe`, with the empty line that ends the header section.
    trailing_headers: String,
    body: Body,
    /// Body for recipients without a name, if the parts contain the name.
    body_without_name: Option<Body>,
}

#[derive(Debug)]
enum Subject {
    /// The complete encoded header.
    Fixed(String),
    /// The text before the first placeholder, then each placeholder with the text after it.
    WithPlaceholders(String, Vec<(Placeholder, String)>),
}

impl PrecompiledMessage {
    /// Encodes the shared content of a variant.
    ///
    /// # Errors
    /// Fails if the sender, `Reply-To` or a list header is invalid. Text never causes an error.
    pub fn compile(variant: &VariantParts<'_>) -> Result<Self, BuildError> {
        let mut reply_to_and_list_id = Vec::new();
        if let Some(reply_to) = variant.reply_to {
            reply_to_and_list_id.push(message::mailbox_header("Reply-To", reply_to)?);
        }
        reply_to_and_list_id.push(message::list_id_header(variant.list_id)?);
        // Validates the mailto address once instead of for each recipient.
        message::list_unsubscribe_value("https://example.org", variant.unsubscribe_mailto)?;
        let boundary = message::boundary(variant.boundary_seed);
        let body_without_name =
            equivalence::without_name(variant.text, variant.html, variant.placeholders);
        Ok(Self {
            from: header::to_lines([message::mailbox_header("From", variant.from)?]),
            subject: Subject::new(variant),
            reply_to_and_list_id: header::to_lines(reply_to_and_list_id),
            unsubscribe_mailto: variant.unsubscribe_mailto.map(str::to_owned),
            trailing_headers: trailing_headers(variant, &boundary),
            body: Body::new(variant.text, variant.html, variant.placeholders, &boundary),
            body_without_name: body_without_name
                .map(|(text, html)| Body::new(&text, &html, variant.placeholders, &boundary)),
        })
    }

    /// Returns the complete message for one recipient: 7-bit, with CRLF line ends. Equal recipients
    /// produce equal bytes.
    ///
    /// # Errors
    /// Fails if the address, the Message-ID or the link is invalid. Names never cause an error.
    pub fn render(&self, recipient: &Recipient<'_>) -> Result<String, BuildError> {
        let to = message::ascii_address("the recipient's address", recipient.address)?;
        let message_id = message::message_id_value(recipient.message_id)?;
        let unsubscribe = message::list_unsubscribe_value(
            recipient.unsubscribe_url,
            self.unsubscribe_mailto.as_deref(),
        )?;
        let name = one_line(recipient.name.unwrap_or_default());
        let values = Values {
            name: &name,
            address: recipient.address,
            unsubscribe_url: recipient.unsubscribe_url,
        };
        let body =
            self.body_without_name.as_ref().filter(|_| name.is_empty()).unwrap_or(&self.body);
        let mut out = String::with_capacity(
            self.from.len()
                + self.reply_to_and_list_id.len()
                + self.trailing_headers.len()
                + body.len()
                + 2048,
        );
        out.push_str(&self.from);
        push_header(&mut out, "To", &header::mailbox_value("To", Some(&name), to.as_ref()));
        self.subject.render(values, &mut out);
        out.push_str(&header::to_lines([message::date_header(recipient.date)]));
        push_header(&mut out, "Message-ID", &message_id);
        out.push_str(&self.reply_to_and_list_id);
        push_header(&mut out, "List-Unsubscribe", &unsubscribe);
        out.push_str(&self.trailing_headers);
        body.render(values, &mut out);
        Ok(out)
    }
}

fn push_header(out: &mut String, name: &str, value: &str) {
    for part in [name, ": ", value, "\r\n"] {
        out.push_str(part);
    }
}

fn trailing_headers(variant: &VariantParts<'_>, boundary: &str) -> String {
    let mut headers: Vec<HeaderValue> =
        vec![message::one_click_header(), header::unstructured("Auto-Submitted", "auto-generated")];
    headers.extend(variant.feedback_id.map(|id| header::unstructured("Feedback-ID", id)));
    headers.extend(variant.edition.map(|id| header::unstructured("X-Courant-Edition", id)));
    let parts = MultiPart::alternative().boundary(boundary).build();
    format!("{}MIME-Version: 1.0\r\n{}\r\n", header::to_lines(headers), parts.headers())
}

/// Returns a variant with the values of its recipient in place of the placeholders.
pub fn fill_variant(
    variant: &RenderedMail,
    placeholders: &Placeholders,
    name: &str,
    address: &str,
    unsubscribe_url: &str,
) -> RenderedMail {
    let name = one_line(name);
    let values = Values { name: &name, address, unsubscribe_url };
    equivalence::fill_placeholders(variant, placeholders, values)
}

impl Subject {
    fn new(variant: &VariantParts<'_>) -> Self {
        let segments = Segments::plain(variant.subject, variant.placeholders);
        let (first, rest) = (segments.literals[0], &segments.literals[1..]);
        if rest.is_empty() {
            return Self::Fixed(header::to_lines([header::unstructured("Subject", first)]));
        }
        let rest = segments
            .placeholders
            .iter()
            .zip(rest)
            .map(|((placeholder, _), literal)| (*placeholder, (*literal).to_owned()));
        Self::WithPlaceholders(first.to_owned(), rest.collect())
    }

    fn render(&self, values: Values<'_>, out: &mut String) {
        match self {
            Self::Fixed(header) => out.push_str(header),
            Self::WithPlaceholders(first, rest) => {
                let mut subject = first.clone();
                for (placeholder, literal) in rest {
                    subject.push_str(values.get(*placeholder));
                    subject.push_str(literal);
                }
                out.push_str(&header::to_lines([header::unstructured("Subject", &subject)]));
            }
        }
    }
}

/// Both MIME parts with their delimiters.
#[derive(Debug)]
struct Body {
    text: MimePart,
    html: MimePart,
    end: String,
}

#[derive(Debug)]
struct MimePart {
    head: String,
    content: EncodedBody,
}

/// Body of a part in the shorter of both encodings.
#[derive(Debug)]
enum EncodedBody {
    QuotedPrintable(QuotedPrintable),
    Base64(Base64),
}

impl Body {
    fn new(text: &str, html: &str, placeholders: &Placeholders, boundary: &str) -> Self {
        let (text, html) = (message::normalize_line_ends(text), message::normalize_line_ends(html));
        Self {
            text: MimePart::new("plain", &Segments::plain(&text, placeholders), boundary),
            html: MimePart::new("html", &Segments::html(&html, placeholders), boundary),
            end: format!("\r\n--{boundary}--\r\n"),
        }
    }

    fn len(&self) -> usize {
        self.text.len() + self.html.len() + self.end.len()
    }

    fn render(&self, values: Values<'_>, out: &mut String) {
        self.text.render(values, out);
        out.push_str("\r\n");
        self.html.render(values, out);
        out.push_str(&self.end);
    }
}

impl MimePart {
    fn new(kind: &str, segments: &Segments<'_>, boundary: &str) -> Self {
        let (quoted_printable, base64) = (QuotedPrintable::new(segments), Base64::new(segments));
        let (encoding, content) = if quoted_printable.len() <= base64.len() {
            ("quoted-printable", EncodedBody::QuotedPrintable(quoted_printable))
        } else {
            ("base64", EncodedBody::Base64(base64))
        };
        let head = format!(
            "--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        Self { head, content }
    }

    fn len(&self) -> usize {
        self.head.len()
            + match &self.content {
                EncodedBody::QuotedPrintable(quoted_printable) => quoted_printable.len(),
                EncodedBody::Base64(base64) => base64.len(),
            }
    }

    fn render(&self, values: Values<'_>, out: &mut String) {
        out.push_str(&self.head);
        match &self.content {
            EncodedBody::QuotedPrintable(quoted_printable) => quoted_printable.render(values, out),
            EncodedBody::Base64(base64) => base64.render(values, out),
        }
    }
}
