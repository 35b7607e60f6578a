//! The schedule of a digest as it is stored, by which a changed one is recognized.

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::cron::Schedule;
use super::due::PauseRange;

/// Increased when the fields below change, which makes every digest count its dates from then on.
const SNAPSHOT_VERSION: u32 = 1;

/// The settings that decide on which dates a digest is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSnapshot {
    pattern: String,
    timezone: String,
    pauses: Vec<PauseRange>,
}

impl ScheduleSnapshot {
    /// Takes the snapshot of a schedule in a zone with pauses.
    pub fn new(schedule: &Schedule, zone: &TimeZone, pauses: &[PauseRange]) -> Self {
        Self {
            pattern: schedule.pattern().to_owned(),
            // The `Debug` form is of a zone without a name, which no configuration can name.
            timezone: zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned),
            pauses: pauses.to_vec(),
        }
    }

    /// Formats the snapshot as JSON. The keys are persisted, so that they are written out here.
    pub fn to_text(&self) -> String {
        let pauses: Vec<String> = self.pauses.iter().map(ToString::to_string).collect();
        json!({
            "version": SNAPSHOT_VERSION,
            "pattern": self.pattern,
            "timezone": self.timezone,
            "pauses": pauses,
        })
        .to_string()
    }

    /// Parses the text of [`to_text`](Self::to_text); `None` for that of another version.
    pub fn parse(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        if json["version"] != SNAPSHOT_VERSION {
            return None;
        }
        let pauses = json["pauses"].as_array()?.iter();
        Some(Self {
            pattern: json["pattern"].as_str()?.to_owned(),
            timezone: json["timezone"].as_str()?.to_owned(),
            pauses: pauses
                .map(|pause| PauseRange::parse(pause.as_str()?).ok())
                .collect::<Option<_>>()?,
        })
    }

    /// Returns `true` if both schedules have the same dates but for pauses.
    pub fn has_dates_of(&self, other: &Self) -> bool {
        self.pattern == other.pattern && self.timezone == other.timezone
    }

    /// Returns the days on which nothing is sent.
    pub fn pauses(&self) -> &[PauseRange] {
        &self.pauses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(pattern: &str, zone: &str, pauses: &[&str]) -> ScheduleSnapshot {
        let pauses: Vec<_> = pauses.iter().map(|p| PauseRange::parse(p).unwrap()).collect();
        let zone = TimeZone::get(zone).unwrap();
        ScheduleSnapshot::new(&Schedule::parse(pattern).unwrap(), &zone, &pauses)
    }

    #[test]
    fn the_stored_text_is_stable_and_is_parsed_again() {
        let taken = snapshot("30 7 * * mon", "Europe/Berlin", &["2026-12-24..2027-01-06"]);
        assert_eq!(
            taken.to_text(),
            r#"{"pattern":"30 7 * * MON","pauses":["2026-12-24..2027-01-06"],"timezone":"Europe/Berlin","version":1}"#
        );
        assert_eq!(ScheduleSnapshot::parse(&taken.to_text()), Some(taken));
        for other in ["", "{}", r#"{"version":2,"pattern":"","timezone":"","pauses":[]}"#] {
            assert_eq!(ScheduleSnapshot::parse(other), None, "{other}");
        }
    }

    #[test]
    fn other_spellings_of_a_pattern_and_other_pauses_leave_the_dates_as_they_are() {
        let daily = snapshot("0 0 * * *", "UTC", &[]);
        assert!(daily.has_dates_of(&snapshot(" @daily ", "UTC", &["2026-12-25"])));
        assert!(!daily.has_dates_of(&snapshot("0 1 * * *", "UTC", &[])));
        assert!(!daily.has_dates_of(&snapshot("0 0 * * *", "Asia/Tokyo", &[])));
    }
}
