//! Signed link tokens. Each grants one action for one subject, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Action that a link allows (guarantee 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkScope {
    /// Confirms the subscriptions of `subscriber` that the confirmation e-mail `delivery` lists.
    Confirm {
        /// Id of the subscriber.
        subscriber: i64,
        /// Delivery id of the confirmation e-mail.
        delivery: i64,
    },
    /// Ends the subscription, by page or one-click request.
    Unsubscribe {
        /// Id of the subscription.
        subscription: i64,
        /// Id of the edition whose message contains the link.
        edition: Option<i64>,
    },
    /// Shows that the link of a test e-mail works, and changes nothing.
    Test {
        /// Delivery id of the test e-mail.
        delivery: i64,
    },
    /// Reverts the unsubscription that happened at `unsubscribed_at`.
    Undo {
        /// Id of the subscription.
        subscription: i64,
        /// Time of the unsubscription in milliseconds.
        unsubscribed_at: i64,
    },
}

/// Length of the signed part: a scope byte and two 64-bit integers.
const BODY_BYTES: usize = 17;
const SIGNATURE_BYTES: usize = 16;

/// Signer of link tokens, keyed once for many tokens.
#[derive(Clone)]
pub struct LinkSigner(Hmac<Sha256>);

impl LinkSigner {
    /// Creates a signer for a secret of any length.
    pub fn new(secret: &[u8]) -> Self {
        Self(keyed(secret, b"token:"))
    }

    /// Returns the URL-safe token for a scope.
    pub fn sign(&self, scope: LinkScope) -> String {
        let (kind, a, b) = match scope {
            LinkScope::Confirm { subscriber, delivery } => (1_u8, subscriber, delivery),
            // Ids of editions begin with 1.
            LinkScope::Unsubscribe { subscription, edition } => {
                (2, subscription, edition.unwrap_or_default())
            }
            LinkScope::Undo { subscription, unsubscribed_at } => (3, subscription, unsubscribed_at),
            LinkScope::Test { delivery } => (4, delivery, 0),
        };
        let mut bytes = Vec::with_capacity(BODY_BYTES + SIGNATURE_BYTES);
        bytes.push(kind);
        bytes.extend(a.to_be_bytes());
        bytes.extend(b.to_be_bytes());
        let signature = self.signature(&bytes);
        bytes.extend(signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn signature(&self, body: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut mac = self.0.clone();
        mac.update(body);
        let digest = mac.finalize().into_bytes();
        std::array::from_fn(|at| digest[at])
    }
}

/// Returns the URL-safe token for a scope; for many tokens use [`LinkSigner`].
pub fn sign(secret: &[u8], scope: LinkScope) -> String {
    LinkSigner::new(secret).sign(scope)
}

/// Returns the scope of a token, or `None` if its signature is invalid.
pub fn verify(secret: &[u8], token: &str) -> Option<LinkScope> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (body, signed) = bytes.split_at_checked(BODY_BYTES)?;
    if !bool::from(LinkSigner::new(secret).signature(body).as_slice().ct_eq(signed)) {
        return None;
    }
    let number =
        |at: usize| body.get(at..at + 8).and_then(|b| b.try_into().ok()).map(i64::from_be_bytes);
    let (a, b) = (number(1)?, number(9)?);
    match body.first()? {
        1 => Some(LinkScope::Confirm { subscriber: a, delivery: b }),
        2 => {
            Some(LinkScope::Unsubscribe { subscription: a, edition: Some(b).filter(|id| *id > 0) })
        }
        3 => Some(LinkScope::Undo { subscription: a, unsubscribed_at: b }),
        4 => Some(LinkScope::Test { delivery: a }),
        _ => None,
    }
}

/// Returns a word that article authors cannot guess, the placeholder of a subscriber's value in a
/// rendered variant.
pub fn placeholder(secret: &[u8], name: &str) -> String {
    // Stored variants contain these words, so they never change.
    let mut mac = keyed(secret, b"slot:");
    mac.update(name.as_bytes());
    let hex: String = hex::encode(&mac.finalize().into_bytes()[..8]);
    format!("slot{hex}x")
}

fn keyed(secret: &[u8], purpose: &[u8]) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(purpose);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_to_its_scope_only_with_its_secret() {
        for scope in [
            LinkScope::Confirm { subscriber: 3, delivery: -1 },
            LinkScope::Unsubscribe { subscription: 7, edition: None },
            LinkScope::Unsubscribe { subscription: 7, edition: Some(9) },
            LinkScope::Test { delivery: 7 },
            LinkScope::Undo { subscription: 7, unsubscribed_at: i64::MAX },
        ] {
            assert_eq!(verify(b"secret", &sign(b"secret", scope)), Some(scope));
            assert_eq!(verify(b"other", &sign(b"secret", scope)), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_tokens_are_rejected(token in ".{0,80}") {
            proptest::prop_assert_eq!(verify(b"secret", &token), None);
        }

        #[test]
        fn a_token_with_one_changed_character_is_rejected(at in 0_usize..44, to in "[A-Za-z0-9_-]") {
            let token =
                sign(b"secret", LinkScope::Unsubscribe { subscription: 42, edition: Some(9) });
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            // The last character has two unused bits; a decoder may reject or ignore them.
            if changed != token && at < 43 {
                proptest::prop_assert_eq!(verify(b"secret", &changed), None);
            }
        }
    }
}
