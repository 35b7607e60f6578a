//! A document's other codings: plain bytes, kept while somebody asks for them, and Brotli, made at leisure.
//!
//! Brotli is a sixth smaller than gzip and costs twenty times as much, so it must not keep news waiting: a declared feed gets
//! it once somebody asked for it and it has rested for a while, and a tenth of one processor is spent on it at most. It lies
//! on the disk, and in memory as far as there is room. Feeds on demand have none.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio_util::sync::CancellationToken;

use super::made::Made;
use super::shelf::Shelf;
use crate::domain::time::{Millis, SECOND};

/// How long a document has not changed when Brotli is worth its cost.
const RESTED: i64 = 10 * SECOND;
/// More would cost ten times as much for a few bytes in a hundred.
const QUALITY: i32 = 9;
/// How far back it looks at most and at least, as powers of two: as far as a document is long, for it costs memory on both
/// sides.
const WINDOWS: std::ops::RangeInclusive<u32> = 16..=22;
/// How much longer than it worked the compressor rests.
const REST: u32 = 9;
/// Documents that are kept in memory in one coding, about, and their bytes.
const MOST: usize = 256;
const ROOM: u64 = 12 * 1024 * 1024;

/// Documents in other codings, by their etags.
#[derive(Debug)]
pub(super) struct Codings {
    plain: Room,
    brotli: Room,
}

type Room = Cache<String, Bytes, Weight>;

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<String, Bytes> for Weight {
    fn weight(&self, etag: &String, body: &Bytes) -> u64 {
        (etag.len() + body.len()) as u64
    }
}

impl Default for Codings {
    fn default() -> Self {
        Self { plain: room(MOST, ROOM, Weight), brotli: room(MOST, ROOM, Weight) }
    }
}

/// Room for documents: about so many, and so many bytes.
pub(super) fn room<T: Clone, W: Weighter<String, T> + Clone>(
    most: usize,
    bytes: u64,
    weight: W,
) -> Cache<String, T, W> {
    // A shard takes no document larger than itself: few shards, however many processors there are.
    let options = OptionsBuilder::new()
        .estimated_items_capacity(most)
        .weight_capacity(bytes)
        .shards(2)
        .build();
    match options {
        Ok(options) => Cache::with_options(
            options,
            weight,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        Err(_) => Cache::with_weighter(most, bytes, weight),
    }
}

impl Shelf {
    /// A document as it is, not compressed.
    pub fn plain(&self, made: &Made) -> Bytes {
        let room = &self.codings().plain;
        room.get(made.etag.as_str()).unwrap_or_else(|| {
            let body = made.identity();
            room.insert(made.etag.clone(), body.clone());
            body
        })
    }

    /// A declared feed's document in Brotli, if it is in memory.
    pub fn brotli_at_hand(&self, made: &Made) -> Option<Bytes> {
        self.codings().brotli.get(made.etag.as_str())
    }

    /// The document at `NAME.EXTENSION` in Brotli, from the disk; `None` if it is not there any more.
    pub async fn brotli(&self, file: &str, made: &Arc<Made>) -> Option<Bytes> {
        let (shelf, file, etag) = (self.clone(), file.to_owned(), made.etag.clone());
        let read = tokio::task::spawn_blocking(move || shelf.folder()?.brotli(&file, &etag));
        let Some(body) = read.await.ok()? else {
            made.lost_brotli();
            return None;
        };
        self.codings().brotli.insert(made.etag.clone(), body.clone());
        Some(body)
    }
}

/// Makes Brotli of the declared feeds' documents that are asked for in it and have rested, one after the other, until `stop`;
/// gives how many it made.
///
/// # Errors
/// When a document can't be compressed or kept; it goes without, until it changes.
pub async fn compress_due(
    shelf: &Shelf,
    now: Millis,
    stop: &CancellationToken,
) -> anyhow::Result<usize> {
    if !shelf.folder().is_some_and(super::kept::Folder::is_ours) {
        return Ok(0);
    }
    let has_rested = |made: &Made| made.modified.is_some_and(|at| at.plus(RESTED) <= now);
    let mut compressed = 0;
    for (file, made) in shelf.all().iter() {
        if stop.is_cancelled() {
            break;
        }
        let is_current = shelf.get(file).is_some_and(|current| Arc::ptr_eq(&current, made));
        if !is_current || !made.lacks_brotli() || !has_rested(made) {
            continue;
        }
        let (own, name, document, begun) =
            (shelf.clone(), file.clone(), Arc::clone(made), Instant::now());
        let length = tokio::task::spawn_blocking(move || keep(&own, &name, &document))
            .await
            .context("a compressor broke")
            .flatten();
        made.tried(length.as_ref().ok().copied().flatten());
        stop.run_until_cancelled(tokio::time::sleep(begun.elapsed() * REST)).await;
        compressed += usize::from(
            length.with_context(|| format!("{file} cannot be kept in Brotli"))?.is_some(),
        );
    }
    Ok(compressed)
}

/// Compresses and keeps a document; gives its length, or nothing where gzip is as short.
fn keep(shelf: &Shelf, file: &str, made: &Made) -> anyhow::Result<Option<usize>> {
    let body = compressed(&made.identity())?;
    if body.len() >= made.gzip().len() {
        return Ok(None);
    }
    shelf.folder().map(|folder| folder.keep_brotli(file, &made.etag, &body)).transpose()?;
    Ok(Some(body.len()))
}

fn compressed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let needed = usize::BITS - body.len().leading_zeros();
    let window = needed.clamp(*WINDOWS.start(), *WINDOWS.end()).cast_signed();
    let parameters = BrotliEncoderParams {
        quality: QUALITY,
        lgwin: window,
        size_hint: body.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::with_capacity(body.len() / 3);
    brotli::BrotliCompress(&mut &body[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_document_finds_room_and_all_together_are_bounded() {
        let large = Bytes::from(vec![0; 4 * 1024 * 1024]);
        let kept = room(MOST, ROOM, Weight);
        for turn in 0..20 {
            kept.insert(format!("etag{turn}"), large.clone());
            assert!(kept.get(format!("etag{turn}").as_str()).is_some(), "{turn}");
        }
        assert!(kept.weight() <= ROOM);
    }
}
