//! Tests of the limit of connections, with the time as a parameter.

use super::*;

const START: Millis = Millis(1_000_000);

fn open(limit: &ConnectionLimit, n: usize) -> Vec<ConnectionSlot> {
    (0..n).map(|_| limit.try_open(START).unwrap()).collect()
}

#[test]
fn the_limit_shrinks_to_the_accepted_connections_and_is_reported_once() {
    let limit = ConnectionLimit::new(5);
    let mut slots = open(&limit, 5);
    assert!(limit.try_open(START).is_none(), "no more than configured");
    let rejected = slots.split_off(2);
    slots.iter_mut().for_each(|slot| assert!(!slot.record_connected()));
    let results: Vec<_> = rejected.into_iter().map(|slot| slot.record_rejected(START)).collect();
    let silent = ConnectionRejection::LimitReached { report: None };
    assert_eq!(results, [silent, silent, ConnectionRejection::LimitReached { report: Some(2) }]);
    assert!(limit.try_open(START).is_none());
    drop(slots.pop());
    let again = limit.try_open(START).unwrap();
    assert_eq!(again.record_rejected(START), silent, "reported before");
    assert!(limit.try_open(START).is_none(), "one is open");
}

#[test]
fn a_relay_that_rejects_the_only_connection_is_unavailable() {
    let limit = ConnectionLimit::new(2);
    let mut slots = open(&limit, 2);
    let (last, first) = (slots.pop().unwrap(), slots.pop().unwrap());
    assert_eq!(first.record_rejected(START), ConnectionRejection::LimitReached { report: None });
    assert_eq!(last.record_rejected(START), ConnectionRejection::RelayUnavailable);
    assert_eq!(open(&limit, 2).len(), 2, "all are tried again");
}

#[test]
fn after_all_open_connections_were_rejected_one_is_tried_alone() {
    let limit = ConnectionLimit::new(3);
    let mut slots = open(&limit, 3);
    slots.iter_mut().for_each(|slot| assert!(!slot.record_connected()));
    let results: Vec<_> = slots.drain(..).map(|slot| slot.record_rejected(START)).collect();
    assert_eq!(results.last(), Some(&ConnectionRejection::RelayUnavailable));
    let alone = limit.try_open(START);
    assert!(alone.is_some() && limit.try_open(START).is_none());
    assert!(limit.try_open(START.plus(FIRST_GROWTH_WAIT)).is_some(), "it grows again");
}

#[test]
fn one_more_connection_is_tried_after_a_wait_that_doubles_while_it_is_rejected() {
    let limit = ConnectionLimit::new(3);
    let mut slots = open(&limit, 3);
    let rejected = slots.pop().unwrap();
    slots.iter_mut().for_each(|slot| assert!(!slot.record_connected()));
    rejected.record_rejected(START);
    let mut now = START.plus(FIRST_GROWTH_WAIT);
    for wait in [20, 40, 80] {
        let tried = limit.try_open(now).unwrap();
        tried.record_rejected(now);
        let wait = SignedDuration::from_secs(wait);
        assert!(limit.try_open(now.plus(wait - SignedDuration::from_millis(1))).is_none());
        now = now.plus(wait);
    }
    let mut accepted = limit.try_open(now).unwrap();
    assert!(accepted.record_connected(), "all configured connections are accepted again");
}

/// Records that the relay accepted the connection and a message.
fn prove(slot: &mut ConnectionSlot) {
    slot.record_connected();
    slot.record_accepted();
}

/// Returns a limit of ten connections, all of which worked before the relay rejected them at once.
fn after_outage() -> ConnectionLimit {
    let limit = ConnectionLimit::new(10);
    let mut slots = open(&limit, 10);
    slots.iter_mut().for_each(prove);
    let results: Vec<_> = slots.into_iter().map(|slot| slot.record_rejected(START)).collect();
    let silent = ConnectionRejection::LimitReached { report: None };
    assert_eq!(results[..9], [silent; 9], "an outage shows no number of connections");
    assert_eq!(results[9], ConnectionRejection::RelayUnavailable);
    limit
}

#[test]
fn after_an_outage_the_connections_double_while_messages_are_accepted_over_all() {
    let limit = after_outage();
    let mut slots = Vec::new();
    for expected in [1, 2, 4, 8, 10] {
        slots.extend(std::iter::from_fn(|| limit.try_open(START)));
        assert_eq!(slots.len(), expected);
        slots.iter_mut().rev().skip(1).for_each(prove);
        assert!(limit.try_open(START).is_none(), "one of {expected} is not proven");
        slots.iter_mut().for_each(prove);
    }
}

#[test]
fn a_relay_that_accepts_two_connections_gets_few_more_after_an_outage() {
    let limit = after_outage();
    let mut slots = open(&limit, 1);
    slots.iter_mut().for_each(prove);
    slots.extend(open(&limit, 1));
    slots.iter_mut().for_each(prove);
    let beyond: Vec<_> = open(&limit, 2).into_iter().map(|s| s.record_rejected(START)).collect();
    assert_eq!(beyond[1], ConnectionRejection::LimitReached { report: Some(2) });
    let mut tried_at = Vec::new();
    for second in 0..3600 {
        let now = START.plus(SignedDuration::from_secs(second));
        if let Some(slot) = limit.try_open(now) {
            tried_at.push(second);
            slot.record_rejected(now);
        }
    }
    assert_eq!(tried_at, [10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030]);
}

#[test]
fn after_a_rejected_number_is_accepted_the_connections_double_again() {
    let limit = ConnectionLimit::new(10);
    let mut slots = open(&limit, 10);
    for rejected in slots.split_off(2) {
        rejected.record_rejected(START);
    }
    slots.iter_mut().for_each(prove);
    assert!(limit.try_open(START).is_none(), "three are too many");
    let now = START.plus(FIRST_GROWTH_WAIT);
    for expected in [3, 6, 10] {
        slots.extend(std::iter::from_fn(|| limit.try_open(now)));
        assert_eq!(slots.len(), expected);
        slots.iter_mut().for_each(prove);
    }
}

#[test]
fn a_proven_connection_that_ends_is_replaced_at_once() {
    let limit = ConnectionLimit::new(3);
    let mut slots = open(&limit, 3);
    slots.iter_mut().for_each(prove);
    let ended = slots.pop().unwrap();
    assert_eq!(ended.record_rejected(START), ConnectionRejection::LimitReached { report: None });
    assert!(limit.try_open(START).is_some());
}

#[test]
fn rejections_before_the_relay_fails_over_the_last_connection_do_not_count() {
    let limit = ConnectionLimit::new(10);
    let mut slots = open(&limit, 10);
    let mut last = slots.pop().unwrap();
    for rejected in slots {
        rejected.record_rejected(START);
    }
    last.record_connected();
    limit.record_relay_failure();
    drop(last);
    let mut slots = open(&limit, 1);
    slots.iter_mut().for_each(prove);
    slots.extend(std::iter::from_fn(|| limit.try_open(START)));
    assert_eq!(slots.len(), 2);
}
