//! Time zones of database sessions: a zone with all its offsets, or its present offset.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Number of past times at which two time zones are compared.
const PROBES: i64 = 150;
/// Days between two of these times, which together cover 25 years.
const DAYS_BETWEEN_PROBES: i64 = 61;

/// Time zone of a session.
#[derive(Debug, Clone)]
pub(super) struct SessionZone {
    /// Zone in which the session computes and prints local times.
    pub(super) zone: TimeZone,
    /// `true` if this is the zone of the source at all times, `false` if only now.
    pub(super) is_exact: bool,
    /// Value to which the session was set.
    value: String,
}

impl SessionZone {
    /// Returns the zone of a session that has all offsets of `zone`.
    pub(super) fn exact(zone: TimeZone, value: &str) -> Self {
        Self { zone, is_exact: true, value: value.to_owned() }
    }

    /// Returns the zone of a session that has only the present offset of the source's zone.
    pub(super) fn present_offset(zone: TimeZone, value: &str) -> Self {
        Self { zone, is_exact: false, value: value.to_owned() }
    }

    /// Returns the suffix of a time with this zone: nothing if it is the source's.
    pub(super) fn suffix(&self) -> &str {
        if self.is_exact { "" } else { &self.value }
    }

    /// Returns the zone for a person, with the remedy if it is not the source's at all times.
    pub(super) fn describe(&self) -> String {
        if self.is_exact {
            return self.value.clone();
        }
        format!(
            "{}, only the present offset, because the server does not know the zone; load its time zone tables, \
             or do not compute local times in the query",
            self.value
        )
    }
}

/// Returns an offset as `+08:00`.
pub(super) fn offset_text(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// Returns the zone that always has the offset that `zone` has at `now`.
pub(super) fn offset_zone(zone: &TimeZone, now: Timestamp) -> TimeZone {
    TimeZone::fixed(zone.to_offset(now))
}

/// Returns past times, in summer and winter, at which two zones with the same rules agree.
pub(super) fn probes(now: Timestamp) -> Vec<Timestamp> {
    let before = |n: i64| now.checked_sub(SignedDuration::from_hours(n * DAYS_BETWEEN_PROBES * 24));
    (0..PROBES).filter_map(|n| before(n).ok()).filter(|at| at.as_second() > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_written_as_databases_read_them() {
        for (seconds, text) in
            [(0, "+00:00"), (28_800, "+08:00"), (-12_600, "-03:30"), (20_700, "+05:45")]
        {
            assert_eq!(offset_text(Offset::from_seconds(seconds).unwrap()), text);
        }
    }

    #[test]
    fn probes_tell_zones_with_different_rules_apart() {
        let now = Timestamp::from_second(1_790_152_800).unwrap();
        let offsets = |name: &str| -> Vec<Offset> {
            let zone = TimeZone::get(name).unwrap();
            probes(now).iter().map(|at| zone.to_offset(*at)).collect()
        };
        assert_eq!(offsets("Asia/Shanghai"), offsets("Etc/GMT-8"));
        assert_eq!(offsets("Europe/Berlin"), offsets("Europe/Paris"));
        assert_ne!(offsets("Europe/Berlin"), offsets("Etc/GMT-1"));
        assert_ne!(offsets("Europe/Moscow"), offsets("Etc/GMT-3"));
    }
}
