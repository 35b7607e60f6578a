//! Dates of feeds with names of time zones: right, or rejected with the remedy.

use jiff::tz::TimeZone;

use super::parse_time;

/// Returns a date as RFC 3339 in UTC, or the reason for its rejection.
fn read(text: &str, zone: &str) -> Result<String, String> {
    let zone = TimeZone::get(zone).unwrap();
    parse_time("date", Some(text.to_owned()), &zone).map(|at| at.unwrap().rfc3339())
}

#[test]
fn names_and_offsets_of_time_zones_are_understood() {
    for (zone, expected) in [
        ("GMT", "14:00"),
        ("UT", "14:00"),
        ("Z", "14:00"),
        ("CET", "13:00"),
        ("cest", "12:00"),
        ("BST", "13:00"),
        ("EEST", "11:00"),
        ("MSK", "11:00"),
        ("SAST", "12:00"),
        ("JST", "05:00"),
        ("AEST", "04:00"),
        ("ACST", "04:30"),
        ("EDT", "18:00"),
        ("PST", "22:00"),
        ("NST", "17:30"),
        ("GMT+8", "06:00"),
        ("UTC+08:00", "06:00"),
        ("GMT +0800", "06:00"),
        ("UTC-3", "17:00"),
        ("+0530", "08:30"),
        ("+0800 (CST)", "06:00"),
        ("Asia/Shanghai", "06:00"),
        ("Etc/GMT+8", "22:00"),
    ] {
        let expected = Ok(format!("2026-07-07T{expected}:00Z"));
        for time in ["Tue, 07 Jul 2026 14:00:00", "7 Jul 26 14:00", "2026-07-07 14:00:00"] {
            // Own names of a zone in Asia do not matter here.
            assert_eq!(read(&format!("{time} {zone}"), "Asia/Tokyo"), expected, "{time} {zone}");
        }
    }
    assert_eq!(
        read("Tue, 07 Jul 2026 14:00:00", "Asia/Tokyo"),
        Ok("2026-07-07T05:00:00Z".to_owned())
    );
}

#[test]
fn a_name_with_several_meanings_is_that_of_the_source_or_rejected() {
    let date = |zone: &str| format!("Tue, 07 Jul 2026 14:00:00 {zone}");
    assert_eq!(read(&date("IST"), "Asia/Kolkata"), Ok("2026-07-07T08:30:00Z".to_owned()));
    assert_eq!(read(&date("IST"), "Europe/Dublin"), Ok("2026-07-07T13:00:00Z".to_owned()));
    assert_eq!(read(&date("CST"), "America/Chicago"), Ok("2026-07-07T20:00:00Z".to_owned()));
    assert_eq!(read(&date("CST"), "Europe/Berlin"), Ok("2026-07-07T20:00:00Z".to_owned()));
    for (zone, own) in [
        ("CST", "Asia/Shanghai"),
        ("CST", "Asia/Taipei"),
        ("PST", "Asia/Manila"),
        ("IST", "Europe/Berlin"),
        ("XYZ", "Europe/Berlin"),
        ("PM", "Europe/Berlin"),
        ("A", "UTC"),
        ("GMT+99", "UTC"),
        ("Mars/Olympus", "UTC"),
    ] {
        let problem = read(&date(zone), own).unwrap_err();
        assert!(problem.contains(zone) && problem.contains("+0100"), "{problem}");
    }
}
