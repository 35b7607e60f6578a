//! The `query` source: one row an article, out of SQLite, PostgreSQL, MySQL or MariaDB, in a read-only session.

use anyhow::{anyhow, bail};
use futures_util::TryStreamExt;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Column, Connection, Executor, SqlSafeStr, Statement, TypeInfo};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::foreign::{SILENCE, heard, open_mysql, open_postgres, open_sqlite, scheme};
use super::row::{Row, check_columns, draft, id};
use super::{cells, changed};
use crate::config::Source;
use crate::domain::article::Found;
use crate::domain::time::Millis;

const NEEDED: [&str; 3] = ["id", "title", "published_at"];

/// Reads the rows that changed since a time, where the query can tell, else every row, and tells the articles they hold;
/// gives whether it was every row.
pub(crate) async fn read(
    source: &Source,
    since: Option<Millis>,
    found: Sender<Found>,
) -> anyhow::Result<bool> {
    let (url, query) = parts(source)?;
    let (name, given_up) = (&source.name, CancellationToken::new());
    let _gives_up_when_dropped = given_up.clone().drop_guard();
    match scheme(url) {
        "sqlite" => {
            each_of_sqlite(source, open_sqlite(name, url, given_up).await?, query, since, found)
                .await
        }
        "postgres" | "postgresql" => {
            each_of_postgres(source, open_postgres(name, url).await?, query, since, found).await
        }
        _ => each_of_mysql(source, open_mysql(name, url).await?, query, since, found).await,
    }
}

/// Whether the query can run and has the columns it needs, without reading rows.
pub(crate) async fn check(source: &Source) -> anyhow::Result<()> {
    let (url, query) = parts(source)?;
    let name = &source.name;
    let columns = match scheme(url) {
        "sqlite" => {
            columns(source, &mut open_sqlite(name, url, CancellationToken::new()).await?, query)
                .await
        }
        "postgres" | "postgresql" => {
            columns(source, &mut open_postgres(name, url).await?, query).await
        }
        _ => columns(source, &mut open_mysql(name, url).await?, query).await,
    }?;
    check_names(source, &columns)
}

fn check_names(source: &Source, columns: &[(String, String)]) -> anyhow::Result<()> {
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    check_columns(&names, &NEEDED, source.article_url.as_deref())
        .map_err(|why| anyhow!("source {}: query: {why}", source.name))
}

fn parts(source: &Source) -> anyhow::Result<(&str, &str)> {
    match (&source.url, &source.query) {
        (Some(url), Some(query)) => Ok((url, query)),
        _ => bail!("source {}: kind query needs url and query", source.name),
    }
}

/// A query's columns: their names in lower case, and their types.
async fn columns<C: Connection>(
    source: &Source,
    connection: &mut C,
    query: &str,
) -> anyhow::Result<Vec<(String, String)>>
where
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
{
    let text = AssertSqlSafe(query.to_owned()).into_sql_str();
    let statement = heard(SILENCE, connection.prepare(text)).await.map_err(|e| said(source, &e))?;
    Ok(statement
        .columns()
        .iter()
        .map(|c| (c.name().to_lowercase(), c.type_info().name().to_owned()))
        .collect())
}

/// The database's words about a query, without sqlx's wrapping.
fn said(source: &Source, e: &sqlx::Error) -> anyhow::Error {
    match e {
        sqlx::Error::Database(d) => {
            anyhow!("source {}: the query was refused: {}", source.name, d.message())
        }
        other => anyhow!("source {}: the query failed: {other}", source.name),
    }
}

/// Reads a query of one engine; `$cell` turns a row's column into text, or nothing for null.
macro_rules! each_of {
    ($name:ident, $connection:ty, $cell:path) => {
        async fn $name(
            source: &Source,
            mut connection: $connection,
            query: &str,
            since: Option<Millis>,
            found: Sender<Found>,
        ) -> anyhow::Result<bool> {
            let scheme = scheme(source.url.as_deref().unwrap_or_default());
            let described = columns(source, &mut connection, query).await?;
            check_names(source, &described)?;
            let mut narrowed = since.and_then(|mark| {
                changed::narrowed(scheme, query, &described, mark, &source.timezone)
            });
            // What can't stand within another query is read as it is.
            if let Some(text) = &narrowed
                && columns(source, &mut connection, text).await.ok().as_ref() != Some(&described)
            {
                narrowed = None;
            }
            let is_whole = narrowed.is_none();
            let text = narrowed.unwrap_or_else(|| query.to_owned());
            // The text protocol: every type of the foreign database arrives as it would be printed.
            let mut rows = sqlx::raw_sql(AssertSqlSafe(text).into_sql_str()).fetch(&mut connection);
            let mut number = 0_u64;
            while let Some(record) =
                heard(SILENCE, rows.try_next()).await.map_err(|e| said(source, &e))?
            {
                number += 1;
                let row: Row = described
                    .iter()
                    .enumerate()
                    .filter_map(|(i, (name, _))| Some((name.clone(), $cell(&record, i)?)))
                    .collect();
                // As the article itself would be named: a refused row must not make the known article vanish.
                let id = id(&row).unwrap_or_else(|| format!("row {number}"));
                let told = match draft(&row, &source.timezone, source.article_url.as_deref()) {
                    Ok(draft) => Found::Article(Box::new(draft)),
                    Err(reason) => Found::Refused { id, reason },
                };
                if found.send(told).await.is_err() {
                    return Ok(false);
                }
            }
            drop(rows);
            heard(SILENCE, connection.close()).await.ok();
            Ok(is_whole)
        }
    };
}

each_of!(each_of_sqlite, SqliteConnection, cells::sqlite);
each_of!(each_of_postgres, PgConnection, cells::postgres);
each_of!(each_of_mysql, MySqlConnection, cells::mysql);
