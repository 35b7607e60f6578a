//! Short hashes of destinations and headers.

use sha2::{Digest as _, Sha256};

/// Returns the first 8 hexadecimal digits of a SHA-256 hash.
pub(super) fn short_hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..4])
}
