//! The only access to the clock and to random bytes.

use crate::domain::time::Millis;

/// Returns the current time of the system clock.
#[expect(clippy::disallowed_methods, reason = "this is the only permitted caller, see clippy.toml")]
pub fn now() -> Millis {
    Millis::from(jiff::Timestamp::now())
}

/// Returns random bytes from the operating system, for secrets and node names.
#[expect(clippy::disallowed_methods, reason = "this is the only permitted caller, see clippy.toml")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    rand::random()
}
