//! Problems of lines of a file of subscribers: each has an English sentence, and a code with values from which
//! pages write it in other languages.

use serde::Serialize;

use super::subscriber_file::ColumnProblem;
use crate::domain::address::AddressError;
use crate::domain::attribute::ValueError;
use crate::domain::language::LanguageError;
use crate::domain::tag::TagError;
use crate::fs::RowProblem;

/// Reason why a line of a file is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the sentence of a variant names its values")]
pub enum LineProblem {
    /// A value has several lines or is too long.
    #[error(
        "{column} spans several lines or exceeds {limit} bytes; a quotation mark may be missing"
    )]
    LongField { column: String, limit: usize },
    /// The attributes in JSON are too long.
    #[error("attributes exceeds {limit} bytes; shorten it")]
    LongAttributes { limit: usize },
    /// The attributes are not JSON.
    #[error("attributes is not valid JSON: {error}")]
    AttributesNotJson { error: String },
    /// The attributes are not a JSON object.
    #[error("attributes is not a JSON object; write for example {{\"city\": \"Bonn\"}}")]
    AttributesNotObject,
    /// The status is not one of Courant.
    #[error("{status:?} is not a valid status; use one of: {known}")]
    InvalidStatus { status: String, known: String },
    /// The reason of a suppression does not exist.
    #[error(
        "{word:?} is not a valid reason of a suppression; use one of: {known}; or leave it empty"
    )]
    InvalidSuppression { word: String, known: String },
    /// The time zone does not exist.
    #[error("{zone:?} is not a valid time zone; use an IANA name, for example `Europe/Berlin`")]
    InvalidTimezone { zone: String },
    /// The language does not exist.
    #[error(
        "`{tag}` is not a known language; write an ISO 639 code; languages of the digest: {known}"
    )]
    UnknownLanguage { tag: String, known: String },
    /// No digest contains the section.
    #[error("there is no section {section:?}; existing sections: {known}")]
    UnknownSection { section: String, known: String },
    /// The line is not a JSON object.
    #[error("the line is not a JSON object; write {{\"email\": \"ann@example.org\"}}")]
    LineNotObject,
    /// The line is not JSON.
    #[error("the line is not valid JSON: {error}")]
    LineNotJson { error: String },
    /// The line is too long.
    #[error("the line is {bytes} bytes long; the maximum is {limit}")]
    LongLine { bytes: u64, limit: usize },
    /// An earlier line has the same address.
    #[error("same address as in line {line}")]
    SameAddress { line: u64 },
    /// A value that its attribute cannot have.
    #[error("`{attribute}`: {problem}")]
    #[serde(untagged)]
    Attribute {
        attribute: String,
        #[serde(flatten)]
        problem: ValueError,
    },
    /// The address cannot be mailed.
    #[error(transparent)]
    #[serde(untagged)]
    Address(#[from] AddressError),
    /// A tag is not valid.
    #[error(transparent)]
    #[serde(untagged)]
    Tag(#[from] TagError),
    /// The language is not valid.
    #[error(transparent)]
    #[serde(untagged)]
    Language(#[from] LanguageError),
    /// A column is missing or ambiguous.
    #[error(transparent)]
    #[serde(untagged)]
    Columns(#[from] ColumnProblem),
    /// The row of the file is not valid.
    #[error(transparent)]
    #[serde(untagged)]
    Row(#[from] RowProblem),
}

impl From<LineProblem> for String {
    fn from(problem: LineProblem) -> Self {
        problem.to_string()
    }
}
