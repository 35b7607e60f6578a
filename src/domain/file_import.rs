//! Import of a file: its events, its rejected lines, and the first line of each value.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::shorten::shorten;

/// Number of rejected lines whose reasons are kept.
pub const MAX_KEPT_REASONS: usize = 100;
/// Maximum length of a reason in characters; a value in it may be long.
const MAX_REASON_CHARS: usize = 1_000;

/// Event of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportEvent<'a> {
    /// A line was rejected.
    Rejected {
        /// Number of the line, from 1.
        line: u64,
        /// Reason of the rejection.
        reason: &'a str,
    },
    /// Further valid lines were stored.
    Stored {
        /// Number of lines stored so far.
        done: usize,
        /// Number of valid lines of the file.
        total: usize,
    },
}

/// Rejected lines of a file: the first ones with their reasons, and the number of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectedLines {
    /// Numbers and reasons of the first [`MAX_KEPT_REASONS`] lines.
    pub first: Vec<(u64, String)>,
    /// Number of all rejected lines.
    pub count: usize,
}

impl RejectedLines {
    /// Adds a line, and reports it as an event.
    pub fn add(&mut self, line: u64, reason: &str, on_event: &mut impl FnMut(ImportEvent<'_>)) {
        let reason = shorten(reason, MAX_REASON_CHARS);
        on_event(ImportEvent::Rejected { line, reason: &reason });
        self.count += 1;
        if self.first.len() < MAX_KEPT_REASONS {
            self.first.push((line, reason));
        }
    }
}

/// Length of the digest that stands for a value, in bytes; two different values do not share it in
/// practice.
const DIGEST_BYTES: usize = 12;

/// First line of each value of a file, in 17 to 36 bytes per value.
#[derive(Debug, Default)]
pub(crate) struct FirstLines(HashMap<[u8; DIGEST_BYTES], u32>);

impl FirstLines {
    /// Returns the line of an earlier occurrence of a value; without one, stores this line.
    pub(crate) fn insert(&mut self, value: &str, line: u64) -> Option<u64> {
        let mut first = None;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        self.0.entry(digest(value)).and_modify(|line| first = Some(*line)).or_insert(line);
        first.map(u64::from)
    }

    /// Returns the line of a value.
    pub(crate) fn get(&self, value: &str) -> Option<u64> {
        self.0.get(&digest(value)).copied().map(u64::from)
    }
}

fn digest(value: &str) -> [u8; DIGEST_BYTES] {
    let whole = Sha256::digest(value);
    std::array::from_fn(|at| whole[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_reasons_are_kept_and_all_lines_are_counted_and_reported() {
        let (mut rejected, mut events) = (RejectedLines::default(), 0);
        for line in 1..=1_000 {
            rejected.add(line, &"long ".repeat(1_000), &mut |_| events += 1);
        }
        assert_eq!((rejected.first.len(), rejected.count, events), (100, 1_000, 1_000));
        assert!(rejected.first[99].1.chars().count() <= 1_001, "{:?}", rejected.first[99]);
    }

    #[test]
    fn the_first_line_of_a_value_is_kept() {
        let mut lines = FirstLines::default();
        assert_eq!(
            (lines.insert("a", 2), lines.insert("b", 3), lines.insert("a", 4)),
            (None, None, Some(2))
        );
        assert_eq!((lines.get("a"), lines.get("c")), (Some(2), None));
    }
}
