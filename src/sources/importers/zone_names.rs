//! Names and offsets of time zones in the dates of feeds.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Names with one meaning in feeds, and their minutes east of UTC. RFC 822 (section 5.1) defines those
/// of North America. A name that several countries use differently is not in this list.
const MINUTES_BY_NAME: [(&str, i32); 66] = [
    ("Z", 0),
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("TRT", 180),
    ("WAT", 60),
    ("CAT", 120),
    ("SAST", 120),
    ("EAT", 180),
    ("IRST", 210),
    ("AFT", 270),
    ("PKT", 300),
    ("UZT", 300),
    ("YEKT", 300),
    ("NPT", 345),
    ("OMST", 360),
    ("MMT", 390),
    ("ICT", 420),
    ("WIB", 420),
    ("KRAT", 420),
    ("NOVT", 420),
    ("WITA", 480),
    ("HKT", 480),
    ("SGT", 480),
    ("MYT", 480),
    ("PHT", 480),
    ("AWST", 480),
    ("IRKT", 480),
    ("JST", 540),
    ("KST", 540),
    ("WIT", 540),
    ("YAKT", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("CHST", 600),
    ("VLAT", 600),
    ("ACDT", 630),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("NST", -210),
    ("NDT", -150),
    ("ADT", -180),
    ("BRT", -180),
    ("ART", -180),
    ("EDT", -240),
    ("EST", -300),
    ("CDT", -300),
    ("CST", -360),
    ("MDT", -360),
    ("MST", -420),
    ("PDT", -420),
    ("PST", -480),
    ("HST", -600),
];
/// Names that an offset may follow, as in `GMT+8`.
const UTC_NAMES: [&str; 3] = ["UTC", "GMT", "UT"];
/// Seconds of half a year, in which a zone with daylight saving has its other name.
const HALF_A_YEAR: i64 = 182 * 86_400;

/// Splits a time into the part without its zone and the zone; the zone is empty if it has none.
pub(super) fn split_zone(text: &str) -> (&str, &str) {
    let mut time = text.trim_end();
    // A comment repeats the offset before it: `+0800 (CST)`.
    while let Some(start) = time.rfind('(').filter(|_| time.ends_with(')')) {
        time = time[..start].trim_end();
    }
    let Some((before, last)) = time.rsplit_once(char::is_whitespace) else { return (time, "") };
    if !last.starts_with(['+', '-']) && !last.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return (time, "");
    }
    let before = before.trim_end();
    // `GMT +0800` is `GMT+0800`.
    let start = UTC_NAMES.iter().find_map(|name| before.strip_suffix(name));
    match start.filter(|start| start.ends_with(' ') && last.starts_with(['+', '-'])) {
        Some(start) => (start.trim_end(), last),
        None => (before, last),
    }
}

/// Returns the zone that a name or an offset in the date of a feed means at about `at`; the error is
/// the end of a sentence. `own` is the zone of the source, whose names are known as well.
pub(super) fn named_zone(name: &str, own: &TimeZone, at: Timestamp) -> Result<TimeZone, String> {
    if let Some(offset) = written_offset(name) {
        return Ok(TimeZone::fixed(offset));
    }
    if name.contains('/') {
        return TimeZone::get(name)
            .map_err(|_| format!("has the unknown time zone {name}; {REMEDY}"));
    }
    let upper = name.to_ascii_uppercase();
    let listed = MINUTES_BY_NAME
        .iter()
        .find(|(listed, _)| *listed == upper)
        .and_then(|(_, minutes)| Offset::from_seconds(minutes * 60).ok());
    match (listed, own_offset(&upper, own, at)) {
        (Some(listed), Some(own)) if listed != own => Err(format!(
            "has the time zone {name}, which is UTC{listed} in feeds and UTC{own} in the time zone of the source; {REMEDY}"
        )),
        (Some(offset), _) | (None, Some(offset)) => Ok(TimeZone::fixed(offset)),
        (None, None) => {
            Err(format!("has the time zone {name}, which is unknown or ambiguous; {REMEDY}"))
        }
    }
}

/// Remedy for a name of a zone that has no certain meaning.
const REMEDY: &str = "write the offset from UTC, for example +0100";

/// Parses `+0800`, `+08:00`, `+8`, and these behind `UTC` or `GMT`.
fn written_offset(text: &str) -> Option<Offset> {
    let upper = text.to_ascii_uppercase();
    let offset = UTC_NAMES.iter().find_map(|name| upper.strip_prefix(name)).unwrap_or(&upper);
    let sign = match offset.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits = &offset[1..];
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 1 | 2) => (digits, "0"),
        (None, 3 | 4) if digits.is_ascii() => digits.split_at(digits.len() - 2),
        _ => return None,
    };
    let number = |text: &str| text.parse::<u8>().ok().map(i32::from);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60)
        .then(|| Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok())?
}

/// Returns the offset with which a zone has this name, at about `at` or half a year before.
fn own_offset(name: &str, zone: &TimeZone, at: Timestamp) -> Option<Offset> {
    [0, HALF_A_YEAR].into_iter().find_map(|seconds| {
        let at = Timestamp::from_second(at.as_second().checked_sub(seconds)?).ok()?;
        let info = zone.to_offset_info(at);
        (info.abbreviation() == name).then(|| info.offset())
    })
}
