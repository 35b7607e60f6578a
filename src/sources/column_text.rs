//! Conversion of columns of any database engine to text as a person would write it; NULL is `None`.

use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _, TypeInfo, ValueRef};

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
    if kind.ends_with("[]") {
        let list: Vec<Option<String>> = row.try_get_unchecked(i).ok()?;
        let list: Vec<String> = list.into_iter().flatten().collect();
        return serde_json::to_string(&list).ok();
    }
    raw.as_str().ok().map(str::to_owned)
}

/// Returns a column of a MySQL or MariaDB row as text; `zone` stands behind each TIMESTAMP, which the
/// server prints in the time zone of the session. A DATETIME has no zone.
pub(super) fn mysql(row: &MySqlRow, i: usize, zone: &str) -> Option<String> {
    let raw = row.try_get_raw(i).ok().filter(|v| !v.is_null())?;
    let is_instant = raw.type_info().name() == "TIMESTAMP";
    let text = lossy_text(row, i)?;
    Some(if is_instant { text + zone } else { text })
}

/// Returns the bytes of a column of any type as text, with invalid UTF-8 replaced.
fn lossy_text<R: sqlx::Row>(row: &R, i: usize) -> Option<String>
where
    usize: ColumnIndex<R>,
    for<'r> Vec<u8>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    row.try_get_unchecked::<Vec<u8>, _>(i).ok().map(|v| String::from_utf8_lossy(&v).into_owned())
}
