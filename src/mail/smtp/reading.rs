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
            if piece.ends_with(b"\n") && self.raw.is_empty() {
                tidy(piece, &mut self.ready);
                continue;
            }
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

    /// Hands out lines up to the end of one reply, `most` bytes of them; empty when there are none. One reply at a time, so
    /// that what stays here is what nobody has asked for yet.
    pub(super) fn take(&mut self, most: usize) -> &[u8] {
        let mut end = self.taken;
        for line in self.ready[self.taken..].split_inclusive(|b| *b == b'\n') {
            end += line.len();
            if line.get(3) != Some(&b'-') {
                break;
            }
        }
        self.hand_out(end.min(self.taken + most))
    }

    fn hand_out(&mut self, end: usize) -> &[u8] {
        if self.taken == self.ready.len() {
            self.ready.clear();
            self.taken = 0;
            return &[];
        }
        let from = std::mem::replace(&mut self.taken, end);
        &self.ready[from..end]
    }

    /// Hands out one whole line, if one has arrived.
    pub(super) fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.ready[self.taken..].iter().position(|b| *b == b'\n')? + 1;
        Some(self.hand_out(self.taken + end).to_vec())
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
    if (4..=KEPT_OF_A_LINE).contains(&line.len()) && line.iter().all(|b| matches!(b, b' '..=b'~')) {
        into.extend_from_slice(line);
        into.extend_from_slice(b"\r\n");
        return;
    }
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
        assert_eq!(
            String::from_utf8_lossy(inbound.take(100)),
            "250-\u{fffd}\u{fffd}\u{fffd}\u{fffd}\r\n250 \r\n"
        );
    }

    #[test]
    fn replies_are_handed_out_one_at_a_time() {
        let mut inbound = Inbound::default();
        inbound.feed(b"250-a\r\n250 b\r\n354 c\r\n250-d\r\n").unwrap();
        assert_eq!(inbound.take(100), b"250-a\r\n250 b\r\n");
        assert_eq!(inbound.len(), 14);
        assert_eq!(inbound.take(100), b"354 c\r\n");
        assert_eq!(inbound.take(100), b"250-d\r\n", "half a reply does not wait for its end");
        assert_eq!(inbound.take(100), b"");
        assert_eq!(inbound.len(), 0);
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
        assert_eq!(inbound.take(50), b"\r\n");
        assert_eq!(inbound.take(50), b"250 b\r\n");
        assert_eq!(inbound.len(), 0);
    }

    proptest::proptest! {
        #[test]
        fn whatever_arrives_comes_out_as_clean_lines_however_it_was_cut(bytes in proptest::collection::vec(0_u8..=255, 0..200), cut in 1_usize..50) {
            let read = |sizes: usize| {
                let (mut inbound, mut all) = (Inbound::default(), Vec::new());
                bytes.chunks(sizes).for_each(|piece| inbound.feed(piece).unwrap());
                loop {
                    match inbound.take(64) {
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
