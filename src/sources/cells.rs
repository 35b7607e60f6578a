//! Columns of any engine as the text a person would read in them; null is nothing.

use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _, TypeInfo, ValueRef};

/// A column of SQLite's.
pub(super) fn sqlite(row: &SqliteRow, i: usize) -> Option<String> {
    let raw = row.try_get_raw(i).ok()?;
    if raw.is_null() {
        return None;
    }
    let kind = raw.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(i).ok().map(|v| v.to_string()),
        "REAL" => row.try_get_unchecked::<f64, _>(i).ok().map(|v| v.to_string()),
        _ => bytes(row, i),
    }
}

/// A column of PostgreSQL's.
pub(super) fn postgres(row: &PgRow, i: usize) -> Option<String> {
    let raw = row.try_get_raw(i).ok().filter(|v| !v.is_null())?;
    let kind = raw.type_info().name().to_owned();
    // What PostgreSQL prints of these two is its own notation, and sqlx reads both from it.
    if kind == "BYTEA" {
        return bytes(row, i);
    }
    if kind.ends_with("[]") {
        let list: Vec<Option<String>> = row.try_get_unchecked(i).ok()?;
        let list: Vec<String> = list.into_iter().flatten().collect();
        return serde_json::to_string(&list).ok();
    }
    raw.as_str().ok().map(str::to_owned)
}

/// A column of MySQL's or MariaDB's.
pub(super) fn mysql(row: &MySqlRow, i: usize) -> Option<String> {
    let raw = row.try_get_raw(i).ok().filter(|v| !v.is_null())?;
    let is_instant = raw.type_info().name() == "TIMESTAMP";
    let text = bytes(row, i)?;
    // sqlx sets the session's zone to UTC, in which a TIMESTAMP is printed; a DATETIME has no zone.
    Some(if is_instant { format!("{text}Z") } else { text })
}

/// Text of a column whatever its declared type; what is not UTF-8 is replaced.
fn bytes<R: sqlx::Row>(row: &R, i: usize) -> Option<String>
where
    usize: ColumnIndex<R>,
    for<'r> Vec<u8>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    row.try_get_unchecked::<Vec<u8>, _>(i).ok().map(|v| String::from_utf8_lossy(&v).into_owned())
}
