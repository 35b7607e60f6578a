//! DKIM signatures over our mails (RFC 6376, RFC 8463), for relays that do not sign: off unless a transport names keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::Refused;
use crate::config::Transport;
use crate::domain::time::Millis;

mod canonical;
mod key;
#[cfg(test)]
mod tests;

use key::Key;

/// What is signed where it is there, in this order; what is marked is also sealed against the addition of another one, for
/// that would change who seems to speak, to whom, or what is shown.
const SIGNED: [(&str, bool); 15] = [
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
    // Receivers offer one-click unsubscribing only where both are signed (RFC 8058 section 4).
    ("List-Unsubscribe", false),
    ("List-Unsubscribe-Post", false),
    ("Auto-Submitted", false),
    ("Feedback-ID", false),
];

/// Lines up to this length are not folded (RFC 5322 section 2.1.1).
const GOOD_LENGTH: usize = 78;

/// The keys of a transport, ready to sign; cheap to clone.
#[derive(Clone)]
pub struct Signer {
    keys: Arc<[(String, Key)]>,
    domain: Option<Arc<str>>,
}

/// A TXT record of the DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `SELECTOR._domainkey.DOMAIN`.
    pub name: String,
    /// Its text; longer than 255 characters for RSA, so a zone file takes it in several strings.
    pub value: String,
}

/// The hash of a body, which is all behind the header section's empty line; its lines end in CRLF. Each mail has its own: in
/// the bodies of an edition stands the reader's own link to leave.
fn body_hash(body: &str) -> String {
    STANDARD.encode(digest::digest(&SHA256, &canonical::body(body.as_bytes())))
}

impl Signer {
    /// Reads the keys that a transport names; nothing when it names none.
    ///
    /// # Errors
    /// Every file that can't be read or used, a sentence each: where it is named, what is wrong, what to do.
    pub fn of(transport: &Transport) -> Result<Option<Self>, Vec<String>> {
        let (mut keys, mut faults) = (Vec::new(), Vec::new());
        for entry in &transport.dkim {
            match Key::read(&entry.file) {
                Ok(key) => keys.push((entry.selector.clone(), key)),
                Err(why) => faults.push(format!("{}: {why}", entry.place)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let signer =
            Self { keys: keys.into(), domain: transport.dkim_domain.as_deref().map(Arc::from) };
        Ok(Some(signer).filter(|signer| !signer.keys.is_empty()))
    }

    /// Whether a signature takes about a millisecond (RSA), too long for a thread that others wait for.
    pub fn is_costly(&self) -> bool {
        self.keys.iter().any(|(_, key)| key.is_rsa())
    }

    /// The signatures of a complete message, one field for each key, to be put in front of it. The same message and time
    /// give the same bytes.
    ///
    /// # Errors
    /// When it is no message, or has no sender.
    pub fn sign(&self, message: &str, at: Millis) -> Result<String, Refused> {
        let (head, body) = message
            .split_once("\r\n\r\n")
            .ok_or_else(|| refused("it has no empty line behind its header"))?;
        let (fields, body_hash) = (canonical::fields(head), body_hash(body));
        let own;
        let domain = match &self.domain {
            Some(domain) => domain.as_ref(),
            None => {
                own = sender_domain(&fields)
                    .ok_or_else(|| refused("it has no From with a domain"))?;
                &own
            }
        };
        let (names, mut signed) = selected(&fields);
        let length = signed.len();
        let mut signatures = String::new();
        for (selector, key) in &*self.keys {
            let mut field = Folded::begin("DKIM-Signature: v=1;");
            field.add(" ", &format!("a={};", key.algorithm()));
            field.add(" ", "c=relaxed/relaxed;");
            field.add(" ", &format!("d={domain};"));
            field.add(" ", &format!("s={selector};"));
            field.add(" ", &format!("t={};", at.0.div_euclid(1_000).max(0)));
            for (i, name) in names.iter().enumerate() {
                let (glue, begin) = if i == 0 { (" ", "h=") } else { ("", "") };
                field.add(
                    glue,
                    &format!("{begin}{name}{}", if i + 1 == names.len() { ';' } else { ':' }),
                );
            }
            field.add(" ", &format!("bh={body_hash};"));
            field.add(" ", "b=");
            signed.truncate(length);
            canonical::field(&field.text, &mut signed);
            let signature = key
                .sign(&digest::digest(&SHA256, &signed))
                .ok_or_else(|| refused("the key failed"))?;
            field.add_broken(&signature);
            signatures += &field.text;
            signatures += "\r\n";
        }
        Ok(signatures)
    }

    /// The domain that signs; without one it is that of each mail's sender.
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// What receivers must find in the DNS of a domain that signs, a record for each key.
    pub fn records(&self, domain: &str) -> Vec<Record> {
        let record = |(selector, key): &(String, Key)| Record {
            name: format!("{selector}._domainkey.{domain}"),
            value: key.record().to_owned(),
        };
        self.keys.iter().map(record).collect()
    }
}

/// Selectors alone: keys are shown to nobody.
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

fn refused(why: &str) -> Refused {
    Refused(format!("the mail can't be signed: {why}"))
}

/// The names for `h=`, and the fields they stand for in relaxed form, those of one name from the last to the first
/// (RFC 6376 section 5.4.2).
fn selected(fields: &[&str]) -> (Vec<&'static str>, Vec<u8>) {
    let (mut names, mut signed) = (Vec::new(), Vec::new());
    for (name, sealed) in SIGNED {
        for field in fields.iter().rev().filter(|field| is_named(field, name)) {
            names.push(name);
            canonical::field(field, &mut signed);
            signed.extend_from_slice(b"\r\n");
        }
        // Named once more than it is there: what is added later breaks the signature.
        if sealed {
            names.push(name);
        }
    }
    (names, signed)
}

fn is_named(field: &str, name: &str) -> bool {
    field.split_once(':').is_some_and(|(own, _)| own.trim_end().eq_ignore_ascii_case(name))
}

/// The domain of the address in From.
fn sender_domain(fields: &[&str]) -> Option<String> {
    let from = fields.iter().find(|field| is_named(field, "From"))?;
    let (_, behind) = from.rsplit_once('@')?;
    let domain = behind.split(['>', ' ', '\t', '\r']).next().unwrap_or_default();
    let sound = !domain.is_empty()
        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    sound.then(|| domain.to_ascii_lowercase())
}

/// A header field under construction, folded between its pieces.
struct Folded {
    text: String,
    column: usize,
}

impl Folded {
    fn begin(text: &str) -> Self {
        Self { text: text.to_owned(), column: text.len() }
    }

    /// Adds a piece, behind `glue` or on a new line.
    fn add(&mut self, glue: &str, piece: &str) {
        if self.column + glue.len() + piece.len() > GOOD_LENGTH {
            self.fold();
        } else {
            self.text += glue;
            self.column += glue.len();
        }
        self.text += piece;
        self.column += piece.len();
    }

    /// Adds ASCII that may be broken anywhere.
    fn add_broken(&mut self, mut piece: &str) {
        while !piece.is_empty() {
            if self.column >= GOOD_LENGTH {
                self.fold();
            }
            let (line, rest) = piece.split_at((GOOD_LENGTH - self.column).min(piece.len()));
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
