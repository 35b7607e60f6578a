//! Tests that no window exceeds its limit and that limits are nearly exhausted.

use proptest::prelude::*;

use super::*;
use crate::domain::time::{HOUR, MINUTE};

const ONE_MILLISECOND: SignedDuration = SignedDuration::from_millis(1);
const NOON: Millis = Millis(1_789_992_000_000);

fn rates(text: &str) -> Vec<Rate> {
    Rate::parse_list(text).unwrap()
}

/// Takes all available messages during `length` as soon as possible, with `delay` before each
/// request; returns the times.
fn greedy(text: &str, length: SignedDuration, delay: SignedDuration) -> Vec<i64> {
    let (limits, mut window, mut now, mut times) = (
        rates(text),
        SlidingWindow::default(),
        NOON.plus(SignedDuration::from_millis(7)),
        Vec::new(),
    );
    while now < NOON.plus(length) {
        let spent = window.take(&limits, None, 10, now);
        times.extend((0..spent.count).map(|_| now.0));
        assert!(spent.count == 10 || spent.next_at > now, "{spent:?} at {now:?}");
        now = spent.next_at.max(now.plus(ONE_MILLISECOND)).plus(delay);
    }
    times
}

/// Returns the maximum number of messages in any half-open window of length `span`.
fn max_in_any_window(times: &[i64], span: SignedDuration) -> usize {
    let span = as_millis_i64(span);
    (0..times.len())
        .map(|i| times[i..].partition_point(|t| *t < times[i] + span))
        .max()
        .unwrap_or(0)
}

#[test]
fn an_exhausted_limit_yields_at_least_95_percent() {
    for (text, span, n, total) in [
        ("50/s", 100 * SECOND, 50, 5000),
        ("7/s", 100 * SECOND, 7, 700),
        ("600/m", 100 * MINUTE, 600, 60_000),
    ] {
        for delay in [0, 10] {
            let times = greedy(text, span, SignedDuration::from_millis(delay));
            assert!(times.len() * 100 >= total * 95, "{text}: {} of {total}", times.len());
            assert!(
                max_in_any_window(&times, span / 100) <= n,
                "{text}: {}",
                max_in_any_window(&times, span / 100)
            );
        }
    }
}

#[test]
fn a_daily_limit_yields_exactly_its_count() {
    assert_eq!(greedy("20000/d", DAY, SignedDuration::ZERO).len(), 20_000);
    assert_eq!(max_in_any_window(&greedy("2000/d", 3 * DAY, SignedDuration::ZERO), DAY), 2000);
}

#[test]
fn messages_of_a_per_second_limit_are_spread_over_the_second() {
    let times = greedy("50/s", 10 * SECOND, SignedDuration::ZERO);
    let densest = max_in_any_window(&times, SignedDuration::from_millis(190));
    assert!(densest <= 13, "{densest}");
    assert_eq!(greedy("1/s", 10 * SECOND, SignedDuration::ZERO).len(), 10);
}

#[test]
fn refunded_messages_can_be_taken_again() {
    let (limits, mut window) = (rates("5/h"), SlidingWindow::default());
    assert_eq!(window.take(&limits, None, 5, NOON).count, 5);
    window.refund(2, NOON);
    let later = NOON.plus(10 * MINUTE);
    assert_eq!(window.take(&limits, None, 5, later).count, 2);
    assert_eq!(
        window.take(&limits, None, 1, later),
        TakenQuota { count: 0, next_at: NOON.plus(HOUR), at: later }
    );
}

#[test]
fn warmup_days_count_from_the_first_message() {
    let warmup = WarmUp::parse("10/d to 40/d in 3d").unwrap();
    let mut window = SlidingWindow::default();
    let mut take = |wanted, now| window.take(&[], warmup.as_ref(), wanted, now);
    assert_eq!(take(50, NOON), TakenQuota { count: 10, next_at: NOON.plus(DAY), at: NOON });
    assert_eq!(take(50, NOON.plus(23 * HOUR)).count, 0);
    assert_eq!(take(50, NOON.plus(DAY)).count, 20);
    assert_eq!(take(50, NOON.plus(2 * DAY - ONE_MILLISECOND)).count, 0);
    assert_eq!(take(50, NOON.plus(3 * DAY)).count, 50, "the warm-up has ended");
}

#[test]
fn a_warmup_whose_first_messages_were_refunded_has_not_started() {
    let warmup = WarmUp::parse("10/d to 40/d in 3d").unwrap();
    let mut window = SlidingWindow::default();
    window.take(&[], warmup.as_ref(), 4, NOON);
    window.refund(3, NOON);
    assert_eq!((window.warmup_started_at, window.expires_at(NOON)), (Some(NOON), None));
    window.refund(1, NOON);
    assert_eq!(window.warmup_started_at, None);
    assert!(window.expires_at(NOON).is_some_and(|at| at > NOON.plus(DAY)));
}

#[test]
fn spans_of_another_nodes_configuration_are_counted() {
    let mut window = SlidingWindow::default();
    window.take(&rates("5/h, 10/d"), None, 1, NOON);
    window.take(&rates("5/h"), None, 4, NOON);
    assert_eq!(window.take(&rates("10/d"), None, 10, NOON).count, 5);
}

#[test]
fn a_clock_far_ahead_does_not_block_sending() {
    let mut window = SlidingWindow::default();
    assert_eq!(window.take(&rates("5/m"), None, 5, NOON.plus(30 * DAY)).count, 5);
    assert_eq!(window.take(&rates("5/m"), None, 5, NOON).count, 5);
    assert_eq!(
        window.take(&rates("5/m"), None, 5, NOON.plus(-SECOND)).count,
        0,
        "a small clock difference is respected"
    );
}

proptest! {
    #[test]
    fn no_window_exceeds_its_limit(
        messages in 1..60_i64,
        text in prop::sample::select(vec!["s", "m", "h", "d"]),
        requests in prop::collection::vec((0..2500_i32, 0..80_i64, 0..4_i64), 1..120),
    ) {
        let limits = rates(&format!("{messages}/{text}"));
        let span = limits[0].span;
        let (mut window, mut now, mut times) = (SlidingWindow::default(), NOON, Vec::new());
        for (thousandths, wanted, back) in requests {
            now = now.plus(thousandths * span / 20_000);
            let spent = window.take(&limits, None, wanted, now);
            prop_assert!(spent.count <= wanted && (spent.count == wanted || spent.next_at > now));
            let back = back.min(spent.count);
            window.refund(back, now);
            times.extend((back..spent.count).map(|_| now.0));
            if spent.count < wanted && back == 0 {
                let mut copy = window.clone();
                let too_early = spent.next_at.plus(-ONE_MILLISECOND);
                prop_assert_eq!(copy.take(&limits, None, 1, too_early).count, 0);
                prop_assert_eq!(copy.take(&limits, None, 1, spent.next_at).count, 1);
            }
        }
        prop_assert!(max_in_any_window(&times, span) <= usize::try_from(messages).unwrap());
    }
}
