//! Containment of panics: one article that Courant cannot process does not affect the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls a function that converts an article; if it panics, the error is the reason for rejecting
/// the article.
pub(super) fn catch_panic<T>(convert: impl FnOnce() -> T) -> Result<T, String> {
    // Conversions share only data that they read or extend by whole entries.
    catch_unwind(AssertUnwindSafe(convert)).map_err(|_| rejection_reason("rendering"))
}

/// Returns the reason for rejecting an article because a step of its processing panicked.
pub(super) fn rejection_reason(step: &str) -> String {
    format!("{step} it failed, which is a bug in Courant; please report it with the article's HTML")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_reason_for_a_rejection() {
        assert_eq!(catch_panic(|| 1), Ok(1));
        let reason = catch_panic(|| -> u8 { panic!("slice of a character") }).unwrap_err();
        assert!(reason.starts_with("rendering it failed, which is a bug"), "{reason}");
    }
}
