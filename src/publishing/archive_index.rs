//! Archive pages of a feed and a fingerprint of each, computed without rendering them.

use sha2::{Digest as _, Sha256};

use crate::config::{Config, Feed};
use crate::domain::time::{MINUTE, Millis, SignedDuration};
use crate::feeds::archive::{ArchivePageRef, newest_page};
use crate::feeds::cache::{FeedCache, feed_fingerprint};
use crate::feeds::metadata::ArchiveRole;
use crate::feeds::plan::{self, DocumentPlan};
use crate::store::{Store, StoreResult};

/// Minimum interval between full scans of all pages; changes of the newest pages are found at
/// once.
const FULL_SCAN_INTERVAL: SignedDuration = MINUTE;

/// Archive pages of one feed with their fingerprints.
#[derive(Debug, Default)]
pub(super) struct ArchiveIndex {
    /// Pages, newest first, each with its fingerprint.
    pub(super) pages: Vec<(ArchivePageRef, String)>,
    /// Generation of the feed cache whose changes are included.
    article_change_count: u64,
    full_scan_at: Option<Millis>,
    /// `true` if older pages may have changed since the last full scan.
    is_stale: bool,
}

impl ArchiveIndex {
    /// Returns `true` if a page may have changed.
    pub(super) fn is_due(&self, cache: &FeedCache, feed: &Feed, now: Millis) -> bool {
        self.full_scan_at.is_none_or(|at| self.is_stale && now.since(at) >= FULL_SCAN_INTERVAL)
            || cache.changed_since(&feed.selection, self.article_change_count)
    }

    /// Updates the pages that may have changed.
    pub(super) async fn refresh(
        &mut self,
        store: &Store,
        config: &Config,
        cache: &FeedCache,
        feed: &Feed,
        now: Millis,
    ) -> StoreResult<()> {
        // Read before the articles, so that a change in between is not missed.
        let change_count = cache.article_change_count();
        if self.is_due(cache, feed, now) {
            let is_full_scan =
                self.full_scan_at.is_none_or(|at| now.since(at) >= FULL_SCAN_INTERVAL);
            self.scan(store, config, feed, is_full_scan, now).await?;
            self.is_stale = !is_full_scan;
            if is_full_scan {
                self.full_scan_at = Some(now);
            }
        }
        self.article_change_count = change_count;
        Ok(())
    }

    /// Scans from the newest page to the oldest, or, unless `is_full_scan`, to the first unchanged
    /// one.
    async fn scan(
        &mut self,
        store: &Store,
        config: &Config,
        feed: &Feed,
        is_full_scan: bool,
        now: Millis,
    ) -> StoreResult<()> {
        let mut found = Vec::new();
        let is_complete =
            store.feed_items().newest_summaries(&feed.selection, now, feed.items + 1).await?.len()
                <= feed.items;
        let mut next = if is_complete { None } else { newest_page(store, feed, now).await? };
        while let Some(page) = next {
            let Some(plan) = plan::archive_page(store, config, feed, page, now).await? else {
                break;
            };
            let entry = (page, page_fingerprint(config, feed, page, &plan));
            let known = self.pages.iter().position(|known| *known == entry);
            if let (false, Some(at)) = (is_full_scan, known) {
                found.extend_from_slice(&self.pages[at..]);
                break;
            }
            found.push(entry);
            next = previous_page(&plan);
        }
        self.pages = found;
        Ok(())
    }
}

/// Returns the page that precedes one in time.
fn previous_page(plan: &DocumentPlan) -> Option<ArchivePageRef> {
    let ArchiveRole::Page { previous: Some(url), .. } = &plan.archive else { return None };
    url.rsplit('/').next()?.parse().ok()
}

/// Returns a hash of everything that the bytes of a page depend on.
fn page_fingerprint(
    config: &Config,
    feed: &Feed,
    page: ArchivePageRef,
    plan: &DocumentPlan,
) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!(
        "{} {page} {:?} {:?}",
        feed_fingerprint(config, feed),
        plan.updated,
        plan.archive
    ));
    for planned in &plan.items {
        hasher.update(planned.item_hash);
    }
    hex::encode(&hasher.finalize()[..16])
}
