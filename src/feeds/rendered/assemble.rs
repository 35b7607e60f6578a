//! Assembles a document: copies the unchanged segments of the previous document, and renders and
//! compresses the new ones.

use std::cell::OnceCell;
use std::collections::HashMap;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::{
    BrotliState, GZIP_HEADER, ItemHash, LAST_BLOCK, RenderedFeed, Segment, etag, text_hash,
};
use crate::feeds::format::{DocumentFrame, FeedError, Format};

/// Deflate level, 1 to 9. Level 6 costs half the time of 9; its output is 0.5% larger.
const COMPRESSION_LEVEL: Compression = Compression::new(6);
/// Maximum distance of a match in deflate, in bytes (RFC 1951).
const DEFLATE_WINDOW: usize = 32 * 1024;

/// Assembles a document from a frame and its items, newest first. Calls `render` with the index of
/// each item that `previous` does not contain. An item that fails to render is left out and
/// returned with its error.
pub fn assemble(
    format: Format,
    frame: &DocumentFrame,
    items: &[ItemHash],
    previous: Option<&RenderedFeed>,
    mut render: impl FnMut(usize) -> Result<Vec<u8>, FeedError>,
) -> (RenderedFeed, Vec<(usize, FeedError)>) {
    let previous_document = PreviousDocument::new(previous);
    let mut assembler = Assembler::new(format, previous);
    assembler.add([0; 16], &frame.prefix, &[]);
    let mut failed = Vec::new();
    let mut preceding: Option<(ItemHash, SegmentText<'_>)> = None;
    for (i, item_hash) in items.iter().enumerate() {
        let preceding_item = preceding.as_ref().map(|(item_hash, _)| *item_hash);
        if let Some(text) = previous_document.text(item_hash) {
            match previous_document.reusable_segment(item_hash, preceding_item) {
                Some((segment, deflated)) => assembler.copy(segment, deflated),
                None => assembler.add_item(
                    *item_hash,
                    text.get(),
                    preceding.as_ref().map(|(_, text)| text.get()),
                ),
            }
            preceding = Some((*item_hash, text));
            continue;
        }
        match render(i) {
            Ok(item) => {
                assembler.add_item(
                    *item_hash,
                    &item,
                    preceding.as_ref().map(|(_, text)| text.get()),
                );
                preceding = Some((*item_hash, SegmentText::New(item)));
            }
            Err(error) => failed.push((i, error)),
        }
    }
    assembler.add([0; 16], &frame.suffix, &[]);
    (assembler.finish(), failed)
}

/// Text of an item without the separator before it. An item of the previous document is
/// decompressed on first use.
enum SegmentText<'a> {
    Previous(&'a PreviousDocument<'a>, usize),
    New(Vec<u8>),
}

impl SegmentText<'_> {
    fn get(&self) -> &[u8] {
        match self {
            Self::Previous(previous, index) => previous.item(*index),
            Self::New(text) => text,
        }
    }
}

/// The previous document, indexed by the item hashes of its items.
struct PreviousDocument<'a> {
    document: Option<&'a RenderedFeed>,
    index: HashMap<ItemHash, usize>,
    offsets: Vec<(usize, usize)>,
    identity: OnceCell<Bytes>,
}

impl<'a> PreviousDocument<'a> {
    fn new(document: Option<&'a RenderedFeed>) -> Self {
        let segments = document.map_or(&[][..], |document| &document.segments);
        let mut offsets = Vec::with_capacity(segments.len());
        let (mut deflated, mut length) = (GZIP_HEADER.len(), 0);
        for segment in segments {
            offsets.push((deflated, length));
            deflated += segment.compressed_length as usize;
            length += segment.length as usize;
        }
        let items = document.map_or(&[][..], RenderedFeed::item_segments);
        let index =
            items.iter().enumerate().map(|(i, segment)| (segment.item_hash, i + 1)).collect();
        Self { document, index, offsets, identity: OnceCell::new() }
    }

