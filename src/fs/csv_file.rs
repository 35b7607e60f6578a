//! CSV files as spreadsheets write them: any usual separator, encoding and line end. Memory does not
//! grow with the file: it is read record by record.

mod cells;
mod decode;
mod form;
mod problem;
mod record;

use std::io::{ErrorKind, Read, Seek};
use std::path::Path;

use anyhow::{Context, anyhow};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::input_file::InputFile;
use super::utf8_reader::{InvalidBytes, Utf8Reader};
pub(crate) use cells::{escape_formula, unescape_formula};
pub(crate) use form::{CsvSettings, separator_word};
pub(crate) use record::RecordLimits;
use record::{Record, RecordReader};

#[cfg(test)]
pub(crate) use problem::OtherFormat;
pub(crate) use problem::{FileProblem, InFile, RowProblem};

/// Separators that are recognized without a `sep=` line; on a tie the first one is used.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Length of the beginning of a file from which its separator is recognized, in bytes.
const HEAD_BYTES: usize = 256 << 10;
/// Length of the beginning of a file from which UTF-16 is recognized, in bytes.
const START_BYTES: u64 = 4 << 10;

/// CSV file whose encoding and separator are known.
#[derive(Debug)]
pub(crate) struct CsvFile<R = InputFile> {
    input: R,
    /// Name of the file, for error messages.
    name: String,
    encoding: &'static Encoding,
    /// Length of a `sep=` line without its end.
    separator_line: usize,
    form: CsvForm,
    limits: RecordLimits,
}

/// Properties of a CSV file that the conversion of a row depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CsvForm {
    separator: u8,
    /// `true` if U+FFFD stands for bytes that are not valid in the encoding of the file.
    is_damaged: bool,
    /// `true` if a backslash precedes a quotation mark inside a quotation.
    has_backslashes: bool,
}

/// Row of a CSV file that contains at least one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CsvRow {
    /// Line number of the beginning of the row, from 1.
    pub(crate) line: u64,
    /// Values, as written between separators and without quotation marks.
    pub(crate) fields: Vec<String>,
    /// Limit that the row exceeds; it then has no fields.
    excess: Option<RowProblem>,
    form: CsvForm,
}

impl CsvFile {
    /// Opens a file with the usual limits; the error names it. Logs an encoding that the file does not
    /// state, because the caller does not show it.
    pub(crate) fn open(file: &Path) -> anyhow::Result<Self> {
        let name = file.display().to_string();
        let input = InputFile::open(file).with_context(|| format!("cannot read {name}"))?;
        let csv = Self::new(input, name, RecordLimits::default())?;
        if ![UTF_8, UTF_16LE, UTF_16BE].contains(&csv.encoding) {
            tracing::warn!(
                encoding = csv.encoding(),
                "the CSV file is not UTF-8, so its encoding was guessed; check the imported names, or save it as UTF-8"
            );
        }
        Ok(csv)
    }

    /// Opens a file whose encoding and separator are recognized unless the settings name them.
    pub(crate) fn open_with(
        input: InputFile,
        name: String,
        settings: CsvSettings,
    ) -> anyhow::Result<Self> {
        Self::with_settings(input, name, RecordLimits::default(), settings)
    }
}

impl<R: Read + Seek> CsvFile<R> {
    /// Recognizes the encoding and the separator of a file; errors name it.
    pub(crate) fn new(input: R, name: String, limits: RecordLimits) -> anyhow::Result<Self> {
        Self::with_settings(input, name, limits, CsvSettings::default())
    }

    fn with_settings(
        mut input: R,
        name: String,
        limits: RecordLimits,
        settings: CsvSettings,
    ) -> anyhow::Result<Self> {
        let unreadable = || format!("cannot read {name}");
        let mut start = Vec::new();
        input.rewind().with_context(unreadable)?;
        input.by_ref().take(START_BYTES).read_to_end(&mut start).with_context(unreadable)?;
        if let Some(format) = decode::other_format(&start) {
            let problem = FileProblem::NotCsv { format };
            return Err(InFile { name, line: None, problem }.into());
        }
        let stated = settings.encoding.or_else(|| decode::stated_encoding(&start));
        let (encoding, is_damaged) =
            decode::recognize(&mut input, stated).with_context(unreadable)?;
        input.rewind().with_context(unreadable)?;
        let head = head(&mut input, encoding).with_context(unreadable)?;
        let (separator, separator_line) = match separator_line(&head) {
            Some(named) => named,
            None => (recognized_separator(&head, limits), 0),
        };
        let separator = settings.separator.unwrap_or(separator);
        let form = CsvForm { separator, is_damaged, has_backslashes: false };
        Ok(Self { input, name, encoding, separator_line, form, limits })
    }

    /// Returns the name of the encoding.
    pub(crate) fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// Returns the character between the fields of a row.
    pub(crate) fn separator(&self) -> u8 {
        self.form.separator
    }

    /// Reads a backslash before a quotation mark as an escape character, which RFC 4180 does not know.
    pub(crate) fn accept_backslashes(&mut self) {
        self.form.has_backslashes = true;
    }

