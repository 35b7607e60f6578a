//! Columns of a file of subscribers that are missing or ambiguous.

use serde::Serialize;

/// Reason why the columns of a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the sentence of a variant names its values")]
pub enum ColumnProblem {
    /// A chosen or required column does not exist.
    #[error(
        "there is no column {heading:?}; existing columns: {existing}; name it with --map {column}=COLUMN"
    )]
    NoColumn { heading: String, column: String, existing: String },
    /// A column to ignore does not exist.
    #[error("there is no column {heading:?} to ignore; existing columns: {existing}")]
    NoIgnoredColumn { heading: String, existing: String },
    /// The first line is not one of headings.
    #[error(
        "there is no column {heading:?}, and the first line contains an address; insert a line with the names of the columns before it, such as `email`"
    )]
    NoHeadings { heading: String },
    /// Several columns have a usual name of the same column.
    #[error("several columns may contain {column}: {names}; name one with --map {column}=COLUMN")]
    SeveralColumns { column: String, names: String },
    /// The name of an attribute that a person chose is not valid.
    #[error("{sentence}")]
    InvalidAttributeName { name: String, sentence: String },
    /// Two columns have the name of the same attribute.
    #[error(
        "the columns {first:?} and {second:?} are the same attribute `{name}`; rename or remove one"
    )]
    SameAttribute { first: String, second: String, name: String },
}
