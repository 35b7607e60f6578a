//! Document plans: the items of a document and its metadata, computed without reading any article's
//! text.

use std::collections::{HashMap, HashSet};
use std::iter;

use sha2::{Digest as _, Sha256};

use super::archive::{self, ArchivePage, ArchivePageRef};
use super::metadata::{ArchiveRole, Translation};
use super::rendered::ItemHash;
use crate::config::{Config, Content, Feed};
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::Millis;
use crate::store::feed_queries::FeedItemSummary;
use crate::store::{Store, StoreResult};

/// Version of the renderer's output for an unchanged article. Raise it when the output changes;
/// every cached document is then rendered again.
pub(super) const RENDERER_VERSION: u32 = 2;

/// Items and metadata of a document that is to be rendered.
#[derive(Debug)]
pub struct DocumentPlan {
    /// Time of the newest change or removal that readers can see; the Unix epoch if there was none.
    pub updated: Millis,
    /// Time of the last change of any of its articles in the store.
    pub changed: Millis,
    /// Role of the document in the feed's archive.
    pub archive: ArchiveRole,
    /// Items in document order, newest first.
    pub items: Vec<PlannedItem>,
}

/// An item of a document that is to be rendered.
#[derive(Debug)]
pub struct PlannedItem {
    /// Row of the article in the store.
    pub row_id: i64,
    /// Hash of everything that the rendered item depends on.
    pub item_hash: ItemHash,
    /// Public translations of the article.
    pub translations: Vec<Translation>,
    /// Offset from UTC, in minutes, with which the time of the last change is written.
    pub utc_offset_minutes: i32,
}

/// Returns the plan of the feed document, which contains the newest articles.
pub async fn newest(
    store: &Store,
    config: &Config,
    feed: &Feed,
    now: Millis,
) -> StoreResult<DocumentPlan> {
    let mut summaries =
        store.feed_items().newest_summaries(&feed.selection, now, feed.items + 1).await?;
    let is_complete = summaries.len() <= feed.items;
    summaries.truncate(feed.items);
    let oldest = if is_complete {
        Millis(i64::MIN)
    } else {
        summaries.last().map_or(Millis(i64::MIN), |summary| summary.published_at)
    };
    let removed = store.feed_items().latest_removal(&feed.selection, oldest).await?;
    let archive = if is_complete {
        ArchiveRole::Complete
    } else {
        let page = archive::newest_page(store, feed, now).await?;
        ArchiveRole::Newest { previous: page.map(|page| archive_page_url(config, feed, page)) }
    };
    build(store, config, feed, summaries, removed, archive, now).await
}

/// Returns the plan of an archive page. Returns `None` if the page does not exist or does not exist
/// yet.
pub async fn archive_page(
    store: &Store,
    config: &Config,
    feed: &Feed,
    page: ArchivePageRef,
    now: Millis,
) -> StoreResult<Option<DocumentPlan>> {
    let Some(ArchivePage { entries, previous }) =
        archive::load_page(store, feed, page, now).await?
    else {
        return Ok(None);
    };
    let removed = entries.iter().filter_map(|summary| summary.removed_at).max();
    let url = archive_page_url(config, feed, page);
    let archive = ArchiveRole::Page {
        current: SiteUrls(&config.site.base_url).feed_page(&feed.path()),
        previous: previous.map(|page| archive_page_url(config, feed, page)),
        // The next page may not exist yet and this page never changes, so it links to a redirect.
        next: Some(format!("{url}/next")),
        url,
    };
    let mut summaries: Vec<FeedItemSummary> =
        entries.into_iter().filter(|summary| summary.removed_at.is_none()).collect();
    summaries.reverse();
    build(store, config, feed, summaries, removed, archive, now).await.map(Some)
}

/// Returns the URL of an archive page without the format.
pub fn archive_page_url(config: &Config, feed: &Feed, page: ArchivePageRef) -> String {
    format!("{}/archive/{page}", SiteUrls(&config.site.base_url).feed_page(&feed.path()))
}

async fn build(
    store: &Store,
    config: &Config,
    feed: &Feed,
    summaries: Vec<FeedItemSummary>,
    removed_at: Option<Millis>,
    archive: ArchiveRole,
    now: Millis,
) -> StoreResult<DocumentPlan> {
    let stories: Vec<i64> =
        summaries.iter().map(|summary| summary.story).filter(|story| *story > 0).collect();
    let mut translations: HashMap<i64, Vec<(i64, Translation)>> = HashMap::new();
    for (story, row, language, url) in store.feed_items().translations_in(&stories, now).await? {
        let Some(url) = url else { continue };
        translations.entry(story).or_default().push((row, Translation { language, url }));
    }
    let offsets = utc_offsets(&summaries);
    Ok(DocumentPlan {
        updated: summaries
            .iter()
            .map(visible_update)
            .chain(removed_at.map(Millis::whole_second))
            .max()
            .unwrap_or_default(),
        changed: summaries
            .iter()
            .map(|summary| summary.changed_at.max(summary.published_at))
            .chain(removed_at)
            .max()
            .unwrap_or_default(),
        archive,
        items: summaries
            .into_iter()
            .zip(offsets)
            .map(|(summary, offset)| {
                let others = translations
                    .get(&summary.story)
                    .into_iter()
                    .flatten()
                    .filter(|(row, _)| *row != summary.row_id);
                let translations: Vec<Translation> =
                    others.map(|(_, translation)| translation.clone()).collect();
                PlannedItem {
                    row_id: summary.row_id,
                    item_hash: item_hash(config, feed, &summary, &translations, offset),
                    translations,
                    utc_offset_minutes: offset,
                }
            })
            .collect(),
    })
}

