//! How many read each feed, without knowing who: counted in memory, of which numbers alone are kept.
//!
//! A reader that asks for itself is a hash of its network and User-Agent under a key of the day; of the hash a sketch
//! remembers less than a byte that thousands share. Key and sketches are dropped when the day (UTC) ends; nothing of
//! them is written anywhere. A service that asks for many says for how many.

pub mod agent;
mod sketch;

use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};

use crate::domain::readership::{Count, Day};
use crate::domain::time::{MINUTE, Millis};
use crate::store::{Store, StoreResult};
use agent::Agent;
use sketch::Sketch;

/// Feeds counted on a day, each with 4 KiB: readers of more feeds on demand than that are not counted.
const MOST_FEEDS: usize = 1_024;
/// Services remembered for a feed.
const MOST_SERVICES: usize = 64;
/// Rows that wait for a database that is away; the oldest are given up.
const MOST_WAITING: usize = 8 * MOST_FEEDS;
/// Days that numbers are kept.
const KEPT: i64 = 400;

/// What makes a day's hashes unlike any other's.
type Key = [u8; 32];

/// The counting of one node; cheap to clone.
#[derive(Debug, Clone)]
pub struct Readership {
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    node: String,
    key: fn() -> Key,
    today: ArcSwap<Today>,
    keeping: tokio::sync::Mutex<Keeping>,
}

/// What is counted since the day, or this run of the node, began.
#[derive(Debug)]
struct Today {
    day: Day,
    since: Millis,
    key: Key,
    feeds: RwLock<HashMap<String, Arc<Seen>>>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: AtomicU64,
    unchanged: AtomicU64,
    direct: Sketch,
    services: Mutex<HashMap<String, u64>>,
}

#[derive(Debug, Default)]
struct Keeping {
    at: Option<Millis>,
    /// Rows of days that are over.
    waiting: Vec<Count>,
}

impl Readership {
    /// Begins to count, under a name that no other run of a node has; `key` gives other random bytes at every call.
    pub fn begin(node: String, key: fn() -> Key, now: Millis) -> Self {
        let today = ArcSwap::from_pointee(Today::begin(key(), now));
        Self {
            inside: Arc::new(Inside { node, key, today, keeping: tokio::sync::Mutex::default() }),
        }
    }

    /// Counts a request for a feed: from a network (none: this machine), answered with "not modified" or in full. Takes
    /// about a microsecond and never waits for the database.
    pub fn note(&self, feed: &str, agent: &[u8], network: Option<IpAddr>, is_unchanged: bool) {
        let today = self.inside.today.load();
        let Some(seen) = today.feed(feed) else { return };
        seen.requests.fetch_add(1, Ordering::Relaxed);
        if is_unchanged {
            seen.unchanged.fetch_add(1, Ordering::Relaxed);
        }
        match agent::read(agent) {
            Agent::Reader => seen.direct.add(today.hash(feed, agent, network)),
            Agent::Service { name, readers } => {
                // A poisoned lock only means that another thread panicked; the map is whole after each of its changes.
                let mut services = seen.services.lock().unwrap_or_else(PoisonError::into_inner);
                if services.len() < MOST_SERVICES || services.contains_key(&name) {
                    let most = services.entry(name).or_default();
                    *most = readers.max(*most);
                }
            }
            Agent::Crawler => {}
        }
    }

    /// Ends the day when it is over, and keeps the numbers once a minute.
    ///
    /// # Errors
    /// When the database fails; the numbers wait for the next time.
    pub async fn keep_due(&self, store: &Store, now: Millis) -> StoreResult<()> {
        let mut keeping = self.inside.keeping.lock().await;
        let is_new_day = self.turn(&mut keeping, now);
        if !is_new_day && keeping.at.is_some_and(|at| now.0 - at.0 < MINUTE) {
            return Ok(());
        }
        if is_new_day || keeping.at.is_none() {
            store.forget_readership(Day::of(now).before(KEPT)).await?;
        }
        self.keep(store, &mut keeping, now).await
    }

