//! Statements around a query of MySQL or MariaDB, with which every row and every TIMESTAMP arrives
//! whole.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Types whose values may have 16 MB or more. The protocol cannot tell a row that begins with such a
/// value from the end of the rows.
const LARGE_TYPES: [&str; 10] = [
    "TINYTEXT",
    "TEXT",
    "MEDIUMTEXT",
    "LONGTEXT",
    "TINYBLOB",
    "BLOB",
    "MEDIUMBLOB",
    "LONGBLOB",
    "JSON",
    "GEOMETRY",
];
/// Columns whose values are times.
const TIMES: [&str; 2] = ["published_at", "updated_at"];
/// Start of the period, in epoch seconds, in which repeated hours matter: 2000-01-01.
const REPEATED_HOURS_START: i64 = 946_684_800;

/// Returns `true` if the first of these columns, with name and type, may hold 16 MB or more.
pub(super) fn begins_large(columns: &[(String, String)]) -> bool {
    columns.first().is_some_and(|(_, kind)| LARGE_TYPES.contains(&kind.as_str()))
}

/// Returns a statement with the rows of a query that begin with `id`, and in which a TIMESTAMP is a
/// number if `zone` repeats hours; with the statement, its column names in their order. `None` if
/// the query can be read as it is.
pub(super) fn projection(
    query: &str,
    columns: &[(String, String)],
    zone: &TimeZone,
) -> Option<(String, Vec<String>)> {
    let repeats_hours = Timestamp::from_second(REPEATED_HOURS_START)
        .is_ok_and(|start| zone.following(start).next().is_some());
    let is_number =
        |name: &str, kind: &str| repeats_hours && kind == "TIMESTAMP" && TIMES.contains(&name);
    if !begins_large(columns) && !columns.iter().any(|(name, kind)| is_number(name, kind)) {
        return None;
    }
    let (mut ordered, rest): (Vec<_>, Vec<_>) = columns.iter().partition(|(name, _)| name == "id");
    ordered.extend(rest);
    let expressions: Vec<String> = ordered
        .iter()
        .map(|(name, kind)| {
            let column = format!("q.`{}`", name.replace('`', "``"));
            if is_number(name, kind) {
                format!("UNIX_TIMESTAMP({column}) AS `{name}`")
            } else if name == "id" && LARGE_TYPES.contains(&kind.as_str()) {
                // Longer ids are rejected anyway.
                format!("LEFT({column}, 2000) AS `{name}`")
            } else {
                column
            }
        })
        .collect();
    let query = query.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    let text = format!("SELECT {} FROM (\n{query}\n) AS q", expressions.join(", "));
    Some((text, ordered.into_iter().map(|(name, _)| name.clone()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
    }

    fn text(list: &[(&str, &str)], zone: &str) -> Option<String> {
        let zone = TimeZone::get(zone).unwrap();
        projection("SELECT 1;", &columns(list), &zone).map(|(text, _)| text)
    }

    #[test]
    fn a_large_first_column_is_read_after_the_id() {
        let list = [("body_html", "BLOB"), ("id", "INT"), ("published_at", "TIMESTAMP")];
        assert_eq!(
            text(&list, "Asia/Shanghai").unwrap(),
            "SELECT q.`id`, q.`body_html`, q.`published_at` FROM (\nSELECT 1\n) AS q"
        );
        assert_eq!(text(&[("id", "INT"), ("body_html", "BLOB")], "Asia/Shanghai"), None);
        assert!(text(&[("id", "TEXT")], "UTC").unwrap().contains("LEFT(q.`id`, 2000) AS `id`"));
    }

    #[test]
    fn a_timestamp_of_a_zone_with_repeated_hours_is_read_as_a_number() {
        let list = [("id", "INT"), ("published_at", "TIMESTAMP"), ("updated_at", "DATETIME")];
        let text = text(&list, "Europe/Berlin").unwrap();
        assert!(
            text.contains("UNIX_TIMESTAMP(q.`published_at`) AS `published_at`, q.`updated_at`")
        );
    }
}
