//! Decision whether a digest is due, from values alone; the daemon makes it at every tick.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::cron::Schedule;
use crate::domain::time::{Millis, SignedDuration};

/// Maximum delay of a date that is on time; a later one was missed.
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

    /// Returns the last day of the range.
    pub fn last(&self) -> Date {
        self.last
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

/// Maximum number of paused days skipped in the search for the next date, to bound it to a few
/// years.
const MAX_SKIPPED_DAYS: usize = 2_000;

/// Returns the first date of the schedule after `after` whose day in `zone` is not paused.
pub fn next_date(
    schedule: &Schedule,
    zone: &TimeZone,
    pauses: &[PauseRange],
    mut after: Millis,
) -> Option<Millis> {
    for _ in 0..MAX_SKIPPED_DAYS {
        let next = schedule.next_after(after, zone)?;
        let day = zone.to_datetime(next.timestamp()).date();
        if !pauses.iter().any(|range| range.contains(day)) {
            return Some(next);
        }
        let end_of_day = day.to_datetime(Time::MAX).to_zoned(zone.clone()).ok()?;
        after = Millis::from(end_of_day.timestamp()).max(next);
    }
    None
}

/// Decision about a digest at one tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleDecision {
    /// There is nothing to do.
    NotDue,
    /// The edition of a date is due.
    Run {
        /// Scheduled time of the edition.
        scheduled_for: Millis,
    },
    /// The date is recorded as processed; its articles wait for the next one.
    Skipped {
        /// Scheduled time of the edition.
        scheduled_for: Millis,
        /// Reason as a sentence for a person.
        reason: String,
    },
}

/// Decides about the last date of the schedule in (`processed_until`, `now`]; it stands for all
/// earlier ones.
///
/// `processed_until` is the last processed date, or the time at which the schedule began. A date
/// whose day in `zone` is in a pause is skipped. A date that is more than 90 seconds late runs only
/// with `run_missed`, and only within `missed_within`.
pub fn decide(
    schedule: &Schedule,
    zone: &TimeZone,
    pauses: &[PauseRange],
    run_missed: bool,
    missed_within: SignedDuration,
    processed_until: Millis,
    now: Millis,
) -> ScheduleDecision {
    let Some(scheduled_for) = schedule.latest_at_or_before(now, processed_until, zone) else {
        return ScheduleDecision::NotDue;
    };
    let skip = |reason: String| ScheduleDecision::Skipped { scheduled_for, reason };
    let day = zone.to_datetime(scheduled_for.timestamp()).date();
    if let Some(range) = pauses.iter().find(|range| range.contains(day)) {
        return skip(format!("{day} is within the pause {range}"));
    }
    let late = now.since(scheduled_for);
    if late <= ON_TIME_WINDOW {
        return ScheduleDecision::Run { scheduled_for };
    }
    let at = scheduled_for.in_zone(zone);
    if !run_missed {
        return skip(format!("{at} was missed, and missed dates are skipped"));
    }
    if late > missed_within {
        return skip(format!("{at} was missed more than missed_within ago"));
    }
    ScheduleDecision::Run { scheduled_for }
}
