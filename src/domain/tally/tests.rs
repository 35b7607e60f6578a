//! No window holds more than its limit, and little less can be had.

use proptest::prelude::*;

use super::*;
use crate::domain::time::{HOUR, MINUTE};

const NOON: Millis = Millis(1_789_992_000_000);

fn rates(text: &str) -> Vec<Rate> {
    Rate::parse_list(text).unwrap()
}

/// Takes all there is whenever there is some, as an engine does that answers late by `delay`; gives the times.
fn greedy(text: &str, until: i64, delay: i64) -> Vec<i64> {
    let (limits, mut tally, mut now, mut times) =
        (rates(text), Tally::default(), NOON.plus(7), Vec::new());
    while now.0 < NOON.0 + until {
        let granted = tally.take(&limits, None, 10, now);
        times.extend((0..granted.n).map(|_| now.0));
        assert!(granted.n == 10 || granted.again > now, "{granted:?} at {now:?}");
        now = granted.again.max(now.plus(1)).plus(delay);
    }
    times
}

/// The most messages in any span, its end not included.
fn most(times: &[i64], span: i64) -> usize {
    (0..times.len())
        .map(|i| times[i..].partition_point(|t| *t < times[i] + span))
        .max()
        .unwrap_or(0)
}

#[test]
fn a_limit_that_is_used_up_yields_nearly_all_it_says() {
    for (text, span, n, total) in [
        ("50/s", 100 * SECOND, 50, 5000),
        ("7/s", 100 * SECOND, 7, 700),
        ("600/m", 100 * MINUTE, 600, 60_000),
    ] {
        for delay in [0, 10] {
            let times = greedy(text, span, delay);
            assert!(times.len() * 100 >= total * 95, "{text}: {} of {total}", times.len());
            assert!(most(&times, span / 100) <= n, "{text}: {}", most(&times, span / 100));
        }
    }
}

#[test]
fn a_day_yields_exactly_what_it_says() {
    assert_eq!(greedy("20000/d", DAY, 0).len(), 20_000);
    assert_eq!(most(&greedy("2000/d", 3 * DAY, 0), DAY), 2000);
}

#[test]
fn a_seconds_messages_do_not_leave_all_at_once() {
    let times = greedy("50/s", 10 * SECOND, 0);
    assert!(most(&times, 190) <= 13, "{}", most(&times, 190));
    assert_eq!(greedy("1/s", 10 * SECOND, 0).len(), 10);
}

#[test]
fn what_is_given_back_can_be_taken_again() {
    let (limits, mut tally) = (rates("5/h"), Tally::default());
    assert_eq!(tally.take(&limits, None, 5, NOON).n, 5);
    tally.give_back(2, NOON);
    let later = NOON.plus(10 * MINUTE);
    assert_eq!(tally.take(&limits, None, 5, later).n, 2);
    assert_eq!(
        tally.take(&limits, None, 1, later),
        Granted { n: 0, again: NOON.plus(HOUR), at: later }
    );
}

#[test]
fn the_days_of_a_ramp_count_from_its_first_message() {
    let ramp = Ramp::parse("10/d to 40/d in 3d").unwrap();
    let mut tally = Tally::default();
    let mut take = |wanted, now| tally.take(&[], ramp.as_ref(), wanted, now);
    assert_eq!(take(50, NOON), Granted { n: 10, again: NOON.plus(DAY), at: NOON });
    assert_eq!(take(50, NOON.plus(23 * HOUR)).n, 0);
    assert_eq!(take(50, NOON.plus(DAY)).n, 20);
    assert_eq!(take(50, NOON.plus(2 * DAY - 1)).n, 0);
    assert_eq!(take(50, NOON.plus(3 * DAY)).n, 50, "it is over");
}

#[test]
fn a_ramp_whose_first_messages_did_not_go_has_not_begun() {
    let ramp = Ramp::parse("10/d to 40/d in 3d").unwrap();
    let mut tally = Tally::default();
    tally.take(&[], ramp.as_ref(), 4, NOON);
    tally.give_back(3, NOON);
    assert_eq!((tally.begun, tally.idle_from(NOON)), (Some(NOON), None));
    tally.give_back(1, NOON);
    assert_eq!(tally.begun, None);
    assert!(tally.idle_from(NOON).is_some_and(|at| at > NOON.plus(DAY)));
}

#[test]
fn a_span_that_only_another_nodes_config_has_is_counted_too() {
    let mut tally = Tally::default();
    tally.take(&rates("5/h, 10/d"), None, 1, NOON);
    tally.take(&rates("5/h"), None, 4, NOON);
    assert_eq!(tally.take(&rates("10/d"), None, 10, NOON).n, 5);
}

#[test]
fn a_clock_that_was_far_ahead_stops_nothing() {
    let mut tally = Tally::default();
    assert_eq!(tally.take(&rates("5/m"), None, 5, NOON.plus(30 * DAY)).n, 5);
    assert_eq!(tally.take(&rates("5/m"), None, 5, NOON).n, 5);
    assert_eq!(
        tally.take(&rates("5/m"), None, 5, NOON.plus(-SECOND)).n,
        0,
        "a little ahead is heeded"
    );
}

proptest! {
    #[test]
    fn no_window_ever_holds_more_than_its_limit(
        messages in 1..60_i64,
        text in prop::sample::select(vec!["s", "m", "h", "d"]),
        asks in prop::collection::vec((0..2500_i64, 0..80_i64, 0..4_i64), 1..120),
    ) {
        let limits = rates(&format!("{messages}/{text}"));
        let span = limits[0].span;
        let (mut tally, mut now, mut times) = (Tally::default(), NOON, Vec::new());
        for (thousandths, wanted, back) in asks {
            now = now.plus(thousandths * span / 20_000);
            let granted = tally.take(&limits, None, wanted, now);
            prop_assert!(granted.n <= wanted && (granted.n == wanted || granted.again > now));
            let back = back.min(granted.n);
            tally.give_back(back, now);
            times.extend((back..granted.n).map(|_| now.0));
            if granted.n < wanted && back == 0 {
                let mut copy = tally.clone();
                prop_assert_eq!(copy.take(&limits, None, 1, granted.again.plus(-1)).n, 0);
                prop_assert_eq!(copy.take(&limits, None, 1, granted.again).n, 1);
            }
        }
        prop_assert!(most(&times, span) <= usize::try_from(messages).unwrap());
    }
}
