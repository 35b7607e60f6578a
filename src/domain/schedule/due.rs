//! Whether a digest is due: the one decision the daemon takes at every tick, from values alone.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Schedule;
use crate::domain::time::{Millis, SECOND};

/// A slot seen within this is on time; later, it passed while nothing ran.
const ON_TIME: i64 = 90 * SECOND;

/// Days on which nothing is sent, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseRange {
    first: Date,
    last: Date,
}

impl PauseRange {
    /// Reads `2026-07-10..2026-08-31`, or a single day.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (day(first)?, day(last)?);
        if first > last {
            return Err(format!("`{text}` ends before it begins: write the earlier day first"));
        }
        Ok(Self { first, last })
    }

    /// Whether a day is one of them.
    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }
}

/// A day in exactly the form `2026-07-10`.
fn day(text: &str) -> Result<Date, String> {
    let text = text.trim();
    match text.parse::<Date>() {
        // jiff reads more forms of ISO 8601 than people expect here.
        Ok(date) if date.to_string() == text => Ok(date),
        _ => Err(format!(
            "`{text}` is no day of the calendar: write 2026-07-10, or 2026-07-10..2026-08-31"
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

/// What a digest has to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Not,
    /// Make the edition of a slot.
    Run {
        /// The slot.
        slot: Millis,
    },
    /// Record the slot as handled; its articles wait for the next one.
    Skipped {
        /// The slot.
        slot: Millis,
        /// One sentence for a person.
        why: String,
    },
}

/// Decides about the last slot in (`handled_until`, `now`]; earlier ones are folded into it.
///
/// `handled_until` is the slot handled last, or when the digest was first configured. A slot whose date in `zone` is
/// paused is skipped; one that is over 90 seconds late is made up for only with `missed_once`, and only within
/// `missed_within_ms`.
pub fn due(
    schedule: &Schedule,
    zone: &TimeZone,
    pause: &[PauseRange],
    missed_once: bool,
    missed_within_ms: i64,
    handled_until: Millis,
    now: Millis,
) -> Due {
    let Some(slot) = schedule.latest_at_or_before(now, handled_until, zone) else {
        return Due::Not;
    };
    let date = zone.to_datetime(slot.timestamp()).date();
    if let Some(range) = pause.iter().find(|range| range.contains(date)) {
        return Due::Skipped { slot, why: format!("{date} is in the pause {range}") };
    }
    let late = now.0.saturating_sub(slot.0);
    if late <= ON_TIME {
        return Due::Run { slot };
    }
    let at = slot.in_zone(zone);
    if !missed_once {
        return Due::Skipped {
            slot,
            why: format!("{at} passed while nothing ran, and missed dates are skipped"),
        };
    }
    if late > missed_within_ms {
        return Due::Skipped {
            slot,
            why: format!("{at} passed while nothing ran, longer ago than missed_within"),
        };
    }
    Due::Run { slot }
}
