//! Sliding-window rate limiter: no window of the length of a limit's span contains more messages
//! than the limit allows.
//!
//! A span is divided into twenty buckets. The messages of a bucket are released one span after the
//! last of them. A limit that is always exhausted therefore loses at most 1/21 of its messages and
//! is never exceeded.

use std::collections::BTreeMap;

use super::rate::Rate;
use super::time::{DAY, Millis, SECOND, SignedDuration, as_millis_i64};
use super::warmup::WarmUp;

/// Number of buckets of a span.
const BUCKETS_PER_SPAN: i64 = 20;

/// Longest time by which the clock of another node may be ahead, in milliseconds; a clock that was
/// further ahead was wrong.
const MAX_CLOCK_AHEAD: i64 = 60_000;

/// Result of a call of [`SlidingWindow::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenQuota {
    /// Number of messages that may start now.
    pub count: i64,
    /// Earliest time at which another message may start; `at` if all were taken.
    pub next_at: Millis,
    /// Time at which the messages were taken.
    pub at: Millis,
}

/// Messages taken from the limits of one transport or domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlidingWindow {
    /// Start of the warm-up: the first message that was taken and not refunded.
    pub warmup_started_at: Option<Millis>,
    /// Number of messages taken since the start of the warm-up.
    pub warmup_total: i64,
    /// Buckets by span in milliseconds and by number since 1970: message count and time of the last
    /// message.
    pub windows: BTreeMap<i64, BTreeMap<i64, (i64, i64)>>,
}

/// Maximum number of messages within a period in milliseconds: the span of a limit or a part of
/// it.
struct WindowLimit {
    span: i64,
    within: i64,
    messages: i64,
    /// Time at which the limit itself increases.
    until: Millis,
}

impl SlidingWindow {
    /// Takes up to `wanted` messages from all limits.
    pub fn take(
        &mut self,
        limits: &[Rate],
        warmup: Option<&WarmUp>,
        wanted: i64,
        now: Millis,
    ) -> TakenQuota {
        self.drop_expired(now);
        // A warm-up that began under a clock that was ahead begins now.
        if self.warmup_started_at.is_some_and(|at| at.0 > now.0 + MAX_CLOCK_AHEAD) {
            self.warmup_started_at = Some(now);
        }
        let window_limits = self.window_limits(limits, warmup, now);
        let room = window_limits
            .iter()
            .map(|limit| limit.messages - self.used(limit, now))
            .min()
            .unwrap_or(i64::MAX);
        let count = wanted.min(room).max(0);
        if count > 0 {
            self.record(&window_limits, count, now);
            if warmup.is_some() {
                self.warmup_started_at.get_or_insert(now);
                self.warmup_total += count;
            }
        }
        let next_at = if count < wanted {
            window_limits.iter().map(|limit| self.next_free_at(limit, now)).max().unwrap_or(now)
        } else {
            now
        };
        TakenQuota { count, next_at, at: now }
    }

    /// Refunds messages that were taken at `quota_taken_at` but not sent.
    pub fn refund(&mut self, count: i64, quota_taken_at: Millis) {
        for (span, buckets) in &mut self.windows {
            if let Some((used, _)) = buckets.get_mut(&bucket_number(*span, quota_taken_at)) {
                *used = (*used - count).max(0);
            }
        }
        self.warmup_total = (self.warmup_total - count).max(0);
        if self.warmup_total == 0 {
            self.warmup_started_at = None;
        }
    }

    /// Returns the time, rounded up to a day, from which the counters have no effect; `None` during
    /// or after a warm-up, whose start is kept forever.
    pub fn expires_at(&self, now: Millis) -> Option<Millis> {
        if self.warmup_started_at.is_some() {
            return None;
        }
        let longest = self.windows.keys().copied().max().unwrap_or(0);
        let day = as_millis_i64(DAY);
        Some(Millis((now.plus(SignedDuration::from_millis(longest)).0 / day + 1) * day))
    }

    fn window_limits(
        &self,
        limits: &[Rate],
        warmup: Option<&WarmUp>,
        now: Millis,
    ) -> Vec<WindowLimit> {
        let whole = |rate: &Rate, until| WindowLimit {
            span: as_millis_i64(rate.span),
            within: as_millis_i64(rate.span),
            messages: rate.messages,
            until,
        };
        let mut window_limits: Vec<WindowLimit> =
            limits.iter().map(|rate| whole(rate, Millis(i64::MAX))).collect();
        // Limits per second are spread: at most a quarter of the messages in each quarter of a
        // second.
        let quarter = |rate: &Rate| WindowLimit {
            within: as_millis_i64(rate.span) / 4,
            messages: (rate.messages + 3) / 4,
            ..whole(rate, Millis(i64::MAX))
        };
        window_limits.extend(limits.iter().filter(|rate| rate.span == SECOND).map(quarter));
        let started_at = self.warmup_started_at.unwrap_or(now);
        if let Some((warmup, rate)) =
            warmup.and_then(|warmup| Some((warmup, warmup.limit(started_at, now)?)))
        {
            window_limits.push(whole(&rate, warmup.grows_at(started_at, now)));
        }
        window_limits
    }

    fn record(&mut self, window_limits: &[WindowLimit], count: i64, now: Millis) {
        for limit in window_limits {
            self.windows.entry(limit.span).or_default();
        }
        // Spans that only the configuration of another node has are counted as well; it may be
        // newer.
        for (span, buckets) in &mut self.windows {
            let (used, last) = buckets.entry(bucket_number(*span, now)).or_default();
            *used += count;
            *last = now.0.max(*last);
        }
    }

    fn used(&self, limit: &WindowLimit, now: Millis) -> i64 {
        self.buckets_in_effect(limit, now).map(|(used, _)| used).sum()
    }

    /// Returns message counts that still apply with the times at which they are released, oldest
    /// first.
    fn buckets_in_effect(
        &self,
        limit: &WindowLimit,
        now: Millis,
    ) -> impl Iterator<Item = (i64, Millis)> {
        let buckets = self.windows.get(&limit.span).into_iter().flat_map(BTreeMap::values);
        buckets
            .map(|(used, last)| (*used, Millis(last + limit.within)))
            .filter(move |(_, until)| *until > now)
    }

    /// Returns the earliest time at which one message may start.
    fn next_free_at(&self, limit: &WindowLimit, now: Millis) -> Millis {
        let mut used = self.used(limit, now);
        let mut at = now;
        for (gone, until) in self.buckets_in_effect(limit, now) {
            if used < limit.messages {
                break;
            }
            used -= gone;
            at = until;
        }
        at.min(limit.until)
    }

    /// Drops buckets that no longer apply, and those far in the future, so that a wrong clock does
    /// not block sending.
    fn drop_expired(&mut self, now: Millis) {
        for (span, buckets) in &mut self.windows {
            buckets.retain(|_, (used, last)| {
                *used > 0
                    && (now.0 - span + 1..=now.0 + (*span).min(MAX_CLOCK_AHEAD)).contains(last)
            });
        }
        self.windows.retain(|_, buckets| !buckets.is_empty());
    }
}

/// Returns the number of the bucket of `at`, counted from 1970.
fn bucket_number(span: i64, at: Millis) -> i64 {
    at.0.div_euclid((span / BUCKETS_PER_SPAN).max(1))
}

#[cfg(test)]
mod tests;
