//! What a document is to show, found out without reading any article's text.

use std::collections::HashMap;

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
pub(super) const WRITING: u32 = 1;

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
}

/// What a feed's subscription document shows.
pub async fn newest(store: &Store, config: &Config, feed: &Feed, now: Millis) -> StoreResult<Plan> {
    let mut keys = store.newest_keys(&feed.selection, now, feed.items + 1).await?;
    let is_complete = keys.len() <= feed.items;
    keys.truncate(feed.items);
    let oldest = if is_complete { Millis(i64::MIN) } else { keys.last().map_or(Millis(i64::MIN), |key| key.published_at) };
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
pub async fn page(store: &Store, config: &Config, feed: &Feed, page: Page, now: Millis) -> StoreResult<Option<Plan>> {
    let Some(Leaf { places, previous }) = archive::leaf(store, feed, page, now).await? else { return Ok(None) };
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
    let seen = |key: &Key| key.updated_at.max(key.published_at).whole_second();
    Ok(Plan {
        updated: keys.iter().map(seen).chain(removed.map(Millis::whole_second)).max().unwrap_or_default(),
        changed: keys.iter().map(|key| key.changed_at.max(key.published_at)).chain(removed).max().unwrap_or_default(),
        archive,
        items: keys
            .into_iter()
            .map(|key| {
                let others = twins.get(&key.group).into_iter().flatten().filter(|(row, _)| *row != key.row);
                let twins: Vec<Twin> = others.map(|(_, twin)| twin.clone()).collect();
                Planned { row: key.row, fingerprint: fingerprint(config, feed, &key, &twins), twins }
            })
            .collect(),
    })
}

/// Everything an item's bytes depend on.
fn fingerprint(config: &Config, feed: &Feed, key: &Key, twins: &[Twin]) -> Fingerprint {
    let mut hasher = Sha256::new();
    let twins: String = twins.iter().map(|twin| format!("\n{} {}", twin.language, twin.url)).collect();
    let site = &config.site;
    hasher.update(format!(
        "{WRITING} {} {:?} {} {} {} {} {} {}{twins}",
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
