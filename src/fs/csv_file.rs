//! CSV files as spreadsheets write them: any usual separator, encoding and line end.

mod cells;
mod decode;
mod record;

use std::path::Path;

use anyhow::{Context, bail};

use super::line_index::LineIndex;
pub(crate) use cells::{escape_formula, unescape_formula};
use record::{Record, read_record};

/// Separators that are recognized without a `sep=` line; on a tie the first one is used.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Decoded CSV file with its separator.
#[derive(Debug)]
pub(crate) struct CsvFile {
    text: String,
    separator: u8,
    /// Offset of the first row, after a `sep=` line.
    start: usize,
    /// `true` if U+FFFD stands for bytes that are not valid in the encoding of the file.
    is_damaged: bool,
}

/// Row of a CSV file that contains at least one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CsvRow {
    /// Line number of the beginning of the row, from 1.
    pub(crate) line: u64,
    /// Values, as written between separators and without quotation marks.
    pub(crate) fields: Vec<String>,
}

impl CsvFile {
    /// Reads a file; the error names the file, and the line if there is one.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
        match Self::parse(&bytes) {
            Ok(csv) => Ok(csv),
            Err((Some(line), problem)) => bail!("{name}:{line}: {problem}"),
            Err((None, problem)) => bail!("{name}: {problem}"),
        }
    }

    /// Decodes and checks the bytes of a file; the error has a line if one line is the cause.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, (Option<u64>, String)> {
        let decoded = decode::decode(bytes).map_err(|problem| (None, problem))?;
        let (text, is_damaged) = (decoded.text, decoded.is_damaged);
        let (separator, start) = match separator_line(&text) {
            Some(named) => named,
            None => (recognized_separator(&text), 0),
        };
        let file = Self { text, separator, start, is_damaged };
        file.check_quotation_marks().map_err(|line| {
            let problem = "a quotation mark opens here and is not closed before the end of its field; one is missing or extra";
            (Some(line), problem.to_owned())
        })?;
        Ok(file)
    }

    /// Returns the rows that contain a value, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = CsvRow> {
        let mut lines = LineIndex::new(self.text.as_bytes());
        records(&self.text, self.start, self.separator)
            .filter(|(_, record)| !record.is_blank())
            .map(move |(at, record)| CsvRow { line: lines.line_at(at), fields: record.fields })
    }

    /// Returns the values of a row for this number of columns: a missing value is empty, and an
    /// empty value after the last column is left out.
    ///
    /// # Errors
    /// Fails if the row has a value after the last column, or bytes that cannot be decoded.
    pub(crate) fn values(&self, row: CsvRow, columns: usize) -> Result<Vec<String>, String> {
        let mut fields = row.fields;
        if self.is_damaged && fields.iter().any(|field| field.contains('\u{fffd}')) {
            return Err("the line is not valid UTF-8; save the file as UTF-8".to_owned());
        }
        if fields.iter().skip(columns).any(|field| !field.trim().is_empty()) {
            return Err(format!(
                "the line has {} fields instead of {columns}; a quotation mark may be missing around a field that contains {}",
                fields.len(),
                separator_name(self.separator)
            ));
        }
        fields.resize(columns, String::new());
        Ok(fields)
    }

    /// Returns the line of the first quotation mark that is not closed properly.
    fn check_quotation_marks(&self) -> Result<(), u64> {
        let found = records(&self.text, self.start, self.separator)
            .find_map(|(_, record)| record.unclosed_quotation);
        found.map_or(Ok(()), |at| Err(LineIndex::new(self.text.as_bytes()).line_at(at)))
    }
}

/// Returns the records of a text with their offsets.
fn records(
    text: &str,
    start: usize,
    separator: u8,
) -> impl Iterator<Item = (usize, Record)> + use<'_> {
    let mut at = start;
    std::iter::from_fn(move || {
        if at >= text.len() {
            return None;
        }
        let record = read_record(text, at, separator);
        let start = std::mem::replace(&mut at, record.end);
        Some((start, record))
    })
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
fn recognized_separator(text: &str) -> u8 {
    let rank = |separator: u8| {
        let mut rows = records(text, 0, separator).filter(|(_, record)| !record.is_blank());
        let fields = rows.next().map_or(0, |(_, first)| first.fields.len());
        (fields, rows.next().is_some_and(|(_, second)| second.fields.len() == fields))
    };
    // Of equal elements `max_by_key` returns the last one.
    SEPARATORS.into_iter().rev().max_by_key(|separator| rank(*separator)).unwrap_or(b',')
}

fn separator_name(separator: u8) -> String {
    match separator {
        b',' => "a comma".to_owned(),
        b';' => "a semicolon".to_owned(),
        b'\t' => "a tab".to_owned(),
        other => format!("{:?}", char::from(other)),
    }
}

#[cfg(test)]
mod tests;
