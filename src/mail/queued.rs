//! What passes through the store between the flows that decide on a mail and the one that sends it.

use serde::{Deserialize, Serialize};

use crate::domain::token;

/// How long the link in a confirmation mail works, in days.
pub const CONFIRM_DAYS: i64 = 30;

/// What a confirmation asks about, as it is queued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// Digests' names.
    pub digests: Vec<String>,
    /// The language it is written in, if told.
    pub language: Option<String>,
}

/// A test mail, as it is queued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Proof {
    /// `From` mailbox.
    pub from: String,
    /// `Reply-To` mailbox.
    pub reply_to: Option<String>,
    /// Subject.
    pub subject: String,
    /// HTML.
    pub html: String,
    /// Text.
    pub text: String,
}

/// The words that stand for a subscriber's values in a rendered variant.
#[derive(Debug, Clone)]
pub struct Slots {
    /// For the name.
    pub name: String,
    /// For the address.
    pub address: String,
    /// For the address of the page that unsubscribes.
    pub unsubscribe_url: String,
}

impl Slots {
    /// The slots of a store: no author of an article can guess them.
    pub fn of(secret: &[u8]) -> Self {
        let slot = |name| token::sentinel(secret, name);
        Self { name: slot("name"), address: slot("address"), unsubscribe_url: slot("unsubscribe") }
    }
}
