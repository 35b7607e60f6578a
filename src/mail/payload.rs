//! JSON payloads of queued transactional messages, and the placeholders in rendered variants.

use serde::{Deserialize, Serialize};

use crate::domain::link_token;

/// Validity of the link in a confirmation e-mail, in days.
pub const CONFIRMATION_LINK_DAYS: i64 = 30;

/// Payload of a queued confirmation message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConfirmationPayload {
    /// Names of the digests to confirm.
    pub digests: Vec<String>,
    /// Chosen sections; empty means all sections.
    #[serde(default)]
    pub sections: Vec<String>,
    /// Language of the message; `None` for the default language of the site.
    pub language: Option<String>,
}

/// Payload of a queued test message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TestMailPayload {
    /// `From` mailbox, as `Name <address>` or an address.
    pub from: String,
    /// `Reply-To` mailbox, in the same form.
    pub reply_to: Option<String>,
    /// Subject, as plain text.
    pub subject: String,
    /// HTML body, complete document.
    pub html: String,
    /// Plain text body, any line ends.
    pub text: String,
    /// Name of the digest, for the headers of the mailing list; `None` in a message queued by an
    /// earlier version, which has no such headers.
    #[serde(default)]
    pub digest: Option<String>,
    /// Display name of the recipient.
    #[serde(default)]
    pub name: Option<String>,
}

/// Strings that mark the subscriber's values in a rendered variant.
#[derive(Debug, Clone)]
pub struct Placeholders {
    /// Placeholder of the subscriber's name.
    pub name: String,
    /// Placeholder of the subscriber's address.
    pub address: String,
    /// Placeholder of the unsubscribe link.
    pub unsubscribe_url: String,
}

impl Placeholders {
    /// Derives the placeholders from the secret of the instance, so that no author of an article
    /// can guess them.
    pub fn new(secret: &[u8]) -> Self {
        let placeholder = |name| link_token::placeholder(secret, name);
        Self {
            name: placeholder("name"),
            address: placeholder("address"),
            unsubscribe_url: placeholder("unsubscribe"),
        }
    }
}
