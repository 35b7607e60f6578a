//! Reads text in any encoding as UTF-8, a piece at a time.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, Encoding};

/// Number of bytes that are decoded at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Treatment of bytes that are not valid in the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvalidBytes {
    /// Reading the text fails.
    Reject,
    /// U+FFFD takes their place.
    Replace,
}

/// Reader that decodes its input, without a byte order mark.
pub(crate) struct Utf8Reader<R> {
    input: R,
    decoder: Decoder,
    invalid: InvalidBytes,
    bytes: Vec<u8>,
    text: String,
    /// Offset in `text` of what has not been consumed.
    position: usize,
    has_ended: bool,
}

impl<R: Read> Utf8Reader<R> {
    /// Decodes the rest of `input`.
    pub(crate) fn new(input: R, encoding: &'static Encoding, invalid: InvalidBytes) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        let capacity = decoder.max_utf8_buffer_length(CHUNK_BYTES).unwrap_or(3 * CHUNK_BYTES);
        Self {
            input,
            decoder,
            invalid,
            bytes: vec![0; CHUNK_BYTES],
            text: String::with_capacity(capacity),
            position: 0,
            has_ended: false,
        }
    }

    /// Returns the next piece of text; empty at the end. It stays the same until it is consumed.
    pub(crate) fn fill(&mut self) -> io::Result<&str> {
        while self.position == self.text.len() && !self.has_ended {
            self.decode_chunk()?;
        }
        Ok(self.buffered())
    }

    /// Returns the decoded text that has not been consumed.
    pub(crate) fn buffered(&self) -> &str {
        &self.text[self.position..]
    }

    /// Returns the bytes of the decoded text that have not been consumed.
    pub(crate) fn buffered_bytes(&self) -> &[u8] {
        &self.text.as_bytes()[self.position..]
    }

    /// Consumes this number of bytes of the text, a whole number of characters.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.position = (self.position + bytes).min(self.text.len());
    }

    fn decode_chunk(&mut self) -> io::Result<()> {
        self.text.clear();
        self.position = 0;
        let length = loop {
            match self.input.read(&mut self.bytes) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.has_ended = length == 0;
        let (_, _, has_invalid) =
            self.decoder.decode_to_string(&self.bytes[..length], &mut self.text, self.has_ended);
        if has_invalid && self.invalid == InvalidBytes::Reject {
            let name = self.decoder.encoding().name();
            let problem = format!("not valid {name}; save the file as UTF-8");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Utf8Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // Not `fill`: a reader of bytes may have consumed a part of a character.
        while self.position == self.text.len() && !self.has_ended {
            self.decode_chunk()?;
        }
        Ok(self.buffered_bytes())
    }

    fn consume(&mut self, bytes: usize) {
        self.skip(bytes);
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GB18030, UTF_8, UTF_16LE};

    use super::*;

    #[test]
    fn text_is_decoded_across_the_pieces() {
        let text = "\u{65b0}\u{95fb} news ".repeat(20_000);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), UTF_8),
            (GB18030.encode(&text).0.into_owned(), GB18030),
            (utf16, UTF_16LE),
        ] {
            let mut read = String::new();
            let mut reader = Utf8Reader::new(&bytes[..], encoding, InvalidBytes::Reject);
            reader.read_to_string(&mut read).unwrap();
            assert!(read == text, "{}", encoding.name());
        }
    }

    #[test]
    fn invalid_bytes_are_rejected_or_replaced() {
        let read = |invalid| {
            let mut text = String::new();
            Utf8Reader::new(&b"a\xffb"[..], UTF_8, invalid).read_to_string(&mut text).map(|_| text)
        };
        assert_eq!(read(InvalidBytes::Replace).unwrap(), "a\u{fffd}b");
        assert!(
            read(InvalidBytes::Reject).is_err_and(|e| e.to_string().starts_with("not valid UTF-8"))
        );
    }
}
