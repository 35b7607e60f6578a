//! Counts in a large list, kept for a minute: counting a million rows takes longer than people wait for a page.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::db::Statement;
use super::operations::Subscribers;
use super::subscription_counts::{ConfirmedOfDay, SubscriptionsOfDay};
use super::{Store, StoreResult};

/// Number of subscribers from which counts are kept. Fewer are counted each time.
pub const LARGE_LIST: i64 = 20_000;
/// Age of a count at which it is repeated.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The ids of subscribers are consecutive, except for those who were erased.
static LAST_SUBSCRIBER: Statement =
    Statement::new("SELECT COALESCE(MAX(id), 0) AS id FROM subscribers");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&LAST_SUBSCRIBER];

/// Counts of one kind with the times at which they were made, by what is counted.
#[derive(Debug)]
pub(super) struct CountCache<T>(Mutex<HashMap<String, (Instant, T)>>);

impl<T> Default for CountCache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> CountCache<T> {
    fn values(&self) -> MutexGuard<'_, HashMap<String, (Instant, T)>> {
        // A panic elsewhere leaves the values complete.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &str, now: Instant) -> Option<T> {
        let values = self.values();
        let (made_at, value) = values.get(key)?;
        (now.duration_since(*made_at) < MAX_AGE).then(|| value.clone())
    }

    fn put(&self, key: String, value: T, now: Instant) {
        let mut values = self.values();
        values.retain(|_, (made_at, _)| now.duration_since(*made_at) < MAX_AGE);
        values.insert(key, (now, value));
    }
}

/// The counts that a process keeps.
#[derive(Debug, Default)]
pub(super) struct RecentCounts {
    of_filters: CountCache<i64>,
    of_digests: CountCache<Vec<(String, i64)>>,
    of_days: CountCache<Vec<SubscriptionsOfDay>>,
    confirmed: CountCache<BTreeMap<String, Vec<ConfirmedOfDay>>>,
}

/// A type of counts that is kept.
pub(super) trait Keep: Clone {
    fn kept(counts: &RecentCounts) -> &CountCache<Self>;
}

impl Keep for i64 {
    fn kept(counts: &RecentCounts) -> &CountCache<Self> {
        &counts.of_filters
    }
}

impl Keep for Vec<(String, i64)> {
    fn kept(counts: &RecentCounts) -> &CountCache<Self> {
        &counts.of_digests
    }
}

impl Keep for Vec<SubscriptionsOfDay> {
    fn kept(counts: &RecentCounts) -> &CountCache<Self> {
        &counts.of_days
    }
}

impl Keep for BTreeMap<String, Vec<ConfirmedOfDay>> {
    fn kept(counts: &RecentCounts) -> &CountCache<Self> {
        &counts.confirmed
    }
}

impl Store {
    /// Returns the result of `count`; in a large list, one of the last minute with the same key if there is one.
    pub(super) async fn count_recently<T: Keep>(
        &self,
        key: String,
        count: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let kept = T::kept(&self.recent_counts);
        if let Some(value) = kept.get(&key, Instant::now()) {
            return Ok(value);
        }
        let value = count.await?;
        if self.subscribers().is_large_list().await? {
            kept.put(key, value.clone(), Instant::now());
        }
        Ok(value)
    }
}

impl Subscribers<'_> {
    /// Returns `true` from [`LARGE_LIST`] subscribers on, whose count takes longer than a page.
    pub async fn is_large_list(self) -> StoreResult<bool> {
        Ok(self.store.read(&LAST_SUBSCRIBER).fetch_scalar::<i64>().await? >= LARGE_LIST)
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
        assert_eq!((kept.get("a", start + MAX_AGE), kept.get("b", start)), (None, None));
        kept.put("b".to_owned(), 8, start + MAX_AGE);
        assert_eq!(kept.values().len(), 1, "outdated counts use no memory");
    }
}
