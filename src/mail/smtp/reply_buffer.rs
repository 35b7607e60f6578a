//! Buffer for replies of a relay, normalized line by line, so that one invalid byte in a reply does
//! not fail the connection.

/// Longest accepted line, in bytes.
const MAX_LINE_BYTES: usize = 16 * 1024;
/// Longest line that is forwarded to lettre, in bytes, including code and line end.
const MAX_FORWARDED_LINE_BYTES: usize = 900;

/// Received bytes as lines that are UTF-8, end in CRLF and have a separator after their code.
#[derive(Debug, Default)]
pub(super) struct ReplyBuffer {
    partial_line: Vec<u8>,
    lines: Vec<u8>,
    consumed: usize,
}

impl ReplyBuffer {
    /// Appends received bytes; fails on a line that exceeds the limit.
    pub(super) fn push(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            if piece.ends_with(b"\n") && self.partial_line.is_empty() {
                push_sanitized(piece, &mut self.lines);
                continue;
            }
            self.partial_line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                push_sanitized(&self.partial_line, &mut self.lines);
                self.partial_line.clear();
            } else if self.partial_line.len() > MAX_LINE_BYTES {
                let message = "the relay sent a line that is too long";
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
            }
        }
        Ok(())
    }

    /// Puts lines back in front of all others.
    pub(super) fn unread(&mut self, lines: &[u8]) {
        let rest = self.lines.split_off(self.consumed);
        self.lines = lines.to_vec();
        self.lines.extend_from_slice(&rest);
        self.consumed = 0;
    }

    /// Returns lines up to the end of one reply, at most `max_bytes` bytes; empty if there are
    /// none. Only one reply at a time, so that the remaining bytes are replies that were not yet
    /// expected.
    pub(super) fn take_reply(&mut self, max_bytes: usize) -> &[u8] {
        let mut end = self.consumed;
        for line in self.lines[self.consumed..].split_inclusive(|b| *b == b'\n') {
            end += line.len();
            if line.get(3) != Some(&b'-') {
                break;
            }
        }
        self.consume_to(end.min(self.consumed + max_bytes))
    }

    fn consume_to(&mut self, end: usize) -> &[u8] {
        if self.consumed == self.lines.len() {
            self.lines.clear();
            self.consumed = 0;
            return &[];
        }
        let from = std::mem::replace(&mut self.consumed, end);
        &self.lines[from..end]
    }

    /// Returns one complete line, if one has arrived.
    pub(super) fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.lines[self.consumed..].iter().position(|b| *b == b'\n')? + 1;
        Some(self.consume_to(self.consumed + end).to_vec())
    }

    /// Returns the number of unread bytes.
    pub(super) fn len(&self) -> usize {
        self.partial_line.len() + self.lines.len() - self.consumed
    }
}

/// Appends one line in the form that lettre accepts: some relays reply in legacy encodings, with a
/// bare line feed, or with a code and no text.
fn push_sanitized(line: &[u8], out: &mut Vec<u8>) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if (4..=MAX_FORWARDED_LINE_BYTES).contains(&line.len())
        && line.iter().all(|b| matches!(b, b' '..=b'~'))
    {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        return;
    }
    let text = String::from_utf8_lossy(line);
    let mut text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() > MAX_FORWARDED_LINE_BYTES {
        text.truncate(text.floor_char_boundary(MAX_FORWARDED_LINE_BYTES));
    }
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit()) {
        text.push(' ');
    }
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_with_invalid_bytes_is_sanitized() {
        let mut buffer = ReplyBuffer::default();
        buffer.push(b"250-\xd3\xca\xcf\xe4").unwrap();
        assert!(buffer.take_reply(100).is_empty(), "an incomplete line is not returned");
        buffer.push(b"\r\n250\n").unwrap();
        assert_eq!(
            String::from_utf8_lossy(buffer.take_reply(100)),
            "250-\u{fffd}\u{fffd}\u{fffd}\u{fffd}\r\n250 \r\n"
        );
    }

    #[test]
    fn replies_are_returned_one_at_a_time() {
        let mut buffer = ReplyBuffer::default();
        buffer.push(b"250-a\r\n250 b\r\n354 c\r\n250-d\r\n").unwrap();
        assert_eq!(buffer.take_reply(100), b"250-a\r\n250 b\r\n");
        assert_eq!(buffer.len(), 14);
        assert_eq!(buffer.take_reply(100), b"354 c\r\n");
        assert_eq!(
            buffer.take_reply(100),
            b"250-d\r\n",
            "an incomplete reply is returned without waiting for its end"
        );
        assert_eq!(buffer.take_reply(100), b"");
        assert_eq!(buffer.len(), 0);
    }

    #[test]
    fn line_without_end_is_rejected() {
        let mut buffer = ReplyBuffer::default();
        assert!(buffer.push(&vec![b'x'; MAX_LINE_BYTES + 2]).is_err());
    }

    #[test]
    fn unread_lines_come_first() {
        let mut buffer = ReplyBuffer::default();
        buffer.push(b"220 a\r\n250 b\r\n").unwrap();
        let first = buffer.take_line().unwrap();
        buffer.unread(&first);
        assert_eq!(buffer.take_reply(5), b"220 a");
        assert_eq!(buffer.take_reply(50), b"\r\n");
        assert_eq!(buffer.take_reply(50), b"250 b\r\n");
        assert_eq!(buffer.len(), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_input_yields_clean_lines_however_it_is_split(bytes in proptest::collection::vec(0_u8..=255, 0..200), cut in 1_usize..50) {
            let read = |sizes: usize| {
                let (mut buffer, mut all) = (ReplyBuffer::default(), Vec::new());
                bytes.chunks(sizes).for_each(|piece| buffer.push(piece).unwrap());
                loop {
                    match buffer.take_reply(64) {
                        [] => break all,
                        some => all.extend_from_slice(some),
                    }
                }
            };
            let all = String::from_utf8(read(cut)).unwrap();
            proptest::prop_assert_eq!(all.as_bytes(), read(bytes.len().max(1)));
            proptest::prop_assert!(all.is_empty() || all.ends_with("\r\n"));
            proptest::prop_assert!(all.split_terminator("\r\n").all(|line| !line.contains(char::is_control)));
        }
    }
}