    /// Returns the name of the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Reads the rows that contain a value from the start of the file, in order. An error names the file,
    /// and the line if there is one.
    pub(crate) fn rows(&mut self) -> anyhow::Result<CsvRows<'_, R>> {
        let name = self.name.as_str();
        self.input.rewind().with_context(|| format!("cannot read {name}"))?;
        // Only UTF-8 is recognizable enough to accept damage in single rows.
        let invalid =
            if self.encoding == UTF_8 { InvalidBytes::Replace } else { InvalidBytes::Reject };
        let mut text = Utf8Reader::new(&mut self.input, self.encoding, invalid);
        let mut rest = self.separator_line;
        while rest > 0 {
            let length = text.fill()?.len().min(rest);
            text.skip(length);
            rest = if length == 0 { 0 } else { rest - length };
        }
        let mut records = RecordReader::new(text, self.form.separator, self.limits);
        records.has_backslashes = self.form.has_backslashes;
        Ok(CsvRows { records, name, encoding: self.encoding.name(), form: self.form })
    }
}

/// Reader of the rows of a CSV file.
pub(crate) struct CsvRows<'a, R> {
    records: RecordReader<&'a mut R>,
    name: &'a str,
    encoding: &'static str,
    form: CsvForm,
}

impl<R> CsvRows<'_, R> {
    fn error(&self, line: Option<u64>, problem: FileProblem) -> anyhow::Error {
        InFile { name: self.name.to_owned(), line, problem }.into()
    }
}

impl<R: Read> Iterator for CsvRows<'_, R> {
    type Item = anyhow::Result<CsvRow>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.records.next() {
                Ok(record) => record?,
                Err(e) if e.kind() == ErrorKind::InvalidData => {
                    let problem = FileProblem::NotEncoded { encoding: self.encoding };
                    return Some(Err(self.error(None, problem)));
                }
                Err(e) => return Some(Err(anyhow!("cannot read {}: {e}", self.name))),
            };
            if let Some(line) = record.unclosed_quotation {
                return Some(Err(self.error(Some(line), FileProblem::UnclosedQuotation)));
            }
            if !record.is_blank() {
                let Record { line, fields, excess, .. } = record;
                return Some(Ok(CsvRow { line, fields, excess, form: self.form }));
            }
        }
    }
}

impl CsvRow {
    /// Returns the values of the row for this number of columns: a missing value is empty, and an
    /// empty value after the last column is left out.
    ///
    /// # Errors
    /// Fails if the row exceeds a limit, has a value after the last column, or bytes that cannot be
    /// decoded.
    pub(crate) fn values(self, columns: usize) -> Result<Vec<String>, RowProblem> {
        if let Some(excess) = self.excess {
            return Err(excess);
        }
        let mut fields = self.fields;
        if self.form.is_damaged && fields.iter().any(|field| field.contains('\u{fffd}')) {
            return Err(RowProblem::NotUtf8);
        }
        if fields.iter().skip(columns).any(|field| !field.trim().is_empty()) {
            let (fields, separator) = (fields.len(), self.form.separator);
            return Err(RowProblem::ExcessFields { fields, columns, separator });
        }
        fields.resize(columns, String::new());
        Ok(fields)
    }
}

/// Returns the header of a file: its first row, or an empty one.
pub(crate) fn csv_header<R: Read>(rows: &mut CsvRows<'_, R>) -> anyhow::Result<CsvRow> {
    let form = rows.form;
    let row = rows.next().transpose()?;
    let row = row.unwrap_or(CsvRow { line: 1, fields: Vec::new(), excess: None, form });
    match row.excess {
        Some(excess) => Err(rows.error(Some(row.line), excess.into())),
        None => Ok(row),
    }
}

/// Returns the text at the beginning of a file.
fn head(input: &mut impl Read, encoding: &'static Encoding) -> std::io::Result<String> {
    let mut text = Utf8Reader::new(input, encoding, InvalidBytes::Replace);
    let mut head = String::new();
    while head.len() < HEAD_BYTES {
        let piece = text.fill()?;
        if piece.is_empty() {
            break;
        }
        head.push_str(piece);
        let length = piece.len();
        text.skip(length);
    }
    Ok(head)
}

/// Returns the separator of a first line `sep=;`, which spreadsheets write and obey, and the offset
/// after that line.
fn separator_line(text: &str) -> Option<(u8, usize)> {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let line = text[..end].trim_start_matches('"');
    let is_named = line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep="));
    let separator = *line.as_bytes().get(4).filter(|_| is_named)?;
    let rest = line.as_bytes().get(5..)?;
    let is_separator = separator.is_ascii() && !separator.is_ascii_alphanumeric();
    // An editor may have saved the line as a row, with a quotation mark or further separators.
    (is_separator && separator != b'"' && rest.iter().all(|b| *b == b'"' || *b == separator))
        .then_some((separator, end))
}

/// Returns the separator that splits the first row into the most fields; of several the one that
/// splits the second row into as many.
fn recognized_separator(text: &str, limits: RecordLimits) -> u8 {
    let rank = |separator: u8| {
        let text = Utf8Reader::new(text.as_bytes(), UTF_8, InvalidBytes::Replace);
        let mut records = RecordReader::new(text, separator, limits);
        let mut fields = || {
            let records = std::iter::from_fn(|| records.next().ok().flatten());
            records.into_iter().find(|record| !record.is_blank()).map(|record| record.fields.len())
        };
        let first = fields().unwrap_or(0);
        (first, fields() == Some(first))
    };
    // Of equal elements `max_by_key` returns the last one.
    SEPARATORS.into_iter().rev().max_by_key(|separator| rank(*separator)).unwrap_or(b',')
}

#[cfg(test)]
mod tests;
