//! Tests of schedules over daylight saving time, leap years and downtime.

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::domain::time::{DAY, HOUR, MINUTE, Millis, SECOND, as_millis_i64};

const ONE_MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Millis {
    Millis::from(text.parse::<Timestamp>().unwrap())
}

fn dates(pattern: &str, zone_name: &str, from: &str, count: usize) -> Vec<String> {
    let (schedule, zone) = (Schedule::parse(pattern).unwrap(), zone(zone_name));
    let mut last = at(from);
    let mut found = Vec::new();
    for _ in 0..count {
        last = schedule.next_after(last, &zone).unwrap();
        found.push(last.rfc3339());
    }
    found
}

#[test]
fn a_time_skipped_in_london_fires_at_the_clock_change() {
    // On 2026-03-29 the clocks go from 01:00 UTC+0 to 02:00 UTC+1.
    for pattern in ["30 1 * * *", "0 1 * * *", "0,15,30 1 * * *"] {
        let found = dates(pattern, "Europe/London", "2026-03-28T12:00:00Z", 1);
        assert_eq!(found, ["2026-03-29T01:00:00Z"], "{pattern}");
    }
    let midnight = dates("0 0 * * *", "Europe/London", "2026-03-28T12:00:00Z", 2);
    assert_eq!(midnight, ["2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"]);
    let two = dates("0 1,2 * * *", "Europe/London", "2026-03-28T12:00:00Z", 2);
    assert_eq!(
        two,
        ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"],
        "both of that day's times are one instant"
    );
}

#[test]
fn a_time_repeated_in_new_york_fires_once() {
    // On 2026-11-01 the clocks show 01:00 to 02:00 twice, from 05:00 and from 06:00 UTC.
    for pattern in ["30 1 * * *", "30 1,13 * * *"] {
        let found = dates(pattern, "America/New_York", "2026-10-31T18:00:00Z", 2);
        assert_eq!(found[0], "2026-11-01T05:30:00Z", "{pattern}");
        assert_ne!(found[1], "2026-11-01T06:30:00Z", "{pattern}");
    }
    let skipped = dates("30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", 2);
    assert_eq!(skipped, ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]);
}

#[test]
fn intervals_follow_the_clock_through_both_changes() {
    let back = dates("*/30 * * * *", "America/New_York", "2026-11-01T05:10:00Z", 4);
    assert_eq!(
        back,
        [
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:00:00Z",
            "2026-11-01T06:30:00Z",
            "2026-11-01T07:00:00Z"
        ]
    );
    let forward = dates("15 * * * *", "Europe/London", "2026-03-29T00:00:00Z", 3);
    assert_eq!(forward, ["2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z", "2026-03-29T02:15:00Z"]);
    let skipped = dates("*/30 1 * * *", "Europe/London", "2026-03-29T00:00:00Z", 1);
    assert_eq!(skipped, ["2026-03-30T00:00:00Z"]);
}

