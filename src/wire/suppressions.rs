//! Documents about suppressions: list, results of adding and removing one.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::suppressions;

/// Address, stored as a hash, or domain that must never be mailed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Suppression {
    /// Keyed hash of the address in hexadecimal, or the domain as `@example.com`.
    pub hash: String,
    /// E-mail address, `null` if no subscriber has it; or the domain as `@example.com`.
    #[schema(required)]
    pub email: Option<String>,
    /// Reason in one word: `admin`, `bounce` or `complaint`.
    pub reason: String,
    /// Reply of the relay for which Courant suppressed the address; `null` for other reasons.
    #[schema(required)]
    pub answer: Option<String>,
    /// Time of the suppression (RFC 3339).
    pub since: String,
}

impl From<&suppressions::Suppression> for Suppression {
    fn from(s: &suppressions::Suppression) -> Self {
        Self {
            hash: s.hash.clone(),
            email: s.address.clone(),
            reason: s.reason.clone(),
            answer: s.reply.clone(),
            since: s.created_at.rfc3339(),
        }
    }
}

/// Result of suppressing an address.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AddedSuppression {
    /// E-mail address or domain as it was entered.
    pub email: String,
    /// `true` if the address was not suppressed before.
    pub added: bool,
}

/// Result of removing an address from the suppression list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RemovedSuppression {
    /// E-mail address or domain as it was entered.
    pub email: String,
    /// Always `true`, because removing an unknown address fails.
    pub removed: bool,
}
