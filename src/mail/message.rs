//! What we say: a digest or a confirmation as a complete message (RFC 5322), 7-bit, its lines ending in CRLF.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lettre::Message;
use lettre::address::Address;
use lettre::message::header::{ContentType, Date, Header as _, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};

use super::header;
use crate::domain::time::Millis;

/// The last second that a date in a header can hold: 9999-12-31T23:59:59Z.
const LAST_DATE: i64 = 253_402_300_799_000;

/// Everything one mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter<'a> {
    /// Sender: `Name <address>` or an address.
    pub from: &'a str,
    /// The recipient's address.
    pub to_address: &'a str,
    /// The recipient's name.
    pub to_name: Option<&'a str>,
    /// Where answers go: `Name <address>` or an address.
    pub reply_to: Option<&'a str>,
    /// Subject, any text.
    pub subject: &'a str,
    /// The text part, any line ends.
    pub text: &'a str,
    /// The HTML part, any line ends.
    pub html: &'a str,
    /// `local@domain`, without angle brackets: see [`message_id`].
    pub message_id: &'a str,
    /// When it was made: the same at every attempt.
    pub date: Millis,
    /// The list it belongs to; none for a confirmation.
    pub list: Option<ListHeaders<'a>>,
    /// `Feedback-ID`, by which large receivers report complaints.
    pub feedback_id: Option<&'a str>,
    /// The edition's id, for `X-Courant-Edition`.
    pub edition: Option<&'a str>,
}

/// The headers of a mailing list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListHeaders<'a> {
    /// `weekly.news.example.edu`, without angle brackets (RFC 2919).
    pub list_id: &'a str,
    /// Where one POST leaves the list (RFC 8058).
    pub unsubscribe_url: &'a str,
    /// An address that leaves the list when it gets a mail, where one is configured.
    pub unsubscribe_mailto: Option<&'a str>,
}

/// One sentence why a letter can't be made into a mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Letter<'_> {
    /// The complete message; the same letter gives the same bytes.
    ///
    /// # Errors
    /// When an address, the Message-ID or a list header can't stand in a mail; every text can.
    pub fn to_message(&self) -> Result<String, Refused> {
        let to = ascii_address("the recipient's address", self.to_address)?;
        let mut message = Message::builder()
            .raw_header(mailbox("From", self.from)?)
            .raw_header(header::mailbox("To", self.to_name, to.as_ref()))
            .raw_header(header::text("Subject", self.subject))
            .raw_header(date(self.date))
            .raw_header(header::encoded("Message-ID", message_id_value(self.message_id)?));
        if let Some(reply_to) = self.reply_to {
            message = message.raw_header(mailbox("Reply-To", reply_to)?);
        }
        for value in self.list_headers()? {
            message = message.raw_header(value);
        }
        message = message.raw_header(header::text("Auto-Submitted", "auto-generated"));
        if let Some(feedback_id) = self.feedback_id {
            message = message.raw_header(header::text("Feedback-ID", feedback_id));
        }
        if let Some(edition) = self.edition {
            message = message.raw_header(header::text("X-Courant-Edition", edition));
        }
        let parts = MultiPart::alternative().boundary(boundary(self.message_id));
        let parts = parts
            .singlepart(part(ContentType::TEXT_PLAIN, self.text))
            .singlepart(part(ContentType::TEXT_HTML, self.html));
        let message = message
            .multipart(parts)
            .map_err(|e| Refused(format!("the mail can't be put together: {e}")))?;
        // Lettre writes its bodies as 7bit, quoted-printable or base64, and its headers as ASCII.
        String::from_utf8(message.formatted())
            .map_err(|_| Refused("the mail is not 7-bit".to_owned()))
    }

    fn list_headers(&self) -> Result<Vec<HeaderValue>, Refused> {
        let Some(list) = &self.list else { return Ok(Vec::new()) };
        Ok(vec![
            list_id(list.list_id)?,
            header::encoded(
                "List-Unsubscribe",
                unsubscribe_value(list.unsubscribe_url, list.unsubscribe_mailto)?,
            ),
            one_click(),
        ])
    }
}

/// `List-ID` (RFC 2919).
pub(super) fn list_id(id: &str) -> Result<HeaderValue, Refused> {
    Ok(header::encoded("List-ID", bracketed("the list's id", id)?))
}

