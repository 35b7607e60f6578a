//! A document made ready: compressed in pieces, of which those that did not change are taken over from the one before.
//!
//! A gzip stream (RFC 1952) may be cut at byte boundaries after each item. An item is compressed with the item before it
//! as dictionary, so that it stays valid wherever that pair stands: one new article costs two items and a copy of the rest,
//! however long the feed is, and the bytes are the same as if everything had been made anew.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::read::GzDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use sha2::{Digest as _, Sha256};

use super::format::{FeedError, Format, Frame};
use crate::domain::time::Millis;

/// Tells an item in one state from all others, and from itself in other states.
pub type Fingerprint = [u8; 16];

/// Memory level and the like are zlib's; 6 costs half of 9 and gives one byte in two hundred away.
const LEVEL: Compression = Compression::new(6);
/// How far back deflate looks (RFC 1951).
const WINDOW: usize = 32 * 1024;
/// Compressed, without name and time (RFC 1952 section 2.3), on a system it does not tell.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block (RFC 1951 section 3.2.6).
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// A feed's document in one format, ready to be served.
#[derive(Debug, Clone)]
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
    /// Bytes that it has in Brotli, once that was tried; 0: it is not to be had.
    brotli: OnceLock<usize>,
    /// Set once somebody asked for it in Brotli.
    wanted: OnceLock<()>,
}

/// One piece of a document: what precedes the items, an item, what follows them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Piece {
    /// The item's; zeros for what surrounds the items.
    pub(super) fingerprint: Fingerprint,
    hash: Fingerprint,
    deflated: u32,
    length: u32,
    crc: u32,
}

impl Made {
    /// The document, compressed by gzip.
    pub fn gzip(&self) -> Bytes {
        self.gzip.clone()
    }

    /// The document as it is; costs a decompression.
    pub fn identity(&self) -> Bytes {
        let mut body = Vec::with_capacity(self.length);
        // We compressed it, or checked it when it was read from the disk.
        if let Err(error) = GzDecoder::new(&self.gzip[..]).read_to_end(&mut body) {
            tracing::error!("a feed that was made cannot be read back: {error}");
        }
        body.into()
    }

    /// Bytes that it has in Brotli, if it was made.
    pub fn brotli_length(&self) -> Option<usize> {
        self.brotli.get().copied().filter(|length| *length > 0)
    }

    /// Notes that somebody would rather have it in Brotli.
    pub fn want_brotli(&self) {
        let _ = self.wanted.set(());
    }

    /// Whether Brotli is wanted and was not tried yet.
    pub(super) fn lacks_brotli(&self) -> bool {
        self.wanted.get().is_some() && self.brotli.get().is_none()
    }

    /// Notes what Brotli came to, once.
    pub(super) fn tried(&self, length: Option<usize>) {
        let _ = self.brotli.set(length.unwrap_or(0));
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

    /// Takes what was kept elsewhere, if it is whole.
    pub(super) fn restored(format: Format, gzip: Bytes, pieces: Vec<Piece>, modified: Option<Millis>) -> Option<Self> {
        let sum = |part: fn(&Piece) -> u32| pieces.iter().map(|piece| part(piece) as usize).sum::<usize>();
        let (deflated, length) = (sum(|piece| piece.deflated), sum(|piece| piece.length));
        if gzip.len() != GZIP_HEADER.len() + deflated + LAST_BLOCK.len() + 8 || pieces.len() < 2 {
            return None;
        }
        let made = Self { etag: etag(&pieces), gzip, pieces, modified, format, length, brotli: OnceLock::new(), wanted: OnceLock::new() };
        // The decoder compares the checksum at its end.
        let whole = std::io::copy(&mut GzDecoder::new(&made.gzip[..]), &mut std::io::sink()).ok()?;
        (usize::try_from(whole).ok()? == length).then_some(made)
    }
}

/// Makes a document of a frame and its items, newest first. `render` writes the item of an index and is asked only for those
/// that `before` does not hold; one that fails is left out, and is told in the second half of the result.
pub fn press(
    format: Format,
    frame: &Frame,
    items: &[Fingerprint],
    before: Option<&Made>,
    mut render: impl FnMut(usize) -> Result<Vec<u8>, FeedError>,
) -> (Made, Vec<(usize, FeedError)>) {
    let old = Old::of(before);
    let mut press = Press::new(format);
    press.add([0; 16], &frame.head, &[]);
    let mut failed = Vec::new();
    let mut previous: Option<(Fingerprint, Text<'_>)> = None;
    for (i, fingerprint) in items.iter().enumerate() {
        let neighbour = previous.as_ref().map(|(of, _)| *of);
        if let Some(text) = old.text(fingerprint) {
            match old.pair(fingerprint, neighbour) {
                Some((piece, deflated)) => press.copy(piece, deflated),
                None => press.add_item(*fingerprint, text.get(), previous.as_ref().map(|(_, text)| text.get())),
            }
            previous = Some((*fingerprint, text));
            continue;
        }
        match render(i) {
            Ok(item) => {
                press.add_item(*fingerprint, &item, previous.as_ref().map(|(_, text)| text.get()));
                previous = Some((*fingerprint, Text::New(item)));
            }
            Err(error) => failed.push((i, error)),
        }
    }
    press.add([0; 16], &frame.tail, &[]);
    (press.finish(), failed)
}

/// An item's text, without what separates it from the one before; an old one is decompressed when somebody looks.
enum Text<'a> {
    Old(&'a Old<'a>, usize),
    New(Vec<u8>),
}

impl Text<'_> {
    fn get(&self) -> &[u8] {
        match self {
            Self::Old(old, index) => old.item(*index),
            Self::New(text) => text,
        }
    }
}

