//! Base64 (RFC 2045 section 6.8) with slots. Three bytes make four characters, so what a piece behind a slot looks like
//! depends on how many bytes stand before it, modulo three: each piece is kept encoded in all three ways.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::marked::{Marked, Place, Slot, Values};

/// Bytes in a line of 76 characters.
const LINE: usize = 57;
/// Shorter pieces are encoded with the values around them.
const SHORT: usize = LINE;

/// Encoded pieces with slots between them.
#[derive(Debug)]
pub(super) struct Base64 {
    first: Encoded,
    behind: Vec<(Slot, Place, Piece)>,
    length: usize,
}

#[derive(Debug)]
enum Piece {
    Short(Vec<u8>),
    /// For 0, 1 and 2 bytes that wait before it.
    Long([Encoded; 3]),
}

/// Some text in whole lines.
#[derive(Debug, Default)]
struct Encoded {
    /// What completes the three bytes that were begun before.
    head: Vec<u8>,
    /// Each with its CRLF.
    lines: String,
    /// What is left, less than three bytes.
    tail: Vec<u8>,
}

impl Encoded {
    fn of(piece: &[u8], waiting: usize) -> Self {
        let (head, rest) = piece.split_at(((3 - waiting) % 3).min(piece.len()));
        let (whole, tail) = rest.split_at(rest.len() / 3 * 3);
        let mut lines = String::with_capacity(whole.len() / LINE * 78 + 78);
        encode(whole, &mut lines);
        Self { head: head.to_vec(), lines, tail: tail.to_vec() }
    }
}

impl Base64 {
    /// Encodes the pieces.
    pub(super) fn of(marked: &Marked<'_>) -> Self {
        let first = Encoded::of(marked.pieces[0].as_bytes(), 0);
        let behind = marked.slots.iter().zip(&marked.pieces[1..]).map(|((slot, place), piece)| {
            let piece = piece.as_bytes();
            let piece = match piece.len() < SHORT {
                true => Piece::Short(piece.to_vec()),
                false => Piece::Long([0, 1, 2].map(|waiting| Encoded::of(piece, waiting))),
            };
            (*slot, *place, piece)
        });
        let length = marked.pieces.iter().map(|piece| piece.len() / LINE * 78 + 2 * 78).sum();
        Self { first, behind: behind.collect(), length }
    }

    /// Bytes without the values, about.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Writes the body.
    pub(super) fn pour(&self, values: Values<'_>, out: &mut String) {
        let mut waiting = Vec::with_capacity(4 * LINE);
        out.push_str(&self.first.lines);
        waiting.extend_from_slice(&self.first.tail);
        for (slot, place, piece) in &self.behind {
            waiting.extend_from_slice(place.write(values.of(*slot)).as_bytes());
            match piece {
                Piece::Short(bytes) => waiting.extend_from_slice(bytes),
                Piece::Long(ways) => {
                    let piece = &ways[waiting.len() % 3];
                    waiting.extend_from_slice(&piece.head);
                    encode(&waiting, out);
                    waiting.clear();
                    out.push_str(&piece.lines);
                    waiting.extend_from_slice(&piece.tail);
                }
            }
        }
        encode(&waiting, out);
    }
}

/// Appends bytes in lines of at most 76 characters, each with its CRLF; padded, if they are no multiple of three.
fn encode(bytes: &[u8], out: &mut String) {
    for line in bytes.chunks(LINE) {
        STANDARD.encode_string(line, out);
        out.push_str("\r\n");
    }
}
