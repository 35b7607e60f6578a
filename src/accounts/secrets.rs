//! Keyed hashes and encryption with keys that are derived from the secret of the instance.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::error::AccountError;

/// Random bytes for one encryption.
pub(super) const NONCE_BYTES: usize = NONCE_LEN;

/// Returns the HMAC of a text for one purpose, so that a hash of one purpose has no use in another.
fn keyed(secret: &[u8], purpose: &str, text: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC accepts keys of any length")
    };
    mac.update(purpose.as_bytes());
    mac.update(b":");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Returns the keyed hash of a text for one purpose, in hexadecimal.
pub(super) fn keyed_hash(secret: &[u8], purpose: &str, text: &str) -> String {
    hex::encode(keyed(secret, purpose, text.as_bytes()))
}

/// Returns random bytes as text for a URL or a cookie.
pub(super) fn to_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encrypts bytes for one user with AES-256-GCM.
///
/// # Errors
/// If the cryptography library fails.
pub(super) fn encrypt(
    secret: &[u8],
    user: &str,
    plain: &[u8],
    nonce: [u8; NONCE_BYTES],
) -> Result<String, AccountError> {
    let key = encryption_key(secret).ok_or(AccountError::Crypto("cannot encrypt the secret"))?;
    let mut sealed = plain.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(user.as_bytes()),
        &mut sealed,
    )
    .map_err(|_| AccountError::Crypto("cannot encrypt the secret"))?;
    Ok(to_text(&[nonce.as_slice(), &sealed].concat()))
}

/// Decrypts what [`encrypt`] returned for the same user; `None` if it was altered or is another's.
pub(super) fn decrypt(secret: &[u8], user: &str, text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    let mut sealed = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = encryption_key(secret)?
        .open_in_place(nonce, Aad::from(user.as_bytes()), &mut sealed)
        .ok()?;
    Some(plain.to_vec())
}

fn encryption_key(secret: &[u8]) -> Option<LessSafeKey> {
    let key = keyed(secret, "encryption-key", b"second-factor");
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypted_secrets_open_only_for_their_user_and_instance() {
        let sealed = encrypt(b"instance", "lin", b"plain text", [1; NONCE_BYTES]).unwrap();
        assert!(!sealed.contains("plain"));
        assert_eq!(decrypt(b"instance", "lin", &sealed).as_deref(), Some(&b"plain text"[..]));
        assert_eq!(decrypt(b"instance", "wu", &sealed), None);
        assert_eq!(decrypt(b"other", "lin", &sealed), None);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(decrypt(b"instance", "lin", &altered), None, "{at}");
        }
    }

    #[test]
    fn hashes_of_different_purposes_differ() {
        assert_ne!(keyed_hash(b"k", "session", "x"), keyed_hash(b"k", "link", "x"));
        assert_ne!(keyed_hash(b"k", "session", "x"), keyed_hash(b"l", "session", "x"));
    }
}
