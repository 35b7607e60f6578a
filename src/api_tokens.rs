//! Access to the API: tokens that are shown once and stored as keyed hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::role::Role;
use crate::domain::slug;
use crate::domain::time::{MINUTE, Millis, SignedDuration};
use crate::store::api_tokens::ApiToken;
use crate::store::{Store, StoreError, StoreResult};

/// Prefix of every token, by which people and secret scanners recognize it.
const PREFIX: &str = "courant_";
/// Random bytes in a token.
pub const TOKEN_BYTES: usize = 32;
/// Interval at which the use of a token is recorded.
const RECORDED_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// A token to be created.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Unique name of the token.
    pub name: String,
    /// Role that determines the permissions.
    pub role: Role,
    /// Digests that the token may see and change.
    pub digests: DigestScope,
    /// Time from which on it is refused; `None` if it does not expire.
    pub expires_at: Option<Millis>,
}

impl NewToken {
    /// Returns a token for all digests that does not expire.
    pub fn new(name: &str, role: Role) -> Self {
        Self { name: name.to_owned(), role, digests: DigestScope::All, expires_at: None }
    }
}

/// Reason for which a token cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name is not a slug; one sentence.
    #[error("{0}")]
    InvalidName(String),
    /// Another token has the name.
    #[error("a token named {0:?} already exists: revoke it, or choose another name")]
    NameTaken(String),
    /// The role always concerns all digests.
    #[error("the role {0} cannot be limited to some digests; use editor or lists")]
    NotLimitable(&'static str),
    /// The list of digests is empty.
    #[error("the list of digests is empty; name at least one, or leave it out for all")]
    NoDigest,
    /// The token would be expired already.
    #[error("the time of expiry is over")]
    Expired,
    /// The database failed, not the request.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates a token from `entropy` and returns it; it cannot be shown again.
///
/// # Errors
/// If the name is not valid or taken, the role cannot be limited, or the database fails.
pub async fn create_token(
    store: &Store,
    secret: &[u8],
    new: NewToken,
    entropy: [u8; TOKEN_BYTES],
    actor: &Actor,
    now: Millis,
) -> Result<String, TokenError> {
    slug::validate(&new.name).map_err(TokenError::InvalidName)?;
    match new.digests.names() {
        Some(_) if !new.role.can_be_limited() => {
            return Err(TokenError::NotLimitable(new.role.as_str()));
        }
        Some(names) if names.is_empty() => return Err(TokenError::NoDigest),
        _ => {}
    }
    if new.expires_at.is_some_and(|time| time <= now) {
        return Err(TokenError::Expired);
    }
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(entropy));
    let stored = ApiToken {
        name: new.name,
        role: new.role,
        digests: new.digests,
        hash: hash(secret, &token),
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
    };
    if store.api_tokens().add(&stored, actor).await? {
        Ok(token)
    } else {
        Err(TokenError::NameTaken(stored.name))
    }
}

/// Revokes a token from the next request on; returns `true` if it existed.
pub async fn revoke_token(
    store: &Store,
    name: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<bool> {
    store.api_tokens().remove(name, actor, now).await
}

/// Returns the stored token that matches the presented one and has not expired, and records its use
/// every few minutes.
pub async fn authenticate(
    store: &Store,
    secret: &[u8],
    presented: &str,
    now: Millis,
) -> StoreResult<Option<ApiToken>> {
    if !presented.starts_with(PREFIX) {
        return Ok(None);
    }
    // The time of the lookup depends on the keyed hash, which a client cannot choose.
    let found = store.api_tokens().find_by_hash(&hash(secret, presented)).await?;
    let Some(token) = found.filter(|token| token.expires_at.is_none_or(|end| now < end)) else {
        return Ok(None);
    };
    let is_recorded = |at: Millis| at <= now.plus(MINUTE) && now.since(at) < RECORDED_EVERY;
    if !token.last_used_at.is_some_and(is_recorded)
        && let Err(reason) = store.api_tokens().record_use(&token.hash, now).await
    {
        // A database that accepts no writes can still be read.
        tracing::debug!(token = %token.name, "cannot record the use of the token: {reason}");
    }
    Ok(Some(token))
}

fn hash(secret: &[u8], token: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC accepts keys of any length")
    };
    mac.update(b"bearer:");
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
