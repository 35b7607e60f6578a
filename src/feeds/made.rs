//! A document made ready: compressed in pieces, of which those that did not change are taken over from the one before.
//!
//! A gzip stream (RFC 1952) may be cut at byte boundaries after each item. An item is compressed with the item before it
//! as dictionary, so that it stays valid wherever that pair stands: one new article costs two items and a copy of the rest,
//! however long the feed is, and the bytes are the same as if everything had been made anew.

mod press;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::format::Format;
use crate::domain::time::Millis;
pub use press::press;

/// Tells an item in one state from all others, and from itself in other states.
pub type Fingerprint = [u8; 16];

/// Compressed, without name and time (RFC 1952 section 2.3), on a system it does not tell.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block (RFC 1951 section 3.2.6).
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// A feed's document in one format, ready to be served.
#[derive(Debug)]
pub struct Made {
    gzip: Bytes,
    pieces: Vec<Piece>,
    /// What names these bytes: a hash of them, without quotes.
    pub etag: String,
    /// When they last changed; unknown for a document that changed in the very second in which it was made.
    pub modified: Option<Millis>,
    /// The format.
    pub format: Format,
    /// Bytes of the document as it is, not compressed.
    pub length: usize,
    brotli: Brotli,
}

/// What is known of a document's other form.
#[derive(Debug, Default)]
struct Brotli {
    /// Its bytes; 0 until it was made, and where it is not to be had.
    length: AtomicUsize,
    is_tried: AtomicBool,
    is_wanted: AtomicBool,
}

/// One piece of a document: what precedes the items, an item, what follows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The item's; zeros for what surrounds the items.
    pub(super) fingerprint: Fingerprint,
    hash: Fingerprint,
    deflated: u32,
    length: u32,
    crc: u32,
}

impl Piece {
    /// How many bytes one is, as it is kept.
    pub(super) const BYTES: usize = 44;

    pub(super) fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let numbers = [self.deflated, self.length, self.crc].map(u32::to_le_bytes);
        let parts = [&self.fingerprint[..], &self.hash]
            .into_iter()
            .chain(numbers.iter().map(|number| &number[..]))
            .flatten();
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let (hashes, _) = bytes.as_chunks::<16>();
        let (numbers, _) = bytes[32..].as_chunks::<4>();
        let number = |i: usize| u32::from_le_bytes(numbers[i]);
        Self {
            fingerprint: hashes[0],
            hash: hashes[1],
            deflated: number(0),
            length: number(1),
            crc: number(2),
        }
    }
}

impl Made {
    /// The document, compressed by gzip.
    pub fn gzip(&self) -> Bytes {
        self.gzip.clone()
    }

    /// The document as it is; costs a decompression.
    pub fn identity(&self) -> Bytes {
        let mut body = Vec::with_capacity(self.length);
        // We compressed it, and compared its checksum when it was read from the disk.
        if let Err(error) = GzDecoder::new(&self.gzip[..]).read_to_end(&mut body) {
            tracing::error!("a feed that was made cannot be read back: {error}");
        }
        body.into()
    }

    /// Bytes that it has in Brotli, if it was made.
    pub fn brotli_length(&self) -> Option<usize> {
        Some(self.brotli.length.load(Ordering::Relaxed)).filter(|length| *length > 0)
    }

    /// Notes that somebody would rather have it in Brotli.
    pub fn want_brotli(&self) {
        self.brotli.is_wanted.store(true, Ordering::Relaxed);
    }

    /// Whether Brotli is wanted and was not tried yet.
    pub(super) fn lacks_brotli(&self) -> bool {
        self.brotli.is_wanted.load(Ordering::Relaxed)
            && !self.brotli.is_tried.load(Ordering::Relaxed)
    }

    /// Notes what Brotli came to.
    pub(super) fn tried(&self, length: Option<usize>) {
        self.brotli.length.store(length.unwrap_or(0), Ordering::Relaxed);
        self.brotli.is_tried.store(true, Ordering::Relaxed);
    }

    /// Notes that Brotli, which was there, is not any more: it may be made again.
    pub(super) fn lost_brotli(&self) {
        self.brotli.length.store(0, Ordering::Relaxed);
        self.brotli.is_tried.store(false, Ordering::Relaxed);
    }

    /// Media type.
    pub fn media_type(&self) -> &'static str {
        self.format.media_type()
    }

    /// The items' fingerprints, in their order.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.items().iter().map(|piece| &piece.fingerprint)
    }

    fn items(&self) -> &[Piece] {
        self.pieces.get(1..self.pieces.len().saturating_sub(1)).unwrap_or_default()
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Takes what was kept elsewhere and is known to be as it was, if it fits together.
    pub(super) fn restored(
        format: Format,
        gzip: Bytes,
        pieces: Vec<Piece>,
        modified: Option<Millis>,
    ) -> Option<Self> {
        let sum = |part: fn(&Piece) -> u32| {
            pieces.iter().map(|piece| part(piece) as usize).sum::<usize>()
        };
        let (deflated, length) = (sum(|piece| piece.deflated), sum(|piece| piece.length));
        if gzip.len() != GZIP_HEADER.len() + deflated + LAST_BLOCK.len() + 8 || pieces.len() < 2 {
            return None;
        }
        Some(Self {
            etag: etag(&pieces),
            gzip,
            pieces,
            modified,
            format,
            length,
            brotli: Brotli::default(),
        })
    }
}

fn digest(text: &[u8]) -> Fingerprint {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(text)[..16]);
    first
}

/// A hash of the pieces' hashes: the same for the same bytes, wherever and however they were made.
fn etag(pieces: &[Piece]) -> String {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece.hash);
        hasher.update(piece.length.to_le_bytes());
    }
    hasher.finalize().iter().take(12).map(|b| format!("{b:02x}")).collect()
}