    /// Keeps what is not kept yet: at the end of the program.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish(&self, store: &Store, now: Millis) -> StoreResult<()> {
        let mut keeping = self.inside.keeping.lock().await;
        self.turn(&mut keeping, now);
        self.keep(store, &mut keeping, now).await
    }

    /// Begins a new day with a new key, if the old one is over; of that the numbers stay.
    fn turn(&self, keeping: &mut Keeping, now: Millis) -> bool {
        if self.inside.today.load().day == Day::of(now) {
            return false;
        }
        let before = self.inside.today.swap(Arc::new(Today::begin((self.inside.key)(), now)));
        keeping.waiting.extend(before.counts(now));
        let too_many = keeping.waiting.len().saturating_sub(MOST_WAITING);
        keeping.waiting.drain(..too_many);
        true
    }

    async fn keep(&self, store: &Store, keeping: &mut Keeping, now: Millis) -> StoreResult<()> {
        keeping.at = Some(now);
        let waiting = mem::take(&mut keeping.waiting);
        let rows: Vec<Count> =
            waiting.iter().cloned().chain(self.inside.today.load().counts(now)).collect();
        // Chunks of one statement each: a day with many feeds does not hold the writer for long.
        for rows in rows.chunks(256) {
            if let Err(error) = store.keep_readership(&self.inside.node, rows).await {
                keeping.waiting = waiting;
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Today {
    fn begin(key: Key, now: Millis) -> Self {
        Self { day: Day::of(now), since: now, key, feeds: RwLock::default() }
    }

    /// What is counted of a feed; `None` if there are too many feeds.
    fn feed(&self, name: &str) -> Option<Arc<Seen>> {
        if let Some(seen) = self.feeds.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(Arc::clone(seen));
        }
        let mut feeds = self.feeds.write().unwrap_or_else(PoisonError::into_inner);
        if feeds.len() >= MOST_FEEDS && !feeds.contains_key(name) {
            return None;
        }
        Some(Arc::clone(feeds.entry(name.to_owned()).or_default()))
    }

    /// A reader of a feed, in a way that says nothing about it to whoever does not have the key.
    fn hash(&self, feed: &str, agent: &[u8], network: Option<IpAddr>) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(self.key);
        match network {
            Some(IpAddr::V4(v4)) => hasher.update(v4.octets()),
            Some(IpAddr::V6(v6)) => hasher.update(v6.octets()),
            None => {}
        }
        // What ends each part, so that no two are written alike.
        hasher.update([u8::from(network.is_some())]);
        hasher.update(feed);
        hasher.update([0]);
        hasher.update(agent);
        hasher.finalize().iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
    }

    fn counts(&self, now: Millis) -> Vec<Count> {
        let feeds = self.feeds.read().unwrap_or_else(PoisonError::into_inner);
        let counts = feeds.iter().map(|(feed, seen)| {
            let services = seen.services.lock().unwrap_or_else(PoisonError::into_inner);
            Count {
                feed: feed.clone(),
                day: self.day,
                since: self.since,
                until: now,
                direct: seen.direct.estimate(),
                served: services.values().sum(),
                requests: seen.requests.load(Ordering::Relaxed),
                unchanged: seen.unchanged.load(Ordering::Relaxed),
            }
        });
        counts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY;

    fn counting() -> Readership {
        Readership::begin("n1".into(), crate::clock::random_bytes, Millis(5 * DAY))
    }

    fn counts(readership: &Readership) -> Count {
        readership.inside.today.load().counts(Millis(5 * DAY)).remove(0)
    }

    #[test]
    fn a_reader_counts_once_a_day_and_a_service_for_the_most_it_said() {
        let readership = counting();
        for n in [1, 2, 1, 1, 2] {
            readership.note("news", b"Reader/1.0", Some([203, 0, 113, n].into()), n == 1);
        }
        readership.note("news", b"Other/2.0", Some([203, 0, 113, 1].into()), false);
        readership.note("news", b"Other/2.0", None, false);
        for agent in [
            "Feedly/1.0 (12 subscribers)",
            "Feedly/1.0 (9 subscribers)",
            "Feedbin feed-id:7 - 5 subscribers",
            "Googlebot/2.1",
        ] {
            readership.note("news", agent.as_bytes(), Some([198, 51, 100, 9].into()), true);
        }
        let count = counts(&readership);
        assert_eq!((count.direct, count.served, count.requests, count.unchanged), (4, 17, 11, 7));
    }

    #[test]
    fn the_memory_it_takes_is_bounded() {
        let readership = counting();
        for n in 0..3_000 {
            readership.note(&format!("tag/{n}"), b"", None, false);
            readership.note("tag/0", format!("S{n} (3 subscribers)").as_bytes(), None, false);
        }
        let today = readership.inside.today.load();
        assert_eq!(today.counts(Millis(0)).len(), MOST_FEEDS);
        assert_eq!(today.feed("tag/0").unwrap().services.lock().unwrap().len(), MOST_SERVICES);
    }

    #[test]
    fn a_new_day_has_a_new_key_and_of_the_old_one_the_numbers_stay() {
        let readership = counting();
        readership.note("news", b"Reader/1.0", None, false);
        let hash = readership.inside.today.load().hash("news", b"Reader/1.0", None);
        let mut keeping = Keeping::default();
        assert!(!readership.turn(&mut keeping, Millis(6 * DAY - 1)));
        assert!(readership.turn(&mut keeping, Millis(6 * DAY)));
        assert_ne!(readership.inside.today.load().hash("news", b"Reader/1.0", None), hash);
        assert!(readership.inside.today.load().counts(Millis(0)).is_empty());
        assert_eq!(
            (keeping.waiting.len(), keeping.waiting[0].day, keeping.waiting[0].direct),
            (1, Day(5), 1)
        );
    }
}
