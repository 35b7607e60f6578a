//! Reads one record of CSV text (RFC 4180), with any line end.

/// Record of CSV text.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) fields: Vec<String>,
    /// Offset of the next record.
    pub(super) end: usize,
    /// Offset of a quotation mark that the text does not close, or that closes on another line and
    /// in the middle of a field.
    pub(super) unclosed_quotation: Option<usize>,
}

impl Record {
    /// Returns `true` if no field contains a value.
    pub(super) fn is_blank(&self) -> bool {
        self.fields.iter().all(|field| field.trim().is_empty())
    }
}

/// Reads the record at an offset.
pub(super) fn read_record(text: &str, start: usize, separator: u8) -> Record {
    let bytes = text.as_bytes();
    let mut record = Record { end: start, ..Record::default() };
    loop {
        let mut field = String::new();
        let open = record.end;
        let is_quoted = bytes.get(open) == Some(&b'"');
        if is_quoted {
            match read_quotation(text, open + 1, &mut field) {
                Some(end) => record.end = end,
                None => {
                    record.unclosed_quotation.get_or_insert(open);
                    record.end = text.len();
                }
            }
        }
        let rest = &bytes[record.end..];
        let ends = |b: &u8| *b == separator || matches!(b, b'\r' | b'\n');
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let unquoted = &text[record.end..record.end + length];
        if is_quoted && !unquoted.trim().is_empty() && field.contains(['\r', '\n']) {
            record.unclosed_quotation.get_or_insert(open);
        }
        field.push_str(unquoted);
        record.fields.push(field);
        record.end += length;
        match bytes.get(record.end) {
            Some(b'\r') if bytes.get(record.end + 1) == Some(&b'\n') => record.end += 2,
            Some(b'\r' | b'\n') => record.end += 1,
            Some(_) => {
                record.end += 1;
                continue;
            }
            None => {}
        }
        return record;
    }
}

/// Appends the text of a quotation and returns the offset after its end; `None` if it has no end.
fn read_quotation(text: &str, start: usize, field: &mut String) -> Option<usize> {
    let mut at = start;
    loop {
        let length = text[at..].find('"')?;
        field.push_str(&text[at..at + length]);
        at += length + 1;
        if !text[at..].starts_with('"') {
            return Some(at);
        }
        field.push('"');
        at += 1;
    }
}
