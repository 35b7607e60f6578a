//! Who may use the API: tokens that are shown once and kept as keyed hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::role::Role;
use crate::domain::slug;
use crate::domain::time::Millis;
use crate::store::tokens::KeptToken;
use crate::store::{Store, StoreResult};

/// What every token begins with, so that people and secret scanners know one when they see it.
const PREFIX: &str = "courant_";
/// Bytes of chance in a token.
pub const CHANCE: usize = 32;

/// Makes a token of so much chance; gives it, which nobody can do again, or why its name can't be.
pub async fn create_token(
    store: &Store,
    secret: &[u8],
    name: &str,
    role: Role,
    chance: [u8; CHANCE],
    now: Millis,
) -> StoreResult<Result<String, String>> {
    if let Err(why) = slug::check(name) {
        return Ok(Err(why));
    }
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(chance));
    let kept =
        KeptToken { name: name.to_owned(), role, hash: hash(secret, &token), created_at: now };
    let is_new = store.add_token(kept).await?;
    Ok(is_new.then_some(token).ok_or_else(|| {
        format!("there is a token {name:?} already: revoke it, or choose another name")
    }))
}

/// Revokes a token from the next request on; gives whether there was one.
pub async fn revoke_token(store: &Store, name: &str) -> StoreResult<bool> {
    store.remove_token(name).await
}

/// The token that was presented, if it is one of ours; how long that takes says nothing about any of them.
pub async fn bearer(
    store: &Store,
    secret: &[u8],
    presented: &str,
) -> StoreResult<Option<KeptToken>> {
    if !presented.starts_with(PREFIX) {
        return Ok(None);
    }
    let presented = hash(secret, presented);
    let mut found = None;
    for token in store.tokens(None).await? {
        if bool::from(token.hash.as_bytes().ct_eq(presented.as_bytes())) {
            found = Some(token);
        }
    }
    Ok(found)
}

fn hash(secret: &[u8], token: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(b"bearer:");
    mac.update(token.as_bytes());
    mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
}