/// Returns the time of an article's last change as documents show it, in whole seconds.
fn visible_update(summary: &FeedItemSummary) -> Millis {
    summary.updated_at.max(summary.published_at).whole_second()
}

/// Returns the UTC offset of each item's change time in minutes, such that no two times are written
/// alike.
///
/// Sources have a resolution of a second or a day, and validators report two entries with the same
/// `updated` text. Of the items of one second, only the newest is therefore written in UTC; each
/// other one is written as the same instant with an offset of its own. The id determines the
/// offset, so that it stays the same when other items are removed.
fn utc_offsets(summaries: &[FeedItemSummary]) -> Vec<i32> {
    let hours = (-12..=14).filter(|hour| *hour != 0).map(|hour| hour * 60);
    let minutes = -12 * 60..=14 * 60;
    let mut taken: HashSet<(Millis, i32)> = HashSet::new();
    let free_offset = |summary: &FeedItemSummary| {
        let start = usize::from(Sha256::digest(&summary.guid)[0]) % hours.clone().count();
        let mut candidates = iter::once(0)
            .chain(hours.clone().skip(start))
            .chain(hours.clone().take(start))
            .chain(minutes.clone());
        candidates
            .find(|offset| taken.insert((visible_update(summary), *offset)))
            .unwrap_or_default()
    };
    summaries.iter().map(free_offset).collect()
}

/// Returns the name of a content setting for hashing, which must never change.
pub(super) fn content_mode(content: Content) -> &'static str {
    match content {
        Content::Full => "full",
        Content::Summary => "summary",
    }
}

/// Returns a hash of everything an item's bytes depend on.
fn item_hash(
    config: &Config,
    feed: &Feed,
    summary: &FeedItemSummary,
    translations: &[Translation],
    offset: i32,
) -> ItemHash {
    let mut hasher = Sha256::new();
    let translation_list: String = translations
        .iter()
        .map(|translation| format!("\n{} {}", translation.language, translation.url))
        .collect();
    let site = &config.site;
    hasher.update(format!(
        "{RENDERER_VERSION} {} {} {} {} {} {} {} {} {offset}{translation_list}",
        env!("CARGO_PKG_VERSION"),
        content_mode(feed.content),
        site.base_url,
        site.language,
        summary.guid,
        summary.content_hash,
        summary.published_at.0,
        summary.updated_at.0
    ));
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize()[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summaries_changed_at(ids: &[&str], at: impl Fn(usize) -> i64) -> Vec<FeedItemSummary> {
        let summary = |(i, id): (usize, &&str)| FeedItemSummary {
            row_id: 0,
            guid: (*id).to_owned(),
            published_at: Millis(0),
            updated_at: Millis(at(i)),
            story: 0,
            content_hash: String::new(),
            changed_at: Millis(0),
            removed_at: None,
        };
        ids.iter().enumerate().map(summary).collect()
    }

    #[test]
    fn items_changed_in_the_same_second_have_different_utc_offsets() {
        assert_eq!(
            utc_offsets(&summaries_changed_at(&["a", "b", "c"], |i| i as i64 * 1_000)),
            [0, 0, 0]
        );
        let all = utc_offsets(&summaries_changed_at(&["a", "b", "c"], |i| i as i64 * 300));
        assert_eq!(all[0], 0);
        assert!(
            all.iter().all(|offset| offset % 60 == 0) && all[1] != all[2] && !all[1..].contains(&0),
            "{all:?}"
        );
        // Later publications and removals do not change the offset of other items.
        assert_eq!(utc_offsets(&summaries_changed_at(&["a", "b"], |_| 0)), all[..2]);
        assert_eq!(utc_offsets(&summaries_changed_at(&["d", "b", "c"], |_| 0))[1..], all[1..]);
        assert_eq!(utc_offsets(&summaries_changed_at(&["b"], |_| 0)), [0]);
    }

    #[test]
    fn a_thousand_items_of_the_same_second_have_different_utc_offsets() {
        let ids: Vec<String> =
            (0..1_000).map(|i| format!("tag:news.example.edu,2026:college/{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let all = utc_offsets(&summaries_changed_at(&ids, |_| 7));
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 1_000);
        assert!(
            all.iter().all(|offset| (-12 * 60..=14 * 60).contains(offset)),
            "no time zone is further from UTC"
        );
    }
}
