//! The `query` source: one row an article, out of SQLite, PostgreSQL, MySQL or MariaDB, in a read-only session.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Column, ColumnIndex, ConnectOptions, Connection, Executor, Row as _, SqlSafeStr, Statement, TypeInfo, ValueRef};
use tokio::sync::mpsc::Sender;

use super::row::{Row, check_columns, draft, id};
use crate::config::Source;
use crate::domain::article::Found;

/// How long a source's database may take to answer a connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const NEEDED: [&str; 3] = ["id", "title", "published_at"];

/// Reads every row and tells the article it holds.
pub(crate) async fn read(source: &Source, found: Sender<Found>) -> anyhow::Result<()> {
    let (url, query) = parts(source)?;
    match scheme(url) {
        "sqlite" => each_of_sqlite(source, open_sqlite(url).await?, query, found).await,
        "postgres" | "postgresql" => each_of_postgres(source, open_postgres(url).await?, query, found).await,
        _ => each_of_mysql(source, open_mysql(url).await?, query, found).await,
    }
}

/// Whether the query can run and has the columns it needs, without reading rows.
pub(crate) async fn check(source: &Source) -> anyhow::Result<()> {
    let (url, query) = parts(source)?;
    let text = || AssertSqlSafe(query.to_owned()).into_sql_str();
    let columns = match scheme(url) {
        "sqlite" => names(open_sqlite(url).await?.prepare(text()).await.map_err(|e| said(source, &e))?.columns()),
        "postgres" | "postgresql" => names(open_postgres(url).await?.prepare(text()).await.map_err(|e| said(source, &e))?.columns()),
        _ => names(open_mysql(url).await?.prepare(text()).await.map_err(|e| said(source, &e))?.columns()),
    };
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

fn names<C: Column>(columns: &[C]) -> Vec<String> {
    columns.iter().map(|c| c.name().to_lowercase()).collect()
}

/// The database's words about a query, without sqlx's wrapping.
fn said(source: &Source, e: &sqlx::Error) -> anyhow::Error {
    match e {
        sqlx::Error::Database(d) => anyhow!("source {}: the query was refused: {}", source.name, d.message()),
        other => anyhow!("source {}: the query failed: {other}", source.name),
    }
}

/// What a person sees of a database's address: no user, no password.
fn place(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(u) => {
            let port = u.port().map(|p| format!(":{p}")).unwrap_or_default();
            format!("{}://{}{port}{}", u.scheme(), u.host_str().unwrap_or("localhost"), u.path())
        }
        Err(_) => scheme(url).to_owned(),
    }
}

/// Waits for a connection, and says in one sentence what hinders it.
pub(crate) async fn connected<C>(url: &str, connecting: impl Future<Output = Result<C, sqlx::Error>>) -> anyhow::Result<C> {
    let place = place(url);
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(sqlx::Error::Database(e))) => Err(anyhow!("{place} refused the connection: {}: see the source's url", e.message())),
        Ok(Err(e)) => Err(anyhow!("cannot reach {place}: {e}: see the source's url")),
        Err(_) => Err(anyhow!("{place} did not answer within {} seconds", PATIENCE.as_secs())),
    }
}

async fn open_sqlite(url: &str) -> anyhow::Result<SqliteConnection> {
    let path = url.strip_prefix("sqlite://").unwrap_or(url);
    let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    connected(url, options.connect()).await
}

async fn open_postgres(url: &str) -> anyhow::Result<PgConnection> {
    let options = PgConnectOptions::from_str(url)
        .context("the source's url is no PostgreSQL address")?
        .application_name("courant")
        .options([("default_transaction_read_only", "on")])
        .disable_statement_logging();
    connected(url, options.connect()).await
}

async fn open_mysql(url: &str) -> anyhow::Result<MySqlConnection> {
    let options = MySqlConnectOptions::from_str(url).context("the source's url is no MySQL address")?.disable_statement_logging();
    let mut connection = connected(url, options.connect()).await?;
    connection.execute("SET SESSION TRANSACTION READ ONLY").await.context("the session could not be made read only")?;
    Ok(connection)
}

/// Reads a query of one engine; `$cell` turns a row's column into text, or nothing for null.
macro_rules! each_of {
    ($name:ident, $connection:ty, $cell:path) => {
        async fn $name(source: &Source, mut connection: $connection, query: &str, found: Sender<Found>) -> anyhow::Result<()> {
            let text = || AssertSqlSafe(query.to_owned()).into_sql_str();
            let columns = names(connection.prepare(text()).await.map_err(|e| said(source, &e))?.columns());
            check_columns(&columns, &NEEDED, source.article_url.as_deref())
                .map_err(|why| anyhow!("source {}: query: {why}", source.name))?;
            // The text protocol: every type of the foreign database arrives as it would be printed.
            let mut rows = sqlx::raw_sql(text()).fetch(&mut connection);
            let mut number = 0_u64;
            while let Some(record) = rows.try_next().await.map_err(|e| said(source, &e))? {
                number += 1;
                let row: Row = columns.iter().enumerate().filter_map(|(i, name)| Some((name.clone(), $cell(&record, i)?))).collect();
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
            connection.close().await.ok();
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
    row.try_get_raw(i).ok().filter(|v| !v.is_null()).and_then(|v| v.as_str().ok().map(str::to_owned))
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
