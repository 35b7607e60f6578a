//! What a document is to show, found out without reading any article's text.

use std::collections::{HashMap, HashSet};
use std::iter;

use sha2::{Digest as _, Sha256};

use super::archive::{self, Leaf, Page};
use super::feed::{Archive, Twin};
use super::made::Fingerprint;
use crate::config::{Config, Feed};
use crate::domain::links::Links;
use crate::domain::time::Millis;
use crate::store::windows::Key;
use crate::store::{Store, StoreResult};

/// Raised when the same article is written in another way, so that kept documents are made anew.
pub(super) const WRITING: u32 = 2;

/// What a document shows.
#[derive(Debug)]
pub struct Plan {
    /// The newest change or removal that readers can see; the epoch if there never was one.
    pub updated: Millis,
    /// When anything about it last changed in our store.
    pub changed: Millis,
    /// Its place in the archive.
    pub archive: Archive,
    /// Its items, in their order.
    pub items: Vec<Planned>,
}

/// An item that is to be shown.
#[derive(Debug)]
pub struct Planned {
    /// The article's row.
    pub row: i64,
    /// Tells this state of it from others.
    pub fingerprint: Fingerprint,
    /// Its translations.
    pub twins: Vec<Twin>,
    /// Minutes east of UTC of the zone in which the date of its last change is written.
    pub offset: i32,
}

/// What a feed's subscription document shows.
pub async fn newest(store: &Store, config: &Config, feed: &Feed, now: Millis) -> StoreResult<Plan> {
    let mut keys = store.newest_keys(&feed.selection, now, feed.items + 1).await?;
    let is_complete = keys.len() <= feed.items;
    keys.truncate(feed.items);
    let oldest = if is_complete {
        Millis(i64::MIN)
    } else {
        keys.last().map_or(Millis(i64::MIN), |key| key.published_at)
    };
    let removed = store.latest_removal(&feed.selection, oldest).await?;
    let archive = if is_complete {
        Archive::Complete
    } else {
        let page = archive::newest_page(store, feed, now).await?;
        Archive::Newest { previous: page.map(|page| address(config, feed, page)) }
    };
    plan(store, config, feed, keys, removed, archive, now).await
}

/// What a page of a feed's archive shows; `None` if there is no such page, or not yet.
pub async fn page(
    store: &Store,
    config: &Config,
    feed: &Feed,
    page: Page,
    now: Millis,
) -> StoreResult<Option<Plan>> {
    let Some(Leaf { places, previous }) = archive::leaf(store, feed, page, now).await? else {
        return Ok(None);
    };
    let removed = places.iter().filter_map(|key| key.removed_at).max();
    let own = address(config, feed, page);
    let archive = Archive::Page {
        current: Links(&config.site.base_url).feed_page(&feed.path()),
        previous: previous.map(|page| address(config, feed, page)),
        // The page after it may not be there yet, and this one never changes: a way that leads on.
        next: Some(format!("{own}/next")),
        address: own,
    };
    let mut keys: Vec<Key> = places.into_iter().filter(|key| key.removed_at.is_none()).collect();
    keys.reverse();
    plan(store, config, feed, keys, removed, archive, now).await.map(Some)
}

/// The address of a page, without the format.
pub fn address(config: &Config, feed: &Feed, page: Page) -> String {
    format!("{}/archive/{page}", Links(&config.site.base_url).feed_page(&feed.path()))
}

async fn plan(
    store: &Store,
    config: &Config,
    feed: &Feed,
    keys: Vec<Key>,
    removed: Option<Millis>,
    archive: Archive,
    now: Millis,
) -> StoreResult<Plan> {
    let groups: Vec<i64> = keys.iter().map(|key| key.group).filter(|group| *group > 0).collect();
    let mut twins: HashMap<i64, Vec<(i64, Twin)>> = HashMap::new();
    for (group, row, language, url) in store.twins_in(&groups, now).await? {
        let Some(url) = url else { continue };
        twins.entry(group).or_default().push((row, Twin { language, url }));
    }
    let offsets = offsets(&keys);
    Ok(Plan {
        updated: keys
            .iter()
            .map(seen)
            .chain(removed.map(Millis::whole_second))
            .max()
            .unwrap_or_default(),
        changed: keys
            .iter()
            .map(|key| key.changed_at.max(key.published_at))
            .chain(removed)
            .max()
            .unwrap_or_default(),
        archive,
        items: keys
            .into_iter()
            .zip(offsets)
            .map(|(key, offset)| {
                let others =
                    twins.get(&key.group).into_iter().flatten().filter(|(row, _)| *row != key.row);
                let twins: Vec<Twin> = others.map(|(_, twin)| twin.clone()).collect();
                Planned {
                    row: key.row,
                    fingerprint: fingerprint(config, feed, &key, &twins, offset),
                    twins,
                    offset,
                }
            })
            .collect(),
    })
}

