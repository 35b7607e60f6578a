//! Whose turn it is when: those whom a domain can't take for long come back in portions that it can take then, not all at once.

use std::collections::HashMap;
use std::sync::Arc;

use super::lease::Limit;
use crate::domain::time::Millis;

/// Between two that come back, where no rate asks for more: who rested is not run over.
const APART: i64 = 20;
/// Domains remembered at most; forgetting one lets some more come back together.
const MOST: usize = 10_000;

/// The turns that a run gave out.
#[derive(Debug, Default)]
pub(super) struct Turns(HashMap<Arc<str>, Queue>);

/// Those who wait for one domain.
#[derive(Debug, Clone, Copy)]
struct Queue {
    begins: Millis,
    length: i64,
}

impl Turns {
    /// When one more comes back to a domain that takes nothing until `until`: behind those who got a turn before.
    pub(super) fn next(&mut self, limit: &Limit, until: Millis) -> Millis {
        if self.0.len() > MOST {
            self.0.clear();
        }
        let queue =
            self.0.entry(Arc::clone(&limit.key)).or_insert(Queue { begins: until, length: 0 });
        let mut turn = queue.begins.plus(taking(limit, queue.length));
        if turn < until {
            // Who had a turn before that comes back in vain, and gets another.
            (*queue, turn) = (Queue { begins: until, length: 0 }, until);
        }
        queue.length += 1;
        turn
    }
}

/// How long a domain's rates need for so many, in milliseconds.
fn taking(limit: &Limit, mails: i64) -> i64 {
    let portions = limit.rates.iter().map(|rate| mails / rate.messages.max(1) * rate.span);
    portions.fold(mails * APART, i64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::DomainLimit;
    use crate::domain::rate::Rate;
    use crate::domain::time::{DAY, HOUR};

    const THEN: Millis = Millis(1_000_000);

    fn limit(key: &str, rates: &str) -> Limit {
        Limit::of(&DomainLimit { key, at_once: None, rates: &Rate::parse_list(rates).unwrap() })
    }

    /// The turns of so many, in hours from when the first may come.
    fn hours(limit: &Limit, many: usize) -> Vec<i64> {
        let mut turns = Turns::default();
        (0..many).map(|_| (turns.next(limit, THEN).0 - THEN.0) / HOUR).collect()
    }

    #[test]
    fn a_rate_lets_as_many_come_back_in_each_span_as_it_takes() {
        assert_eq!(hours(&limit("x.example", "3/h"), 8), [0, 0, 0, 1, 1, 1, 2, 2]);
        assert_eq!(
            hours(&limit("x.example", "2/h, 3/d"), 7),
            [0, 0, 1, 24, 24, 24, 48],
            "the slowest counts"
        );
    }

    #[test]
    fn without_a_rate_they_come_one_after_the_other() {
        let mut turns = Turns::default();
        let (none, other) = (limit("x.example", "none"), limit("y.example", "none"));
        let given: Vec<_> = (0..4).map(|_| turns.next(&none, THEN)).collect();
        assert_eq!(given, [0, 1, 2, 3].map(|n| THEN.plus(n * APART)));
        assert_eq!(turns.next(&other, THEN), THEN, "each domain by itself");
    }

    #[test]
    fn a_rest_that_is_prolonged_behind_all_turns_begins_anew_and_else_they_go_on() {
        let (mut turns, hourly) = (Turns::default(), limit("x.example", "2/h"));
        let three = [THEN, THEN.plus(APART), THEN.plus(HOUR)];
        assert_eq!([0; 3].map(|_| turns.next(&hourly, THEN)), three);
        assert_eq!(
            turns.next(&hourly, THEN.plus(HOUR / 2)),
            THEN.plus(HOUR),
            "behind those who wait"
        );
        assert_eq!(
            [0; 3].map(|_| turns.next(&hourly, THEN.plus(DAY))),
            three.map(|at| at.plus(DAY))
        );
    }
}
