//! Base64 (RFC 2045 section 6.8) with placeholders. Three bytes make four characters, so the
//! encoding of a literal after a placeholder depends on the number of bytes before it, modulo
//! three: each literal is stored in all three encodings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::escape::EscapeContext;
use super::segments::{Placeholder, Segments, Values};

/// Bytes encoded in one line of 76 characters.
const BYTES_PER_LINE: usize = 57;
/// Shortest literal that is encoded in advance; shorter ones are encoded with the values around
/// them.
const MIN_PREENCODED_BYTES: usize = BYTES_PER_LINE;

/// Encoded literals with the placeholders between them.
#[derive(Debug)]
pub(super) struct Base64 {
    first: EncodedLiteral,
    rest: Vec<(Placeholder, EscapeContext, Literal)>,
    length: usize,
}

#[derive(Debug)]
enum Literal {
    Short(Vec<u8>),
    /// Encodings for 0, 1 and 2 pending bytes before the literal.
    PreEncoded([EncodedLiteral; 3]),
}

/// Literal encoded in whole lines, with the bytes that complete the groups of three at its ends.
#[derive(Debug, Default)]
struct EncodedLiteral {
    /// First bytes, which complete the group of three begun before the literal.
    head: Vec<u8>,
    /// Encoded lines, each with its CRLF.
    lines: String,
    /// Last bytes, fewer than three.
    tail: Vec<u8>,
}

impl EncodedLiteral {
    fn new(literal: &[u8], pending: usize) -> Self {
        let (head, rest) = literal.split_at(((3 - pending) % 3).min(literal.len()));
        let (whole, tail) = rest.split_at(rest.len() / 3 * 3);
        let mut lines = String::with_capacity(whole.len() / BYTES_PER_LINE * 78 + 78);
        encode(whole, &mut lines);
        Self { head: head.to_vec(), lines, tail: tail.to_vec() }
    }
}

impl Base64 {
    /// Encodes the literals in advance.
    pub(super) fn new(segments: &Segments<'_>) -> Self {
        let first = EncodedLiteral::new(segments.literals[0].as_bytes(), 0);
        let rest = segments.placeholders.iter().zip(&segments.literals[1..]).map(
            |((placeholder, context), literal)| {
                let literal = literal.as_bytes();
                let literal = match literal.len() < MIN_PREENCODED_BYTES {
                    true => Literal::Short(literal.to_vec()),
                    false => Literal::PreEncoded(
                        [0, 1, 2].map(|pending| EncodedLiteral::new(literal, pending)),
                    ),
                };
                (*placeholder, *context, literal)
            },
        );
        let length = segments
            .literals
            .iter()
            .map(|literal| literal.len() / BYTES_PER_LINE * 78 + 2 * 78)
            .sum();
        Self { first, rest: rest.collect(), length }
    }

    /// Returns the approximate length in bytes, without the values.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Appends the body, with a line end after it.
    pub(super) fn render(&self, values: Values<'_>, out: &mut String) {
        let mut pending = Vec::with_capacity(4 * BYTES_PER_LINE);
        out.push_str(&self.first.lines);
        pending.extend_from_slice(&self.first.tail);
        for (placeholder, context, literal) in &self.rest {
            pending.extend_from_slice(context.escape(values.get(*placeholder)).as_bytes());
            match literal {
                Literal::Short(bytes) => pending.extend_from_slice(bytes),
                Literal::PreEncoded(alignments) => {
                    let literal = &alignments[pending.len() % 3];
                    pending.extend_from_slice(&literal.head);
                    encode(&pending, out);
                    pending.clear();
                    out.push_str(&literal.lines);
                    pending.extend_from_slice(&literal.tail);
                }
            }
        }
        encode(&pending, out);
    }
}

/// Appends bytes in lines of at most 76 characters, each with its CRLF. The last line is padded if
/// the number of bytes is not a multiple of three.
fn encode(bytes: &[u8], out: &mut String) {
    for line in bytes.chunks(BYTES_PER_LINE) {
        STANDARD.encode_string(line, out);
        out.push_str("\r\n");
    }
}
