//! Decision whether a digest is due, from values alone; the daemon makes it at every tick.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Schedule;
use crate::domain::time::{Millis, SignedDuration};

/// Maximum delay of a slot that is on time; a later one was missed.
const ON_TIME_WINDOW: SignedDuration = SignedDuration::from_secs(90);

/// Days on which nothing is sent, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseRange {
    first: Date,
    last: Date,
}

impl PauseRange {
    /// Parses `2026-07-10..2026-08-31`, or a single day.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (day(first)?, day(last)?);
        if first > last {
            return Err(format!("`{text}` ends before it starts; write the earlier day first"));
        }
        Ok(Self { first, last })
    }

    /// Returns `true` if the day is in the range.
    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }
}

/// Parses a day in exactly the form `2026-07-10`.
fn day(text: &str) -> Result<Date, String> {
    let text = text.trim();
    match text.parse::<Date>() {
        // jiff accepts more ISO 8601 forms than are wanted here.
        Ok(date) if date.to_string() == text => Ok(date),
        _ => Err(format!(
            "`{text}` is not a valid date; write for example 2026-07-10 or 2026-07-10..2026-08-31"
        )),
    }
}

impl fmt::Display for PauseRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(f, "{}", self.first);
        }
        write!(f, "{}..{}", self.first, self.last)
    }
}

/// Decision about a digest at one tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// There is nothing to do.
    NotDue,
    /// The edition of a slot is due.
    Run {
        /// Scheduled time of the edition.
        slot: Millis,
    },
    /// The slot is recorded as handled; its articles wait for the next one.
    Skipped {
        /// Scheduled time of the edition.
        slot: Millis,
        /// Reason as a sentence for a person.
        why: String,
    },
}

/// Decides about the last slot in (`handled_until`, `now`]; it stands for all earlier ones.
///
/// `handled_until` is the last handled slot, or the time at which the digest was first configured.
/// A slot whose date in `zone` is paused is skipped. A slot that is more than 90 seconds late runs
/// only with `missed_once`, and only within `missed_within`.
pub fn due(
    schedule: &Schedule,
    zone: &TimeZone,
    pause: &[PauseRange],
    missed_once: bool,
    missed_within: SignedDuration,
    handled_until: Millis,
    now: Millis,
) -> Due {
    let Some(slot) = schedule.latest_at_or_before(now, handled_until, zone) else {
        return Due::NotDue;
    };
    let date = zone.to_datetime(slot.timestamp()).date();
    if let Some(range) = pause.iter().find(|range| range.contains(date)) {
        return Due::Skipped { slot, why: format!("{date} is within the pause {range}") };
    }
    let late = now.since(slot);
    if late <= ON_TIME_WINDOW {
        return Due::Run { slot };
    }
    let at = slot.in_zone(zone);
    if !missed_once {
        return Due::Skipped {
            slot,
            why: format!("{at} was missed, and missed dates are skipped"),
        };
    }
    if late > missed_within {
        return Due::Skipped {
            slot,
            why: format!("{at} was missed longer ago than missed_within"),
        };
    }
    Due::Run { slot }
}
