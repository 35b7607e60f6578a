//! `X-Hub-Signature`, by which subscribers authenticate a push (WebSub section 8).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Returns the header value for a body and a subscriber's secret: `sha256=` and 64 hexadecimal
/// digits.
pub fn signature(secret: &[u8], body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC accepts keys of any length")
    };
    mac.update(body);
    let digits: String = hex::encode(mac.finalize().into_bytes());
    format!("sha256={digits}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn signatures_match_rfc_4231_test_vectors() {
        let second = signature(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            second,
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let sixth =
            signature(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(
            sixth,
            "sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    /// Reference implementation of HMAC, transcribed from RFC 2104.
    fn rfc_2104_hmac(secret: &[u8], body: &[u8]) -> String {
        let mut key =
            if secret.len() > 64 { Sha256::digest(secret).to_vec() } else { secret.to_vec() };
        key.resize(64, 0);
        let pad = |byte: u8| key.iter().map(|k| k ^ byte).collect::<Vec<u8>>();
        let inner = Sha256::digest([pad(0x36), body.to_vec()].concat());
        let outer = Sha256::digest([pad(0x5c), inner.to_vec()].concat());
        format!("sha256={}", hex::encode(outer))
    }

    proptest! {
        #[test]
        fn signatures_match_the_rfc_2104_reference(secret in proptest::collection::vec(any::<u8>(), 0..200), body in proptest::collection::vec(any::<u8>(), 0..500)) {
            prop_assert_eq!(signature(&secret, &body), rfc_2104_hmac(&secret, &body));
        }
    }
}
