//! Wait after failed attempts to sign in to one account.

use super::time::{DAY, SECOND, SignedDuration, multiply};

/// Longest wait between two attempts.
pub const MAX_SIGN_IN_DELAY: SignedDuration = SignedDuration::from_mins(15);
/// Time without an attempt after which earlier ones no longer count.
pub const FAILURES_EXPIRE_AFTER: SignedDuration = DAY;
/// Minimum time between two audit entries about refused sign-ins to one account.
pub const REFUSALS_RECORDED_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// Returns the wait after this number of failed attempts: 1 s after the first, doubled by each other one.
pub fn delay_after(attempts: i64) -> SignedDuration {
    if attempts < 1 {
        return SignedDuration::ZERO;
    }
    multiply(SECOND, 1_i64 << (attempts - 1).min(20)).min(MAX_SIGN_IN_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_one_second_to_fifteen_minutes() {
        let seconds = |attempts| delay_after(attempts).as_secs();
        assert_eq!([0, 1, 2, 3, 10, 11].map(seconds), [0, 1, 2, 4, 512, 900]);
        assert_eq!(delay_after(i64::MAX), MAX_SIGN_IN_DELAY);
    }
}
