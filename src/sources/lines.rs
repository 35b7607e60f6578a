//! Which line of a file a place is in, for who must mend it.

/// Counts lines as far as they are asked for, so asking from the beginning to the end costs one walk.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line that the byte at a position is in; a position before the last one asked for counts as that.
    pub(super) fn at(&mut self, position: usize) -> u64 {
        let end = position.min(self.text.len());
        let passed = self.text.get(self.at..end).unwrap_or_default();
        self.line += passed.iter().map(|b| u64::from(*b == b'\n')).sum::<u64>();
        self.at = self.at.max(end);
        self.line
    }

    /// The line of a CSV record that begins at a position, or behind the line ends that follow it: the reader takes a
    /// record for ended at the first byte of its line end.
    pub(super) fn of_record(&mut self, position: &csv::Position) -> u64 {
        let start = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(self.text.len());
        let blank = self.text[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        self.at(start + blank)
    }
}
