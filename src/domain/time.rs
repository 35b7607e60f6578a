//! Instants in milliseconds, the resolution of the store, and durations.

pub use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// An instant in milliseconds since the Unix epoch (UTC).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Millis(pub i64);

/// Duration of one second.
pub const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// Duration of one minute.
pub const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Duration of one hour.
pub const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Duration of one day of 24 hours.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Returns a duration in whole milliseconds, rounded towards zero, saturating.
pub fn as_millis_i64(duration: SignedDuration) -> i64 {
    let millis = duration.as_millis().clamp(i64::MIN.into(), i64::MAX.into());
    i64::try_from(millis).unwrap_or_default()
}

/// Returns `factor` times a duration in whole milliseconds, saturating.
pub fn multiply(duration: SignedDuration, factor: i64) -> SignedDuration {
    SignedDuration::from_millis(as_millis_i64(duration).saturating_mul(factor))
}

impl Millis {
    /// Returns the instant as a jiff timestamp, clamped to jiff's range.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// Returns the instant `duration` later (earlier if negative), in whole milliseconds,
    /// saturating.
    #[must_use]
    pub fn plus(self, duration: SignedDuration) -> Self {
        Self(self.0.saturating_add(as_millis_i64(duration)))
    }

    /// Returns the duration from `earlier` to this instant (negative if that is earlier),
    /// saturating.
    pub fn since(self, earlier: Self) -> SignedDuration {
        SignedDuration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns the whole seconds since the Unix epoch, rounded down.
    pub fn epoch_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Returns the instant without its fraction of a second.
    #[must_use]
    pub fn whole_second(self) -> Self {
        Self(self.epoch_seconds() * 1_000)
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

/// Returns the IANA name of a zone, or its offset from UTC.
pub fn zone_name(zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => zone
            .to_fixed_offset()
            .map_or_else(|_| "unknown".to_owned(), |offset| format!("UTC{offset}")),
    }
}
