//! Database, keys and settings of the functions of this module.

use super::passwords::PasswordCost;
use crate::domain::time::SignedDuration;
use crate::store::Store;

/// Database, keys and settings that the functions of this module need.
#[derive(Clone, Copy)]
pub struct AccountContext<'a> {
    /// Database with the users and sessions.
    pub store: &'a Store,
    /// Secret of the instance, from which all keys are derived.
    pub secret: &'a [u8],
    /// Cost of password hashes.
    pub cost: PasswordCost,
    /// Time without a request after which a session is over.
    pub session_idle: SignedDuration,
    /// Time after which a session is over in any case.
    pub session_max: SignedDuration,
}
