//! Problems of CSV files and of their rows.

use std::fmt;

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

/// Reason why a file cannot be read as CSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub(crate) enum FileProblem {
    /// The file is a workbook or a page.
    #[error(
        "the file is {}, not CSV; open it in a spreadsheet and save it as \"CSV UTF-8\"",
        format.description()
    )]
    NotCsv {
        /// Format of the file.
        format: OtherFormat,
    },
    /// The file has bytes that are not valid in its encoding.
    #[error("the file is not valid {encoding}; save the file as UTF-8")]
    NotEncoded {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// A quotation has no end.
    #[error(
        "a quotation mark opens here and is not closed before the end of its field; one is missing or extra"
    )]
    UnclosedQuotation,
    /// The file has no bytes.
    #[error("the file is empty, or was deleted because the import has ended")]
    EmptyFile,
    /// The row with the names of the columns cannot be read.
    #[error(transparent)]
    #[serde(untagged)]
    Header(#[from] RowProblem),
}

/// Format of a file that a person may take for CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OtherFormat {
    /// A ZIP file, which workbooks of Excel, Numbers and LibreOffice are.
    Xlsx,
    /// A workbook of Excel before 2007.
    Xls,
    /// A page or table in HTML.
    Html,
}

impl OtherFormat {
    fn description(self) -> &'static str {
        match self {
            Self::Xlsx => "a workbook such as .xlsx",
            Self::Xls => "a workbook of an old Excel version (.xls)",
            Self::Html => "a table in HTML, which some programs name .xls",
        }
    }
}

/// Problem with the file and the line in which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFile<P> {
    /// Name of the file.
    pub name: String,
    /// Number of the line, from 1, if the problem is in one.
    pub line: Option<u64>,
    /// Reason why the file is rejected.
    pub problem: P,
}

impl<P: fmt::Display> fmt::Display for InFile<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, line, problem } = self;
        match line {
            Some(line) => write!(f, "{name}:{line}: {problem}"),
            None => write!(f, "{name}: {problem}"),
        }
    }
}

impl<P: fmt::Debug + fmt::Display> std::error::Error for InFile<P> {}
