//! Archive of a feed (RFC 5005): pages with fixed sets of articles, of which only some are removed
//! later.
//!
//! A page has a fixed number of entries of one calendar month (UTC), in order of publication. The
//! entry of a removed article stays, so later entries do not move. A page exists once it is full or
//! an article of a later month is published; afterwards only a backdated article can still be added
//! to it.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::Feed;
use crate::domain::time::{Millis, SignedDuration};
use crate::store::feed_queries::{Direction, FeedItemSummary};
use crate::store::{Store, StoreResult};

/// Maximum number of entries on a page.
const MAX_ENTRIES_PER_PAGE: usize = 100;

/// Identifies a page of an archive: `2026-08` is the first page of its month, `2026-08-2` the
/// second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArchivePageRef {
    month: Date,
    number: usize,
}

impl fmt::Display for ArchivePageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.month.year(), self.month.month())?;
        if self.number > 1 { write!(f, "-{}", self.number) } else { Ok(()) }
    }
}

impl FromStr for ArchivePageRef {
    type Err = InvalidArchivePageRef;

    /// Parses only the canonical form, so that a page has one URL.
    fn from_str(text: &str) -> Result<Self, InvalidArchivePageRef> {
        Self::parse(text).ok_or(InvalidArchivePageRef)
    }
}

/// Error for a text that is not a valid page reference.
#[derive(Debug, thiserror::Error)]
#[error("not a valid archive page: use YEAR-MONTH or YEAR-MONTH-NUMBER, for example 2026-08-2")]
pub struct InvalidArchivePageRef;

impl ArchivePageRef {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let month = Date::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, 1).ok()?;
        let number = parts.next().map_or(Some(1), |digits| digits.parse().ok())?;
        Some(Self { month, number }).filter(|page| page.to_string() == text)
    }

    fn containing(at: Millis, number: usize) -> Self {
        let day = at.timestamp().to_zoned(TimeZone::UTC).date();
        Self { month: day.first_of_month(), number }
    }

    /// Returns the first day of the page's month.
    pub fn month(self) -> Date {
        self.month
    }

    /// Returns the page's number within its month, starting at 1.
    pub fn number(self) -> usize {
        self.number
    }

    fn start(self) -> Millis {
        self.month
            .to_zoned(TimeZone::UTC)
            .map(|zoned| Millis::from(zoned.timestamp()))
            .unwrap_or_default()
    }

    fn end(self) -> Millis {
        // The last month of the calendar has no end.
        let next = self
            .month
            .last_of_month()
            .tomorrow()
            .ok()
            .and_then(|next| next.to_zoned(TimeZone::UTC).ok());
        next.map_or(Millis(i64::MAX), |zoned| Millis::from(zoned.timestamp()))
    }
}

/// Entries of an archive page and the page before it.
#[derive(Debug)]
pub struct ArchivePage {
    /// Entries, oldest first, including those of removed articles.
    pub entries: Vec<FeedItemSummary>,
    /// Page with the next older entries.
    pub previous: Option<ArchivePageRef>,
}

/// Returns the number of entries per page: at most as many as the feed document has, so that
/// articles on no page yet are in the feed document.
fn page_size(feed: &Feed) -> usize {
    feed.items.clamp(1, MAX_ENTRIES_PER_PAGE)
}

/// Returns the newest page of a feed's archive.
pub async fn newest_page(
    store: &Store,
    feed: &Feed,
    now: Millis,
) -> StoreResult<Option<ArchivePageRef>> {
    let Some(newest) = store
        .feed_items()
        .nearest_archived(
            &feed.selection,
            now.plus(SignedDuration::from_millis(1)),
            Direction::Backward,
            now,
        )
        .await?
    else {
        return Ok(None);
    };
    let month = ArchivePageRef::containing(newest, 1);
    let full =
        store.feed_items().count_archived(&feed.selection, month.start(), month.end(), now).await?
            / page_size(feed);
    if full > 0 {
        return Ok(Some(ArchivePageRef { number: full, ..month }));
    }
    newest_page_before(store, feed, month, now).await
}

