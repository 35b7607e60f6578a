//! Builds complete messages (RFC 5322) of digests and transactional messages: 7-bit, with CRLF line
//! ends.

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

/// Latest time that a `Date` header can hold, in Unix milliseconds: 9999-12-31T23:59:59Z.
const MAX_DATE_MS: i64 = 253_402_300_799_000;

/// Content of one message before encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageParts<'a> {
    /// Sender, as `Name <address>` or an address.
    pub from: &'a str,
    /// Address of the recipient, without a name.
    pub to_address: &'a str,
    /// Display name of the recipient.
    pub to_name: Option<&'a str>,
    /// `Reply-To`, as `Name <address>` or an address.
    pub reply_to: Option<&'a str>,
    /// Subject, as any text.
    pub subject: &'a str,
    /// Plain text part, with any line ends.
    pub text: &'a str,
    /// HTML part, with any line ends.
    pub html: &'a str,
    /// Message-ID as `local@domain`, without angle brackets: see [`message_id`].
    pub message_id: &'a str,
    /// Time of creation, the same at every attempt.
    pub date: Millis,
    /// Headers of the mailing list; `None` for transactional mail.
    pub list: Option<ListHeaders<'a>>,
    /// `Feedback-ID`, which large receivers use to report complaints.
    pub feedback_id: Option<&'a str>,
    /// Id of the edition, for `X-Courant-Edition`.
    pub edition: Option<&'a str>,
}

/// Headers of a mailing list (RFC 2369, RFC 2919, RFC 8058).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListHeaders<'a> {
    /// List-ID such as `weekly.news.example.edu`, without angle brackets (RFC 2919).
    pub list_id: &'a str,
    /// Link that unsubscribes with a single POST (RFC 8058).
    pub unsubscribe_url: &'a str,
    /// Address to which subscribers write to unsubscribe, if one is configured.
    pub unsubscribe_mailto: Option<&'a str>,
}

/// Reason why a message cannot be built or signed, as one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(pub String);

impl MessageParts<'_> {
    /// Returns the complete message. Equal parts produce equal bytes.
    ///
    /// # Errors
    /// Fails if an address, the Message-ID or a list header is invalid. Text never causes an error.
    pub fn to_message(&self) -> Result<String, BuildError> {
        let to = ascii_address("the recipient's address", self.to_address)?;
        let mut message = Message::builder()
            .raw_header(mailbox_header("From", self.from)?)
            .raw_header(header::mailbox("To", self.to_name, to.as_ref()))
            .raw_header(header::unstructured("Subject", self.subject))
            .raw_header(date_header(self.date))
            .raw_header(header::pre_encoded("Message-ID", message_id_value(self.message_id)?));
        if let Some(reply_to) = self.reply_to {
            message = message.raw_header(mailbox_header("Reply-To", reply_to)?);
        }
        for value in self.list_headers()? {
            message = message.raw_header(value);
        }
        message = message.raw_header(header::unstructured("Auto-Submitted", "auto-generated"));
        if let Some(feedback_id) = self.feedback_id {
            message = message.raw_header(header::unstructured("Feedback-ID", feedback_id));
        }
        if let Some(edition) = self.edition {
            message = message.raw_header(header::unstructured("X-Courant-Edition", edition));
        }
        let parts = MultiPart::alternative().boundary(boundary(self.message_id));
        let parts = parts
            .singlepart(single_part(ContentType::TEXT_PLAIN, self.text))
            .singlepart(single_part(ContentType::TEXT_HTML, self.html));
        let message = message
            .multipart(parts)
            .map_err(|e| BuildError(format!("cannot build the message: {e}")))?;
        // Lettre writes bodies as 7bit, quoted-printable or base64, and headers as ASCII.
        String::from_utf8(message.formatted())
            .map_err(|_| BuildError("cannot build the message: it is not 7-bit".to_owned()))
    }

    fn list_headers(&self) -> Result<Vec<HeaderValue>, BuildError> {
        let Some(list) = &self.list else { return Ok(Vec::new()) };
        Ok(vec![
            list_id_header(list.list_id)?,
            header::pre_encoded(
                "List-Unsubscribe",
                list_unsubscribe_value(list.unsubscribe_url, list.unsubscribe_mailto)?,
            ),
            one_click_header(),
        ])
    }
}

/// Returns the header `List-ID` (RFC 2919).
pub(super) fn list_id_header(id: &str) -> Result<HeaderValue, BuildError> {
    Ok(header::pre_encoded("List-ID", angle_bracketed("the list's id", id)?))
}

