//! Errors of filters, which name the character at which they begin.

use super::problem::FilterProblem;

/// Error in the text of a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {}: {problem}", position + 1)]
pub struct FilterError {
    /// Number of characters before the error.
    pub position: usize,
    /// Problem with its remedy.
    pub problem: FilterProblem,
}

impl FilterError {
    pub(super) fn new(position: usize, problem: impl Into<FilterProblem>) -> Self {
        Self { position, problem: problem.into() }
    }

    /// Returns the filter with a line below it that marks the character, for people.
    pub fn marked(&self, filter: &str) -> String {
        let line: String = filter.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        // Wide characters take two columns.
        let before: String = line.chars().take(self.position).collect();
        let width: usize = before.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum();
        format!("{line}\n{}^", " ".repeat(width))
    }
}

/// Returns `true` for the characters of East Asian scripts, which terminals show in two columns.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{20000}'..='\u{3fffd}')
}
