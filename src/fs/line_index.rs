//! Conversion of byte offsets in a file to line numbers, for error messages.

/// Counts lines up to the offsets asked for; ascending offsets need a single pass over the text.
pub(crate) struct LineIndex<'a> {
    text: &'a [u8],
    position: usize,
    line: u64,
}

impl<'a> LineIndex<'a> {
    /// Starts at the first line of a text.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, position: 0, line: 1 }
    }

    /// Returns the line number, from 1, of the byte at `offset`; an offset before an earlier call's
    /// counts as that one. A line ends with LF, CR or both.
    pub(crate) fn line_at(&mut self, offset: usize) -> u64 {
        let end = offset.min(self.text.len());
        let ends_line = |at: &usize| match self.text[*at] {
            b'\n' => true,
            b'\r' => self.text.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        self.line += (self.position..end).filter(ends_line).map(|_| 1).sum::<u64>();
        self.position = self.position.max(end);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_lf_cr_or_both() {
        let text = b"a\nb\r\nc\rd\r\r\ne";
        let mut lines = LineIndex::new(text);
        let found: Vec<u64> = b"abcde"
            .iter()
            .map(|letter| lines.line_at(text.iter().position(|b| b == letter).unwrap()))
            .collect();
        assert_eq!(found, [1, 2, 3, 4, 6]);
    }
}
