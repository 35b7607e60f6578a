//! DKIM signatures of our messages (RFC 6376, RFC 8463), for relays that do not sign. Off unless a
//! transport configures keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::BuildError;
use crate::config::Transport;
use crate::domain::time::Millis;

mod canonical;
mod key;
#[cfg(test)]
mod tests;

use key::Key;

/// Headers that are signed if present, in this order, with a flag for oversigning. An oversigned
/// header cannot be added to the message later: another one would change the apparent sender,
/// recipient or content.
const SIGNED_HEADERS: [(&str, bool); 15] = [
    ("From", true),
    ("To", true),
    ("Cc", true),
    ("Subject", true),
    ("Date", true),
    ("Reply-To", true),
    ("Message-ID", false),
    ("MIME-Version", false),
    ("Content-Type", true),
    ("Content-Transfer-Encoding", false),
    ("List-ID", false),
    // Receivers offer one-click unsubscribing only if both are signed (RFC 8058 section 4).
    ("List-Unsubscribe", false),
    ("List-Unsubscribe-Post", false),
    ("Auto-Submitted", false),
    ("Feedback-ID", false),
];

/// Longest line that is not folded, in characters (RFC 5322 section 2.1.1).
const RECOMMENDED_LINE_LENGTH: usize = 78;

/// Signing keys of a transport; cheap to clone.
#[derive(Clone)]
pub struct Signer {
    keys: Arc<[(String, Key)]>,
    domain: Option<Arc<str>>,
}

/// TXT record with a public key, as published in the DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsRecord {
    /// Name of the record: `SELECTOR._domainkey.DOMAIN`.
    pub name: String,
    /// Text of the record. For RSA it exceeds 255 characters, so a zone file needs it in several
    /// strings.
    pub value: String,
}

/// Returns the hash of a body, which is everything after the empty line of the header section; its
/// lines end in CRLF. Each mail has its own hash, because the body of a digest contains the
/// unsubscribe link of its recipient.
fn body_hash(body: &str) -> String {
    STANDARD.encode(digest::digest(&SHA256, &canonical::body(body.as_bytes())))
}

