//! Readership: anonymous reader counts of each feed. Only the numbers are stored.
//!
//! A feed reader is identified by a hash of its network and User-Agent, keyed with a random key of
//! the day. A HyperLogLog counter keeps less than a byte of that hash, shared by thousands of
//! readers. Key and counters exist only in memory and are dropped at the end of the day (UTC).
//! Aggregators report their number of subscribers in the User-Agent.

mod hyperloglog;
pub mod user_agent;

use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};

use crate::domain::readership::{Day, ReadershipCount};
use crate::domain::time::{MINUTE, Millis};
use crate::store::{Store, StoreResult};
use hyperloglog::HyperLogLog;
use user_agent::UserAgent;

/// Maximum number of feeds counted per day, each with a 4 KiB counter; feeds that are first requested
/// later that day are not counted.
const MAX_FEEDS: usize = 1_024;
/// Maximum number of aggregators counted per feed.
const MAX_AGGREGATORS_PER_FEED: usize = 64;
/// Maximum number of rows kept while the database is unavailable; the oldest are dropped.
const MAX_UNFLUSHED_ROWS: usize = 8 * MAX_FEEDS;
/// Number of days for which counts are stored.
const RETENTION_DAYS: i64 = 400;

/// Random key of a day, which makes its hashes incomparable with those of other days.
type DayKey = [u8; 32];

/// Reader counts of one node; cheap to clone.
#[derive(Debug, Clone)]
pub struct Readership {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    node: String,
    new_key: fn() -> DayKey,
    today: ArcSwap<DayCounter>,
    flush: tokio::sync::Mutex<FlushState>,
}

/// Counts since the start of the day, or of this run of the node.
#[derive(Debug)]
struct DayCounter {
    day: Day,
    since: Millis,
    key: DayKey,
    feeds: RwLock<HashMap<String, Arc<FeedCounters>>>,
}

#[derive(Debug, Default)]
struct FeedCounters {
    requests: AtomicU64,
    not_modified: AtomicU64,
    direct: HyperLogLog,
    aggregators: Mutex<HashMap<String, u64>>,
}

#[derive(Debug, Default)]
struct FlushState {
    flushed_at: Option<Millis>,
    /// Rows of past days that are not stored yet.
    unflushed: Vec<ReadershipCount>,
}

