//! Durations as people write them: `30s`, `5m`, `2h`, `30d`, `4w`.

use super::time::{DAY, HOUR, MINUTE, SECOND};

/// The units, longest first.
const UNITS: [(char, i64); 5] =
    [('w', 7 * DAY), ('d', DAY), ('h', HOUR), ('m', MINUTE), ('s', SECOND)];

/// Longer than this nothing here waits, and sums with it stay far from overflowing.
const LONGEST: i64 = 100 * 366 * DAY;

/// Reads one whole number with its unit into milliseconds.
pub fn parse(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let refusal = || {
        format!(
            "`{text}` is no duration: write a whole number and a unit, as in 30s, 5m, 2h, 30d or 4w"
        )
    };
    let unit = text.chars().next_back().ok_or_else(refusal)?;
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refusal)?;
    let digits = text.strip_suffix(unit).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refusal());
    }
    let total = digits.parse::<i64>().ok().and_then(|count| count.checked_mul(*length));
    total
        .filter(|ms| *ms <= LONGEST)
        .ok_or_else(|| format!("`{text}` is longer than a hundred years"))
}

/// Writes milliseconds in the longest unit that holds them without a rest; a fraction of a second is dropped.
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
    fn every_unit_is_read() {
        let read = ["30s", "5m", "2h", "30d", "4w", " 0s "].map(|text| parse(text).unwrap());
        assert_eq!(read, [30_000, 300_000, 7_200_000, 2_592_000_000, 2_419_200_000, 0]);
    }

    #[test]
    fn what_is_no_duration_gets_a_sentence() {
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
            let said = parse(text).unwrap_err();
            assert!(said.starts_with(&format!("`{text}` is ")), "{said}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in 0..100_000_000_i64) {
            prop_assert_eq!(parse(&format(seconds * SECOND)), Ok(seconds * SECOND));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