    fn text(&'a self, item_hash: &ItemHash) -> Option<SegmentText<'a>> {
        self.index.get(item_hash).map(|at| SegmentText::Previous(self, *at))
    }

    /// Returns the compressed segment of an item if the same item preceded it (or if it was the
    /// first item and is so again).
    fn reusable_segment(
        &self,
        item_hash: &ItemHash,
        preceding_item: Option<ItemHash>,
    ) -> Option<(&Segment, &[u8])> {
        let (document, at) = (self.document?, *self.index.get(item_hash)?);
        let preceded_by = (at > 1).then(|| document.segments[at - 1].item_hash);
        if preceded_by != preceding_item {
            return None;
        }
        let start = self.offsets[at].0;
        Some((
            &document.segments[at],
            &document.gzip[start..start + document.segments[at].compressed_length as usize],
        ))
    }

    fn item(&self, at: usize) -> &[u8] {
        let Some(document) = self.document else { return &[] };
        let identity = self.identity.get_or_init(|| document.identity());
        let (start, length) = (self.offsets[at].1, document.segments[at].length as usize);
        let segment = identity.get(start..start + length).unwrap_or_default();
        if at > 1 {
            segment.strip_prefix(document.format.separator()).unwrap_or(segment)
        } else {
            segment
        }
    }
}

/// A document that is being assembled.
struct Assembler {
    format: Format,
    gzip: Vec<u8>,
    segments: Vec<Segment>,
}

impl Assembler {
    fn new(format: Format, previous: Option<&RenderedFeed>) -> Self {
        // Reserves about the previous length, because step-by-step growth fragments the memory.
        let mut gzip = Vec::with_capacity(
            previous.map_or(0, |document| document.gzip.len() + document.gzip.len() / 16),
        );
        gzip.extend_from_slice(&GZIP_HEADER);
        Self {
            format,
            gzip,
            segments: Vec::with_capacity(
                previous.map_or(0, |document| document.segments.len() + 1),
            ),
        }
    }

    fn add_item(&mut self, item_hash: ItemHash, text: &[u8], preceding: Option<&[u8]>) {
        match preceding {
            None => self.add(item_hash, text, &[]),
            Some(preceding) => {
                self.add(item_hash, &[self.format.separator(), text].concat(), preceding)
            }
        }
    }

    fn add(&mut self, item_hash: ItemHash, text: &[u8], preceding: &[u8]) {
        let start = self.gzip.len();
        self.gzip.extend_from_slice(&deflate(text, preceding));
        let mut crc = crc32fast::Hasher::new();
        crc.update(text);
        let to_u32 = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (deflated, length) = (to_u32(self.gzip.len() - start), to_u32(text.len()));
        self.segments.push(Segment {
            item_hash,
            text_hash: text_hash(text),
            compressed_length: deflated,
            length,
            crc: crc.finalize(),
        });
    }

    fn copy(&mut self, segment: &Segment, deflated: &[u8]) {
        self.gzip.extend_from_slice(deflated);
        self.segments.push(segment.clone());
    }

    fn finish(mut self) -> RenderedFeed {
        let mut crc = crc32fast::Hasher::new();
        let mut length = 0;
        for segment in &self.segments {
            crc.combine(&crc32fast::Hasher::new_with_initial_len(
                segment.crc,
                u64::from(segment.length),
            ));
            length += segment.length as usize;
        }
        self.gzip.extend_from_slice(&LAST_BLOCK);
        self.gzip.extend_from_slice(&crc.finalize().to_le_bytes());
        // RFC 1952: the length modulo 2^32.
        self.gzip.extend_from_slice(
            &u32::try_from(length & 0xffff_ffff).unwrap_or_default().to_le_bytes(),
        );
        self.segments.shrink_to_fit();
        let etag = etag(&self.segments);
        RenderedFeed {
            gzip: self.gzip.into(),
            segments: self.segments,
            etag,
            modified: None,
            format: self.format,
            length,
            brotli: BrotliState::default(),
        }
    }
}

/// Compresses a text to deflate blocks that end at a byte boundary and refer back no further than
/// the preceding item. The same two texts always result in the same bytes; this requires a new
/// compressor, because a used one finds other matches.
fn deflate(text: &[u8], preceding: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(COMPRESSION_LEVEL, false);
    let dictionary = &preceding[preceding.len().saturating_sub(DEFLATE_WINDOW)..];
    if !dictionary.is_empty()
        && let Err(error) = compress.set_dictionary(dictionary)
    {
        // Without a dictionary the segment is larger, but valid.
        tracing::debug!("compressing a segment without a dictionary: {error}");
        compress = Compress::new(COMPRESSION_LEVEL, false);
    }
    let mut deflated = Vec::with_capacity(text.len() + text.len() / 8 + 256);
    let mut consumed = 0;
    loop {
        let before = compress.total_in();
        let status = compress.compress_vec(&text[consumed..], &mut deflated, FlushCompress::Sync);
        consumed += usize::try_from(compress.total_in() - before).unwrap_or_default();
        // All input was consumed and output space was left, so the flush is complete.
        let is_flushed = consumed == text.len() && deflated.len() < deflated.capacity();
        if is_flushed || !matches!(status, Ok(Status::Ok | Status::BufError)) {
            return deflated;
        }
        deflated.reserve(text.len() / 2 + 256);
    }
}
