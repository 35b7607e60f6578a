//! SQL conditions that select the rows of a source database that changed since a watermark.
//!
//! The condition starts some minutes before the watermark, because a transaction may have been open
//! or a clock may have been slow. Changes missed in spite of that are found by the next full sync.

use jiff::tz::TimeZone;

use crate::domain::time::{DAY, HOUR, Millis, SignedDuration};

/// Time before the watermark that is read again.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// Further time before the watermark from which the publication dates of a CMS are read again.
const PUBLICATION_OVERLAP: SignedDuration = DAY;
/// Smallest number that is read as milliseconds; smaller ones are seconds (see
/// `timestamps::parse_instant`).
const MIN_EPOCH_MILLIS: i64 = 100_000_000_000;
/// Smallest number that is read as seconds; smaller ones are dates of eight digits, or not a time.
const MIN_EPOCH_SECONDS: i64 = 100_000_000;

/// Type of a column that holds a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimestampKind {
    /// Seconds or milliseconds since the Unix epoch.
    Epoch,
    /// PostgreSQL `timestamptz`, an instant.
    PgTimestamptz,
    /// PostgreSQL `timestamp`, a local time in the source's zone.
    PgTimestamp,
    /// MySQL `TIMESTAMP`, which is compared in the time zone of the session.
    MySqlTimestamp,
    /// MySQL `DATETIME`, a local time in the source's zone.
    MySqlDatetime,
}

impl TimestampKind {
    /// Returns the kind of a column type; `None` if it cannot be compared with a time.
    pub(super) fn from_column_type(scheme: &str, type_name: &str) -> Option<Self> {
        Some(match (scheme, type_name) {
            (
                _,
                "INTEGER" | "INT" | "INT4" | "INT8" | "BIGINT" | "INT UNSIGNED" | "BIGINT UNSIGNED",
            ) => Self::Epoch,
            ("postgres" | "postgresql", "TIMESTAMPTZ") => Self::PgTimestamptz,
            ("postgres" | "postgresql", "TIMESTAMP") => Self::PgTimestamp,
            ("mysql", "TIMESTAMP") => Self::MySqlTimestamp,
            ("mysql", "DATETIME") => Self::MySqlDatetime,
            _ => return None,
        })
    }

    /// Returns a condition that holds for times since the watermark, less the overlap, and for
    /// values that are not a valid time. A TIMESTAMP of MySQL is compared in `session_zone`.
    pub(super) fn condition_since(
        self,
        column: &str,
        watermark: Millis,
        zone: &TimeZone,
        session_zone: &TimeZone,
    ) -> String {
        let start = overlap_start(watermark);
        // One hour occurs twice when daylight saving ends; a local time is ambiguous then.
        let hour_before = start.plus(-HOUR);
        match self {
            Self::Epoch => {
                let (ms, s) = (start.0, start.epoch_seconds());
                format!(
                    "{column} IS NULL OR {column} < {MIN_EPOCH_SECONDS} OR ({column} < {MIN_EPOCH_MILLIS} AND {column} >= {s}) OR ({column} >= {MIN_EPOCH_MILLIS} AND {column} >= {ms})"
                )
            }
            Self::PgTimestamptz => format!(
                "{column} IS NULL OR {column} >= TIMESTAMPTZ '{}Z'",
                sql_datetime(start, &TimeZone::UTC)
            ),
            Self::PgTimestamp => {
                format!(
                    "{column} IS NULL OR {column} >= TIMESTAMP '{}'",
                    sql_datetime(hour_before, zone)
                )
            }
            Self::MySqlTimestamp => {
                mysql_condition(column, &sql_datetime(hour_before, session_zone))
            }
            Self::MySqlDatetime => mysql_condition(column, &sql_datetime(hour_before, zone)),
        }
    }
}

/// Returns the time from which rows are read again.
pub(super) fn overlap_start(watermark: Millis) -> Millis {
    watermark.plus(-OVERLAP)
}

/// Returns the watermark for the publication dates of a CMS, which may publish a scheduled entry
/// late and without a new change time.
pub(super) fn publication_watermark(watermark: Millis) -> Millis {
    watermark.plus(-PUBLICATION_OVERLAP)
}

/// Returns the date and time of an instant in a zone as `YYYY-MM-DD HH:MM:SS`.
pub(super) fn sql_datetime(at: Millis, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns a condition on a MySQL `DATETIME` column that also holds for the zero date.
pub(super) fn mysql_condition(column: &str, start: &str) -> String {
    format!("{column} IS NULL OR {column} < '1000-01-01 00:00:00' OR {column} >= '{start}'")
}

/// Restricts a query to rows that changed or were published since the watermark; `None` if its
/// columns do not have suitable types.
pub(super) fn incremental_query(
    scheme: &str,
    query: &str,
    columns: &[(String, String)],
    watermark: Millis,
    zone: &TimeZone,
    session_zone: &TimeZone,
) -> Option<String> {
    let timestamp_kind = |name: &str| {
        TimestampKind::from_column_type(
            scheme,
            columns.iter().find(|(column, _)| column == name).map(|(_, kind)| kind.as_str())?,
        )
    };
    let (updated, published) = (timestamp_kind("updated_at")?, timestamp_kind("published_at")?);
    // A query may return a row only after its publication date, long after its last change.
    let changed = updated.condition_since("q.updated_at", watermark, zone, session_zone);
    let published = published.condition_since("q.published_at", watermark, zone, session_zone);
    let query = query.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    Some(format!("SELECT * FROM (\n{query}\n) AS q WHERE {changed} OR {published}"))
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
    fn only_queries_with_timestamp_columns_are_incremental() {
        let watermark = Millis(1_790_152_800_000);
        let restricted = |kind: &str| {
            incremental_query(
                "postgres",
                "SELECT 1 -- all\n;",
                &columns(kind),
                watermark,
                &TimeZone::UTC,
                &TimeZone::UTC,
            )
        };
        assert_eq!(restricted("TEXT"), None);
        assert_eq!(restricted("DATE"), None);
        let text = restricted("TIMESTAMPTZ").unwrap();
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
    fn local_datetimes_use_the_source_zone_and_one_extra_hour() {
        let (zone, utc) = (TimeZone::get("Asia/Shanghai").unwrap(), TimeZone::UTC);
        let condition =
            |kind: TimestampKind| kind.condition_since("u", Millis(1_790_152_800_000), &zone, &utc);
        let text = condition(TimestampKind::MySqlDatetime);
        assert!(text.ends_with("u >= '2026-09-23 15:35:00'"), "{text}");
        let text = condition(TimestampKind::MySqlTimestamp);
        assert!(text.ends_with("u >= '2026-09-23 07:35:00'"), "{text}");
    }
}