/// The document before, to take from.
struct Old<'a> {
    made: Option<&'a Made>,
    index: HashMap<Fingerprint, usize>,
    starts: Vec<(usize, usize)>,
    identity: OnceCell<Bytes>,
}

impl<'a> Old<'a> {
    fn of(made: Option<&'a Made>) -> Self {
        let pieces = made.map_or(&[][..], |made| &made.pieces);
        let mut starts = Vec::with_capacity(pieces.len());
        let (mut deflated, mut length) = (GZIP_HEADER.len(), 0);
        for piece in pieces {
            starts.push((deflated, length));
            deflated += piece.deflated as usize;
            length += piece.length as usize;
        }
        let items = made.map_or(&[][..], Made::items);
        let index = items.iter().enumerate().map(|(i, piece)| (piece.fingerprint, i + 1)).collect();
        Self { made, index, starts, identity: OnceCell::new() }
    }

    fn text(&'a self, fingerprint: &Fingerprint) -> Option<Text<'a>> {
        self.index.get(fingerprint).map(|at| Text::Old(self, *at))
    }

    /// The compressed piece of an item, if it stood behind that very neighbour (or first, as it does now).
    fn pair(&self, fingerprint: &Fingerprint, neighbour: Option<Fingerprint>) -> Option<(&Piece, &[u8])> {
        let (made, at) = (self.made?, *self.index.get(fingerprint)?);
        let stood_behind = (at > 1).then(|| made.pieces[at - 1].fingerprint);
        if stood_behind != neighbour {
            return None;
        }
        let start = self.starts[at].0;
        Some((&made.pieces[at], &made.gzip[start..start + made.pieces[at].deflated as usize]))
    }

    fn item(&self, at: usize) -> &[u8] {
        let Some(made) = self.made else { return &[] };
        let identity = self.identity.get_or_init(|| made.identity());
        let (start, length) = (self.starts[at].1, made.pieces[at].length as usize);
        let piece = identity.get(start..start + length).unwrap_or_default();
        if at > 1 { piece.strip_prefix(made.format.separator()).unwrap_or(piece) } else { piece }
    }
}

/// A document on its way.
struct Press {
    format: Format,
    gzip: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Press {
    fn new(format: Format) -> Self {
        Self { format, gzip: GZIP_HEADER.to_vec(), pieces: Vec::new() }
    }

    fn add_item(&mut self, fingerprint: Fingerprint, text: &[u8], neighbour: Option<&[u8]>) {
        match neighbour {
            None => self.add(fingerprint, text, &[]),
            Some(neighbour) => self.add(fingerprint, &[self.format.separator(), text].concat(), neighbour),
        }
    }

    fn add(&mut self, fingerprint: Fingerprint, text: &[u8], neighbour: &[u8]) {
        let start = self.gzip.len();
        self.gzip.extend_from_slice(&deflate(text, neighbour));
        let mut crc = crc32fast::Hasher::new();
        crc.update(text);
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (deflated, length) = (short(self.gzip.len() - start), short(text.len()));
        self.pieces.push(Piece { fingerprint, hash: digest(text), deflated, length, crc: crc.finalize() });
    }

    fn copy(&mut self, piece: &Piece, deflated: &[u8]) {
        self.gzip.extend_from_slice(deflated);
        self.pieces.push(piece.clone());
    }

    fn finish(mut self) -> Made {
        let mut crc = crc32fast::Hasher::new();
        let mut length = 0;
        for piece in &self.pieces {
            crc.combine(&crc32fast::Hasher::new_with_initial_len(piece.crc, u64::from(piece.length)));
            length += piece.length as usize;
        }
        self.gzip.extend_from_slice(&LAST_BLOCK);
        self.gzip.extend_from_slice(&crc.finalize().to_le_bytes());
        // RFC 1952: the length modulo 2^32.
        self.gzip.extend_from_slice(&u32::try_from(length & 0xffff_ffff).unwrap_or_default().to_le_bytes());
        self.gzip.shrink_to_fit();
        let etag = etag(&self.pieces);
        Made {
            gzip: self.gzip.into(),
            pieces: self.pieces,
            etag,
            modified: None,
            format: self.format,
            length,
            brotli: OnceLock::new(),
            wanted: OnceLock::new(),
        }
    }
}

/// A text as blocks that end at a byte boundary and look back no further than the neighbour; always the same for the same
/// two, for which a compressor must be new: one that was used before finds other matches.
fn deflate(text: &[u8], neighbour: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(LEVEL, false);
    let dictionary = &neighbour[neighbour.len().saturating_sub(WINDOW)..];
    if !dictionary.is_empty()
        && let Err(error) = compress.set_dictionary(dictionary)
    {
        // Without one the piece is larger, and as valid.
        tracing::debug!("a piece is compressed by itself: {error}");
        compress = Compress::new(LEVEL, false);
    }
    let mut deflated = Vec::with_capacity(text.len() + text.len() / 8 + 256);
    let mut taken = 0;
    loop {
        let before = compress.total_in();
        let status = compress.compress_vec(&text[taken..], &mut deflated, FlushCompress::Sync);
        taken += usize::try_from(compress.total_in() - before).unwrap_or_default();
        // All was taken and there was room left: the flush is complete.
        let is_flushed = taken == text.len() && deflated.len() < deflated.capacity();
        if is_flushed || !matches!(status, Ok(Status::Ok | Status::BufError)) {
            return deflated;
        }
        deflated.reserve(text.len() / 2 + 256);
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

#[cfg(test)]
mod tests;
