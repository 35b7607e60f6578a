//! Errors of values that an attribute cannot have.

use serde::Serialize;

/// Reason why an attribute cannot have a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the sentence of a variant names its values")]
pub enum ValueError {
    /// A text without characters.
    #[error("the value of an attribute must not be empty")]
    EmptyValue,
    /// A text that is longer than the limit.
    #[error("the value of an attribute must have at most {limit} characters (found {length})")]
    LongValue { limit: usize, length: usize },
    /// A text that is not a number.
    #[error(
        "{value:?} is not a valid number; write a number such as `12` or `-3.5`, with at most six decimal places"
    )]
    InvalidNumber { value: String },
    /// A text that is not a date.
    #[error("{value:?} is not a valid date; write a date such as `2026-11-29`")]
    InvalidDate { value: String },
    /// A text that is neither yes nor no.
    #[error("{value:?} is not a valid boolean; write `true` or `false`")]
    InvalidBoolean { value: String },
}

impl From<ValueError> for String {
    fn from(error: ValueError) -> Self {
        error.to_string()
    }
}