/// Loads a page's entries. Returns `None` if the page does not exist or does not exist yet.
pub async fn load_page(
    store: &Store,
    feed: &Feed,
    page: ArchivePageRef,
    now: Millis,
) -> StoreResult<Option<ArchivePage>> {
    let all =
        store.feed_items().archive_between(&feed.selection, page.start(), page.end(), now).await?;
    let offset = page_size(feed).saturating_mul(page.number.saturating_sub(1));
    let entries: Vec<FeedItemSummary> =
        all.into_iter().skip(offset).take(page_size(feed)).collect();
    let is_complete = entries.len() == page_size(feed)
        || store
            .feed_items()
            .nearest_archived(&feed.selection, page.end(), Direction::Forward, now)
            .await?
            .is_some();
    if entries.is_empty() || !is_complete {
        return Ok(None);
    }
    let previous = match page.number {
        1 => newest_page_before(store, feed, page, now).await?,
        number => Some(ArchivePageRef { number: number - 1, ..page }),
    };
    Ok(Some(ArchivePage { entries, previous }))
}

/// Returns the page after `page` if it exists. The feed document follows the newest page.
pub async fn page_after(
    store: &Store,
    feed: &Feed,
    page: ArchivePageRef,
    now: Millis,
) -> StoreResult<Option<ArchivePageRef>> {
    let count =
        store.feed_items().count_archived(&feed.selection, page.start(), page.end(), now).await?;
    let next_month = store
        .feed_items()
        .nearest_archived(&feed.selection, page.end(), Direction::Forward, now)
        .await?;
    let next = ArchivePageRef { number: page.number + 1, ..page };
    if count >= page_size(feed) * next.number
        || (count > page_size(feed) * page.number && next_month.is_some())
    {
        return Ok(Some(next));
    }
    let Some(first) = next_month.map(|at| ArchivePageRef::containing(at, 1)) else {
        return Ok(None);
    };
    let count =
        store.feed_items().count_archived(&feed.selection, first.start(), first.end(), now).await?;
    let is_complete = count >= page_size(feed)
        || store
            .feed_items()
            .nearest_archived(&feed.selection, first.end(), Direction::Forward, now)
            .await?
            .is_some();
    Ok(is_complete.then_some(first))
}

/// Returns the last page of the months before a page's month.
async fn newest_page_before(
    store: &Store,
    feed: &Feed,
    page: ArchivePageRef,
    now: Millis,
) -> StoreResult<Option<ArchivePageRef>> {
    let Some(last) = store
        .feed_items()
        .nearest_archived(&feed.selection, page.start(), Direction::Backward, now)
        .await?
    else {
        return Ok(None);
    };
    let month = ArchivePageRef::containing(last, 1);
    let count =
        store.feed_items().count_archived(&feed.selection, month.start(), month.end(), now).await?;
    Ok(Some(ArchivePageRef { number: count.div_ceil(page_size(feed)).max(1), ..month }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_canonical_name_and_spans_its_month() {
        let second: ArchivePageRef = "2026-02-2".parse().unwrap();
        assert_eq!((second.to_string().as_str(), second.number), ("2026-02-2", 2));
        assert_eq!(
            (second.start().rfc3339(), second.end().rfc3339()),
            ("2026-02-01T00:00:00Z".into(), "2026-03-01T00:00:00Z".into())
        );
        assert_eq!(ArchivePageRef::containing(second.start(), 2), second);
        for invalid in [
            "2026-2",
            "2026-02-1",
            "2026-02-02",
            "2026-13",
            "2026",
            "",
            "2026-02-2-1",
            "-2026-02",
            "2026-02-0",
            "x-y",
        ] {
            assert!(invalid.parse::<ArchivePageRef>().is_err(), "{invalid}");
        }
        assert_eq!("9999-12".parse::<ArchivePageRef>().unwrap().end(), Millis(i64::MAX));
    }
}
