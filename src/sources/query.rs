//! Source kind `query`: a query that returns one row per article, run in a read-only session of
//! SQLite, PostgreSQL, MySQL or MariaDB.

use anyhow::{anyhow, bail};
use futures_util::TryStreamExt;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Column, Connection, Executor, SqlSafeStr, Statement, TypeInfo};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::connection::{
    RESPONSE_TIMEOUT, open_mysql, open_postgres, open_sqlite, scheme, with_timeout,
};
use super::row::{Row, check_article_url_columns, check_columns, parse_article, source_id};
use super::{column_text, incremental};
use crate::config::Source;
use crate::domain::article::SourceRow;
use crate::domain::time::Millis;

/// Columns without which a row is not an article.
const REQUIRED_COLUMNS: [&str; 3] = ["id", "title", "published_at"];

/// Reads the rows that changed since `since` and sends their articles; without `since`, or if the
/// query's columns do not allow the restriction, reads every row. Returns `true` if it read every
/// row.
pub(crate) async fn read(
    source: &Source,
    since: Option<Millis>,
    items: Sender<SourceRow>,
) -> anyhow::Result<bool> {
    let (url, query) = url_and_query(source)?;
    let (name, cancelled) = (&source.name, CancellationToken::new());
    let _cancel_on_drop = cancelled.clone().drop_guard();
    match scheme(url) {
        "sqlite" => {
            let connection = open_sqlite(name, url, cancelled).await?;
            read_sqlite(source, connection, query, since, items).await
        }
        "postgres" | "postgresql" => {
            read_postgres(source, open_postgres(name, url).await?, query, since, items).await
        }
        _ => read_mysql(source, open_mysql(name, url).await?, query, since, items).await,
    }
}

/// Checks that the query can be prepared and has the required columns, without reading rows.
pub(crate) async fn check(source: &Source) -> anyhow::Result<()> {
    let (url, query) = url_and_query(source)?;
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
    check_column_names(source, &columns)
}

fn check_column_names(source: &Source, columns: &[(String, String)]) -> anyhow::Result<()> {
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    let pattern = source.article_url.as_deref();
    check_columns(&names, &REQUIRED_COLUMNS, pattern)
        .and_then(|()| check_article_url_columns(&names, pattern))
        .map_err(|problem| anyhow!("source {}: query: {problem}", source.name))
}

fn url_and_query(source: &Source) -> anyhow::Result<(&str, &str)> {
    match (&source.url, &source.query) {
        (Some(url), Some(query)) => Ok((url, query)),
        _ => bail!("source {}: kind query needs url and query", source.name),
    }
}

/// Returns the names of a query's columns, in lower case, and their types.
async fn columns<C: Connection>(
    source: &Source,
    connection: &mut C,
    query: &str,
) -> anyhow::Result<Vec<(String, String)>>
where
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
{
    let text = AssertSqlSafe(query.to_owned()).into_sql_str();
    let statement = with_timeout(RESPONSE_TIMEOUT, connection.prepare(text))
        .await
        .map_err(|e| query_error(source, &e))?;
    Ok(statement
        .columns()
        .iter()
        .map(|c| (c.name().to_lowercase(), c.type_info().name().to_owned()))
        .collect())
}

/// Converts an error of a query to a sentence with the database's own message, without sqlx's
/// prefix.
fn query_error(source: &Source, e: &sqlx::Error) -> anyhow::Error {
    match e {
        sqlx::Error::Database(d) => {
            anyhow!("source {}: the database rejected the query: {}", source.name, d.message())
        }
        other => anyhow!("source {}: the query failed: {other}", source.name),
    }
}

/// Defines the reader for one database engine; `$cell` converts a column to text, NULL to `None`.
macro_rules! define_reader {
    ($name:ident, $connection:ty, $cell:path) => {
        async fn $name(
            source: &Source,
            mut connection: $connection,
            query: &str,
            since: Option<Millis>,
            items: Sender<SourceRow>,
        ) -> anyhow::Result<bool> {
            let scheme = scheme(source.url.as_deref().unwrap_or_default());
            let column_types = columns(source, &mut connection, query).await?;
            check_column_names(source, &column_types)?;
            let zone = &source.timezone;
            let mut restricted = since.and_then(|watermark| {
                incremental::incremental_query(scheme, query, &column_types, watermark, zone)
            });
            // A query that is not valid as a subquery is run unrestricted.
            if let Some(text) = &restricted
                && columns(source, &mut connection, text).await.ok().as_ref() != Some(&column_types)
            {
                restricted = None;
            }
            let is_full = restricted.is_none();
            let text = restricted.unwrap_or_else(|| query.to_owned());
            // With the text protocol, values of every type arrive in their printed form.
            let mut rows = sqlx::raw_sql(AssertSqlSafe(text).into_sql_str()).fetch(&mut connection);
            let mut number = 0_u64;
            while let Some(record) = with_timeout(RESPONSE_TIMEOUT, rows.try_next())
                .await
                .map_err(|e| query_error(source, &e))?
            {
                number += 1;
                let row: Row = column_types
                    .iter()
                    .enumerate()
                    .filter_map(|(i, (name, _))| Some((name.clone(), $cell(&record, i)?)))
                    .collect();
                // Named like the article: a rejected row must not remove the mirrored article.
                let id = source_id(&row).unwrap_or_else(|| format!("row {number}"));
                let item = match parse_article(&row, zone, source.article_url.as_deref()) {
                    Ok(article) => SourceRow::Article(Box::new(article)),
                    Err(reason) => SourceRow::Rejected { id, reason },
                };
                if items.send(item).await.is_err() {
                    return Ok(false);
                }
            }
            drop(rows);
            with_timeout(RESPONSE_TIMEOUT, connection.close()).await.ok();
            Ok(is_full)
        }
    };
}

define_reader!(read_sqlite, SqliteConnection, column_text::sqlite);
define_reader!(read_postgres, PgConnection, column_text::postgres);
define_reader!(read_mysql, MySqlConnection, column_text::mysql);
