//! Errors of addresses that cannot be mailed.

use serde::Serialize;

/// Maximum length of a local part in octets (RFC 5321 section 4.5.3.1.1).
pub(super) const MAX_LOCAL_PART_BYTES: usize = 64;
/// Maximum length of an address in octets: the path of 256 (RFC 5321) without angle brackets.
pub(super) const MAX_ADDRESS_BYTES: usize = 254;

/// Text that is not an address, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddressError {
    /// Text that was entered.
    pub address: String,
    /// Reason why it cannot be mailed.
    #[serde(flatten)]
    pub problem: AddressProblem,
}

/// Reason why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum AddressProblem {
    /// There is no text.
    #[error("the address is empty")]
    AddressEmpty,
    /// The text has no `@`.
    #[error("it has no @")]
    NoAt,
    /// Nothing stands before the `@`.
    #[error("the part before the @ is empty")]
    LocalEmpty,
    /// The part before the `@` is quoted.
    #[error("quoted names before the @ are not supported")]
    LocalQuoted,
    /// The part before the `@` is not ASCII.
    #[error("the part before the @ has non-ASCII letters, which few mail servers accept")]
    LocalNotAscii,
    /// The part before the `@` is too long.
    #[error("the part before the @ has more than {MAX_LOCAL_PART_BYTES} characters")]
    LocalTooLong,
    /// A dot stands at an end of the part before the `@`, or beside another one.
    #[error("the part before the @ has a dot at an end, or two in a row")]
    LocalDots,
    /// A character is not allowed before the `@`.
    #[error("the part before the @ has a character that is not allowed there")]
    LocalCharacter,
    /// Nothing stands after the `@`.
    #[error("the domain is missing")]
    DomainMissing,
    /// The domain is an IP address in brackets.
    #[error("the domain must be a name, not an IP address in brackets")]
    DomainInBrackets,
    /// The domain is not a host name.
    #[error("the domain is not a valid host name")]
    DomainInvalid,
    /// The domain has no dot.
    #[error("the domain has no dot")]
    DomainWithoutDot,
    /// The domain is an IP address.
    #[error("the domain must be a name, not an IP address")]
    DomainNumeric,
    /// The whole address is too long.
    #[error("an address has at most {MAX_ADDRESS_BYTES} characters")]
    AddressTooLong,
}

impl std::fmt::Display for AddressError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { address, problem } = self;
        match problem {
            AddressProblem::AddressEmpty => write!(f, "{problem}"),
            AddressProblem::NoAt => {
                write!(f, "`{address}` is not a valid e-mail address: {problem}")
            }
            _ => write!(f, "`{address}` cannot be mailed: {problem}"),
        }
    }
}

impl std::error::Error for AddressError {}

impl From<AddressError> for String {
    fn from(error: AddressError) -> Self {
        error.to_string()
    }
}
