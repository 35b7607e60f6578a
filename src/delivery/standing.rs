//! How an edition's mails are received: many refusals of the sender or the message pause it, one recipient's never do.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// Refusals of the sender or the message in a row, for different recipients, that pause an edition.
const IN_A_ROW: usize = 3;
/// Of so many mails …
const LAST: usize = 500;
/// … so many refusals pause it too: two in a hundred.
const OF_THE_LAST: usize = 10;

/// What a refusal of the sender or the message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It fails this recipient.
    Fails,
    /// It fails this recipient, and the edition is to be paused for refusals in a row, or among the last mails.
    Pauses(&'static str),
    /// It was on its way when the edition was paused: it is queued again, for after the pause.
    Spares,
}

/// The standing of every edition that goes out.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<HashMap<i64, Standing>>);

#[derive(Debug, Default)]
struct Standing {
    in_a_row: Vec<String>,
    /// Of the last mails, whether each was refused for the sender's or the message's sake.
    last: VecDeque<bool>,
    refused: usize,
    pause: Pause,
}

/// Whether an edition was paused for its standing.
#[derive(Debug, Default)]
enum Pause {
    #[default]
    Never,
    /// The order is on its way to the store, and so may be mails that were granted before it is there.
    Ordered,
    /// What was granted before that was granted in spite of it.
    Since(Instant),
}

impl Standings {
    /// Notes that a mail of the edition went through.
    pub(super) fn accepted(&self, edition: i64) {
        self.of(edition, |standing| {
            standing.in_a_row.clear();
            standing.push(false);
        });
    }

    /// Judges a refusal of the sender or the message, of a mail that was started then.
    pub(super) fn refused(&self, edition: i64, address: &str, started: Instant) -> Verdict {
        self.of(edition, |standing| {
            match standing.pause {
                Pause::Ordered => return Verdict::Spares,
                Pause::Since(paused) if started <= paused => return Verdict::Spares,
                Pause::Since(_) | Pause::Never => {}
            }
            standing.push(true);
            if !standing.in_a_row.iter().any(|a| a == address) {
                standing.in_a_row.push(address.to_owned());
            }
            let why = if standing.in_a_row.len() >= IN_A_ROW {
                "3 times in a row"
            } else if standing.refused >= OF_THE_LAST {
                "for 2 % of the last 500 mails"
            } else {
                return Verdict::Fails;
            };
            *standing = Standing { pause: Pause::Ordered, ..Standing::default() };
            Verdict::Pauses(why)
        })
    }

    /// Notes that the pause which a verdict asked for is in the store.
    pub(super) fn paused(&self, edition: i64) {
        self.of(edition, |standing| standing.pause = Pause::Since(Instant::now()));
    }

    fn of<T>(&self, edition: i64, of: impl FnOnce(&mut Standing) -> T) -> T {
        // A panic elsewhere does not make these numbers wrong.
        let mut standings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        of(standings.entry(edition).or_default())
    }
}

impl Standing {
    fn push(&mut self, refused: bool) {
        self.last.push_back(refused);
        self.refused += usize::from(refused);
        if self.last.len() > LAST {
            self.refused -= usize::from(self.last.pop_front() == Some(true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::now() + std::time::Duration::from_secs(seconds)
    }

    #[test]
    fn three_different_recipients_in_a_row_pause_and_one_does_not() {
        let all = Standings::default();
        for _ in 0..5 {
            assert_eq!(all.refused(1, "a@x.example", at(1)), Verdict::Fails);
        }
        assert_eq!(all.refused(1, "b@x.example", at(1)), Verdict::Fails);
        all.accepted(1);
        for who in ["c", "d"] {
            assert_eq!(all.refused(1, who, at(1)), Verdict::Fails);
        }
        assert!(matches!(all.refused(1, "e", at(1)), Verdict::Pauses(_)));
    }

    #[test]
    fn what_was_on_its_way_at_the_pause_is_spared_and_what_comes_after_is_not() {
        let (all, before) = (Standings::default(), Instant::now());
        for who in ["a", "b", "c"] {
            all.refused(1, who, before);
        }
        assert_eq!(all.refused(1, "d", at(1)), Verdict::Spares, "the order is on its way");
        all.paused(1);
        assert_eq!(all.refused(1, "d", before), Verdict::Spares);
        assert_eq!(all.refused(1, "d", at(1)), Verdict::Fails);
    }

    #[test]
    fn two_in_a_hundred_pause_however_far_apart() {
        let all = Standings::default();
        let mut paused_after = None;
        for n in 0..600 {
            if n % 50 == 0 {
                if let Verdict::Pauses(_) = all.refused(1, &format!("r{n}"), at(1)) {
                    paused_after = Some(n);
                    break;
                }
            } else {
                all.accepted(1);
            }
        }
        assert_eq!(paused_after, Some(450));
        let rare = Standings::default();
        for n in 0..5_000 {
            if n % 60 == 0 {
                assert_eq!(rare.refused(1, &format!("r{n}"), at(1)), Verdict::Fails);
            } else {
                rare.accepted(1);
            }
        }
    }
}
