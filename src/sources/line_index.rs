//! Conversion of byte offsets in a file to line numbers, for error messages.

/// Counts lines up to the offsets asked for; ascending offsets need a single pass over the text.
pub(super) struct LineIndex<'a> {
    text: &'a [u8],
    position: usize,
    line: u64,
}

impl<'a> LineIndex<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, position: 0, line: 1 }
    }

    /// Returns the line number, from 1, of the byte at `offset`; an offset before an earlier call's
    /// counts as that one.
    pub(super) fn line_at(&mut self, offset: usize) -> u64 {
        let end = offset.min(self.text.len());
        let skipped = self.text.get(self.position..end).unwrap_or_default();
        self.line += skipped.iter().map(|b| u64::from(*b == b'\n')).sum::<u64>();
        self.position = self.position.max(end);
        self.line
    }

    /// Returns the line number of the CSV record at a position. Line ends at the position are
    /// skipped, because the reader ends a record at the first byte of its line end.
    pub(super) fn line_of_record(&mut self, position: &csv::Position) -> u64 {
        let start = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(self.text.len());
        let blank = self.text[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        self.line_at(start + blank)
    }
}
