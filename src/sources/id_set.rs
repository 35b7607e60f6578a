//! Compact set of the ids seen in a sync run: a million ids take about 36 MB.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

/// Set of ids that supports insertion and membership tests only, because it stores digests.
#[derive(Debug, Default)]
pub(super) struct IdSet(HashSet<u128>);

impl IdSet {
    /// Inserts an id; returns `true` if it was not in the set.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        self.0.insert(text_hash(text))
    }

    /// Returns `true` if the id was inserted.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.0.contains(&text_hash(text))
    }
}

/// Returns the first half of the SHA-256 digest; two different ids do not share it in practice.
fn text_hash(text: &str) -> u128 {
    Sha256::digest(text).iter().take(16).fold(0, |all, byte| all << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_contains_only_inserted_ids() {
        let mut seen = IdSet::default();
        assert!(seen.insert("1") && seen.insert("2") && !seen.insert("1"));
        assert!(
            seen.contains("1") && seen.contains("2") && !seen.contains("3") && !seen.contains("")
        );
    }
}
