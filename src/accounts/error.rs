//! Errors of this module.

use crate::domain::password::PasswordError;
use crate::store::StoreError;

/// Reason for which a change to a user is rejected.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is not a slug; one sentence.
    #[error("{0}")]
    InvalidName(String),
    /// Another user has the name.
    #[error("a user named {0:?} already exists; choose another name")]
    NameTaken(String),
    /// There is no user with the name.
    #[error("there is no user {0:?}")]
    NotFound(String),
    /// The user is the only admin.
    #[error("{0:?} is the last admin; make another user an admin first")]
    LastAdmin(String),
    /// The role always concerns all digests.
    #[error("the role {0} cannot be limited to some digests; use editor or lists")]
    NotLimitable(&'static str),
    /// The list of digests is empty.
    #[error("the list of digests is empty; name at least one, or leave it out for all")]
    NoDigest,
    /// The password is not accepted.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A cryptographic function failed; one sentence.
    #[error("{0}")]
    Crypto(&'static str),
    /// An operation of the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
