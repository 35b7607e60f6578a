//! The archive behind a feed (RFC 5005): pages that are fixed for ever, but for what is removed from them.
//!
//! A page holds a number of places of one calendar month (UTC), in the order of publication. A removed article keeps its
//! place, so nothing moves behind it; a page exists once it is full or an article of a later month came out, so nothing
//! is added to it but what is published with a date of the past.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::Feed;
use crate::domain::time::Millis;
use crate::store::windows::{Key, Side};
use crate::store::{Store, StoreResult};

/// Places of a page at most.
const LARGEST: usize = 100;

/// A page of an archive: `2026-08` is the first of its month, `2026-08-2` the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Page {
    month: Date,
    part: usize,
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.month.year(), self.month.month())?;
        if self.part > 1 { write!(f, "-{}", self.part) } else { Ok(()) }
    }
}

impl FromStr for Page {
    type Err = ();

    /// Reads exactly what is written, so that a page has one address.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, '-');
        let mut number =
            || parts.next().map(|digits| digits.parse::<usize>().map_err(|_| ())).transpose();
        let (year, month, part) =
            (number()?.ok_or(())?, number()?.ok_or(())?, number()?.unwrap_or(1));
        let month = Date::new(
            i16::try_from(year).map_err(|_| ())?,
            i8::try_from(month).map_err(|_| ())?,
            1,
        )
        .map_err(|_| ())?;
        let page = Self { month, part };
        if page.to_string() == text { Ok(page) } else { Err(()) }
    }
}

impl Page {
    fn of(at: Millis, part: usize) -> Self {
        let day = at.timestamp().to_zoned(TimeZone::UTC).date();
        Self { month: day.first_of_month(), part }
    }

    /// The first day of its month.
    pub fn month(self) -> Date {
        self.month
    }

    /// Which of its month's pages it is, from 1.
    pub fn part(self) -> usize {
        self.part
    }

    fn from(self) -> Millis {
        self.month
            .to_zoned(TimeZone::UTC)
            .map(|zoned| Millis::from(zoned.timestamp()))
            .unwrap_or_default()
    }

    fn until(self) -> Millis {
        // After the last month that a date can name nothing comes.
        let next = self
            .month
            .last_of_month()
            .tomorrow()
            .ok()
            .and_then(|next| next.to_zoned(TimeZone::UTC).ok());
        next.map_or(Millis(i64::MAX), |zoned| Millis::from(zoned.timestamp()))
    }
}

/// What a page holds, and its neighbours.
#[derive(Debug)]
pub struct Leaf {
    /// The places, oldest first; removed articles among them.
    pub places: Vec<Key>,
    /// The page before it in time.
    pub previous: Option<Page>,
}

/// Places on each page of a feed's archive: never more than the feed itself shows, so that what is on no page is there.
fn size(feed: &Feed) -> usize {
    feed.items.clamp(1, LARGEST)
}

/// The newest page of a feed's archive.
pub async fn newest_page(store: &Store, feed: &Feed, now: Millis) -> StoreResult<Option<Page>> {
    let Some(newest) = store.nearest_place(&feed.selection, now.plus(1), Side::Before, now).await?
    else {
        return Ok(None);
    };
    let month = Page::of(newest, 1);
    let full =
        store.count_places(&feed.selection, month.from(), month.until(), now).await? / size(feed);
    if full > 0 {
        return Ok(Some(Page { part: full, ..month }));
    }
    last_before(store, feed, month, now).await
}

/// A page's content; `None` if there is no such page, or not yet.
pub async fn leaf(
    store: &Store,
    feed: &Feed,
    page: Page,
    now: Millis,
) -> StoreResult<Option<Leaf>> {
    let all = store.places_between(&feed.selection, page.from(), page.until(), now).await?;
    let skipped = size(feed).saturating_mul(page.part.saturating_sub(1));
    let places: Vec<Key> = all.into_iter().skip(skipped).take(size(feed)).collect();
    let is_whole = places.len() == size(feed)
        || store.nearest_place(&feed.selection, page.until(), Side::From, now).await?.is_some();
    if places.is_empty() || !is_whole {
        return Ok(None);
    }
    let previous = match page.part {
        1 => last_before(store, feed, page, now).await?,
        part => Some(Page { part: part - 1, ..page }),
    };
    Ok(Some(Leaf { places, previous }))
}

/// The page after one, if there is one already; the feed itself is what comes after the newest.
pub async fn page_after(
    store: &Store,
    feed: &Feed,
    page: Page,
    now: Millis,
) -> StoreResult<Option<Page>> {
    let count = store.count_places(&feed.selection, page.from(), page.until(), now).await?;
    let next_month = store.nearest_place(&feed.selection, page.until(), Side::From, now).await?;
    let next = Page { part: page.part + 1, ..page };
    if count >= size(feed) * next.part || (count > size(feed) * page.part && next_month.is_some()) {
        return Ok(Some(next));
    }
    let Some(first) = next_month.map(|at| Page::of(at, 1)) else { return Ok(None) };
    let count = store.count_places(&feed.selection, first.from(), first.until(), now).await?;
    let is_whole = count >= size(feed)
        || store.nearest_place(&feed.selection, first.until(), Side::From, now).await?.is_some();
    Ok(is_whole.then_some(first))
}

/// The last page of the months before a page's.
async fn last_before(
    store: &Store,
    feed: &Feed,
    page: Page,
    now: Millis,
) -> StoreResult<Option<Page>> {
    let Some(last) = store.nearest_place(&feed.selection, page.from(), Side::Before, now).await?
    else {
        return Ok(None);
    };
    let month = Page::of(last, 1);
    let count = store.count_places(&feed.selection, month.from(), month.until(), now).await?;
    Ok(Some(Page { part: count.div_ceil(size(feed)).max(1), ..month }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_name_and_spans_its_month() {
        let second: Page = "2026-02-2".parse().unwrap();
        assert_eq!((second.to_string().as_str(), second.part), ("2026-02-2", 2));
        assert_eq!(
            (second.from().rfc3339(), second.until().rfc3339()),
            ("2026-02-01T00:00:00Z".into(), "2026-03-01T00:00:00Z".into())
        );
        assert_eq!(Page::of(second.from(), 2), second);
        for wrong in [
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
            assert!(wrong.parse::<Page>().is_err(), "{wrong}");
        }
        assert_eq!("9999-12".parse::<Page>().unwrap().until(), Millis(i64::MAX));
    }
}
