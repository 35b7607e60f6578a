//! Values kept for a minute, by their types and keys.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Age of a value at which it is outdated.
const MAX_AGE: Duration = Duration::from_secs(60);

/// Values with the times at which they were made.
type Values = HashMap<(TypeId, String), (Instant, Box<dyn Any + Send + Sync>)>;

/// The counts that a process keeps.
#[derive(Debug, Default)]
pub(super) struct CountCache(Mutex<Values>);

impl CountCache {
    fn values(&self) -> MutexGuard<'_, Values> {
        // A panic elsewhere leaves the values complete.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the value of this type with a key, unless it is outdated.
    pub(super) fn get<T: Clone + 'static>(&self, key: &str, now: Instant) -> Option<T> {
        let values = self.values();
        let (made_at, value) = values.get(&(TypeId::of::<T>(), key.to_owned()))?;
        let value = value.downcast_ref::<T>()?;
        (now.duration_since(*made_at) < MAX_AGE).then(|| value.clone())
    }

    /// Stores a value, and forgets those that are outdated.
    pub(super) fn put<T: Send + Sync + 'static>(&self, key: String, value: T, now: Instant) {
        let mut values = self.values();
        values.retain(|_, (made_at, _)| now.duration_since(*made_at) < MAX_AGE);
        values.insert((TypeId::of::<T>(), key), (now, Box::new(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_kept_for_a_minute() {
        let (kept, start) = (CountCache::default(), Instant::now());
        kept.put("a".to_owned(), 7, start);
        assert_eq!(kept.get("a", start + MAX_AGE / 2), Some(7));
        assert_eq!(kept.get::<String>("a", start), None, "a value of another type");
        assert_eq!(kept.get::<i32>("a", start + MAX_AGE), None);
        assert_eq!(kept.get::<i32>("b", start), None);
        kept.put("b".to_owned(), 8, start + MAX_AGE);
        assert_eq!(kept.values().len(), 1, "outdated counts use no memory");
    }
}
