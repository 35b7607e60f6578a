//! The warming-up of a new sender: a daily limit that grows until it is lifted.

use super::duration;
use super::rate::Rate;
use super::time::{DAY, Millis};

/// Longest warming-up in days.
const LONGEST: i64 = 366;

/// A limit that grows by the same factor from day to day, and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ramp {
    /// The limit of the first day.
    pub from: Rate,
    /// The limit of the last day, over the same span.
    pub to: Rate,
    /// How many days it lasts, two at least.
    pub days: i64,
}

impl Ramp {
    /// Reads `200/d to 20000/d in 30d`, or `none`; refuses with a sentence.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim();
        if text == "none" {
            return Ok(None);
        }
        let form = "write it as \"200/d to 20000/d in 30d\", or \"none\"";
        let (from, rest) =
            text.split_once(" to ").ok_or_else(|| format!("`{text}` is no warming-up: {form}"))?;
        let (to, length) =
            rest.split_once(" in ").ok_or_else(|| format!("`{text}` is no warming-up: {form}"))?;
        let (from, to) = (Rate::parse(from)?, Rate::parse(to)?);
        if from.span != to.span {
            return Err(format!("{from} and {to} are limits of different spans: {form}"));
        }
        if from.messages >= to.messages {
            return Err(format!("{to} is no more than {from}, and a warming-up grows: {form}"));
        }
        let length = duration::parse(length)?;
        if length % DAY != 0 || !(2 * DAY..=LONGEST * DAY).contains(&length) {
            return Err(format!(
                "a warming-up lasts from 2 to {LONGEST} whole days, not {}: {form}",
                duration::format(length)
            ));
        }
        Ok(Some(Self { from, to, days: length / DAY }))
    }

    /// The limit at `now` of a sender that began at `begun`: each 24 hours have one, the first day `from`, the last day `to`; then none.
    pub fn limit(&self, begun: Millis, now: Millis) -> Option<Rate> {
        let day = self.day(begun, now);
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

    /// When the limit grows next.
    pub fn grows_at(&self, begun: Millis, now: Millis) -> Millis {
        begun.plus((self.day(begun, now) + 1) * DAY)
    }

    fn day(&self, begun: Millis, now: Millis) -> i64 {
        (now.0.saturating_sub(begun.0)).max(0) / DAY
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::HOUR;

    const BEGUN: Millis = Millis(1_789_970_400_000);

    fn on_day(ramp: &Ramp, day: i64) -> Option<i64> {
        ramp.limit(BEGUN, BEGUN.plus(day * DAY + HOUR)).map(|rate| rate.messages)
    }

    #[test]
    fn it_grows_by_the_same_factor_each_day_and_ends() {
        let ramp = Ramp::parse("100/d to 10000/d in 3d").unwrap().unwrap();
        assert_eq!(
            [0, 1, 2, 3, 400].map(|day| on_day(&ramp, day)),
            [Some(100), Some(1000), Some(10_000), None, None]
        );
        let ramp = Ramp::parse("200/d to 20000/d in 30d").unwrap().unwrap();
        let days: Vec<i64> = (0..30).filter_map(|day| on_day(&ramp, day)).collect();
        assert_eq!((days[0], days[1], days[10], days[29]), (200, 234, 979, 20_000));
        assert!(days.is_sorted() && on_day(&ramp, 30).is_none());
    }

    #[test]
    fn a_day_is_24_hours_from_the_beginning() {
        let ramp = Ramp::parse("100/d to 10000/d in 3d").unwrap().unwrap();
        assert_eq!(ramp.limit(BEGUN, BEGUN.plus(DAY - 1)).map(|r| r.messages), Some(100));
        assert_eq!(ramp.limit(BEGUN, BEGUN.plus(DAY)).map(|r| r.messages), Some(1000));
        assert_eq!(ramp.grows_at(BEGUN, BEGUN.plus(DAY)), BEGUN.plus(2 * DAY));
        // Another node's clock may be behind.
        assert_eq!(ramp.limit(BEGUN, BEGUN.plus(-HOUR)).map(|r| r.messages), Some(100));
    }

    #[test]
    fn what_is_no_ramp_gets_a_sentence_with_the_form() {
        for (text, part) in [
            ("200/d", "is no warming-up"),
            ("200/d to 20000/d", "is no warming-up"),
            ("200/d to 20000/d in", "is no warming-up"),
            ("200/d to 20000/h in 30d", "different spans"),
            ("200/d to 200/d in 30d", "a warming-up grows"),
            ("200/d to 20000/d in 1d", "from 2 to 366 whole days"),
            ("200/d to 20000/d in 36h", "from 2 to 366 whole days"),
            ("many to 20000/d in 30d", "is no limit"),
            ("200/d to 20000/d in a month", "is no duration"),
        ] {
            let said = Ramp::parse(text).unwrap_err();
            assert!(said.contains(part) && said.contains(": write "), "{text}: {said}");
        }
        assert_eq!(Ramp::parse(" none "), Ok(None));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), from in any::<i64>(), now in any::<i64>()) {
            let _ = Ramp::parse(&text);
            let ramp = Ramp::parse("1/d to 1000000000/d in 366d").unwrap().unwrap();
            let limit = ramp.limit(Millis(from), Millis(now));
            prop_assert!(limit.is_none_or(|rate| (1..=1_000_000_000).contains(&rate.messages)));
        }
    }
}
