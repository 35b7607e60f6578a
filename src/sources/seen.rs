//! Ids that were met in a reading, kept small: a million of them take some 36 MB.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

/// A set of texts that can say whether it holds one, and no more.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<u128>);

impl Seen {
    /// Adds a text; gives whether it was not there.
    pub(super) fn add(&mut self, text: &str) -> bool {
        self.0.insert(digest(text))
    }

    /// Whether a text was added.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.0.contains(&digest(text))
    }
}

/// Half a SHA-256: that two ids agree in it does not happen.
fn digest(text: &str) -> u128 {
    Sha256::digest(text).iter().take(16).fold(0, |all, byte| all << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_held_and_nothing_else() {
        let mut seen = Seen::default();
        assert!(seen.add("1") && seen.add("2") && !seen.add("1"));
        assert!(seen.holds("1") && seen.holds("2") && !seen.holds("3") && !seen.holds(""));
    }
}
