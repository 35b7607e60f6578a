//! Asking another system's database for what changed since a time, in terms of its own columns.
//!
//! A poll asks again for what is a little older than the newest change it knows: a transaction may have been open, a clock
//! may have been slow. What slips through all the same is found by the next full comparison.

use jiff::tz::TimeZone;

use crate::domain::time::{HOUR, MINUTE, Millis, SECOND};

/// How much is asked for again.
const OVERLAP: i64 = 5 * MINUTE;
/// The first number that counts milliseconds; smaller ones are seconds (see `row::instant`).
const MILLISECONDS: i64 = 100_000_000_000;
/// The first number that counts seconds; smaller ones are dates of eight digits, or nothing.
const SECONDS: i64 = 100_000_000;

/// How a column tells a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// Seconds or milliseconds since 1970.
    Number,
    /// PostgreSQL's timestamptz.
    Instant,
    /// PostgreSQL's timestamp, in the source's zone.
    Civil,
    /// MySQL's TIMESTAMP, which our session sees in UTC.
    MySqlInstant,
    /// MySQL's DATETIME, in the source's zone.
    MySqlCivil,
}

impl Stamp {
    /// What a column of this type tells, where it can be compared with a time.
    pub(super) fn of(scheme: &str, type_name: &str) -> Option<Self> {
        Some(match (scheme, type_name) {
            (
                _,
                "INTEGER" | "INT" | "INT4" | "INT8" | "BIGINT" | "INT UNSIGNED" | "BIGINT UNSIGNED",
            ) => Self::Number,
            ("postgres" | "postgresql", "TIMESTAMPTZ") => Self::Instant,
            ("postgres" | "postgresql", "TIMESTAMP") => Self::Civil,
            ("mysql", "TIMESTAMP") => Self::MySqlInstant,
            ("mysql", "DATETIME") => Self::MySqlCivil,
            _ => return None,
        })
    }

    /// A condition that holds where the column tells a time from `mark` on, less the overlap, or none that counts.
    pub(super) fn since(self, column: &str, mark: Millis, zone: &TimeZone) -> String {
        let begin = earlier(mark);
        // An hour comes twice in autumn, and a time without a zone does not say which.
        let hour_before = begin.plus(-HOUR);
        match self {
            Self::Number => {
                let (ms, s) = (begin.0, begin.0.div_euclid(SECOND));
                format!(
                    "{column} IS NULL OR {column} < {SECONDS} OR ({column} < {MILLISECONDS} AND {column} >= {s}) OR ({column} >= {MILLISECONDS} AND {column} >= {ms})"
                )
            }
            Self::Instant => format!(
                "{column} IS NULL OR {column} >= TIMESTAMPTZ '{}Z'",
                civil(begin, &TimeZone::UTC)
            ),
            Self::Civil => {
                format!("{column} IS NULL OR {column} >= TIMESTAMP '{}'", civil(hour_before, zone))
            }
            Self::MySqlInstant => mysql(column, &civil(begin, &TimeZone::UTC)),
            Self::MySqlCivil => mysql(column, &civil(hour_before, zone)),
        }
    }
}

/// The time from which on is asked again.
pub(super) fn earlier(mark: Millis) -> Millis {
    mark.plus(-OVERLAP)
}

/// The date and time of an instant in a zone, as every SQL reads it.
pub(super) fn civil(at: Millis, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A condition on a DATETIME of MySQL's, for which the zero date is nothing.
pub(super) fn mysql(column: &str, begin: &str) -> String {
    format!("{column} IS NULL OR {column} < '1000-01-01 00:00:00' OR {column} >= '{begin}'")
}

/// A query of its rows that changed, or came out, from `mark` on; none where its columns can't tell.
pub(super) fn narrowed(
    scheme: &str,
    query: &str,
    columns: &[(String, String)],
    mark: Millis,
    zone: &TimeZone,
) -> Option<String> {
    let stamp = |name: &str| {
        Stamp::of(
            scheme,
            columns.iter().find(|(column, _)| column == name).map(|(_, kind)| kind.as_str())?,
        )
    };
    let (updated, published) = (stamp("updated_at")?, stamp("published_at")?);
    // A query may show a row only once its date has come, long after its last change.
    let (changed, came_out) =
        (updated.since("q.updated_at", mark, zone), published.since("q.published_at", mark, zone));
    let query = query.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    Some(format!("SELECT * FROM (\n{query}\n) AS q WHERE {changed} OR {came_out}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(updated: &str) -> Vec<(String, String)> {
        [("id", "TEXT"), ("published_at", "TIMESTAMPTZ"), ("updated_at", updated)]
            .map(|(n, k)| (n.to_owned(), k.to_owned()))
            .into()
    }

    #[test]
    fn only_a_query_whose_times_are_times_is_asked_for_changes() {
        let mark = Millis(1_790_152_800_000);
        let narrowed = |kind: &str| {
            narrowed("postgres", "SELECT 1 -- all\n;", &columns(kind), mark, &TimeZone::UTC)
        };
        assert_eq!(narrowed("TEXT"), None);
        assert_eq!(narrowed("DATE"), None);
        let text = narrowed("TIMESTAMPTZ").unwrap();
        assert!(
            text.starts_with(
                "SELECT * FROM (\nSELECT 1 -- all\n) AS q WHERE q.updated_at IS NULL OR"
            ),
            "{text}"
        );
        assert!(text.contains("q.updated_at >= TIMESTAMPTZ '2026-09-23 08:35:00Z'"), "{text}");
        assert!(text.contains("OR q.published_at >= TIMESTAMPTZ"), "{text}");
    }

    #[test]
    fn a_time_without_a_zone_is_asked_for_in_the_sources_zone_and_an_hour_earlier() {
        let text = Stamp::MySqlCivil.since(
            "u",
            Millis(1_790_152_800_000),
            &TimeZone::get("Asia/Shanghai").unwrap(),
        );
        assert!(text.ends_with("u >= '2026-09-23 15:35:00'"), "{text}");
    }
}
