//! Parsing and formatting of durations: `30s`, `5m`, `2h`, `30d`, `4w`.

use super::time::{DAY, HOUR, MINUTE, SECOND, SignedDuration, as_millis_i64};

/// Units with their lengths, longest first.
const UNITS: [(char, SignedDuration); 5] = [
    ('w', SignedDuration::from_hours(7 * 24)),
    ('d', DAY),
    ('h', HOUR),
    ('m', MINUTE),
    ('s', SECOND),
];

/// Maximum duration, 100 years, so that sums cannot overflow.
const MAX_DURATION: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

/// Parses a whole number with a unit.
pub fn parse(text: &str) -> Result<SignedDuration, String> {
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
    let total =
        digits.parse::<i64>().ok().and_then(|count| count.checked_mul(as_millis_i64(*length)));
    total
        .map(SignedDuration::from_millis)
        .filter(|duration| *duration <= MAX_DURATION)
        .ok_or_else(|| format!("`{text}` is too long: the maximum is 100 years"))
}

/// Formats a duration in the longest unit that divides it, without fractions of a second.
pub fn format(duration: SignedDuration) -> String {
    let ms = as_millis_i64(duration);
    let (unit, length) = UNITS
        .map(|(unit, length)| (unit, as_millis_i64(length)))
        .into_iter()
        .find(|(_, length)| ms != 0 && ms % length == 0)
        .unwrap_or(('s', 1_000));
    format!("{}{unit}", ms / length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_units_are_parsed() {
        let read = ["30s", "5m", "2h", "30d", "4w", " 0s "].map(|text| parse(text).unwrap());
        let expected = [30_000, 300_000, 7_200_000, 2_592_000_000, 2_419_200_000, 0];
        assert_eq!(read, expected.map(SignedDuration::from_millis));
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
            let duration = SignedDuration::from_secs(seconds);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn arbitrary_text_never_panics(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
