//! Conversion of columns of any database engine to text as a person would write it; NULL is `None`.

use serde_json::Value;
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _, TypeInfo, ValueRef};

use super::limits;
use super::list_column::array_values;
use crate::domain::text_repair::decode_windows_1252;

/// Returns a column of a SQLite row as text.
pub(super) fn sqlite(row: &SqliteRow, i: usize) -> Option<String> {
    let raw = row.try_get_raw(i).ok()?;
    if raw.is_null() {
        return None;
    }
    let kind = raw.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(i).ok().map(|v| v.to_string()),
        "REAL" => row.try_get_unchecked::<f64, _>(i).ok().map(|v| v.to_string()),
        _ => lossy_text(row, i),
    }
}

/// Returns a column of a PostgreSQL row as text; arrays become JSON arrays.
pub(super) fn postgres(row: &PgRow, i: usize) -> Option<String> {
    let raw = row.try_get_raw(i).ok().filter(|v| !v.is_null())?;
    let kind = raw.type_info().name().to_owned();
    // PostgreSQL prints this type in its own notation, which sqlx parses.
    if kind == "BYTEA" {
        return lossy_text(row, i);
    }
    let text = raw.as_str().ok()?;
    if kind.ends_with("[]") && limits::check_json(text).is_ok() {
        return array_values(text).map(|values| array_to_json(&kind, values).to_string());
    }
    Some(text.to_owned())
}

/// Returns the values of an array as a JSON array; those of JSON arrays are parsed.
fn array_to_json(kind: &str, values: Vec<String>) -> Value {
    let value = |text: String| {
        let parsed = kind.starts_with("JSON").then(|| serde_json::from_str(&text).ok()).flatten();
        parsed.unwrap_or(Value::String(text))
    };
    values.into_iter().map(value).collect()
}

/// Returns a column of a MySQL or MariaDB row as text; `zone` is appended to each TIMESTAMP, which
/// the server prints in the time zone of the session. A DATETIME has no zone.
pub(super) fn mysql(row: &MySqlRow, i: usize, zone: &str) -> Option<String> {
    let raw = row.try_get_raw(i).ok().filter(|v| !v.is_null())?;
    let is_instant = raw.type_info().name() == "TIMESTAMP";
    let text = mysql_text(&row.try_get_unchecked::<Vec<u8>, _>(i).ok()?);
    Some(if is_instant { text + zone } else { text })
}

/// Returns bytes as UTF-8, and those that are not valid UTF-8 as Windows-1252: a session in latin1
/// returns both from tables that hold both.
pub(super) fn mysql_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| match char::from(*byte) {
            c1 @ '\u{80}'..='\u{9f}' => decode_windows_1252(c1).unwrap_or('\u{fffd}'),
            letter => letter,
        }));
    }
    text
}

/// Returns the bytes of a column of any type as text, with invalid UTF-8 replaced.
fn lossy_text<R: sqlx::Row>(row: &R, i: usize) -> Option<String>
where
    usize: ColumnIndex<R>,
    for<'r> Vec<u8>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    row.try_get_unchecked::<Vec<u8>, _>(i).ok().map(|v| String::from_utf8_lossy(&v).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_are_read_as_windows_1252() {
        assert_eq!(mysql_text("Grüße 校园".as_bytes()), "Grüße 校园");
        assert_eq!(mysql_text(b"Gr\xfc\xdfe \x96 \x80"), "Grüße – €");
    }
}
