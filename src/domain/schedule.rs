//! Cron schedules in a time zone, correct across daylight saving time.
//!
//! The cron library only sees calendar times without a zone. This module converts them to instants,
//! so that the rules below hold for lists (`0 1,13 * * *`) and for gaps of any length.
//!
//! A pattern without `*` at the start of the minute and hour fields has fixed times. Each fires
//! once: in a repeated hour at its first pass, in a skipped hour at the first instant after it.
//! Other patterns are intervals, which follow the clock: twice through a repeated hour, not at all
//! through a skipped one.

mod cron;
mod due;
mod pattern;
mod recurrence;
mod snapshot;
#[cfg(test)]
mod tests;

pub use cron::Schedule;
pub use due::{PauseRange, ScheduleDecision, decide, next_date};
pub use recurrence::{Recurrence, RecurringDays};
pub use snapshot::ScheduleSnapshot;