impl Signer {
    /// Reads the keys of a transport; returns `None` if it has none.
    ///
    /// # Errors
    /// Returns one sentence for each unusable key file: location in the configuration, problem,
    /// remedy.
    pub fn from_transport(transport: &Transport) -> Result<Option<Self>, Vec<String>> {
        let (mut keys, mut errors) = (Vec::new(), Vec::new());
        for entry in &transport.dkim {
            match Key::from_file(&entry.file) {
                Ok(key) => keys.push((entry.selector.clone(), key)),
                Err(reason) => errors.push(format!("{}: {reason}", entry.location)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let signer =
            Self { keys: keys.into(), domain: transport.dkim_domain.as_deref().map(Arc::from) };
        Ok(Some(signer).filter(|signer| !signer.keys.is_empty()))
    }

    /// Returns `true` if a signature takes about a millisecond (RSA), which is too long for an
    /// async thread.
    pub fn is_costly(&self) -> bool {
        self.keys.iter().any(|(_, key)| key.is_rsa())
    }

    /// Returns the signatures of a complete message, one header field for each key, to be prepended
    /// to it. Equal messages and times produce equal bytes.
    ///
    /// # Errors
    /// Fails if the message has no header section or no sender, or if the cryptographic library
    /// fails.
    pub fn sign(&self, message: &str, at: Millis) -> Result<String, BuildError> {
        let (head, body) = message
            .split_once("\r\n\r\n")
            .ok_or_else(|| sign_error("it has no empty line after its header"))?;
        let (fields, body_hash) = (canonical::split_fields(head), body_hash(body));
        let sender;
        let domain = match &self.domain {
            Some(domain) => domain.as_ref(),
            None => {
                sender = sender_domain(&fields)
                    .ok_or_else(|| sign_error("it has no From with a domain"))?;
                &sender
            }
        };
        let (names, mut signed) = select_fields(&fields);
        let length = signed.len();
        let mut signatures = String::new();
        for (selector, key) in &*self.keys {
            let mut field = FoldedHeader::new("DKIM-Signature: v=1;");
            field.push(" ", &format!("a={};", key.algorithm()));
            field.push(" ", "c=relaxed/relaxed;");
            field.push(" ", &format!("d={domain};"));
            field.push(" ", &format!("s={selector};"));
            field.push(" ", &format!("t={};", at.0.div_euclid(1_000).max(0)));
            for (i, name) in names.iter().enumerate() {
                let (separator, prefix) = if i == 0 { (" ", "h=") } else { ("", "") };
                field.push(
                    separator,
                    &format!("{prefix}{name}{}", if i + 1 == names.len() { ';' } else { ':' }),
                );
            }
            field.push(" ", &format!("bh={body_hash};"));
            field.push(" ", "b=");
            signed.truncate(length);
            canonical::field(&field.text, &mut signed);
            let signature = key
                .sign(&digest::digest(&SHA256, &signed))
                .ok_or_else(|| sign_error("the cryptographic library failed"))?;
            field.push_breakable(&signature);
            signatures += &field.text;
            signatures += "\r\n";
        }
        Ok(signatures)
    }

    /// Returns the signing domain; `None` means the domain of the sender of each message.
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// Returns the DNS records that receivers need for a signing domain, one for each key.
    pub fn dns_records(&self, domain: &str) -> Vec<DnsRecord> {
        let record = |(selector, key): &(String, Key)| DnsRecord {
            name: format!("{selector}._domainkey.{domain}"),
            value: key.dns_record().to_owned(),
        };
        self.keys.iter().map(record).collect()
    }
}

/// Shows only the selectors, never the keys.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let selectors: Vec<&str> =
            self.keys.iter().map(|(selector, _)| selector.as_str()).collect();
        f.debug_struct("Signer")
            .field("selectors", &selectors)
            .field("domain", &self.domain)
            .finish()
    }
}

fn sign_error(reason: &str) -> BuildError {
    BuildError(format!("cannot sign the message: {reason}"))
}

/// Returns the names for `h=` and the fields in relaxed form. Fields of one name are in order from
/// the last to the first (RFC 6376 section 5.4.2).
fn select_fields(fields: &[&str]) -> (Vec<&'static str>, Vec<u8>) {
    let (mut names, mut signed) = (Vec::new(), Vec::new());
    for (name, oversigned) in SIGNED_HEADERS {
        for field in fields.iter().rev().filter(|field| has_name(field, name)) {
            names.push(name);
            canonical::field(field, &mut signed);
            signed.extend_from_slice(b"\r\n");
        }
        // Listing the name once more than it occurs invalidates the signature if the header is
        // added later.
        if oversigned {
            names.push(name);
        }
    }
    (names, signed)
}

fn has_name(field: &str, name: &str) -> bool {
    field
        .split_once(':')
        .is_some_and(|(field_name, _)| field_name.trim_end().eq_ignore_ascii_case(name))
}

/// Returns the domain of the address in From, in lower case.
fn sender_domain(fields: &[&str]) -> Option<String> {
    let from = fields.iter().find(|field| has_name(field, "From"))?;
    let (_, rest) = from.rsplit_once('@')?;
    let domain = rest.split(['>', ' ', '\t', '\r']).next().unwrap_or_default();
    let is_valid = !domain.is_empty()
        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    is_valid.then(|| domain.to_ascii_lowercase())
}

/// Header field under construction, folded between its parts.
struct FoldedHeader {
    text: String,
    column: usize,
}

impl FoldedHeader {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), column: text.len() }
    }

    /// Appends a piece after `separator`, or on a new line.
    fn push(&mut self, separator: &str, piece: &str) {
        if self.column + separator.len() + piece.len() > RECOMMENDED_LINE_LENGTH {
            self.fold();
        } else {
            self.text += separator;
            self.column += separator.len();
        }
        self.text += piece;
        self.column += piece.len();
    }

    /// Appends ASCII text that may be folded anywhere.
    fn push_breakable(&mut self, mut piece: &str) {
        while !piece.is_empty() {
            if self.column >= RECOMMENDED_LINE_LENGTH {
                self.fold();
            }
            let (line, rest) =
                piece.split_at((RECOMMENDED_LINE_LENGTH - self.column).min(piece.len()));
            self.text += line;
            self.column += line.len();
            piece = rest;
        }
    }

    fn fold(&mut self) {
        self.text += "\r\n ";
        self.column = 1;
    }
}
