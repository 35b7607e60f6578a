//! Rendered feed documents, compressed in segments. Unchanged segments are copied from the previous
//! document.
//!
//! Each item ends at a byte boundary of the gzip stream (RFC 1952). An item is compressed with the
//! item before it as its dictionary, so its segment is valid wherever the same two items are
//! adjacent. One new article therefore costs the compression of two items and a copy of the rest,
//! however long the feed is, and the bytes are the same as those of a full rendering.

mod assemble;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::format::Format;
use crate::domain::time::Millis;
pub use assemble::assemble;

/// Identifies one state of one item among all items and all their states.
pub type ItemHash = [u8; 16];
/// Hash of a segment's uncompressed text.
type TextHash = [u8; 16];

/// Gzip header for deflate, without a file name, a time or a known operating system (RFC 1952
/// section 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// Empty last block of a deflate stream (RFC 1951 section 3.2.6).
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// A feed's document in one format, ready to serve.
#[derive(Debug)]
pub struct RenderedFeed {
    gzip: Bytes,
    segments: Vec<Segment>,
    /// Entity tag: a hash of the uncompressed bytes, without quotes.
    pub etag: String,
    /// Time of the last change of the bytes; `None` if the document changed within the second in
    /// which it was rendered.
    pub modified: Option<Millis>,
    /// Format of the document's bytes.
    pub format: Format,
    /// Length of the uncompressed document in bytes.
    pub length: usize,
    brotli: BrotliState,
}

/// State of a document's Brotli encoding.
#[derive(Debug, Default)]
struct BrotliState {
    /// Length in bytes; 0 while there is no Brotli body.
    length: AtomicUsize,
    is_attempted: AtomicBool,
    is_requested: AtomicBool,
}

/// One segment of a document: the text before the items, one item, or the text after the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Hash of what the item was rendered from; zeros for the text around the items.
    pub(super) item_hash: ItemHash,
    /// Hash of the uncompressed text, of which the entity tag is made.
    text_hash: TextHash,
    compressed_length: u32,
    length: u32,
    crc: u32,
}

impl Segment {
    /// Length of a serialized segment description in bytes.
    pub(super) const BYTES: usize = 44;

    pub(super) fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let numbers = [self.compressed_length, self.length, self.crc].map(u32::to_le_bytes);
        let parts = [&self.item_hash[..], &self.text_hash]
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
            item_hash: hashes[0],
            text_hash: hashes[1],
            compressed_length: number(0),
            length: number(1),
            crc: number(2),
        }
    }
}

impl RenderedFeed {
    /// Returns the document compressed with gzip.
    pub fn gzip(&self) -> Bytes {
        self.gzip.clone()
    }

    /// Returns the uncompressed document; decompresses it at each call.
    pub fn identity(&self) -> Bytes {
        let mut body = Vec::with_capacity(self.length);
        // This process compressed it, or verified its checksum when it was read from disk.
        if let Err(error) = GzDecoder::new(&self.gzip[..]).read_to_end(&mut body) {
            tracing::error!("cannot decompress a rendered feed: {error}");
        }
        body.into()
    }

    /// Returns the length of the Brotli body in bytes, if there is one.
    pub fn brotli_length(&self) -> Option<usize> {
        Some(self.brotli.length.load(Ordering::Relaxed)).filter(|length| *length > 0)
    }

    /// Records that a client prefers Brotli.
    pub fn request_brotli(&self) {
        self.brotli.is_requested.store(true, Ordering::Relaxed);
    }

    /// Returns `true` if Brotli was requested and compression was not attempted yet.
    pub(super) fn needs_brotli(&self) -> bool {
        self.brotli.is_requested.load(Ordering::Relaxed)
            && !self.brotli.is_attempted.load(Ordering::Relaxed)
    }

    /// Records the result of a Brotli compression: the body's length, or `None` without a body.
    pub(super) fn record_brotli(&self, length: Option<usize>) {
        self.brotli.length.store(length.unwrap_or(0), Ordering::Relaxed);
        self.brotli.is_attempted.store(true, Ordering::Relaxed);
    }

    /// Records that the Brotli body was lost, so that it may be compressed again.
    pub(super) fn drop_brotli(&self) {
        self.brotli.length.store(0, Ordering::Relaxed);
        self.brotli.is_attempted.store(false, Ordering::Relaxed);
    }

    /// Returns the media type of the document.
    pub fn media_type(&self) -> &'static str {
        self.format.media_type()
    }

    /// Returns the item hashes of the items in document order.
    pub fn item_hashes(&self) -> impl Iterator<Item = &ItemHash> {
        self.item_segments().iter().map(|segment| &segment.item_hash)
    }

    fn item_segments(&self) -> &[Segment] {
        self.segments.get(1..self.segments.len().saturating_sub(1)).unwrap_or_default()
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Restores a document from stored parts whose checksum was verified. Returns `None` if the
    /// lengths are inconsistent.
    pub(super) fn from_parts(
        format: Format,
        gzip: Bytes,
        segments: Vec<Segment>,
        modified: Option<Millis>,
    ) -> Option<Self> {
        let sum = |part: fn(&Segment) -> u32| {
            segments.iter().map(|segment| part(segment) as usize).sum::<usize>()
        };
        let (deflated, length) =
            (sum(|segment| segment.compressed_length), sum(|segment| segment.length));
        if gzip.len() != GZIP_HEADER.len() + deflated + LAST_BLOCK.len() + 8 || segments.len() < 2 {
            return None;
        }
        Some(Self {
            etag: etag(&segments),
            gzip,
            segments,
            modified,
            format,
            length,
            brotli: BrotliState::default(),
        })
    }
}

fn text_hash(text: &[u8]) -> TextHash {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(text)[..16]);
    first
}

/// Returns a hash of the segments' hashes: the same for the same bytes on every node.
fn etag(segments: &[Segment]) -> String {
    let mut hasher = Sha256::new();
    for segment in segments {
        hasher.update(segment.text_hash);
        hasher.update(segment.length.to_le_bytes());
    }
    hex::encode(&hasher.finalize()[..12])
}
