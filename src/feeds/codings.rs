//! A document's other codings: plain bytes, kept while somebody asks for them, and Brotli, made at leisure.
//!
//! Brotli is a sixth smaller than gzip and costs twenty times as much, so it must not keep news waiting: a declared feed gets
//! it once it has rested for a while. It lies on the disk, and in memory as far as there is room. Feeds on demand have none.

use std::sync::Arc;

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
/// How far back it looks, as a power of two: further than any feed is long.
const WINDOW: i32 = 22;
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
        Self { plain: room(), brotli: room() }
    }
}

fn room() -> Room {
    // The room of a shard is the largest document that it takes: few shards, however many processors there are.
    let options = OptionsBuilder::new().estimated_items_capacity(MOST).weight_capacity(ROOM).shards(2).build();
    match options {
        Ok(options) => Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default()),
        Err(_) => Cache::with_weighter(MOST, ROOM, Weight),
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
        let body = read.await.ok()??;
        self.codings().brotli.insert(made.etag.clone(), body.clone());
        Some(body)
    }
}

/// Makes Brotli of the declared feeds' documents that have rested, one after the other, until `stop`; gives how many it made.
///
/// # Errors
/// When a document can't be compressed or kept; it goes without, until it changes.
pub async fn compress_due(shelf: &Shelf, now: Millis, stop: &CancellationToken) -> anyhow::Result<usize> {
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
        if !is_current || made.is_tried() || !has_rested(made) {
            continue;
        }
        let (own, name, document) = (shelf.clone(), file.clone(), Arc::clone(made));
        let length = tokio::task::spawn_blocking(move || keep(&own, &name, &document)).await.context("a compressor broke").flatten();
        made.tried(length.as_ref().ok().copied().flatten());
        compressed += usize::from(length.with_context(|| format!("{file} cannot be kept in Brotli"))?.is_some());
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
    let parameters = BrotliEncoderParams { quality: QUALITY, lgwin: WINDOW, size_hint: body.len(), ..BrotliEncoderParams::default() };
    let mut compressed = Vec::with_capacity(body.len() / 3);
    brotli::BrotliCompress(&mut &body[..], &mut compressed, &parameters)?;
    Ok(compressed)
}
