//! Reasons for which Courant itself did not send a message, or does not know its outcome. They are stored in
//! the place of a reply of the relay.

/// Reason that is stored instead of a reply of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsentReason {
    /// No subscription waits for the confirmation any more.
    NotAwaited,
    /// The address or its domain was suppressed.
    Suppressed,
    /// The subscription ended, or the address was suppressed.
    UnsubscribedOrSuppressed,
    /// The subscriber has another address.
    AddressChanged,
    /// The subscriber was erased.
    Erased,
    /// The process ended while it sent the message.
    ProcessEnded,
    /// The process was stopped before the relay had answered.
    Shutdown,
}

impl UnsentReason {
    /// All reasons that Courant stores itself.
    pub const ALL: [Self; 7] = [
        Self::NotAwaited,
        Self::Suppressed,
        Self::UnsubscribedOrSuppressed,
        Self::AddressChanged,
        Self::Erased,
        Self::ProcessEnded,
        Self::Shutdown,
    ];

    /// Returns the sentence that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAwaited => "not needed any more before it was sent",
            Self::Suppressed => "suppressed before it was sent",
            Self::UnsubscribedOrSuppressed => "unsubscribed or suppressed before it was sent",
            Self::AddressChanged => "the address was changed before it was sent",
            Self::Erased => "the subscriber was erased before it was sent",
            Self::ProcessEnded => {
                "the sending process ended during the attempt, so the outcome is unknown"
            }
            Self::Shutdown => "no reply to the message before the shutdown",
        }
    }

    /// Returns the code of the reason, for texts in other languages.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAwaited => "not-awaited",
            Self::Suppressed => "suppressed",
            Self::UnsubscribedOrSuppressed => "unsubscribed-or-suppressed",
            Self::AddressChanged => "address-changed",
            Self::Erased => "erased",
            Self::ProcessEnded => "process-ended",
            Self::Shutdown => "shutdown",
        }
    }

    /// Parses the sentence that [`as_str`](Self::as_str) returns; `None` for a reply of a relay.
    pub fn parse(sentence: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == sentence)
    }
}
