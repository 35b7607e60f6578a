//! Times inside stored texts, such as records of consent, in the form that people read.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::time::Millis;

/// Punctuation that may follow a time.
const TRAILING: [char; 6] = [' ', ',', ';', '.', ')', '\n'];

/// Returns a text whose times in UTC (RFC 3339) are local times in a zone.
pub fn with_local_times(text: &str, zone: &TimeZone) -> String {
    text.split_inclusive([' ', '\n'])
        .map(|word| {
            let opened = word.trim_start_matches('(');
            let bare = opened.trim_end_matches(TRAILING);
            match bare.parse::<Timestamp>() {
                Ok(at) => word.replacen(bare, &Millis::from(at).in_zone(zone), 1),
                Err(_) => word.to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_change_and_the_text_around_them_stays() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        for (text, expected) in [
            ("added by an admin, 2026-09-21T18:40:00Z", "added by an admin, 2026-09-22 02:40"),
            ("(2026-09-21T08:40:00.123Z); form Z, 12Z", "(2026-09-21 16:40); form Z, 12Z"),
            ("on 2026-09-21T08:40:00Z, by\nphone  ", "on 2026-09-21 16:40, by\nphone  "),
            ("", ""),
        ] {
            assert_eq!(with_local_times(text, &zone), expected);
        }
    }
}
