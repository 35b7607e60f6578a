//! Delays between attempts: how they grow, and the jitter that spreads attempts of the same time.

use super::time::{SignedDuration, multiply};

/// Part by which the delay of one attempt varies, so that attempts that failed together are not
/// repeated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter {
    /// From 0 to 999.
    thousandths: i64,
}

impl Jitter {
    /// Returns the jitter of a row's attempt, the same on every node.
    pub fn new(row: i64, attempts: i64) -> Self {
        let number = row.wrapping_mul(7919).wrapping_add(attempts.wrapping_mul(104_729));
        Self { thousandths: number.rem_euclid(1000) }
    }

    /// Returns a delay shortened or lengthened by up to 20 %.
    pub fn vary(self, delay: SignedDuration) -> SignedDuration {
        multiply(delay, 800 + self.thousandths * 2 / 5) / 1000
    }

    /// Returns a delay lengthened by up to 20 %, for a delay that must not be shortened.
    pub fn lengthen(self, delay: SignedDuration) -> SignedDuration {
        multiply(delay, 1000 + self.thousandths / 5) / 1000
    }
}

/// Returns the delay after a number of consecutive failures: `first` after one, doubled with each
/// further one, at most `longest`.
pub fn doubling(first: SignedDuration, failures: u32, longest: SignedDuration) -> SignedDuration {
    first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{HOUR, SECOND};

    #[test]
    fn jitter_varies_a_delay_by_at_most_20_percent_and_differs_between_rows() {
        for (row, attempts) in
            [(i64::MIN, 1), (-1, 2), (0, 0), (1, 1), (2, 1), (i64::MAX, i64::MAX)]
        {
            let jitter = Jitter::new(row, attempts);
            let (varied, lengthened) = (jitter.vary(10 * SECOND), jitter.lengthen(10 * SECOND));
            assert!((8 * SECOND..=12 * SECOND).contains(&varied), "{varied}");
            assert!((10 * SECOND..=12 * SECOND).contains(&lengthened), "{lengthened}");
        }
        assert_ne!(Jitter::new(1, 1), Jitter::new(2, 1));
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let delays: Vec<_> =
            (0..5).map(|failures| doubling(SECOND, failures, 5 * SECOND)).collect();
        assert_eq!(delays, [SECOND, SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND]);
        assert_eq!(doubling(HOUR, u32::MAX, 2 * HOUR), 2 * HOUR);
    }
}
