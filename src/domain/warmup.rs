//! Warm-up of a new sender: a rate limit that grows daily until it ends.

use super::duration;
use super::rate::Rate;
use super::time::{Millis, SignedDuration};

/// Maximum length of a warm-up in days.
const MAX_WARMUP_DAYS: i64 = 366;

/// A rate limit that grows by the same factor every day and then ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmUp {
    /// Limit of the first day.
    pub from: Rate,
    /// Limit of the last day, over the same span.
    pub to: Rate,
    /// Length in days, at least two.
    pub days: i64,
}

impl WarmUp {
    /// Parses `200/d to 20000/d in 30d`, or `none`.
    ///
    /// # Errors
    /// A message that quotes the text and shows the expected form.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim();
        if text == "none" {
            return Ok(None);
        }
        let form = "write it as \"200/d to 20000/d in 30d\", or \"none\"";
        let (from, rest) = text
            .split_once(" to ")
            .ok_or_else(|| format!("`{text}` is not a valid warm-up; {form}"))?;
        let (to, length) = rest
            .split_once(" in ")
            .ok_or_else(|| format!("`{text}` is not a valid warm-up; {form}"))?;
        let (from, to) = (Rate::parse(from)?, Rate::parse(to)?);
        if from.span != to.span {
            return Err(format!("{from} and {to} have different spans; {form}"));
        }
        if from.messages >= to.messages {
            return Err(format!("{to} is not more than {from}, but a warm-up must grow; {form}"));
        }
        let length = duration::parse(length)?;
        let days = length.as_hours() / 24;
        if length != whole_days(days) || !(2..=MAX_WARMUP_DAYS).contains(&days) {
            return Err(format!(
                "a warm-up must last 2 to {MAX_WARMUP_DAYS} whole days (found {}); {form}",
                duration::format(length)
            ));
        }
        Ok(Some(Self { from, to, days }))
    }

    /// Returns the limit at `now` of a sender that started at `started_at`. Each period of 24 hours
    /// has its own limit, from `from` on the first day to `to` on the last; after that there is
    /// none.
    pub fn limit(&self, started_at: Millis, now: Millis) -> Option<Rate> {
        let day = self.day(started_at, now);
        if day >= self.days {
            return None;
        }
        let grown = day as f64 / (self.days - 1).max(1) as f64;
        let factor = (self.to.messages as f64 / self.from.messages as f64).powf(grown);
        let messages = (self.from.messages as f64 * factor).round() as i64;
        Some(Rate {
            messages: messages.clamp(self.from.messages, self.to.messages),
            span: self.from.span,
        })
    }

    /// Returns the time at which the limit grows next.
    pub fn grows_at(&self, started_at: Millis, now: Millis) -> Millis {
        started_at.plus(whole_days(self.day(started_at, now) + 1))
    }

    fn day(&self, started_at: Millis, now: Millis) -> i64 {
        now.since(started_at).as_hours().max(0) / 24
    }
}

fn whole_days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::{DAY, HOUR};

    const START: Millis = Millis(1_789_970_400_000);

    fn on_day(warmup: &WarmUp, day: i64) -> Option<i64> {
        warmup.limit(START, START.plus(whole_days(day) + HOUR)).map(|rate| rate.messages)
    }

    #[test]
    fn limit_grows_by_the_same_factor_each_day_and_ends() {
        let warmup = WarmUp::parse("100/d to 10000/d in 3d").unwrap().unwrap();
        assert_eq!(
            [0, 1, 2, 3, 400].map(|day| on_day(&warmup, day)),
            [Some(100), Some(1000), Some(10_000), None, None]
        );
        let warmup = WarmUp::parse("200/d to 20000/d in 30d").unwrap().unwrap();
        let days: Vec<i64> = (0..30).filter_map(|day| on_day(&warmup, day)).collect();
        assert_eq!((days[0], days[1], days[10], days[29]), (200, 234, 979, 20_000));
        assert!(days.is_sorted() && on_day(&warmup, 30).is_none());
    }

    #[test]
    fn each_day_is_24_hours_counted_from_the_start() {
        let warmup = WarmUp::parse("100/d to 10000/d in 3d").unwrap().unwrap();
        assert_eq!(
            warmup
                .limit(START, START.plus(DAY - SignedDuration::from_millis(1)))
                .map(|r| r.messages),
            Some(100)
        );
        assert_eq!(warmup.limit(START, START.plus(DAY)).map(|r| r.messages), Some(1000));
        assert_eq!(warmup.grows_at(START, START.plus(DAY)), START.plus(2 * DAY));
        // The clock of another node may be behind.
        assert_eq!(warmup.limit(START, START.plus(-HOUR)).map(|r| r.messages), Some(100));
    }

    #[test]
    fn invalid_warmups_are_rejected_with_the_expected_form() {
        for (text, part) in [
            ("200/d", "is not a valid warm-up"),
            ("200/d to 20000/d", "is not a valid warm-up"),
            ("200/d to 20000/d in", "is not a valid warm-up"),
            ("200/d to 20000/h in 30d", "different spans"),
            ("200/d to 200/d in 30d", "a warm-up must grow"),
            ("200/d to 20000/d in 1d", "2 to 366 whole days"),
            ("200/d to 20000/d in 36h", "2 to 366 whole days"),
            ("many to 20000/d in 30d", "is not a valid limit"),
            ("200/d to 20000/d in a month", "is not a valid duration"),
        ] {
            let error = WarmUp::parse(text).unwrap_err();
            assert!(error.contains(part) && error.contains("; write "), "{text}: {error}");
        }
        assert_eq!(WarmUp::parse(" none "), Ok(None));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in any::<String>(), from in any::<i64>(), now in any::<i64>()) {
            let _ = WarmUp::parse(&text);
            let warmup = WarmUp::parse("1/d to 1000000000/d in 366d").unwrap().unwrap();
            let limit = warmup.limit(Millis(from), Millis(now));
            prop_assert!(limit.is_none_or(|rate| (1..=1_000_000_000).contains(&rate.messages)));
        }
    }
}