/// Returns `List-Unsubscribe-Post`, which declares one-click unsubscription (RFC 8058).
pub(super) fn one_click_header() -> HeaderValue {
    header::unstructured("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
}

/// Returns the encoded value of `List-Unsubscribe` (RFC 2369).
pub(super) fn list_unsubscribe_value(
    url: &str,
    mailto: Option<&str>,
) -> Result<String, BuildError> {
    let mut value = angle_bracketed("the unsubscribe link", url)?;
    if let Some(mailto) = mailto {
        angle_bracketed("the unsubscribe address", mailto)?;
        value.push_str(&format!(",\r\n <mailto:{mailto}>"));
    }
    Ok(value)
}

fn angle_bracketed(header: &str, value: &str) -> Result<String, BuildError> {
    let angle_bracketed = format!("<{value}>");
    let is_valid =
        !value.is_empty() && !value.contains(['<', '>']) && header::fits_unfolded(&angle_bracketed);
    if is_valid {
        Ok(angle_bracketed)
    } else {
        Err(BuildError(format!("{header} {value:?} is not valid in a message header")))
    }
}

/// Returns the encoded value of `Message-ID`.
pub(super) fn message_id_value(id: &str) -> Result<String, BuildError> {
    let is_valid =
        id.split_once('@').is_some_and(|(l, d)| !l.is_empty() && !d.is_empty() && !d.contains('@'));
    let is_valid = is_valid && !id.contains(['<', '>', '(', ')', '"', '\\', ',', ';', ':']);
    let value = format!("<{id}>");
    if is_valid && header::fits_unfolded(&value) {
        Ok(value)
    } else {
        Err(BuildError(format!("{id:?} is not a valid Message-ID; use local@domain")))
    }
}

/// Returns the header `Date`, with the time clamped to the years 1970 to 9999.
pub(super) fn date_header(at: Millis) -> HeaderValue {
    let since =
        Duration::from_millis(u64::try_from(at.0.clamp(0, MAX_DATE_MS)).unwrap_or_default());
    Date::new(UNIX_EPOCH + since).display()
}

/// Generates the Message-IDs of deliveries: the same at every attempt and on every node, and
/// unpredictable without the secret.
#[derive(Clone)]
pub struct MessageIds {
    hmac: Hmac<Sha256>,
    domain: String,
}

impl MessageIds {
    /// Returns a generator of ids under this domain.
    pub fn new(secret: &[u8], domain: &str) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC accepts keys of any length (RFC 2104)")]
        let mut hmac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC accepts keys of any length");
        hmac.update(b"message-id\0");
        Self { hmac, domain: domain.to_owned() }
    }

    /// Returns the Message-ID of a delivery, without angle brackets.
    pub fn id(&self, delivery_key: &str) -> String {
        let mut mac = self.hmac.clone();
        mac.update(delivery_key.as_bytes());
        // 160 bits rule out collisions and keep the id short.
        let digest = mac.finalize().into_bytes();
        let mut id = String::with_capacity(28 + self.domain.len());
        URL_SAFE_NO_PAD.encode_string(&digest[..20], &mut id);
        id.push('@');
        id.push_str(&self.domain);
        id
    }
}

/// Returns a single Message-ID: see [`MessageIds`].
pub fn message_id(delivery_key: &str, secret: &[u8], domain: &str) -> String {
    MessageIds::new(secret, domain).id(delivery_key)
}

/// Returns a MIME boundary derived from `seed`, so that equal messages have equal bytes. Authors of
/// texts cannot predict it, and "=_" does not occur in encoded text.
pub(super) fn boundary(seed: &str) -> String {
    let digest = Sha256::digest(seed.as_bytes());
    format!("=_{}", URL_SAFE_NO_PAD.encode(&digest[..18]))
}

fn single_part(kind: ContentType, body: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(normalize_line_ends(body))
}

/// Converts every line end to CRLF and removes other control characters, which have no meaning in a
/// message. Lettre takes quadratic time for bare line feeds, and some servers accept them as message
/// ends (SMTP smuggling).
pub(super) fn normalize_line_ends(body: &str) -> String {
    let lines = body.replace("\r\n", "\n").replace('\r', "\n");
    let clean: String =
        lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    clean.replace('\n', "\r\n")
}

/// Parses `Name <address>`, `"Name" <address>` or an address into a header.
pub(super) fn mailbox_header(name: &'static str, value: &str) -> Result<HeaderValue, BuildError> {
    let invalid = |_| {
        BuildError(format!(
            "{value:?} is not a valid mailbox for {name}; write it as Name <address>"
        ))
    };
    let (display, address) = match value.trim().strip_suffix('>').and_then(|v| v.rsplit_once('<')) {
        Some((display, address)) => (unquote(display.trim()), address.trim()),
        None => (String::new(), value.trim()),
    };
    let address = ascii_address(name, address).map_err(invalid)?;
    Ok(header::mailbox(name, Some(&display), address.as_ref()))
}

fn unquote(display: &str) -> String {
    match display.strip_prefix('"').and_then(|d| d.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => display.to_owned(),
    }
}

/// Validates an address for use in a header; its domain is converted to A-labels (RFC 5890).
pub(super) fn ascii_address(header: &str, address: &str) -> Result<Address, BuildError> {
    let invalid = || BuildError(format!("{header} {address:?} is not a valid e-mail address"));
    let (local, domain) = address.rsplit_once('@').ok_or_else(invalid)?;
    let domain = if domain.starts_with('[') {
        domain.to_owned()
    } else {
        idna::domain_to_ascii(domain).map_err(|_| invalid())?
    };
    let is_valid = local.bytes().all(|b| {
        b.is_ascii_graphic()
            && !matches!(b, b'<' | b'>' | b'"' | b'(' | b')' | b',' | b';' | b':' | b'\\')
    });
    if !is_valid || local.len() > 64 || domain.len() > 255 {
        return Err(invalid());
    }
    Address::new(local, domain).map_err(|_| invalid())
}

#[cfg(test)]
mod tests;
