//! Reads a file line by line; a line that is too long is measured, not kept.

use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};

/// Number of bytes that are read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Length from which a line is measured before it is kept, so that a long one takes no memory.
const MEASURED_BYTES: usize = 1 << 20;

/// Line of a file without its end, or its length in bytes if that exceeds the maximum.
pub(crate) type BoundedLine<'a> = Result<&'a [u8], u64>;

/// Reader of lines that end with LF.
pub(crate) struct LineReader<R> {
    input: BufReader<R>,
    max_bytes: usize,
    line: Vec<u8>,
    number: u64,
    /// Offset of the next line.
    offset: u64,
}

impl<R: Read + Seek> LineReader<R> {
    /// Reads from the start of `input` the lines of at most this length.
    pub(crate) fn new(mut input: R, max_bytes: usize) -> io::Result<Self> {
        input.rewind()?;
        let input = BufReader::with_capacity(CHUNK_BYTES, input);
        Ok(Self { input, max_bytes, line: Vec::new(), number: 0, offset: 0 })
    }

    /// Returns the next line with its number, from 1; `None` after the last one.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, BoundedLine<'_>)>> {
        self.line.clear();
        // A long line leaves no memory behind.
        self.line.shrink_to(MEASURED_BYTES);
        let start = self.offset;
        let Some(length) = self.read_line(MEASURED_BYTES.min(self.max_bytes))? else {
            return Ok(None);
        };
        self.number += 1;
        if length > self.max_bytes as u64 {
            return Ok(Some((self.number, Err(length))));
        }
        if length > self.line.len() as u64 {
            self.input.seek(SeekFrom::Start(start))?;
            self.offset = start;
            self.line = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
            self.read_line(self.max_bytes)?;
        }
        Ok(Some((self.number, Ok(&self.line))))
    }

    /// Reads a line, keeps it if it has at most `max_kept` bytes, and returns its length without its end;
    /// `None` at the end of the file.
    fn read_line(&mut self, max_kept: usize) -> io::Result<Option<u64>> {
        let (begin, mut length) = (self.offset, 0);
        loop {
            let bytes = match self.input.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if bytes.is_empty() {
                return Ok((self.offset > begin).then_some(length));
            }
            let end = bytes.iter().position(|b| *b == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            length += part.len() as u64;
            if length <= max_kept as u64 {
                self.line.extend_from_slice(part);
            } else {
                self.line.clear();
            }
            let read = part.len() + usize::from(end.is_some());
            self.offset += read as u64;
            self.input.consume(read);
            if end.is_some() {
                return Ok(Some(length));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn lines(text: &[u8], max_bytes: usize) -> Vec<Result<Vec<u8>, u64>> {
        let mut reader = LineReader::new(Cursor::new(text), max_bytes).unwrap();
        let mut lines = Vec::new();
        while let Some((number, line)) = reader.next().unwrap() {
            lines.push(line.map(<[u8]>::to_vec));
            assert_eq!(number, lines.len() as u64);
        }
        lines
    }

    #[test]
    fn a_line_past_the_maximum_is_measured_and_the_next_one_is_read() {
        assert_eq!(
            lines(b"one\n\nlonger\nend", 4),
            [Ok(b"one".to_vec()), Ok(Vec::new()), Err(6), Ok(b"end".to_vec())]
        );
        assert_eq!(lines(b"", 4), []);
    }

    #[test]
    fn a_long_line_within_the_maximum_is_complete() {
        let long = "x".repeat(3 << 20);
        let text = format!("first\n{long}\nlast\n");
        let read = lines(text.as_bytes(), 4 << 20);
        assert!(read[1] == Ok(long.into_bytes()) && read[2] == Ok(b"last".to_vec()));
        assert_eq!(lines(text.as_bytes(), 2 << 20)[1], Err(3 << 20));
    }
}
