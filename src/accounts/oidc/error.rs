//! Errors of the sign-in with an OpenID provider.

use crate::accounts::error::AccountError;
use crate::store::StoreError;

/// Reason for which a sign-in with the provider fails.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The answer of the browser or of the provider is not acceptable; one sentence for the log.
    #[error("{0}")]
    Refused(&'static str),
    /// The provider cannot be reached or answers with an error; one sentence for the log.
    #[error("{0}")]
    Unavailable(String),
    /// The user or the session cannot be stored.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<StoreError> for OidcError {
    fn from(error: StoreError) -> Self {
        Self::Account(error.into())
    }
}
