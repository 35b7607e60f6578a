//! Limits of messages in a span of time, as people write them: `50/s, 20000/d`.

use std::fmt;

use super::time::{DAY, HOUR, MINUTE, SECOND};

/// The spans there are.
const SPANS: [(&str, i64); 4] = [("s", SECOND), ("m", MINUTE), ("h", HOUR), ("d", DAY)];

/// A limit of messages in a span, for all nodes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many messages, one at least.
    pub messages: i64,
    /// In how many milliseconds: a second, a minute, an hour or a day.
    pub span: i64,
}

impl Rate {
    /// Reads one limit, as `50/s`; refuses with a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let refusal = || {
            format!(
                "`{text}` is no limit: write a number and /s, /m, /h or /d, as in \"50/s, 20000/d\", or \"none\""
            )
        };
        let (count, unit) = text.split_once('/').ok_or_else(refusal)?;
        let (_, span) =
            SPANS.into_iter().find(|(name, _)| *name == unit.trim()).ok_or_else(refusal)?;
        let count = count.trim();
        let is_number = count.bytes().all(|b| b.is_ascii_digit());
        let messages = count
            .parse()
            .ok()
            .filter(|n: &i64| is_number && (1..=1_000_000_000).contains(n))
            .ok_or_else(refusal)?;
        Ok(Self { messages, span })
    }

    /// Reads `none`, or limits with commas between them, each for a span of its own.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let mut rates: Vec<Self> = Vec::new();
        if text.trim() == "none" {
            return Ok(rates);
        }
        for rate in text.split(',') {
            Self::parse(rate)?
                .join(&mut rates)
                .map_err(|()| format!("`{text}` has two limits for the same span"))?;
        }
        Ok(rates)
    }

    /// Adds itself to limits of other spans; an error if this span has one.
    pub(super) fn join(self, rates: &mut Vec<Self>) -> Result<(), ()> {
        if rates.iter().any(|rate| rate.span == self.span) {
            return Err(());
        }
        rates.push(self);
        Ok(())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = SPANS.iter().find(|(_, span)| *span == self.span).map_or("?", |(name, _)| *name);
        write!(f, "{}/{unit}", self.messages)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limits_are_read_and_written() {
        let rates = Rate::parse_list(" 50/s, 20000 / d").unwrap();
        assert_eq!(
            rates,
            [Rate { messages: 50, span: SECOND }, Rate { messages: 20_000, span: DAY }]
        );
        assert_eq!(rates[1].to_string(), "20000/d");
        assert_eq!(Rate::parse_list("none"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_limit_gets_a_sentence() {
        for text in
            ["", "50", "50/", "/s", "0/s", "-1/s", "+1/s", "1.5/s", "5/w", "50/s,", "1000000001/d"]
        {
            assert!(Rate::parse_list(text).unwrap_err().contains("is no limit: write"), "{text}");
        }
        assert!(Rate::parse_list("5/s, 6/s").unwrap_err().contains("two limits"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = Rate::parse_list(&text);
        }
    }
}
