//! Counts in a large list, kept for a minute: counting a million rows takes longer than people wait for a page.

use std::time::Instant;

use super::db::Statement;
use super::operations::Subscribers;
use super::{Store, StoreResult};

/// Number of subscribers from which counts are kept. Fewer are counted each time.
pub const LARGE_LIST: i64 = 20_000;

/// The ids of subscribers are consecutive, except for those who were erased.
static LAST_SUBSCRIBER: Statement =
    Statement::new("SELECT COALESCE(MAX(id), 0) AS id FROM subscribers");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&LAST_SUBSCRIBER];

impl Store {
    /// Returns the result of `count`; in a large list, one of the last minute with the same type and key if
    /// there is one.
    pub(super) async fn count_recently<T: Clone + Send + Sync + 'static>(
        &self,
        key: String,
        count: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        if let Some(value) = self.recent_counts.get(&key, Instant::now()) {
            return Ok(value);
        }
        let value = count.await?;
        if self.subscribers().is_large_list().await? {
            self.recent_counts.put(key, value.clone(), Instant::now());
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
