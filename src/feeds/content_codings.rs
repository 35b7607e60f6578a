//! Other content codings of a document besides gzip: identity, cached while clients request it,
//! and Brotli, compressed in the background.
//!
//! Brotli output is a sixth smaller than gzip but costs twenty times the CPU time, so it must not
//! delay new articles. A document of a declared feed is compressed after a client requested Brotli
//! and the document has not changed for a while. Compression uses at most a tenth of one processor.
//! The result is stored on disk, and in memory within a limit. On-demand feeds have no Brotli
//! encoding.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::cache::FeedCache;
use super::rendered::RenderedFeed;
use crate::domain::time::{Millis, SignedDuration};

/// Time that a document must be unchanged before it is compressed.
const BROTLI_QUIET_PERIOD: SignedDuration = SignedDuration::from_secs(10);
/// Brotli quality, 0 to 11. Higher levels cost ten times as much and save a few per cent.
const BROTLI_QUALITY: i32 = 9;
/// Range of the Brotli window size, as a power of two. The window is as large as the document,
/// because it costs memory on both sides.
const BROTLI_WINDOW_BITS: std::ops::RangeInclusive<u32> = 16..=22;
/// Idle time of the compressor as a multiple of its working time.
const IDLE_PER_WORK_TIME: u32 = 9;
impl FeedCache {
    /// Returns the uncompressed document, from memory if it is cached or being sent.
    pub fn identity(&self, document: &RenderedFeed) -> Bytes {
        let bodies = self.encoded_bodies();
        bodies.identity.get(document.etag.as_str()).unwrap_or_else(|| {
            let make = || Some(document.identity());
            let body = bodies.shared_identity.get_or_make(&document.etag, make).unwrap_or_default();
            bodies.identity.insert(document.etag.clone(), body.clone());
            body
        })
    }

    /// Returns the Brotli body of a declared feed's document if it is in memory.
    pub fn cached_brotli(&self, document: &RenderedFeed) -> Option<Bytes> {
        self.encoded_bodies().brotli.get(document.etag.as_str())
    }

    /// Loads the Brotli body of the document with the key `NAME.EXTENSION` from disk. Returns
    /// `None` if it is no longer there.
    pub async fn load_brotli(&self, key: &str, document: &Arc<RenderedFeed>) -> Option<Bytes> {
        let (cache, key, etag) = (self.clone(), key.to_owned(), document.etag.clone());
        let read = tokio::task::spawn_blocking(move || {
            let load = || cache.disk()?.brotli(&key, &etag);
            cache.encoded_bodies().shared_brotli.get_or_make(&etag, load)
        });
        let Some(body) = read.await.ok()? else {
            document.drop_brotli();
            return None;
        };
        self.encoded_bodies().brotli.insert(document.etag.clone(), body.clone());
        Some(body)
    }
}

/// Compresses the documents of declared feeds for which Brotli was requested and which have not
/// changed for `BROTLI_QUIET_PERIOD`, one at a time, until `stop`. Returns the number of
/// compressed documents.
///
/// # Errors
/// If a document cannot be compressed or stored. It has no Brotli body until it changes.
pub async fn compress_due(
    feed_cache: &FeedCache,
    now: Millis,
    stop: &CancellationToken,
) -> anyhow::Result<usize> {
    if !feed_cache.disk().is_some_and(super::disk_cache::DiskCache::is_writable) {
        return Ok(0);
    }
    let is_quiet = |document: &RenderedFeed| {
        document.modified.is_some_and(|at| at.plus(BROTLI_QUIET_PERIOD) <= now)
    };
    let mut compressed = 0;
    for (key, document) in feed_cache.documents().iter() {
        if stop.is_cancelled() {
            break;
        }
        let is_current = feed_cache.get(key).is_some_and(|current| Arc::ptr_eq(&current, document));
        if !is_current || !document.needs_brotli() || !is_quiet(document) {
            continue;
        }
        let (cache, name, rendered, started) =
            (feed_cache.clone(), key.clone(), Arc::clone(document), Instant::now());
        let length =
            tokio::task::spawn_blocking(move || compress_and_store(&cache, &name, &rendered))
                .await
                .context("the Brotli compressor panicked")
                .flatten();
        document.record_brotli(length.as_ref().ok().copied().flatten());
        stop.run_until_cancelled(tokio::time::sleep(started.elapsed() * IDLE_PER_WORK_TIME)).await;
        compressed += usize::from(
            length.with_context(|| format!("cannot store the Brotli encoding of {key}"))?.is_some(),
        );
    }
    Ok(compressed)
}

/// Compresses a document, stores it and returns its length in bytes; `None` if it is not shorter
/// than gzip.
fn compress_and_store(
    feed_cache: &FeedCache,
    key: &str,
    document: &RenderedFeed,
) -> anyhow::Result<Option<usize>> {
    let body = compress(&document.identity())?;
    if body.len() >= document.gzip().len() {
        return Ok(None);
    }
    feed_cache.disk().map(|disk| disk.store_brotli(key, &document.etag, &body)).transpose()?;
    Ok(Some(body.len()))
}

fn compress(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let size_bits = usize::BITS - body.len().leading_zeros();
    let window =
        size_bits.clamp(*BROTLI_WINDOW_BITS.start(), *BROTLI_WINDOW_BITS.end()).cast_signed();
    let parameters = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: window,
        size_hint: body.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::with_capacity(body.len() / 3);
    brotli::BrotliCompress(&mut &body[..], &mut compressed, &parameters)?;
    Ok(compressed)
}
