//! Instants and durations in milliseconds, the resolution of the store.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An instant in milliseconds since the Unix epoch (UTC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

/// One second in milliseconds.
pub const SECOND: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// One hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// One day of 24 hours in milliseconds.
pub const DAY: i64 = 24 * HOUR;

impl Millis {
    /// Returns the instant as a jiff timestamp, clamped to jiff's range.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// Returns the instant `ms` milliseconds later (earlier if negative), saturating.
    #[must_use]
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Returns the instant without its fraction of a second.
    #[must_use]
    pub fn whole_second(self) -> Self {
        Self(self.0.div_euclid(SECOND) * SECOND)
    }

    /// Formats in UTC with whole seconds (RFC 3339): `2026-09-21T08:40:00Z`.
    pub fn rfc3339(self) -> String {
        self.whole_second().timestamp().to_string()
    }

    /// Formats with a four-digit year and a numeric zone (RFC 822), as RSS 2.0 requires.
    pub fn rfc822(self) -> String {
        let zoned = self.whole_second().timestamp().to_zoned(TimeZone::UTC);
        jiff::fmt::rfc2822::to_string(&zoned).unwrap_or_else(|_| self.rfc3339())
    }

    /// Formats the local time in a zone for people: `2026-09-21 16:40`.
    pub fn in_zone(self, zone: &TimeZone) -> String {
        self.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

impl From<Timestamp> for Millis {
    fn from(t: Timestamp) -> Self {
        Self(t.as_millisecond())
    }
}
