//! Access to the API: tokens that are shown once and stored as keyed hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::actor::Actor;
use crate::domain::role::Role;
use crate::domain::slug;
use crate::domain::time::Millis;
use crate::store::api_tokens::ApiToken;
use crate::store::{Store, StoreResult};

/// Prefix of every token, by which people and secret scanners recognize it.
const PREFIX: &str = "courant_";
/// Random bytes in a token.
pub const TOKEN_BYTES: usize = 32;

/// Creates a token from `entropy` and returns it; it cannot be shown again. The inner error says
/// why the name is not usable.
pub async fn create_token(
    store: &Store,
    secret: &[u8],
    name: &str,
    role: Role,
    entropy: [u8; TOKEN_BYTES],
    actor: &Actor,
    now: Millis,
) -> StoreResult<Result<String, String>> {
    if let Err(reason) = slug::validate(name) {
        return Ok(Err(reason));
    }
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(entropy));
    let stored =
        ApiToken { name: name.to_owned(), role, hash: hash(secret, &token), created_at: now };
    let is_new = store.api_tokens().add(&stored, actor).await?;
    Ok(is_new.then_some(token).ok_or_else(|| {
        format!("a token named {name:?} already exists: revoke it, or choose another name")
    }))
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

/// Returns the stored token that matches the presented one.
pub async fn authenticate(
    store: &Store,
    secret: &[u8],
    presented: &str,
) -> StoreResult<Option<ApiToken>> {
    if !presented.starts_with(PREFIX) {
        return Ok(None);
    }
    // The time of the lookup depends on the keyed hash, which a client cannot choose.
    store.api_tokens().find_by_hash(&hash(secret, presented)).await
}

fn hash(secret: &[u8], token: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC accepts keys of any length")
    };
    mac.update(b"bearer:");
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