impl Readership {
    /// Starts counting. `node` must be unique to this run of a node, and `key` must return new
    /// random bytes at each call.
    pub fn new(node: String, key: fn() -> DayKey, now: Millis) -> Self {
        let today = ArcSwap::from_pointee(DayCounter::new(key(), now));
        Self {
            inner: Arc::new(Inner {
                node,
                new_key: key,
                today,
                flush: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Counts a request for a feed from a network (`None`: this machine), answered with 304 or in
    /// full. Takes about a microsecond and never waits for the database.
    pub fn record(
        &self,
        feed: &str,
        user_agent: &[u8],
        network: Option<IpAddr>,
        is_not_modified: bool,
    ) {
        let today = self.inner.today.load();
        let Some(counters) = today.counters(feed) else { return };
        counters.requests.fetch_add(1, Ordering::Relaxed);
        if is_not_modified {
            counters.not_modified.fetch_add(1, Ordering::Relaxed);
        }
        match user_agent::parse(user_agent) {
            UserAgent::Reader => counters.direct.add(today.reader_hash(feed, user_agent, network)),
            UserAgent::Aggregator { name, subscribers } => {
                // A poisoned lock is safe to use: the map is consistent after each change.
                let mut aggregators =
                    counters.aggregators.lock().unwrap_or_else(PoisonError::into_inner);
                if aggregators.len() < MAX_AGGREGATORS_PER_FEED || aggregators.contains_key(&name) {
                    let most = aggregators.entry(name).or_default();
                    *most = subscribers.max(*most);
                }
            }
            UserAgent::Crawler => {}
        }
    }

    /// Starts a new day when the old one is over, and stores the counts once a minute.
    ///
    /// # Errors
    /// If the database fails; the counts are kept for the next call.
    pub async fn flush_due(&self, store: &Store, now: Millis) -> StoreResult<()> {
        let mut flush = self.inner.flush.lock().await;
        let is_new_day = self.roll_over(&mut flush, now);
        if !is_new_day && flush.flushed_at.is_some_and(|at| now.since(at) < MINUTE) {
            return Ok(());
        }
        if is_new_day || flush.flushed_at.is_none() {
            store.readership().delete_before(Day::containing(now).before(RETENTION_DAYS)).await?;
        }
        self.flush(store, &mut flush, now).await
    }

    /// Stores all counts, at shutdown.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn shutdown(&self, store: &Store, now: Millis) -> StoreResult<()> {
        let mut flush = self.inner.flush.lock().await;
        self.roll_over(&mut flush, now);
        self.flush(store, &mut flush, now).await
    }

    /// Starts a new day with a new key if the old one is over, of which only the counts are kept.
    /// Returns `true` if it did.
    fn roll_over(&self, flush: &mut FlushState, now: Millis) -> bool {
        if self.inner.today.load().day == Day::containing(now) {
            return false;
        }
        let previous_day =
            self.inner.today.swap(Arc::new(DayCounter::new((self.inner.new_key)(), now)));
        flush.unflushed.extend(previous_day.counts(now));
        let excess = flush.unflushed.len().saturating_sub(MAX_UNFLUSHED_ROWS);
        flush.unflushed.drain(..excess);
        true
    }

    async fn flush(&self, store: &Store, flush: &mut FlushState, now: Millis) -> StoreResult<()> {
        flush.flushed_at = Some(now);
        let unflushed = mem::take(&mut flush.unflushed);
        let rows: Vec<ReadershipCount> =
            unflushed.iter().cloned().chain(self.inner.today.load().counts(now)).collect();
        // One statement per chunk, so that a day with many feeds does not occupy the writer for
        // long.
        for rows in rows.chunks(256) {
            if let Err(error) = store.readership().save(&self.inner.node, rows).await {
                flush.unflushed = unflushed;
                return Err(error);
            }
        }
        Ok(())
    }
}

impl DayCounter {
    fn new(key: DayKey, now: Millis) -> Self {
        Self { day: Day::containing(now), since: now, key, feeds: RwLock::default() }
    }

    /// Returns the counters of a feed, or `None` if [`MAX_FEEDS`] is reached.
    fn counters(&self, name: &str) -> Option<Arc<FeedCounters>> {
        if let Some(counters) = self.feeds.read().unwrap_or_else(PoisonError::into_inner).get(name)
        {
            return Some(Arc::clone(counters));
        }
        let mut feeds = self.feeds.write().unwrap_or_else(PoisonError::into_inner);
        if feeds.len() >= MAX_FEEDS && !feeds.contains_key(name) {
            return None;
        }
        Some(Arc::clone(feeds.entry(name.to_owned()).or_default()))
    }

    /// Returns a keyed hash of a reader of a feed, which reveals nothing without the key.
    fn reader_hash(&self, feed: &str, user_agent: &[u8], network: Option<IpAddr>) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(self.key);
        match network {
            Some(IpAddr::V4(v4)) => hasher.update(v4.octets()),
            Some(IpAddr::V6(v6)) => hasher.update(v6.octets()),
            None => {}
        }
        // Delimits the parts, so that different inputs never hash alike.
        hasher.update([u8::from(network.is_some())]);
        hasher.update(feed);
        hasher.update([0]);
        hasher.update(user_agent);
        hasher.finalize().iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
    }

    fn counts(&self, now: Millis) -> Vec<ReadershipCount> {
        let feeds = self.feeds.read().unwrap_or_else(PoisonError::into_inner);
        let counts = feeds.iter().map(|(feed, counters)| {
            let aggregators = counters.aggregators.lock().unwrap_or_else(PoisonError::into_inner);
            ReadershipCount {
                feed: feed.clone(),
                day: self.day,
                since: self.since,
                until: now,
                direct: counters.direct.estimate(),
                via_aggregators: aggregators.values().sum(),
                requests: counters.requests.load(Ordering::Relaxed),
                not_modified: counters.not_modified.load(Ordering::Relaxed),
            }
        });
        counts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{DAY, SignedDuration};

    fn readership() -> Readership {
        Readership::new("n1".into(), crate::clock::random_bytes, Millis(0).plus(5 * DAY))
    }

    fn counts(readership: &Readership) -> ReadershipCount {
        readership.inner.today.load().counts(Millis(0).plus(5 * DAY)).remove(0)
    }

    #[test]
    fn readers_count_once_a_day_and_aggregators_with_their_largest_count() {
        let readership = readership();
        for n in [1, 2, 1, 1, 2] {
            readership.record("news", b"Reader/1.0", Some([203, 0, 113, n].into()), n == 1);
        }
        readership.record("news", b"Other/2.0", Some([203, 0, 113, 1].into()), false);
        readership.record("news", b"Other/2.0", None, false);
        for user_agent in [
            "Feedly/1.0 (12 subscribers)",
            "Feedly/1.0 (9 subscribers)",
            "Feedbin feed-id:7 - 5 subscribers",
            "Googlebot/2.1",
        ] {
            readership.record("news", user_agent.as_bytes(), Some([198, 51, 100, 9].into()), true);
        }
        let count = counts(&readership);
        assert_eq!(
            (count.direct, count.via_aggregators, count.requests, count.not_modified),
            (4, 17, 11, 7)
        );
    }

    #[test]
    fn memory_use_is_bounded() {
        let readership = readership();
        for n in 0..3_000 {
            readership.record(&format!("tag/{n}"), b"", None, false);
            readership.record("tag/0", format!("S{n} (3 subscribers)").as_bytes(), None, false);
        }
        let today = readership.inner.today.load();
        assert_eq!(today.counts(Millis(0)).len(), MAX_FEEDS);
        assert_eq!(
            today.counters("tag/0").unwrap().aggregators.lock().unwrap().len(),
            MAX_AGGREGATORS_PER_FEED
        );
    }

    #[test]
    fn new_day_gets_a_new_key_and_keeps_the_old_counts() {
        let readership = readership();
        readership.record("news", b"Reader/1.0", None, false);
        let hash = readership.inner.today.load().reader_hash("news", b"Reader/1.0", None);
        let mut flush = FlushState::default();
        assert!(
            !readership
                .roll_over(&mut flush, Millis(0).plus(6 * DAY - SignedDuration::from_millis(1)))
        );
        assert!(readership.roll_over(&mut flush, Millis(0).plus(6 * DAY)));
        assert_ne!(readership.inner.today.load().reader_hash("news", b"Reader/1.0", None), hash);
        assert!(readership.inner.today.load().counts(Millis(0)).is_empty());
        assert_eq!(
            (flush.unflushed.len(), flush.unflushed[0].day, flush.unflushed[0].direct),
            (1, Day(5), 1)
        );
    }
}