#[test]
fn half_hour_clock_changes_of_lord_howe_are_handled() {
    // 2026-04-05: 02:00 back to 01:30, at 15:00 UTC the day before; 2026-10-04: 02:00 forward to
    // 02:30, at 15:30 UTC.
    let back = dates("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2);
    assert_eq!(back, ["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"]);
    let forward = dates("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2);
    assert_eq!(forward, ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]);
}

#[test]
fn a_day_skipped_by_a_zone_does_not_stop_the_schedule() {
    // Samoa had no 2011-12-30: after the 29th, 10:00 UTC the next day, came the 31st.
    let found = dates("0 8 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3);
    assert_eq!(found, ["2011-12-29T18:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T18:00:00Z"]);
}

#[test]
fn shanghai_is_eight_hours_ahead_all_year() {
    let found = dates("0 8 * * MON", "Asia/Shanghai", "2026-12-28T00:00:00Z", 2);
    assert_eq!(found, ["2027-01-04T00:00:00Z", "2027-01-11T00:00:00Z"]);
}

#[test]
fn leap_days_and_special_letters_match() {
    for (pattern, first) in [
        ("0 8 29 2 *", "2028-02-29T08:00:00Z"),
        ("0 8 L * *", "2026-01-31T08:00:00Z"),
        ("0 8 L 2 *", "2026-02-28T08:00:00Z"),
        ("0 8 LW * *", "2026-01-30T08:00:00Z"),
        ("0 8 1W 8 *", "2026-08-03T08:00:00Z"),
        ("0 8 * * FRI#2", "2026-01-09T08:00:00Z"),
        ("0 8 * * fril", "2026-01-30T08:00:00Z"),
        ("0 8 * * 7", "2026-01-04T08:00:00Z"),
        ("0 8 13 * FRI", "2026-01-02T08:00:00Z"),
        ("0 8 */2 * THU", "2026-01-15T08:00:00Z"),
        ("0 8 ? JAN-MAR FRI-SUN", "2026-01-02T08:00:00Z"),
        ("@daily", "2026-01-02T00:00:00Z"),
    ] {
        assert_eq!(dates(pattern, "UTC", "2026-01-01T12:00:00Z", 1), [first], "{pattern}");
    }
    let across_a_century = dates("0 0 29 2 *", "Europe/London", "2096-03-01T00:00:00Z", 1);
    assert_eq!(across_a_century, ["2104-02-29T00:00:00Z"]);
    let intervals = dates("*/30 0 29 2 *", "Europe/London", "2096-03-01T00:00:00Z", 1);
    assert_eq!(intervals, ["2104-02-29T00:00:00Z"]);
}

#[test]
fn invalid_schedules_are_rejected() {
    for (pattern, part) in [
        ("", "found 0"),
        ("0 0 8 * * MON", "found 6"),
        ("@reboot", "found 1"),
        ("60 8 * * *", "in the minute field"),
        ("0 24 * * *", "in the hour field"),
        ("0 8 0 * *", "in the day of month field"),
        ("0 8 * JANFEB *", "in the month field"),
        ("0 8 * * MONDAY", "in the day of week field"),
        ("0 8 * * SAT-MON", "descending range"),
        ("5/5 8 * * *", "a step must follow"),
        ("*/0 8 * * *", "the step must be"),
        ("1,,2 8 * * *", "in the minute field"),
        ("*,5 8 * * *", "use it alone"),
        ("0 8 * * +MON", "in the day of week field"),
        ("0 8 * * L", "in the day of week field"),
        ("0 0 30 2 *", "never matches"),
        ("0 0 31 4,6 *", "never matches"),
        ("ß 8 * * *", "in the minute field"),
    ] {
        let error = Schedule::parse(pattern).unwrap_err();
        assert!(error.contains(part), "{pattern}: {error}");
    }
}

#[test]
fn a_pause_is_a_day_or_an_inclusive_range() {
    let summer = PauseRange::parse("2026-07-10..2026-08-31").unwrap();
    assert!(summer.contains(date(2026, 7, 10)) && summer.contains(date(2026, 8, 31)));
    assert!(!summer.contains(date(2026, 7, 9)) && !summer.contains(date(2026, 9, 1)));
    let day = PauseRange::parse("2026-12-25").unwrap();
    assert!(day.contains(date(2026, 12, 25)) && !day.contains(date(2026, 12, 26)));
    for text in [
        "",
        "2026",
        "2026-02-30",
        "2026-8-1",
        "20260801",
        "2026-08-31..2026-07-10",
        "2026-07-10...2026-08-31",
    ] {
        assert!(PauseRange::parse(text).is_err(), "{text}");
    }
}

#[test]
fn punctual_dates_run_and_paused_or_late_ones_are_skipped() {
    let (schedule, zone) = (Schedule::parse("0 8 * * *").unwrap(), zone("Asia/Shanghai"));
    let date = at("2026-07-10T00:00:00Z");
    let pause = [PauseRange::parse("2026-07-10").unwrap()];
    let decide_late = |pause: &[PauseRange], once, late: SignedDuration| {
        decide(&schedule, &zone, pause, once, DAY / 2, date.plus(-3 * DAY), date.plus(late))
    };
    assert_eq!(decide_late(&[], false, 89 * SECOND), ScheduleDecision::Run { scheduled_for: date });
    assert_eq!(decide_late(&[], true, HOUR), ScheduleDecision::Run { scheduled_for: date });
    let reasons = [
        decide_late(&[], false, 91 * SECOND),
        decide_late(&[], true, DAY / 2 + ONE_MILLISECOND),
        decide_late(&pause, true, SignedDuration::ZERO),
    ]
    .map(|d| match d {
        ScheduleDecision::Skipped { scheduled_for: skipped, reason } if skipped == date => reason,
        other => format!("{other:?}"),
    });
    assert_eq!(
        reasons,
        [
            "2026-07-10 08:00 was missed, and missed dates are skipped",
            "2026-07-10 08:00 was missed more than missed_within ago",
            "2026-07-10 is within the pause 2026-07-10",
        ]
    );
    assert_eq!(
        decide(&schedule, &zone, &[], true, DAY, date, date.plus(MINUTE)),
        ScheduleDecision::NotDue
    );
    assert_eq!(
        decide(&schedule, &zone, &[], true, DAY, date.plus(DAY), date),
        ScheduleDecision::NotDue,
        "a clock that went back"
    );
}

#[test]
fn years_of_downtime_take_few_searches() {
    let (schedule, zone) = (Schedule::parse("* * * * *").unwrap(), zone("Europe/London"));
    let now = at("2026-11-22T10:00:30Z");
    let latest = schedule.latest_at_or_before(now, at("1990-01-01T00:00:00Z"), &zone);
    assert_eq!(latest, Some(at("2026-11-22T10:00:00Z")));
}

const PATTERNS: [&str; 12] = [
    "* * * * *",
    "*/7 * * * *",
    "30 1 * * *",
    "0,30 1,2 * * *",
    "15 2 * * *",
    "0 0 * * *",
    "0 */3 * * *",
    "*/20 1 * * SUN",
    "0 8 L * *",
    "5 1-3 29 2 *",
    "59 23 * * *",
    "0-59 0-23 * 3,10,11 SUN",
];
const ZONES: [&str; 6] = [
    "Europe/London",
    "America/New_York",
    "Asia/Shanghai",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn next_and_latest_date_agree(
        pattern in 0..PATTERNS.len(), name in 0..ZONES.len(), start in 1_000_000_000..2_000_000_000_i64, late in 0..as_millis_i64(400 * DAY),
        fraction in 0..1000_i64,
    ) {
        let (schedule, zone) = (Schedule::parse(PATTERNS[pattern]).unwrap(), zone(ZONES[name]));
        let start = Millis(start * 1_000 + fraction);
        let date = schedule.next_after(start, &zone).unwrap();
        prop_assert!(date > start);
        prop_assert_eq!(schedule.latest_at_or_before(date, start, &zone), Some(date));
        let just_before = date.plus(-ONE_MILLISECOND);
        prop_assert_eq!(schedule.latest_at_or_before(just_before, start, &zone), None);
        // The date is the same from any start before it.
        let between = start.plus(date.since(start) / 2);
        prop_assert_eq!(schedule.next_after(between, &zone), Some(date));
        prop_assert_eq!(schedule.next_after(just_before, &zone), Some(date));
        // No date follows the latest date, however late `now` is.
        let now = date.plus(SignedDuration::from_millis(late));
        let latest = schedule.latest_at_or_before(now, start, &zone).unwrap();
        prop_assert!(date <= latest && latest <= now);
        prop_assert!(schedule.next_after(latest, &zone).is_none_or(|next| next > now));
        prop_assert_eq!(schedule.next_after(latest.plus(-ONE_MILLISECOND), &zone), Some(latest));
    }

    #[test]
    fn dates_near_a_clock_change_agree_from_every_start(
        pattern in 0..PATTERNS.len(), name in 0..ZONES.len(), year in 2015..2036_i16, nth in 0..2_usize, around in -200..200_i32,
    ) {
        let (schedule, zone) = (Schedule::parse(PATTERNS[pattern]).unwrap(), zone(ZONES[name]));
        let new_year = date(year, 1, 1).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let Some(change) = zone.following(new_year).nth(nth) else { return Ok(()) };
        let start = Millis::from(change.timestamp()).plus(around * MINUTE);
        let date = schedule.next_after(start, &zone).unwrap();
        prop_assert_eq!(schedule.latest_at_or_before(date, start, &zone), Some(date));
        prop_assert_eq!(schedule.next_after(date.plus(-ONE_MILLISECOND), &zone), Some(date));
        let second = schedule.next_after(date, &zone).unwrap();
        prop_assert!(second > date);
        prop_assert_eq!(schedule.latest_at_or_before(second, start, &zone), Some(second));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,20}|([0-9*/,LW#A-Z-]{1,4} ){4}[0-9*/,LW#A-Z-]{1,4}") {
        if let Ok(schedule) = Schedule::parse(&text) {
            prop_assert!(schedule.next_after(Millis(1_790_000_000_000), &zone("Europe/London")).is_some());
        }
        let _ = PauseRange::parse(&text);
    }
}
