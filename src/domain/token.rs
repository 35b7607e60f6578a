//! Unguessable link tokens: each carries what it may do and for whom, signed, so that a link does only what it was made for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// What a link can do (promise 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Confirm what the confirmation mail `delivery` asked `subscriber` about.
    Confirm {
        /// The subscriber.
        subscriber: i64,
        /// The confirmation mail's delivery.
        delivery: i64,
    },
    /// Leave by this subscription.
    Unsubscribe {
        /// The subscription.
        subscription: i64,
    },
    /// Take a leaving back that happened at this time.
    Undo {
        /// The subscription.
        subscription: i64,
        /// When it was left, in milliseconds.
        left_at: i64,
    },
}

/// A kind and two numbers.
const BODY: usize = 17;
const SIGNATURE: usize = 16;

/// A secret made ready to sign many tokens.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl Signer {
    /// For a secret of any length.
    pub fn of(secret: &[u8]) -> Self {
        Self(keyed(secret, b"token:"))
    }

    /// The token for a power, safe in a URL.
    pub fn sign(&self, power: Power) -> String {
        let (kind, a, b) = match power {
            Power::Confirm { subscriber, delivery } => (1_u8, subscriber, delivery),
            Power::Unsubscribe { subscription } => (2, subscription, 0),
            Power::Undo { subscription, left_at } => (3, subscription, left_at),
        };
        let mut bytes = Vec::with_capacity(BODY + SIGNATURE);
        bytes.push(kind);
        bytes.extend(a.to_be_bytes());
        bytes.extend(b.to_be_bytes());
        let signature = self.signature(&bytes);
        bytes.extend(signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn signature(&self, body: &[u8]) -> [u8; SIGNATURE] {
        let mut mac = self.0.clone();
        mac.update(body);
        let digest = mac.finalize().into_bytes();
        std::array::from_fn(|at| digest[at])
    }
}

/// The token for a power, safe in a URL.
pub fn sign(secret: &[u8], power: Power) -> String {
    Signer::of(secret).sign(power)
}

/// The power of a token that we signed; nothing else has any.
pub fn read(secret: &[u8], token: &str) -> Option<Power> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (body, signed) = bytes.split_at_checked(BODY)?;
    if !bool::from(Signer::of(secret).signature(body).as_slice().ct_eq(signed)) {
        return None;
    }
    let number =
        |at: usize| body.get(at..at + 8).and_then(|b| b.try_into().ok()).map(i64::from_be_bytes);
    let (a, b) = (number(1)?, number(9)?);
    match body.first()? {
        1 => Some(Power::Confirm { subscriber: a, delivery: b }),
        2 => Some(Power::Unsubscribe { subscription: a }),
        3 => Some(Power::Undo { subscription: a, left_at: b }),
        _ => None,
    }
}

/// A word that no article's author can guess, to stand for a subscriber's value in a rendered variant.
pub fn sentinel(secret: &[u8], slot: &str) -> String {
    let mut mac = keyed(secret, b"slot:");
    mac.update(slot.as_bytes());
    let hex: String =
        mac.finalize().into_bytes().iter().take(8).map(|b| format!("{b:02x}")).collect();
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
    fn a_token_gives_back_its_power_and_no_other() {
        for power in [
            Power::Confirm { subscriber: 3, delivery: -1 },
            Power::Unsubscribe { subscription: 7 },
            Power::Undo { subscription: 7, left_at: i64::MAX },
        ] {
            assert_eq!(read(b"secret", &sign(b"secret", power)), Some(power));
            assert_eq!(read(b"other", &sign(b"secret", power)), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn foreign_tokens_have_no_power(token in ".{0,80}") {
            proptest::prop_assert_eq!(read(b"secret", &token), None);
        }

        #[test]
        fn a_token_changed_in_one_place_has_no_power(at in 0_usize..44, to in "[A-Za-z0-9_-]") {
            let token = sign(b"secret", Power::Unsubscribe { subscription: 42 });
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            // The last character carries two bits that base64 ignores; a decoder may refuse or ignore them.
            if changed != token && at < 43 {
                proptest::prop_assert_eq!(read(b"secret", &changed), None);
            }
        }
    }
}
