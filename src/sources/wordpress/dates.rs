//! WordPress's dates: two columns per instant, either of which may be zero, and PHP's date
//! patterns.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::domain::time::Millis;

/// Parses the value of a date column; `None` for the zero date and for invalid dates.
pub(super) fn civil(column: &str) -> Option<DateTime> {
    DateTime::strptime("%Y-%m-%d %H:%M:%S", column.get(..19)?).ok()
}

/// Returns the instant of a pair of columns: UTC if set, else local time in the site's zone.
pub(super) fn instant(gmt: &str, local: &str, zone: &TimeZone) -> Option<Millis> {
    let known = civil(gmt).and_then(|at| at.to_zoned(TimeZone::UTC).ok());
    let zoned = known.or_else(|| civil(local).and_then(|at| at.to_zoned(zone.clone()).ok()));
    zoned.map(|at| Millis::from(at.timestamp()))
}

/// Returns the site's time zone from its two options; `None` if neither is set.
pub(super) fn zone(timezone_string: &str, gmt_offset: &str) -> Option<TimeZone> {
    if !timezone_string.trim().is_empty()
        && let Ok(zone) = TimeZone::get(timezone_string.trim())
    {
        return Some(zone);
    }
    let hours: f64 = gmt_offset.trim().parse().ok()?;
    // Offsets are multiples of a quarter of an hour, from -12 to +14.
    let quarters = (hours * 4.0).round().clamp(-60.0, 60.0);
    let seconds = (-60_i32..=60).find(|q| (f64::from(*q) - quarters).abs() < 0.5)? * 900;
    Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Returns the English name of a month, numbered from 1.
pub(super) fn month(number: i8) -> &'static str {
    usize::try_from(number - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default()
}

/// Formats a local time with a PHP pattern, in English; a backslash escapes a letter.
pub(super) fn format_date(pattern: &str, at: DateTime) -> String {
    let mut out = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        let hour12 = (at.hour() + 11) % 12 + 1;
        let half = if at.hour() < 12 { "am" } else { "pm" };
        let day =
            DAYS[usize::try_from(at.weekday().to_sunday_zero_offset()).unwrap_or_default() % 7];
        match letter {
            '\\' => out.extend(letters.next()),
            'Y' => out.push_str(&at.year().to_string()),
            'y' => out.push_str(&format!("{:02}", at.year() % 100)),
            'F' => out.push_str(month(at.month())),
            'M' => out.push_str(&month(at.month())[..3]),
            'm' => out.push_str(&format!("{:02}", at.month())),
            'n' => out.push_str(&at.month().to_string()),
            'd' => out.push_str(&format!("{:02}", at.day())),
            'j' => out.push_str(&at.day().to_string()),
            'S' => out.push_str(ordinal(at.day())),
            'l' => out.push_str(day),
            'D' => out.push_str(&day[..3]),
            'H' => out.push_str(&format!("{:02}", at.hour())),
            'G' => out.push_str(&at.hour().to_string()),
            'h' => out.push_str(&format!("{hour12:02}")),
            'g' => out.push_str(&hour12.to_string()),
            'i' => out.push_str(&format!("{:02}", at.minute())),
            's' => out.push_str(&format!("{:02}", at.second())),
            'a' => out.push_str(half),
            'A' => out.push_str(&half.to_ascii_uppercase()),
            other => out.push(other),
        }
    }
    out
}

fn ordinal(day: i8) -> &'static str {
    match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}

/// Returns the local time of an instant.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    at.to_zoned(zone.clone()).datetime()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_utc_date_is_made_from_the_local_one() {
        let shanghai = zone("Asia/Shanghai", "").unwrap();
        let at = instant("0000-00-00 00:00:00", "2026-03-01 08:00:00", &shanghai).unwrap();
        assert_eq!(at.rfc3339(), "2026-03-01T00:00:00Z");
        let half = zone("", "-3.5").unwrap();
        assert_eq!(
            instant("", "2026-03-01 08:00:00", &half).unwrap().rfc3339(),
            "2026-03-01T11:30:00Z"
        );
        assert_eq!(instant("0000-00-00 00:00:00", "0000-00-00 00:00:00", &half), None);
    }

    #[test]
    fn patterns_print_as_php_does() {
        let at = civil("2026-03-02 15:04:05").unwrap();
        assert_eq!(format_date("l, F jS, Y g:i A", at), "Monday, March 2nd, 2026 3:04 PM");
        assert_eq!(format_date("Y年n月j日 H:i \\a\\t", at), "2026年3月2日 15:04 at");
    }
}
