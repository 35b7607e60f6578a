//! Bodies of feed documents in other content codings than gzip, cached within a limit.

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

/// Expected number of cached bodies of one encoding.
const EXPECTED_BODIES_PER_ENCODING: usize = 256;
/// Maximum size of the cached bodies of one encoding in bytes.
const MAX_BYTES_PER_ENCODING: u64 = 12 * 1024 * 1024;

/// Cached bodies in other content codings than gzip.
#[derive(Debug)]
pub(super) struct EncodedBodies {
    pub(super) identity: BodyCache,
    pub(super) brotli: BodyCache,
}

/// Cached bodies of one encoding, by etag.
pub(super) type BodyCache = Cache<String, Bytes, BodyWeighter>;

/// Weighs a body by its length in bytes.
#[derive(Debug, Clone)]
pub(super) struct BodyWeighter;

impl Weighter<String, Bytes> for BodyWeighter {
    fn weight(&self, etag: &String, body: &Bytes) -> u64 {
        (etag.len() + body.len()) as u64
    }
}

impl Default for EncodedBodies {
    fn default() -> Self {
        Self {
            identity: bounded_cache(
                EXPECTED_BODIES_PER_ENCODING,
                MAX_BYTES_PER_ENCODING,
                BodyWeighter,
            ),
            brotli: bounded_cache(
                EXPECTED_BODIES_PER_ENCODING,
                MAX_BYTES_PER_ENCODING,
                BodyWeighter,
            ),
        }
    }
}

/// Returns a cache for about `capacity` values with a total weight of at most `max_weight`.
pub(super) fn bounded_cache<T: Clone, W: Weighter<String, T> + Clone>(
    capacity: usize,
    max_weight: u64,
    weighter: W,
) -> Cache<String, T, W> {
    // A value must fit into one shard, so the number of shards is small and does not depend on the
    // number of processors.
    let options = OptionsBuilder::new()
        .estimated_items_capacity(capacity)
        .weight_capacity(max_weight)
        .shards(2)
        .build();
    match options {
        Ok(options) => Cache::with_options(
            options,
            weighter,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        Err(_) => Cache::with_weighter(capacity, max_weight, weighter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_document_fits_and_the_total_size_is_bounded() {
        let large = Bytes::from(vec![0; 4 * 1024 * 1024]);
        let cache =
            bounded_cache(EXPECTED_BODIES_PER_ENCODING, MAX_BYTES_PER_ENCODING, BodyWeighter);
        for i in 0..20 {
            cache.insert(format!("etag{i}"), large.clone());
            assert!(cache.get(format!("etag{i}").as_str()).is_some(), "{i}");
        }
        assert!(cache.weight() <= MAX_BYTES_PER_ENCODING);
    }
}
