//! What comes in from a relay, made whole line by line, so that one odd byte in a reply does not cost a connection.

/// More than this without a line end is no reply.
const LONGEST_LINE: usize = 16 * 1024;
/// What lettre reads of one line at most, with room for its code and line end.
const KEPT_OF_A_LINE: usize = 900;

/// Bytes that arrived, as lines which are UTF-8, end in CRLF and have a separator behind their code.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    raw: Vec<u8>,
    ready: Vec<u8>,
    taken: usize,
}

impl Inbound {
    /// Takes bytes as they arrived; refuses a line that has no end.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.raw.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                tidy(&self.raw, &mut self.ready);
                self.raw.clear();
            } else if self.raw.len() > LONGEST_LINE {
                let words = "the relay sends a line without an end";
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, words));
            }
        }
        Ok(())
    }

    /// Puts lines that were read back in front of everything else.
    pub(super) fn put_back(&mut self, lines: &[u8]) {
        let rest = self.ready.split_off(self.taken);
        self.ready = lines.to_vec();
        self.ready.extend_from_slice(&rest);
        self.taken = 0;
    }

    /// Hands out up to `most` bytes of whole lines; empty when there are none.
    pub(super) fn take(&mut self, most: usize) -> &[u8] {
        if self.taken == self.ready.len() {
            self.ready.clear();
            self.taken = 0;
        }
        let from = self.taken;
        self.taken = self.ready.len().min(from + most);
        &self.ready[from..self.taken]
    }

    /// Hands out one whole line, if one has arrived.
    pub(super) fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.ready[self.taken..].iter().position(|b| *b == b'\n')? + 1;
        Some(self.take(end).to_vec())
    }

    /// How many bytes wait to be read.
    pub(super) fn len(&self) -> usize {
        self.raw.len() + self.ready.len() - self.taken
    }
}

/// Writes one line as lettre understands it: relays are known to answer in their country's old encodings, with a bare
/// line feed, or with a code and nothing behind it.
fn tidy(line: &[u8], into: &mut Vec<u8>) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = String::from_utf8_lossy(line);
    let mut text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() > KEPT_OF_A_LINE {
        text.truncate(text.floor_char_boundary(KEPT_OF_A_LINE));
    }
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit()) {
        text.push(' ');
    }
    into.extend_from_slice(text.as_bytes());
    into.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_with_odd_bytes_is_made_whole() {
        let mut inbound = Inbound::default();
        inbound.feed(b"250-\xd3\xca\xcf\xe4").unwrap();
        assert!(inbound.take(100).is_empty(), "half a line is not handed out");
        inbound.feed(b"\r\n250\n").unwrap();
        assert_eq!(String::from_utf8_lossy(inbound.take(100)), "250-\u{fffd}\u{fffd}\u{fffd}\u{fffd}\r\n250 \r\n");
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut inbound = Inbound::default();
        assert!(inbound.feed(&vec![b'x'; LONGEST_LINE + 2]).is_err());
    }

    #[test]
    fn lines_that_were_put_back_come_first() {
        let mut inbound = Inbound::default();
        inbound.feed(b"220 a\r\n250 b\r\n").unwrap();
        let first = inbound.take_line().unwrap();
        inbound.put_back(&first);
        assert_eq!(inbound.take(5), b"220 a");
        assert_eq!(inbound.take(50), b"\r\n250 b\r\n");
        assert_eq!(inbound.len(), 0);
    }
}
