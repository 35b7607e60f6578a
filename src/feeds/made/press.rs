//! A document is put together: pieces that stood there before are copied, what is new is written and compressed.

use std::cell::OnceCell;
use std::collections::HashMap;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::{Brotli, Fingerprint, GZIP_HEADER, LAST_BLOCK, Made, Piece, digest, etag};
use crate::feeds::format::{FeedError, Format, Frame};

/// Memory level and the like are zlib's; 6 costs half of 9 and gives one byte in two hundred away.
const LEVEL: Compression = Compression::new(6);
/// How far back deflate looks (RFC 1951).
const WINDOW: usize = 32 * 1024;

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
    let mut press = Press::new(format, before);
    press.add([0; 16], &frame.head, &[]);
    let mut failed = Vec::new();
    let mut previous: Option<(Fingerprint, Text<'_>)> = None;
    for (i, fingerprint) in items.iter().enumerate() {
        let neighbour = previous.as_ref().map(|(of, _)| *of);
        if let Some(text) = old.text(fingerprint) {
            match old.pair(fingerprint, neighbour) {
                Some((piece, deflated)) => press.copy(piece, deflated),
                None => press.add_item(
                    *fingerprint,
                    text.get(),
                    previous.as_ref().map(|(_, text)| text.get()),
                ),
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
    fn pair(
        &self,
        fingerprint: &Fingerprint,
        neighbour: Option<Fingerprint>,
    ) -> Option<(&Piece, &[u8])> {
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
    fn new(format: Format, before: Option<&Made>) -> Self {
        // About as long as before: what grows step by step leaves holes in the memory.
        let mut gzip =
            Vec::with_capacity(before.map_or(0, |made| made.gzip.len() + made.gzip.len() / 16));
        gzip.extend_from_slice(&GZIP_HEADER);
        Self {
            format,
            gzip,
            pieces: Vec::with_capacity(before.map_or(0, |made| made.pieces.len() + 1)),
        }
    }

    fn add_item(&mut self, fingerprint: Fingerprint, text: &[u8], neighbour: Option<&[u8]>) {
        match neighbour {
            None => self.add(fingerprint, text, &[]),
            Some(neighbour) => {
                self.add(fingerprint, &[self.format.separator(), text].concat(), neighbour)
            }
        }
    }

    fn add(&mut self, fingerprint: Fingerprint, text: &[u8], neighbour: &[u8]) {
        let start = self.gzip.len();
        self.gzip.extend_from_slice(&deflate(text, neighbour));
        let mut crc = crc32fast::Hasher::new();
        crc.update(text);
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (deflated, length) = (short(self.gzip.len() - start), short(text.len()));
        self.pieces.push(Piece {
            fingerprint,
            hash: digest(text),
            deflated,
            length,
            crc: crc.finalize(),
        });
    }

    fn copy(&mut self, piece: &Piece, deflated: &[u8]) {
        self.gzip.extend_from_slice(deflated);
        self.pieces.push(piece.clone());
    }

    fn finish(mut self) -> Made {
        let mut crc = crc32fast::Hasher::new();
        let mut length = 0;
        for piece in &self.pieces {
            crc.combine(&crc32fast::Hasher::new_with_initial_len(
                piece.crc,
                u64::from(piece.length),
            ));
            length += piece.length as usize;
        }
        self.gzip.extend_from_slice(&LAST_BLOCK);
        self.gzip.extend_from_slice(&crc.finalize().to_le_bytes());
        // RFC 1952: the length modulo 2^32.
        self.gzip.extend_from_slice(
            &u32::try_from(length & 0xffff_ffff).unwrap_or_default().to_le_bytes(),
        );
        self.pieces.shrink_to_fit();
        let etag = etag(&self.pieces);
        Made {
            gzip: self.gzip.into(),
            pieces: self.pieces,
            etag,
            modified: None,
            format: self.format,
            length,
            brotli: Brotli::default(),
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
