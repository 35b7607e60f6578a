//! Counts the lines of a text that is read piece by piece.

/// Number of the line at the end of what was read, for error messages. A line ends with LF, CR or both.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineCount {
    ends: u64,
    is_after_cr: bool,
}

impl LineCount {
    /// Counts the line ends in the next piece of the text.
    pub(crate) fn add(&mut self, text: &[u8]) {
        for byte in text {
            self.ends += u64::from(*byte == b'\r' || *byte == b'\n' && !self.is_after_cr);
            self.is_after_cr = *byte == b'\r';
        }
    }

    /// Returns the number of the current line, from 1.
    pub(crate) fn line(self) -> u64 {
        self.ends + 1
    }

    /// Returns `true` if the text ends with CR, after which LF belongs to the same line end.
    pub(crate) fn is_after_cr(self) -> bool {
        self.is_after_cr
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_lf_cr_or_both_in_any_pieces() {
        let text = b"a\nb\r\nc\rd\r\r\ne";
        for size in 1..4 {
            let (mut lines, mut found) = (LineCount::default(), Vec::new());
            for piece in text.chunks(size) {
                lines.add(piece);
                found.push(lines.line());
            }
            assert_eq!(found.last(), Some(&6), "{size}");
            if size == 1 {
                assert_eq!(found, [1, 2, 2, 3, 3, 3, 4, 4, 5, 6, 6, 6]);
            }
        }
    }
}