/// What says that one POST to the unsubscribe link is enough (RFC 8058).
pub(super) fn one_click() -> HeaderValue {
    header::text("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
}

/// The value of `List-Unsubscribe` as it goes out.
pub(super) fn unsubscribe_value(url: &str, mailto: Option<&str>) -> Result<String, Refused> {
    let mut value = bracketed("the unsubscribe link", url)?;
    if let Some(mailto) = mailto {
        bracketed("the unsubscribe address", mailto)?;
        value.push_str(&format!(",\r\n <mailto:{mailto}>"));
    }
    Ok(value)
}

fn bracketed(what: &str, value: &str) -> Result<String, Refused> {
    let bracketed = format!("<{value}>");
    let sound = !value.is_empty() && !value.contains(['<', '>']) && header::is_token(&bracketed);
    if sound {
        Ok(bracketed)
    } else {
        Err(Refused(format!("{what} {value:?} can't stand in a mail's header")))
    }
}

/// The value of `Message-ID` as it goes out.
pub(super) fn message_id_value(id: &str) -> Result<String, Refused> {
    let sound =
        id.split_once('@').is_some_and(|(l, d)| !l.is_empty() && !d.is_empty() && !d.contains('@'));
    let sound = sound && !id.contains(['<', '>', '(', ')', '"', '\\', ',', ';', ':']);
    let value = format!("<{id}>");
    if sound && header::is_token(&value) {
        Ok(value)
    } else {
        Err(Refused(format!("{id:?} can't be a Message-ID; it is local@domain")))
    }
}

/// The header `Date`.
pub(super) fn date(at: Millis) -> HeaderValue {
    let since = Duration::from_millis(u64::try_from(at.0.clamp(0, LAST_DATE)).unwrap_or_default());
    Date::new(UNIX_EPOCH + since).display()
}

/// Makes the Message-IDs of deliveries: the same at every attempt and on every node, and not to be guessed by who does not
/// know the secret.
#[derive(Clone)]
pub struct MessageIds {
    keyed: Hmac<Sha256>,
    domain: String,
}

impl MessageIds {
    /// Those under a domain.
    pub fn of(secret: &[u8], domain: &str) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104)")]
        let mut keyed = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
        keyed.update(b"message-id\0");
        Self { keyed, domain: domain.to_owned() }
    }

    /// The Message-ID of a delivery, without angle brackets.
    pub fn id(&self, delivery_key: &str) -> String {
        let mut mac = self.keyed.clone();
        mac.update(delivery_key.as_bytes());
        // 160 bits: no two deliveries meet, and the name stays short.
        let digest = mac.finalize().into_bytes();
        let mut id = String::with_capacity(28 + self.domain.len());
        URL_SAFE_NO_PAD.encode_string(&digest[..20], &mut id);
        id.push('@');
        id.push_str(&self.domain);
        id
    }
}

/// A single Message-ID: see [`MessageIds`].
pub fn message_id(delivery_key: &str, secret: &[u8], domain: &str) -> String {
    MessageIds::of(secret, domain).id(delivery_key)
}

/// Made from the Message-ID, so that the same letter gives the same bytes; nobody who writes a text knows it beforehand, and
/// "=_" does not occur in encoded ones.
pub(super) fn boundary(message_id: &str) -> String {
    let digest = Sha256::digest(message_id.as_bytes());
    format!("=_{}", URL_SAFE_NO_PAD.encode(&digest[..18]))
}

fn part(kind: ContentType, body: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(crlf(body))
}

/// Every line end as CRLF: lettre takes quadratic time over bare line feeds, and a bare one smuggles on some servers.
/// Other control characters have no meaning in a mail and go.
pub(super) fn crlf(body: &str) -> String {
    let lines = body.replace("\r\n", "\n").replace('\r', "\n");
    let clean: String =
        lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    clean.replace('\n', "\r\n")
}

/// `Name <address>`, `"Name" <address>` or an address.
pub(super) fn mailbox(name: &'static str, value: &str) -> Result<HeaderValue, Refused> {
    let refused =
        |_| Refused(format!("{value:?} is not a mailbox for {name}; write it as: Name <address>"));
    let (display, address) = match value.trim().strip_suffix('>').and_then(|v| v.rsplit_once('<')) {
        Some((display, address)) => (unquoted(display.trim()), address.trim()),
        None => (String::new(), value.trim()),
    };
    let address = ascii_address(name, address).map_err(refused)?;
    Ok(header::mailbox(name, Some(&display), address.as_ref()))
}

fn unquoted(display: &str) -> String {
    match display.strip_prefix('"').and_then(|d| d.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => display.to_owned(),
    }
}

/// An address that stands in a header: ASCII, its domain as A-labels.
pub(super) fn ascii_address(what: &str, address: &str) -> Result<Address, Refused> {
    let refused = || Refused(format!("{what} {address:?} is not an address that mail can go to"));
    let (local, domain) = address.rsplit_once('@').ok_or_else(refused)?;
    let domain = if domain.starts_with('[') {
        domain.to_owned()
    } else {
        idna::domain_to_ascii(domain).map_err(|_| refused())?
    };
    let sound = local.bytes().all(|b| {
        b.is_ascii_graphic()
            && !matches!(b, b'<' | b'>' | b'"' | b'(' | b')' | b',' | b';' | b':' | b'\\')
    });
    if !sound || local.len() > 64 || domain.len() > 255 {
        return Err(refused());
    }
    Address::new(local, domain).map_err(|_| refused())
}

#[cfg(test)]
mod tests;
