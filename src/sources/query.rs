//! The `query` source: one row an article, out of SQLite, PostgreSQL, MySQL or MariaDB, in a read-only session.

use std::str::FromStr;

use anyhow::{Context, anyhow, bail};
use futures_util::TryStreamExt;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Column, ColumnIndex, ConnectOptions, Connection, Executor, Row as _, SqlSafeStr, Statement, TypeInfo, ValueRef};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::foreign::{SILENCE, connected, heard, open_mysql};
use super::row::{Row, check_columns, draft, id};
use crate::config::Source;
use crate::domain::article::Found;

/// Steps of SQLite between two looks at whether anybody still waits for the answer.
const STEPS: i32 = 10_000;
const NEEDED: [&str; 3] = ["id", "title", "published_at"];

/// Reads every row and tells the article it holds.
pub(crate) async fn read(source: &Source, found: Sender<Found>) -> anyhow::Result<()> {
    let (url, query) = parts(source)?;
    let (name, given_up) = (&source.name, CancellationToken::new());
    let _gives_up_when_dropped = given_up.clone().drop_guard();
    match scheme(url) {
        "sqlite" => each_of_sqlite(source, open_sqlite(name, url, given_up).await?, query, found).await,
        "postgres" | "postgresql" => each_of_postgres(source, open_postgres(name, url).await?, query, found).await,
        _ => each_of_mysql(source, open_mysql(name, url).await?, query, found).await,
    }
}

/// Whether the query can run and has the columns it needs, without reading rows.
pub(crate) async fn check(source: &Source) -> anyhow::Result<()> {
    let (url, query) = parts(source)?;
    let name = &source.name;
    let columns = match scheme(url) {
        "sqlite" => columns(source, &mut open_sqlite(name, url, CancellationToken::new()).await?, query).await,
        "postgres" | "postgresql" => columns(source, &mut open_postgres(name, url).await?, query).await,
        _ => columns(source, &mut open_mysql(name, url).await?, query).await,
    }?;
    check_columns(&columns, &NEEDED, source.article_url.as_deref()).map_err(|why| anyhow!("source {}: query: {why}", source.name))
}

fn parts(source: &Source) -> anyhow::Result<(&str, &str)> {
    match (&source.url, &source.query) {
        (Some(url), Some(query)) => Ok((url, query)),
        _ => bail!("source {}: kind query needs url and query", source.name),
    }
}

fn scheme(url: &str) -> &str {
    url.split("://").next().unwrap_or_default()
}

/// The names of a query's columns, in lower case.
async fn columns<C: Connection>(source: &Source, connection: &mut C, query: &str) -> anyhow::Result<Vec<String>>
where
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
{
    let text = AssertSqlSafe(query.to_owned()).into_sql_str();
    let statement = heard(SILENCE, connection.prepare(text)).await.map_err(|e| said(source, &e))?;
    Ok(statement.columns().iter().map(|c| c.name().to_lowercase()).collect())
}

/// The database's words about a query, without sqlx's wrapping.
fn said(source: &Source, e: &sqlx::Error) -> anyhow::Error {
    match e {
        sqlx::Error::Database(d) => anyhow!("source {}: the query was refused: {}", source.name, d.message()),
        other => anyhow!("source {}: the query failed: {other}", source.name),
    }
}

/// SQLite works in a thread of its own, which ends when `given_up` fires.
async fn open_sqlite(source: &str, url: &str, given_up: CancellationToken) -> anyhow::Result<SqliteConnection> {
    let path = url.strip_prefix("sqlite://").unwrap_or(url);
    let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    let mut connection = connected(source, url, options.connect()).await?;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || !given_up.is_cancelled());
    Ok(connection)
}

async fn open_postgres(source: &str, url: &str) -> anyhow::Result<PgConnection> {
    let options = PgConnectOptions::from_str(url)
        .with_context(|| format!("source {source}: url is no PostgreSQL address"))?
        .application_name("courant")
        .options([("default_transaction_read_only", "on"), ("bytea_output", "hex")])
        .disable_statement_logging();
    connected(source, url, options.connect()).await
}

/// Reads a query of one engine; `$cell` turns a row's column into text, or nothing for null.
macro_rules! each_of {
    ($name:ident, $connection:ty, $cell:path) => {
        async fn $name(source: &Source, mut connection: $connection, query: &str, found: Sender<Found>) -> anyhow::Result<()> {
            let columns = columns(source, &mut connection, query).await?;
            check_columns(&columns, &NEEDED, source.article_url.as_deref())
                .map_err(|why| anyhow!("source {}: query: {why}", source.name))?;
            // The text protocol: every type of the foreign database arrives as it would be printed.
            let mut rows = sqlx::raw_sql(AssertSqlSafe(query.to_owned()).into_sql_str()).fetch(&mut connection);
            let mut number = 0_u64;
            while let Some(record) = heard(SILENCE, rows.try_next()).await.map_err(|e| said(source, &e))? {
                number += 1;
                let row: Row = columns.iter().enumerate().filter_map(|(i, name)| Some((name.clone(), $cell(&record, i)?))).collect();
                // As the article itself would be named: a refused row must not make the known article vanish.
                let id = id(&row).unwrap_or_else(|| format!("row {number}"));
                let told = match draft(&row, &source.timezone, source.article_url.as_deref()) {
                    Ok(draft) => Found::Article(Box::new(draft)),
                    Err(reason) => Found::Refused { id, reason },
                };
                if found.send(told).await.is_err() {
                    return Ok(());
                }
            }
            drop(rows);
            heard(SILENCE, connection.close()).await.ok();
            Ok(())
        }
    };
}

each_of!(each_of_sqlite, SqliteConnection, sqlite_cell);
each_of!(each_of_postgres, PgConnection, postgres_cell);
each_of!(each_of_mysql, MySqlConnection, mysql_cell);

fn sqlite_cell(row: &sqlx::sqlite::SqliteRow, i: usize) -> Option<String> {
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

fn postgres_cell(row: &sqlx::postgres::PgRow, i: usize) -> Option<String> {
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

fn mysql_cell(row: &sqlx::mysql::MySqlRow, i: usize) -> Option<String> {
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
