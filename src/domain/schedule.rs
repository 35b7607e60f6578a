//! When a digest goes out: a cron pattern read in a time zone, correct across daylight saving.
//!
//! The cron library is asked only about the calendar, on wall-clock times without a zone; how wall-clock times become
//! instants is decided here, so that the rules below hold for lists (`0 1,13 * * *`) and for gaps of any length.
//!
//! A pattern whose minute and hour are both given (no `*` at their beginning) names times of day: each fires once, in
//! a repeated hour at its first pass, and in a skipped hour at the first instant after it. A pattern with `*` in one of
//! them is an interval: it follows the clock, through a repeated hour twice and through a skipped one not at all.

mod due;
mod pattern;
#[cfg(test)]
mod tests;

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{self, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::time::Millis;

pub use due::{Due, PauseRange, due};

/// Any moment before which no schedule is asked; a pattern without a date after it has none at all.
const EPOCH: DateTime = civil::date(2000, 1, 1).at(0, 0, 0, 0);

/// No zone moves its clock by more than this at once, so the search may jump this close to a far match.
const LARGEST_SHIFT: SignedDuration = SignedDuration::from_hours(48);

/// A cron pattern of five fields that has at least one date.
#[derive(Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    cron: Cron,
    names_times: bool,
}

impl Schedule {
    /// Reads five fields by Vixie's rules (with `L`, `W` and `#`), or a nickname such as `@daily`; refuses with a
    /// sentence what is not understood and what never comes, as `0 0 30 2 *`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fields = pattern::fields(text)?;
        // Vixie: the day must match both fields if either begins with a star, else one of them.
        let stepped_star = |field: &str| field.starts_with('*') && field != "*";
        let cron = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .dom_and_dow(stepped_star(&fields[2]) || stepped_star(&fields[4]))
            .build()
            .parse(&fields.join(" "))
            .map_err(|e| format!("`{text}` is no schedule: {e}"))?;
        if cron.find_next_occurrence(&EPOCH, true).is_err() {
            return Err(format!("`{text}` never comes: no month has such a day"));
        }
        let names_times = !fields[0].starts_with('*') && !fields[1].starts_with('*');
        Ok(Self { text: text.to_owned(), cron, names_times })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first slot after an instant, if the calendar has one.
    pub fn next_after(&self, after: Millis, zone: &TimeZone) -> Option<Millis> {
        let after = after.whole_second().timestamp();
        let slot = if self.names_times {
            self.next_time(after, zone)
        } else {
            self.next_interval(after, zone)
        };
        slot.map(Millis::from)
    }

    /// The last slot in (`after`, `now`]; takes a few dozen searches however long that span is.
    pub fn latest_at_or_before(
        &self,
        now: Millis,
        after: Millis,
        zone: &TimeZone,
    ) -> Option<Millis> {
        let next = |t: Millis| self.next_after(t, zone).filter(|slot| *slot <= now);
        let mut latest = next(after)?;
        // No slot lies between `end` and `now`.
        let mut end = now;
        while let Some(later) = next(latest) {
            latest = later;
            let middle = latest.plus((end.0.saturating_sub(latest.0)) / 2);
            match next(middle) {
                Some(slot) => latest = slot,
                None => end = middle,
            }
        }
        Some(latest)
    }

    /// For patterns that name times of day: the wall clock decides, and each of its times has one instant.
    fn next_time(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut wall = zone.to_datetime(after);
        loop {
            wall = self.cron.find_next_occurrence(&wall, false).ok()?;
            // In the second pass of a repeated hour the wall clock shows times whose only slot has gone by.
            let slot = first_instant(wall, zone)?;
            if slot > after {
                return Some(slot);
            }
        }
    }

    /// For interval patterns: each span of constant offset is searched on its own.
    fn next_interval(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut from = after.checked_add(SignedDuration::from_secs(1)).ok()?;
        loop {
            let offset = zone.to_offset(from);
            let wall = self.cron.find_next_occurrence(&offset.to_datetime(from), true).ok()?;
            let slot = offset.to_timestamp(wall).ok()?;
            let Some(change) =
                zone.following(from).next().filter(|change| change.timestamp() <= slot)
            else {
                return Some(slot);
            };
            // The wall clock shows no matching time before `wall`, whatever the offset: no need to visit every change.
            let near = slot.checked_sub(LARGEST_SHIFT).unwrap_or(from);
            from = change.timestamp().max(near);
        }
    }
}

/// The first instant at which the clocks of a zone show a time, or have passed it if they skip it.
fn first_instant(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { before, after } => {
            // Read with the offset that holds afterwards, a skipped time lies just before the change.
            let earlier = after.to_timestamp(wall).ok()?;
            let change = zone.following(earlier).find(|change| change.offset() != before)?;
            Some(change.timestamp())
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.earlier().ok()
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedule").field(&self.text).finish()
    }
}
