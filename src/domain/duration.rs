//! Parsing and formatting of durations: `30s`, `5m`, `2h`, `30d`, `4w`.

use super::time::{DAY, HOUR, MINUTE, SECOND};

/// Units with their lengths in milliseconds, longest first.
const UNITS: [(char, i64); 5] =
    [('w', 7 * DAY), ('d', DAY), ('h', HOUR), ('m', MINUTE), ('s', SECOND)];

/// Maximum duration, 100 years in milliseconds, so that sums cannot overflow.
const MAX_DURATION: i64 = 100 * 366 * DAY;

/// Parses a whole number with a unit into milliseconds.
pub fn parse(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let error = || {
        format!(
            "`{text}` is not a valid duration; write a whole number and a unit, for example 30s, 5m, 2h, 30d or 4w"
        )
    };
    let unit = text.chars().next_back().ok_or_else(error)?;
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(error)?;
    let digits = text.strip_suffix(unit).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(error());
    }
    let total = digits.parse::<i64>().ok().and_then(|count| count.checked_mul(*length));
    total
        .filter(|ms| *ms <= MAX_DURATION)
        .ok_or_else(|| format!("`{text}` is too long: the maximum is 100 years"))
}

/// Formats milliseconds in the longest unit that divides them, without fractions of a second.
pub fn format(ms: i64) -> String {
    let (unit, length) = UNITS
        .iter()
        .find(|(_, length)| ms != 0 && ms % length == 0)
        .copied()
        .unwrap_or(('s', SECOND));
    format!("{}{unit}", ms / length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_units_are_parsed() {
        let read = ["30s", "5m", "2h", "30d", "4w", " 0s "].map(|text| parse(text).unwrap());
        assert_eq!(read, [30_000, 300_000, 7_200_000, 2_592_000_000, 2_419_200_000, 0]);
    }

    #[test]
    fn invalid_durations_are_rejected() {
        for text in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "+5m",
            "1.5h",
            "5min",
            "5M",
            "٣m",
            "5é",
            "99999999999999999999w",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(&format!("`{text}` is ")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn formatted_durations_parse_to_the_same_value(seconds in 0..100_000_000_i64) {
            prop_assert_eq!(parse(&format(seconds * SECOND)), Ok(seconds * SECOND));
        }

        #[test]
        fn arbitrary_text_never_panics(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
