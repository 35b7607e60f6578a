//! Bodies of feed documents in other content codings than gzip, cached within a limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

/// Expected number of cached bodies of one encoding.
const EXPECTED_BODIES_PER_CODING: usize = 256;
/// Maximum size of the cached bodies of one encoding in bytes.
const MAX_BYTES_PER_CODING: u64 = 12 * 1024 * 1024;

/// Cached bodies in other content codings than gzip.
#[derive(Debug)]
pub(super) struct EncodedBodies {
    pub(super) identity: BodyCache,
    pub(super) brotli: BodyCache,
    pub(super) shared_identity: SharedBodies,
    pub(super) shared_brotli: SharedBodies,
}

/// Bodies that responses are sending, by etag. All readers of a body that is too large for the cache
/// share one copy, which ends with the last of them.
#[derive(Debug, Default)]
pub(super) struct SharedBodies(Mutex<HashMap<String, Weak<SharedBody>>>);

/// A body in use; `None` if it could not be made.
#[derive(Debug, Default)]
struct SharedBody(OnceLock<Option<Bytes>>);

/// Owner of the bytes of one response.
struct BodyOwner(Arc<SharedBody>);

impl AsRef<[u8]> for BodyOwner {
    fn as_ref(&self) -> &[u8] {
        self.0.0.get().and_then(Option::as_deref).unwrap_or_default()
    }
}

impl SharedBodies {
    /// Returns the body that others are sending, or makes it; simultaneous callers wait for the
    /// first one.
    pub(super) fn get_or_make(
        &self,
        etag: &str,
        make: impl FnOnce() -> Option<Bytes>,
    ) -> Option<Bytes> {
        let shared = {
            // A poisoned lock is safe to use: the map is consistent after each change.
            let mut bodies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let in_use = bodies.get(etag).and_then(Weak::upgrade);
            in_use.unwrap_or_else(|| {
                bodies.retain(|_, body| body.strong_count() > 0);
                let body = Arc::new(SharedBody::default());
                bodies.insert(etag.to_owned(), Arc::downgrade(&body));
                body
            })
        };
        shared.0.get_or_init(make).as_ref()?;
        Some(Bytes::from_owner(BodyOwner(shared)))
    }
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
            identity: bounded_cache(EXPECTED_BODIES_PER_CODING, MAX_BYTES_PER_CODING, BodyWeighter),
            brotli: bounded_cache(EXPECTED_BODIES_PER_CODING, MAX_BYTES_PER_CODING, BodyWeighter),
            shared_identity: SharedBodies::default(),
            shared_brotli: SharedBodies::default(),
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
    fn readers_of_a_body_at_the_same_time_share_one_copy_until_the_last_one_ends() {
        let (bodies, mut copies) = (SharedBodies::default(), 0);
        let mut read = || {
            bodies.get_or_make("etag", || {
                copies += 1;
                Some(Bytes::from(vec![b'x'; 8 << 20]))
            })
        };
        let readers: Vec<Bytes> = (0..300).filter_map(|_| read()).collect();
        assert!(readers.iter().all(|body| body.as_ptr() == readers[0].as_ptr()));
        drop(readers);
        assert_eq!(read().unwrap().len(), 8 << 20);
        assert_eq!(copies, 2, "the first copy was not kept without readers");
        assert_eq!(bodies.get_or_make("lost", || None), None);
    }

    #[test]
    fn a_large_document_fits_and_the_total_size_is_bounded() {
        let large = Bytes::from(vec![0; 4 * 1024 * 1024]);
        let cache = bounded_cache(EXPECTED_BODIES_PER_CODING, MAX_BYTES_PER_CODING, BodyWeighter);
        for i in 0..20 {
            cache.insert(format!("etag{i}"), large.clone());
            assert!(cache.get(format!("etag{i}").as_str()).is_some(), "{i}");
        }
        assert!(cache.weight() <= MAX_BYTES_PER_CODING);
    }
}
