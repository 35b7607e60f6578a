//! What was taken from limits lately: a window that slides, so that in no span as long as a limit's more messages go than it says.
//!
//! A span is divided into twenty slots. What was taken in a slot is free again when the last of it is a span ago, which costs a
//! limit that is always used up a twenty-first of its messages at most, and is never too much.

use std::collections::BTreeMap;

use super::ramp::Ramp;
use super::rate::Rate;
use super::time::{DAY, Millis, SECOND};

/// Slots of a span.
const SLOTS: i64 = 20;

/// What a request to take was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// How many messages may start now.
    pub n: i64,
    /// When one more may, at the earliest; now if all were granted.
    pub again: Millis,
    /// When they were taken.
    pub at: Millis,
}

/// The messages that were taken from one thing's limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// When its warming-up began: at the first message taken under it and not given back.
    pub begun: Option<Millis>,
    /// Messages taken since then.
    pub total: i64,
    /// For each span in milliseconds the slots in which something was taken, by their number since 1970: how much, and the
    /// instant of the last.
    pub windows: BTreeMap<i64, BTreeMap<i64, (i64, i64)>>,
}

/// At most so many messages within so many milliseconds, the span or a part of it.
struct Bound {
    span: i64,
    within: i64,
    messages: i64,
    /// When the bound itself is widened.
    until: Millis,
}

impl Tally {
    /// Takes up to `wanted` messages.
    pub fn take(
        &mut self,
        limits: &[Rate],
        ramp: Option<&Ramp>,
        wanted: i64,
        now: Millis,
    ) -> Granted {
        self.forget(now);
        let bounds = self.bounds(limits, ramp, now);
        let room = bounds
            .iter()
            .map(|bound| bound.messages - self.used(bound, now))
            .min()
            .unwrap_or(i64::MAX);
        let n = wanted.min(room).max(0);
        if n > 0 {
            self.count(&bounds, n, now);
            if ramp.is_some() {
                self.begun.get_or_insert(now);
                self.total += n;
            }
        }
        let again = if n < wanted {
            bounds.iter().map(|bound| self.room_at(bound, now)).max().unwrap_or(now)
        } else {
            now
        };
        Granted { n, again, at: now }
    }

    /// Gives back messages that were taken at `taken_at` and did not go.
    pub fn give_back(&mut self, n: i64, taken_at: Millis) {
        for (span, slots) in &mut self.windows {
            if let Some((used, _)) = slots.get_mut(&slot(*span, taken_at)) {
                *used = (*used - n).max(0);
            }
        }
        self.total = (self.total - n).max(0);
        if self.total == 0 {
            self.begun = None;
        }
    }

    /// From when on it says nothing any more, rounded up to a day; none if its beginning counts for ever.
    pub fn idle_from(&self, now: Millis) -> Option<Millis> {
        if self.begun.is_some() {
            return None;
        }
        let longest = self.windows.keys().copied().max().unwrap_or(0);
        Some(Millis((now.plus(longest).0 / DAY + 1) * DAY))
    }

    fn bounds(&self, limits: &[Rate], ramp: Option<&Ramp>, now: Millis) -> Vec<Bound> {
        let whole = |rate: &Rate, until| Bound {
            span: rate.span,
            within: rate.span,
            messages: rate.messages,
            until,
        };
        let mut bounds: Vec<Bound> =
            limits.iter().map(|rate| whole(rate, Millis(i64::MAX))).collect();
        // A second's messages do not all leave at its begin: at most a quarter of them in a quarter of it.
        let quarter = |rate: &Rate| Bound {
            within: rate.span / 4,
            messages: (rate.messages + 3) / 4,
            ..whole(rate, Millis(i64::MAX))
        };
        bounds.extend(limits.iter().filter(|rate| rate.span == SECOND).map(quarter));
        let begun = self.begun.unwrap_or(now);
        if let Some((ramp, rate)) = ramp.and_then(|ramp| Some((ramp, ramp.limit(begun, now)?))) {
            bounds.push(whole(&rate, ramp.grows_at(begun, now)));
        }
        bounds
    }

    fn count(&mut self, bounds: &[Bound], n: i64, now: Millis) {
        for bound in bounds {
            self.windows.entry(bound.span).or_default();
        }
        // Spans of another node's config too: it may be newer than ours.
        for (span, slots) in &mut self.windows {
            let (used, last) = slots.entry(slot(*span, now)).or_default();
            *used += n;
            *last = now.0.max(*last);
        }
    }

    fn used(&self, bound: &Bound, now: Millis) -> i64 {
        self.recent(bound, now).map(|(used, _)| used).sum()
    }

    /// What counts now, the oldest first: how much, and until when.
    fn recent(&self, bound: &Bound, now: Millis) -> impl Iterator<Item = (i64, Millis)> {
        let slots = self.windows.get(&bound.span).into_iter().flat_map(BTreeMap::values);
        slots
            .map(|(used, last)| (*used, Millis(last + bound.within)))
            .filter(move |(_, until)| *until > now)
    }

    /// When there is room for one message.
    fn room_at(&self, bound: &Bound, now: Millis) -> Millis {
        let mut used = self.used(bound, now);
        let mut at = now;
        for (gone, until) in self.recent(bound, now) {
            if used < bound.messages {
                break;
            }
            used -= gone;
            at = until;
        }
        at.min(bound.until)
    }

    /// Drops slots that count no more, and those of a time far ahead: a clock that was wrong must not stop everything.
    fn forget(&mut self, now: Millis) {
        for (span, slots) in &mut self.windows {
            slots.retain(|_, (used, last)| {
                *used > 0 && (now.0 - span + 1..=now.0 + span).contains(last)
            });
        }
        self.windows.retain(|_, slots| !slots.is_empty());
    }
}

fn slot(span: i64, at: Millis) -> i64 {
    at.0.div_euclid((span / SLOTS).max(1))
}

#[cfg(test)]
mod tests;
