//! Times in texts of databases and files.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::domain::time::Millis;

/// Parses a timestamp with or without a zone, a date, or epoch seconds (milliseconds from 1e11 on).
///
/// Eight or fourteen digits are `YYYYMMDD` or `YYYYMMDDHHMMSS` if that is a valid date. A number
/// below 1e8 is not a time.
pub(crate) fn parse_instant(text: &str, zone: &TimeZone) -> Option<Millis> {
    let text = text.trim();
    if let Some(civil) = parse_digits(text) {
        return zone.to_ambiguous_timestamp(civil).compatible().ok().map(Millis::from);
    }
    if let Ok(number) = text.parse::<f64>() {
        if !number.is_finite() || number.abs() < 1e8 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked against jiff's range below")]
        let ms = if number.abs() >= 1e11 { number as i64 } else { (number * 1000.0) as i64 };
        return Timestamp::from_millisecond(ms).ok().map(Millis::from);
    }
    let iso = text.replacen(' ', "T", 1);
    let iso = iso.replace(' ', "");
    if let Ok(stamp) = iso.parse::<Timestamp>() {
        return Some(Millis::from(stamp));
    }
    let civil =
        iso.parse::<DateTime>().ok().or_else(|| iso.parse::<Date>().ok().map(Date::into))?;
    // MySQL writes "no date" as year 0.
    if civil.year() < 1 {
        return None;
    }
    zone.to_ambiguous_timestamp(civil).compatible().ok().map(Millis::from)
}

/// Parses `YYYYMMDD` or `YYYYMMDDHHMMSS`.
fn parse_digits(text: &str) -> Option<DateTime> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let civil: DateTime = match text.len() {
        8 => Date::strptime("%Y%m%d", text).ok()?.into(),
        14 => DateTime::strptime("%Y%m%d%H%M%S", text).ok()?,
        _ => return None,
    };
    (civil.year() >= 1).then_some(civil)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    #[test]
    fn times_without_a_zone_use_the_source_zone() {
        let expected = parse_instant("2026-09-21T08:40:00Z", &TimeZone::UTC);
        assert!(expected.is_some());
        for text in [
            "2026-09-21 16:40:00",
            "2026-09-21T16:40:00",
            "2026-09-21 08:40:00+00",
            "2026-09-21 16:40:00+08:00",
            "1790152800",
        ] {
            let found = parse_instant(text, &shanghai());
            if text != "1790152800" {
                assert_eq!(found, expected, "{text}");
            } else {
                assert!(found.is_some());
            }
        }
    }

    #[test]
    fn eight_or_fourteen_digits_are_parsed_as_a_date() {
        assert_eq!(
            parse_instant("20260921", &shanghai()),
            parse_instant("2026-09-21", &shanghai())
        );
        assert_eq!(
            parse_instant("20260921164000", &shanghai()),
            parse_instant("2026-09-21T08:40:00Z", &TimeZone::UTC)
        );
        assert_eq!(
            parse_instant("1790152800000", &shanghai()),
            parse_instant("1790152800", &shanghai())
        );
        for text in ["2026", "202609", "20261345", "00000000", "0", "-1", "260921"] {
            assert_eq!(parse_instant(text, &shanghai()), None, "{text}");
        }
    }

    #[test]
    fn zero_dates_and_invalid_texts_are_rejected() {
        for text in ["0000-00-00 00:00:00", "soon", "", "NaN", "1e300", "2026-13-01"] {
            assert_eq!(parse_instant(text, &shanghai()), None, "{text}");
        }
    }
}
