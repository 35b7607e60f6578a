//! Counts with their nouns in English sentences.

use std::fmt::Display;

/// Returns a count with its noun: `1 line`, `2 lines`.
pub(crate) fn pluralize<N: Display + PartialEq + From<u8>>(n: N, noun: &str) -> String {
    format!("{n} {noun}{}", if n == N::from(1) { "" } else { "s" })
}

/// Returns a number of occurrences: `once`, `2 times`.
pub(crate) fn pluralize_times(n: i64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}