/// The second in which an article was last changed, as readers see it.
fn seen(key: &Key) -> Millis {
    key.updated_at.max(key.published_at).whole_second()
}

/// In which zone each item's change is dated, in minutes east of UTC, so that no two dates are written alike.
///
/// Sources tell seconds, or no more than days, and validators take two entries with one date of change for a mistake. So of
/// those of one second only the newest is dated in UTC, and each other one, at the same instant, in a zone of its own. Which
/// one comes from the id, so that it stays when others go.
fn offsets(keys: &[Key]) -> Vec<i32> {
    let hours = (-12..=14).filter(|hour| *hour != 0).map(|hour| hour * 60);
    let minutes = -12 * 60..=14 * 60;
    let mut taken: HashSet<(Millis, i32)> = HashSet::new();
    let free = |key: &Key| {
        let own = usize::from(Sha256::digest(&key.guid)[0]) % hours.clone().count();
        let mut wanted = iter::once(0)
            .chain(hours.clone().skip(own))
            .chain(hours.clone().take(own))
            .chain(minutes.clone());
        wanted.find(|offset| taken.insert((seen(key), *offset))).unwrap_or_default()
    };
    keys.iter().map(free).collect()
}

/// Everything an item's bytes depend on.
fn fingerprint(
    config: &Config,
    feed: &Feed,
    key: &Key,
    twins: &[Twin],
    offset: i32,
) -> Fingerprint {
    let mut hasher = Sha256::new();
    let twins: String =
        twins.iter().map(|twin| format!("\n{} {}", twin.language, twin.url)).collect();
    let site = &config.site;
    hasher.update(format!(
        "{WRITING} {} {:?} {} {} {} {} {} {} {offset}{twins}",
        env!("CARGO_PKG_VERSION"),
        feed.content,
        site.base_url,
        site.language,
        key.guid,
        key.hash,
        key.published_at.0,
        key.updated_at.0
    ));
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize()[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(ids: &[&str], at: impl Fn(usize) -> i64) -> Vec<Key> {
        let key = |(i, id): (usize, &&str)| Key {
            row: 0,
            guid: (*id).to_owned(),
            published_at: Millis(0),
            updated_at: Millis(at(i)),
            group: 0,
            hash: String::new(),
            changed_at: Millis(0),
            removed_at: None,
        };
        ids.iter().enumerate().map(key).collect()
    }

    #[test]
    fn items_that_changed_in_one_second_are_dated_in_zones_of_their_own() {
        assert_eq!(offsets(&changed(&["a", "b", "c"], |i| i as i64 * 1_000)), [0, 0, 0]);
        let all = offsets(&changed(&["a", "b", "c"], |i| i as i64 * 300));
        assert_eq!(all[0], 0);
        assert!(
            all.iter().all(|offset| offset % 60 == 0) && all[1] != all[2] && !all[1..].contains(&0),
            "{all:?}"
        );
        // What is published later, or leaves, moves no other's.
        assert_eq!(offsets(&changed(&["a", "b"], |_| 0)), all[..2]);
        assert_eq!(offsets(&changed(&["d", "b", "c"], |_| 0))[1..], all[1..]);
        assert_eq!(offsets(&changed(&["b"], |_| 0)), [0]);
    }

    #[test]
    fn even_a_thousand_items_of_one_second_are_told_apart() {
        let ids: Vec<String> =
            (0..1_000).map(|i| format!("tag:news.example.edu,2026:college/{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let all = offsets(&changed(&ids, |_| 7));
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 1_000);
        assert!(
            all.iter().all(|offset| (-12 * 60..=14 * 60).contains(offset)),
            "no clock is further from UTC"
        );
    }
}
