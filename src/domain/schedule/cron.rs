//! Cron patterns and their dates, converted from times of the calendar to instants.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{self, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::pattern;
use crate::domain::time::Millis;

/// Start of the search for a first date; a pattern without a date after it never matches.
const SEARCH_START: DateTime = civil::date(2000, 1, 1).at(0, 0, 0, 0);

/// Maximum clock change of any zone, so that the search may skip closer changes.
const MAX_ZONE_SHIFT: SignedDuration = SignedDuration::from_hours(48);

/// A cron pattern of five fields that matches at least one date.
#[derive(Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    /// The five fields, in upper case and separated by single spaces.
    pattern: String,
    cron: Cron,
    has_fixed_times: bool,
}

impl Schedule {
    /// Parses five fields by the rules of Vixie cron (with `L`, `W` and `#`), or a nickname such as
    /// `@daily`.
    ///
    /// # Errors
    /// A message for a malformed pattern, or one that never matches, such as `0 0 30 2 *`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fields = pattern::fields(text)?;
        // Vixie cron: the day must match both fields if either starts with a star, else one of
        // them.
        let stepped_star = |field: &str| field.starts_with('*') && field != "*";
        let pattern = fields.join(" ");
        let cron = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .dom_and_dow(stepped_star(&fields[2]) || stepped_star(&fields[4]))
            .build()
            .parse(&pattern)
            .map_err(|e| format!("invalid schedule `{text}`: {e}"))?;
        if cron.find_next_occurrence(&SEARCH_START, true).is_err() {
            return Err(format!("schedule `{text}` never matches: no month has that day"));
        }
        let names_times = !fields[0].starts_with('*') && !fields[1].starts_with('*');
        Ok(Self { text: text.to_owned(), pattern, cron, has_fixed_times: names_times })
    }

    /// Returns the pattern as the user wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the five fields of the pattern, spelled alike whatever the user wrote.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Returns the first date after an instant, if there is one.
    pub fn next_after(&self, after: Millis, zone: &TimeZone) -> Option<Millis> {
        let after = after.whole_second().timestamp();
        let date = if self.has_fixed_times {
            self.next_fixed_time(after, zone)
        } else {
            self.next_interval(after, zone)
        };
        date.map(Millis::from)
    }

    /// Returns the last date in (`after`, `now`]; takes a few dozen searches for any length of that
    /// interval.
    pub fn latest_at_or_before(
        &self,
        now: Millis,
        after: Millis,
        zone: &TimeZone,
    ) -> Option<Millis> {
        let next = |t: Millis| self.next_after(t, zone).filter(|date| *date <= now);
        let mut latest = next(after)?;
        // No date lies between `end` and `now`.
        let mut end = now;
        while let Some(later) = next(latest) {
            latest = later;
            let middle = latest.plus(end.since(latest) / 2);
            match next(middle) {
                Some(date) => latest = date,
                None => end = middle,
            }
        }
        Some(latest)
    }

    /// Returns the next date of a pattern with fixed times: each wall-clock time has one instant.
    fn next_fixed_time(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut wall = zone.to_datetime(after);
        loop {
            wall = self.cron.find_next_occurrence(&wall, false).ok()?;
            // In the second pass of a repeated hour the date of a wall-clock time is already over.
            let date = first_instant(wall, zone)?;
            if date > after {
                return Some(date);
            }
        }
    }

    /// Returns the next date of an interval pattern: periods of constant offset are searched
    /// separately.
    fn next_interval(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut from = after.checked_add(SignedDuration::from_secs(1)).ok()?;
        loop {
            let offset = zone.to_offset(from);
            let wall = self.cron.find_next_occurrence(&offset.to_datetime(from), true).ok()?;
            let date = offset.to_timestamp(wall).ok()?;
            let Some(change) =
                zone.following(from).next().filter(|change| change.timestamp() <= date)
            else {
                return Some(date);
            };
            // No wall-clock time before `wall` matches at any offset, so that earlier changes can
            // be skipped.
            let near = date.checked_sub(MAX_ZONE_SHIFT).unwrap_or(from);
            from = change.timestamp().max(near);
        }
    }
}

/// Returns the first instant at which the clock of a zone shows a time, or passes it if it is
/// skipped.
fn first_instant(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { before, after } => {
            // With the offset after the change, a skipped time is just before the change.
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
