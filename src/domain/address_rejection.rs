//! Meaning of the permanent rejection of a message for the address of its recipient.

use super::time::{HOUR, SignedDuration};

/// Number of editions in whose delivery a recipient was rejected, after which it is suppressed.
pub const REJECTED_EDITIONS_TO_SUPPRESS: i64 = 3;
/// Time in which these rejections are counted: 30 days.
pub const REJECTION_WINDOW: SignedDuration = SignedDuration::from_secs(30 * 24 * HOUR.as_secs());

/// Meaning of a rejection for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressRejection {
    /// The mailbox or its domain does not exist.
    NoMailbox,
    /// Another reason that concerns only this recipient.
    Other,
    /// A reason that may concern the sender, the relay or the message, such as a policy. It counts for the
    /// recipient while others receive the same edition.
    Unclear,
}

impl AddressRejection {
    /// Returns the word for the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoMailbox => "mailbox",
            Self::Other => "other",
            Self::Unclear => "unclear",
        }
    }
}
