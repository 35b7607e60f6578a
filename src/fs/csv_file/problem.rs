//! Problems of rows of CSV files.

use serde::{Serialize, Serializer};

use super::form::{separator_name, separator_word};

/// Reason why the values of a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum RowProblem {
    /// The row has bytes that are not UTF-8.
    #[error("the line is not valid UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// The row has values after the last column.
    #[error(
        "the line has {fields} fields instead of {columns}; a quotation mark may be missing around a field that contains {}",
        separator_name(*separator)
    )]
    ExcessFields {
        fields: usize,
        columns: usize,
        #[serde(serialize_with = "as_word")]
        separator: u8,
    },
    /// A value is too long.
    #[error(
        "field {position} is {bytes} bytes long; the maximum is {limit}; a quotation mark may be missing"
    )]
    LongValueOfRow { position: usize, bytes: u64, limit: u64 },
    /// All values together are too long.
    #[error(
        "the fields are {bytes} bytes long altogether; the maximum is {limit}; a quotation mark may be missing"
    )]
    LongRow { bytes: u64, limit: u64 },
    /// There are too many values.
    #[error(
        "the line has {fields} fields; the maximum is {limit}; a quotation mark may be missing"
    )]
    ManyFields { fields: usize, limit: usize },
}

impl From<RowProblem> for String {
    fn from(problem: RowProblem) -> Self {
        problem.to_string()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn as_word<S: Serializer>(separator: &u8, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&separator_word(*separator))
}
