//! Reads records of CSV text (RFC 4180), with any line end. A record past its limits is measured, not
//! kept.

use std::io::{self, Read};

use super::super::line_count::LineCount;
use super::super::utf8_reader::Utf8Reader;
use super::problem::RowProblem;

/// Limits of one record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordLimits {
    /// Maximum length of a field in bytes.
    pub(crate) field_bytes: u64,
    /// Maximum length of all fields together in bytes.
    pub(crate) record_bytes: u64,
    /// Maximum number of fields.
    pub(crate) fields: usize,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self { field_bytes: 32_000_000, record_bytes: 40_000_000, fields: 20_000 }
    }
}

/// Record of CSV text.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Line number of the beginning of the record, from 1.
    pub(super) line: u64,
    /// Its fields; none if it exceeds a limit.
    pub(super) fields: Vec<String>,
    /// Limit that the record exceeds, with its size, as a sentence.
    pub(super) excess: Option<RowProblem>,
    /// Line of a quotation mark that the text does not close, or that closes on another line and in
    /// the middle of a field.
    pub(super) unclosed_quotation: Option<u64>,
}

impl Record {
    /// Returns `true` if no field contains a value.
    pub(super) fn is_blank(&self) -> bool {
        self.excess.is_none() && self.fields.iter().all(|field| is_blank(field))
    }
}

/// Returns `true` for a field without a visible character; old programs end files with a control
/// character.
fn is_blank(field: &str) -> bool {
    field.chars().all(|c| c.is_whitespace() || c.is_control())
}

/// Reader of the records of a text.
pub(super) struct RecordReader<R> {
    text: Utf8Reader<R>,
    separator: u8,
    limits: RecordLimits,
    lines: LineCount,
    /// `true` if a backslash precedes a quotation mark inside a quotation.
    pub(super) has_backslashes: bool,
}

impl<R: Read> RecordReader<R> {
    /// Reads the records of a text from its position.
    pub(super) fn new(text: Utf8Reader<R>, separator: u8, limits: RecordLimits) -> Self {
        Self { text, separator, limits, lines: LineCount::default(), has_backslashes: false }
    }

    /// Returns the next record; `None` after the last one.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        if self.lines.is_after_cr() && self.text.fill()?.starts_with('\n') {
            self.skip(1);
        }
        if self.text.fill()?.is_empty() {
            return Ok(None);
        }
        let mut record = RecordBuilder::new(self.lines.line(), self.limits);
        loop {
            let is_last = self.read_field(&mut record)?;
            record.end_field();
            if is_last {
                return Ok(Some(record.finish()));
            }
        }
    }

    /// Reads a field with the separator or line end after it; returns `true` after the last field of
    /// a record.
    fn read_field(&mut self, record: &mut RecordBuilder) -> io::Result<bool> {
        let open = self.lines.line();
        let is_quoted = self.text.fill()?.starts_with('"');
        if is_quoted {
            self.skip(1);
            if !self.read_quotation(record)? {
                record.unclosed_quotation.get_or_insert(open);
            }
        }
        let spans_lines = is_quoted && self.lines.line() != open;
        loop {
            let text = self.text.fill()?;
            let ends = |b: u8| b == self.separator || matches!(b, b'\r' | b'\n');
            let end = text.bytes().position(ends);
            let part = &text[..end.unwrap_or(text.len())];
            if spans_lines && !part.trim().is_empty() {
                record.unclosed_quotation.get_or_insert(open);
            }
            record.push(part);
            let (length, is_at_end) = (part.len(), text.is_empty());
            let is_separator = end.is_some_and(|end| text.as_bytes()[end] == self.separator);
            self.skip(length + usize::from(end.is_some()));
            if end.is_some() || is_at_end {
                return Ok(!is_separator);
            }
        }
    }

    /// Reads the text of a quotation after its first mark; returns `false` if it has no end.
    fn read_quotation(&mut self, record: &mut RecordBuilder) -> io::Result<bool> {
        loop {
            let text = self.text.fill()?;
            let end = text.find('"');
            let part = &text[..end.unwrap_or(text.len())];
            record.push(part);
            let (length, is_at_end) = (part.len(), text.is_empty());
            self.skip(length + usize::from(end.is_some()));
            if is_at_end {
                return Ok(false);
            }
            if end.is_some() {
                if self.has_backslashes && record.ends_with_backslash() {
                    record.replace_backslash();
                    continue;
                }
                if !self.text.fill()?.starts_with('"') {
                    return Ok(true);
                }
                record.push("\"");
                self.skip(1);
            }
        }
    }

    /// Consumes text that [`Utf8Reader::fill`] returned, and counts its lines.
    fn skip(&mut self, bytes: usize) {
        self.lines.add(&self.text.buffered().as_bytes()[..bytes]);
        self.text.skip(bytes);
    }
}

/// Record whose fields are being read.
struct RecordBuilder {
    limits: RecordLimits,
    record: Record,
    field: String,
    unclosed_quotation: Option<u64>,
    field_bytes: u64,
    record_bytes: u64,
    fields: usize,
    /// Position and length of the longest field.
    longest: (usize, u64),
}

impl RecordBuilder {
    fn new(line: u64, limits: RecordLimits) -> Self {
        Self {
            limits,
            record: Record { line, ..Record::default() },
            field: String::new(),
            unclosed_quotation: None,
            field_bytes: 0,
            record_bytes: 0,
            fields: 0,
            longest: (0, 0),
        }
    }

    fn push(&mut self, text: &str) {
        self.field_bytes += text.len() as u64;
        self.record_bytes += text.len() as u64;
        if self.is_within_limits() {
            self.field.push_str(text);
        } else {
            (self.field, self.record.fields) = (String::new(), Vec::new());
        }
    }

    fn ends_with_backslash(&self) -> bool {
        self.field.ends_with('\\')
    }

    /// Puts the escaped quotation mark in the place of the backslash before it.
    fn replace_backslash(&mut self) {
        self.field.pop();
        self.field.push('"');
    }

    fn is_within_limits(&self) -> bool {
        self.field_bytes.max(self.longest.1) <= self.limits.field_bytes
            && self.record_bytes <= self.limits.record_bytes
            && self.fields < self.limits.fields
    }

    fn end_field(&mut self) {
        if self.is_within_limits() {
            self.record.fields.push(std::mem::take(&mut self.field));
        }
        if self.field_bytes > self.longest.1 {
            self.longest = (self.fields, self.field_bytes);
        }
        self.fields += 1;
        self.field_bytes = 0;
    }

    fn finish(mut self) -> Record {
        let (position, longest) = self.longest;
        let RecordLimits { field_bytes, record_bytes, fields } = self.limits;
        let excess = if longest > field_bytes {
            let (position, bytes, limit) = (position + 1, longest, field_bytes);
            RowProblem::LongValueOfRow { position, bytes, limit }
        } else if self.record_bytes > record_bytes {
            RowProblem::LongRow { bytes: self.record_bytes, limit: record_bytes }
        } else if self.fields > fields {
            RowProblem::ManyFields { fields: self.fields, limit: fields }
        } else {
            self.record.unclosed_quotation = self.unclosed_quotation;
            return self.record;
        };
        Record {
            fields: Vec::new(),
            excess: Some(excess),
            unclosed_quotation: self.unclosed_quotation,
            ..self.record
        }
    }
}
