//! Rate limits: messages per span of time, written as `50/s, 20000/d`.

use std::fmt;

use super::time::{DAY, HOUR, MINUTE, SECOND, SignedDuration};

/// Units with their lengths.
const SPANS: [(&str, SignedDuration); 4] = [("s", SECOND), ("m", MINUTE), ("h", HOUR), ("d", DAY)];

/// A limit of messages per span, across all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Maximum number of messages, at least one.
    pub messages: i64,
    /// Span of the limit: a second, a minute, an hour or a day.
    pub span: SignedDuration,
}

/// Error for two limits with the same span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DuplicateSpan;

impl Rate {
    /// Parses one limit, for example `50/s`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let error = || {
            format!(
                "`{text}` is not a valid limit; write a number and /s, /m, /h or /d, for example 50/s"
            )
        };
        let (count, unit) = text.split_once('/').ok_or_else(error)?;
        let (_, span) =
            SPANS.into_iter().find(|(name, _)| *name == unit.trim()).ok_or_else(error)?;
        let count = count.trim();
        let is_number = count.bytes().all(|b| b.is_ascii_digit());
        let messages = count
            .parse()
            .ok()
            .filter(|n: &i64| is_number && (1..=1_000_000_000).contains(n))
            .ok_or_else(error)?;
        Ok(Self { messages, span })
    }

    /// Parses `none`, or limits separated by commas with distinct spans.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let mut rates: Vec<Self> = Vec::new();
        if text.trim() == "none" {
            return Ok(rates);
        }
        for rate in text.split(',') {
            Self::parse(rate)?
                .add_to(&mut rates)
                .map_err(|DuplicateSpan| format!("`{text}` has two limits for the same span"))?;
        }
        Ok(rates)
    }

    /// Adds the limit to `rates`, unless one of them has the same span.
    pub(super) fn add_to(self, rates: &mut Vec<Self>) -> Result<(), DuplicateSpan> {
        if rates.iter().any(|rate| rate.span == self.span) {
            return Err(DuplicateSpan);
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
    fn limits_are_parsed_and_formatted() {
        let rates = Rate::parse_list(" 50/s, 20000 / d").unwrap();
        assert_eq!(
            rates,
            [Rate { messages: 50, span: SECOND }, Rate { messages: 20_000, span: DAY }]
        );
        assert_eq!(rates[1].to_string(), "20000/d");
        assert_eq!(Rate::parse_list("none"), Ok(Vec::new()));
    }

    #[test]
    fn invalid_limits_are_rejected() {
        for text in
            ["", "50", "50/", "/s", "0/s", "-1/s", "+1/s", "1.5/s", "5/w", "50/s,", "1000000001/d"]
        {
            assert!(
                Rate::parse_list(text).unwrap_err().contains("is not a valid limit; write"),
                "{text}"
            );
        }
        assert!(Rate::parse_list("5/s, 6/s").unwrap_err().contains("two limits"));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in any::<String>()) {
            let _ = Rate::parse_list(&text);
        }
    }
}
