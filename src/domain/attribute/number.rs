//! Decimal numbers with six decimal places, which both engines and Rust compare alike.

use std::fmt;

use serde_json::Value as Json;

/// Number of decimal places.
const DECIMAL_PLACES: usize = 6;
/// Number of millionths of one.
const SCALE: i64 = 1_000_000;

/// A decimal number, held as an integer number of millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(i64);

impl Number {
    /// Parses a number such as `12` or `-3.5`; `None` if it has more decimal places or is too large.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || fraction.len() > DECIMAL_PLACES {
            return None;
        }
        let fraction: i64 = format!("{fraction:0<DECIMAL_PLACES$}").parse().ok()?;
        let whole: i64 = whole.parse().ok()?;
        let millionths = whole.checked_mul(sign * SCALE)?.checked_add(sign * fraction)?;
        Some(Self(millionths))
    }

    /// Returns the number of this many millionths.
    pub fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// Returns the number in millionths.
    pub fn millionths(self) -> i64 {
        self.0
    }

    /// Returns the number as JSON: an integer if it has no decimal places.
    pub fn to_json(self) -> Json {
        if self.0 % SCALE == 0 {
            return Json::from(self.0 / SCALE);
        }
        // The shortest text of a JSON number is its decimal form.
        serde_json::from_str(&self.to_string()).unwrap_or(Json::Null)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0.unsigned_abs() / SCALE.unsigned_abs(), self.0 % SCALE);
        let sign = if self.0 < 0 { "-" } else { "" };
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{:0DECIMAL_PLACES$}", fraction.unsigned_abs());
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_decimal_places() {
        for (text, expected) in [
            ("12", "12"),
            ("-3.50", "-3.5"),
            ("+0.000001", "0.000001"),
            ("-0.25", "-0.25"),
            ("007", "7"),
            ("9223372036854.775807", "9223372036854.775807"),
        ] {
            assert_eq!(Number::parse(text).unwrap().to_string(), expected);
        }
        for text in ["", "-", ".5", "5.", "1e3", "1.0000001", "9223372036855", "１", "1 000"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert_eq!(Number::parse("3.0").unwrap().to_json().to_string(), "3");
        assert_eq!(Number::parse("-2.75").unwrap().to_json().to_string(), "-2.75");
    }
}
