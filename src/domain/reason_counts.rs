//! Numbers of things that are left out, by reason.

use std::cmp::Reverse;

/// Numbers by reason, largest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCounts<R, N>(Vec<(R, N)>);

impl<R, N> Default for ReasonCounts<R, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R: Copy + Ord, N: Copy + Ord + Default> ReasonCounts<R, N> {
    /// Adds a number under a reason; 0 or less adds nothing.
    pub fn add(&mut self, reason: R, number: N) {
        if number > N::default() {
            self.0.push((reason, number));
            self.0.sort_by_key(|(reason, number)| (Reverse(*number), *reason));
        }
    }

    /// Returns the reasons with their numbers, largest first.
    pub fn iter(&self) -> impl Iterator<Item = (R, N)> {
        self.0.iter().copied()
    }
}
