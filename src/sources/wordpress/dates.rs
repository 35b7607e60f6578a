//! WordPress's dates: two columns per instant, either of which may be zero, and PHP's date
//! patterns.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use crate::domain::time::Millis;

/// Parses the value of a date column; `None` for the zero date and for invalid dates.
pub(super) fn civil(column: &str) -> Option<DateTime> {
    DateTime::strptime("%Y-%m-%d %H:%M:%S", column.get(..19)?).ok()
}

/// Parses the value of a column with a local time in a zone; `None` for the zero date and for
/// invalid dates.
pub(super) fn zoned(column: &str, zone: TimeZone) -> Option<Zoned> {
    civil(column)?.to_zoned(zone).ok()
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

/// Returns the IANA name of a zone, which offsets of whole hours have; `None` for other offsets.
pub(super) fn iana_name(zone: &TimeZone) -> Option<String> {
    if let Some(name) = zone.iana_name() {
        return Some(name.to_owned());
    }
    let seconds = zone.to_fixed_offset().ok()?.seconds();
    let hours = seconds / 3600;
    // The names count westwards.
    match seconds % 3600 {
        0 if hours == 0 => Some("UTC".to_owned()),
        0 => Some(format!("Etc/GMT{:+}", -hours)),
        _ => None,
    }
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

/// Returns the English name of a month, numbered from 1.
pub(super) fn month(number: i8) -> &'static str {
    usize::try_from(number - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default()
}

/// Formats a time with a PHP pattern, in English; a backslash escapes a letter.
pub(super) fn format_date(pattern: &str, at: &Zoned) -> String {
    let mut out = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            letter => match strftime_pattern(letter) {
                "" => out.push_str(&computed_part(letter, at)),
                equal => out.push_str(&at.strftime(equal).to_string()),
            },
        }
    }
    out
}

/// Returns the `strftime` pattern for a letter of PHP; empty if there is none.
fn strftime_pattern(letter: char) -> &'static str {
    match letter {
        'Y' | 'x' => "%Y",
        'X' => "+%Y",
        'y' => "%y",
        'o' => "%G",
        'F' => "%B",
        'M' => "%b",
        'm' => "%m",
        'n' => "%-m",
        'W' => "%V",
        'd' => "%d",
        'j' => "%-d",
        'l' => "%A",
        'D' => "%a",
        'N' => "%u",
        'w' => "%w",
        'H' => "%H",
        'G' => "%-H",
        'h' => "%I",
        'g' => "%-I",
        'i' => "%M",
        's' => "%S",
        'a' => "%P",
        'A' => "%p",
        'e' => "%:Q",
        'O' => "%z",
        'P' => "%:z",
        'U' => "%s",
        'c' => "%Y-%m-%dT%H:%M:%S%:z",
        'r' => "%a, %d %b %Y %H:%M:%S %z",
        _ => "",
    }
}

/// Returns what PHP prints for a letter that `strftime` does not know; the letter itself if PHP does
/// not know it either.
fn computed_part(letter: char, at: &Zoned) -> String {
    let offset = at.offset().seconds();
    match letter {
        'S' => ordinal(at.day()).to_owned(),
        't' => at.days_in_month().to_string(),
        'z' => (at.day_of_year() - 1).to_string(),
        'L' => u8::from(at.in_leap_year()).to_string(),
        'I' => {
            let is_dst = at.time_zone().to_offset_info(at.timestamp()).dst().is_dst();
            u8::from(is_dst).to_string()
        }
        'T' if at.time_zone().iana_name().is_none() => at.strftime("GMT%z").to_string(),
        'T' => at.strftime("%Z").to_string(),
        'Z' => offset.to_string(),
        'p' if offset == 0 => "Z".to_owned(),
        'p' => at.strftime("%:z").to_string(),
        // A thousandth of a day in UTC+1; the columns contain whole seconds.
        'B' => {
            let seconds = (at.timestamp().as_second() + 3_600).rem_euclid(86_400);
            format!("{:03}", seconds * 10 / 864)
        }
        'u' => "000000".to_owned(),
        'v' => "000".to_owned(),
        other => other.to_string(),
    }
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
    fn zones_of_whole_hours_have_an_iana_name() {
        for (name, offset, expected) in [
            ("Europe/Lisbon", "0", Some("Europe/Lisbon")),
            ("", "0", Some("UTC")),
            ("", "8", Some("Etc/GMT-8")),
            ("", "-5", Some("Etc/GMT+5")),
            ("", "5.75", None),
        ] {
            let iana = iana_name(&zone(name, offset).unwrap());
            assert_eq!(iana.as_deref(), expected, "{name} {offset}");
            assert!(iana.is_none_or(|iana| TimeZone::get(&iana).is_ok()), "{name} {offset}");
        }
    }

    #[test]
    fn patterns_print_as_php_does() {
        let at = zoned("2026-03-02 15:04:05", zone("Asia/Shanghai", "").unwrap()).unwrap();
        assert_eq!(format_date("l, F jS, Y g:i A", &at), "Monday, March 2nd, 2026 3:04 PM");
        assert_eq!(format_date("Y年n月j日 H:i \\a\\t", &at), "2026年3月2日 15:04 at");
        for (pattern, text) in [
            ("c", "2026-03-02T15:04:05+08:00"),
            ("r", "Mon, 02 Mar 2026 15:04:05 +0800"),
            ("H:i T, e", "15:04 CST, Asia/Shanghai"),
            ("O P p Z I", "+0800 +08:00 +08:00 28800 0"),
            ("D N w", "Mon 1 1"),
            ("z t L", "60 31 0"),
            ("W o y x X", "10 2026 26 2026 +2026"),
            ("U B u v", "1772435045 336 000000 000"),
            ("\\c q", "c q"),
        ] {
            assert_eq!(format_date(pattern, &at), text, "{pattern}");
        }
    }

    #[test]
    fn zones_print_as_php_does() {
        for (name, offset, text) in [
            ("Europe/Berlin", "", "CEST Europe/Berlin 1 7200"),
            ("", "5.5", "GMT+0530 +05:30 0 19800"),
            ("UTC", "", "UTC UTC 0 0"),
            ("Asia/Dubai", "", "+04 Asia/Dubai 0 14400"),
        ] {
            let at = zoned("2026-07-01 00:30:00", zone(name, offset).unwrap()).unwrap();
            assert_eq!(format_date("T e I Z", &at), text);
        }
        let first = zoned("2027-01-01 00:30:00", TimeZone::UTC).unwrap();
        assert_eq!(format_date("o-W z p", &first), "2026-53 0 Z");
    }
}
