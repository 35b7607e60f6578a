//! The one place that asks what time it is.

use crate::domain::time::Millis;

/// The present instant, by the machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that clippy.toml sends everybody to"
)]
pub fn now() -> Millis {
    Millis::from(jiff::Timestamp::now())
}

/// Random bytes from the operating system, for secrets and names of nodes.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that clippy.toml sends everybody to"
)]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    rand::random()
}
