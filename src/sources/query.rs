//! Source kind `query`: a query that returns one row per article, run in a read-only session of
//! SQLite, PostgreSQL, MySQL or MariaDB.

use anyhow::{anyhow, bail};
use futures_util::TryStreamExt;
use jiff::tz::TimeZone;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Column, Connection, Executor, SqlSafeStr, Statement, TypeInfo};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::connection::{RESPONSE_TIMEOUT, open_sqlite, scheme, with_timeout};
use super::missing_links::LINKS_REMEDY;
use super::mysql_projection::{begins_large, projection};
use super::mysql_session::{self, MySqlSession};
use super::postgres_session::PostgresSession;
use super::row::{Row, check_article_url_columns, check_columns, parse_article, source_id};
use super::single_statement::has_second_statement;
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
    let (url, _) = url_and_query(source)?;
    let (name, cancelled) = (&source.name, CancellationToken::new());
    let _cancel_on_drop = cancelled.clone().drop_guard();
    match scheme(url) {
        "sqlite" => {
            let mut connection = open_sqlite(name, url, cancelled).await?;
            let zone = &source.timezone;
            let is_full =
                read_sqlite(source, &mut connection, zone, column_text::sqlite, since, &items)
                    .await?;
            close(connection).await;
            Ok(is_full)
        }
        "postgres" | "postgresql" => {
            let PostgresSession { mut connection, zone, .. } =
                PostgresSession::open(name, url, &source.timezone).await?;
            let zone = &zone.zone;
            let is_full =
                read_postgres(source, &mut connection, zone, column_text::postgres, since, &items)
                    .await?;
            close(connection).await;
            Ok(is_full)
        }
        _ => {
            let MySqlSession { mut connection, zone, .. } =
                MySqlSession::open(name, url, &source.timezone).await?;
            let cell = |row: &MySqlRow, i: usize| column_text::mysql(row, i, zone.suffix());
            let is_full =
                read_mysql(source, &mut connection, &zone.zone, cell, since, &items).await?;
            if !items.is_closed() {
                mysql_session::log_cut_values(name, &mut connection).await;
            }
            close(connection).await;
            Ok(is_full)
        }
    }
}

/// Closes a connection; a failure has no effect, because everything was read.
async fn close(connection: impl Connection) {
    with_timeout(RESPONSE_TIMEOUT, connection.close()).await.ok();
}

/// Checks that the query can be prepared and has the required columns, without reading rows; returns
/// warnings.
pub(crate) async fn check(source: &Source) -> anyhow::Result<Vec<String>> {
    let (url, query) = url_and_query(source)?;
    let (name, zone) = (&source.name, &source.timezone);
    let columns = match scheme(url) {
        "sqlite" => {
            columns(source, &mut open_sqlite(name, url, CancellationToken::new()).await?, query)
                .await
        }
        "postgres" | "postgresql" => {
            let mut session = PostgresSession::open(name, url, zone).await?;
            columns(source, &mut session.connection, query).await
        }
        _ => {
            let mut session = MySqlSession::open(name, url, zone).await?;
            columns(source, &mut session.connection, query).await
        }
    }?;
    check_column_names(source, &columns)?;
    let has_links = source.article_url.is_some() || columns.iter().any(|(name, _)| name == "url");
    Ok(if has_links { Vec::new() } else { vec![format!("articles have no links; {LINKS_REMEDY}")] })
}

fn check_column_names(source: &Source, columns: &[(String, String)]) -> anyhow::Result<()> {
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    let pattern = source.article_url.as_deref();
    check_columns(&names, &REQUIRED_COLUMNS, pattern)
        .and_then(|()| check_article_url_columns(&names, pattern))
        .map_err(|problem| anyhow!("source {}: query: {problem}", source.name))
}

fn url_and_query(source: &Source) -> anyhow::Result<(&str, &str)> {
    let (Some(url), Some(query)) = (&source.url, &source.query) else {
        bail!("source {}: kind query needs url and query", source.name);
    };
    // The other databases reject such a query themselves.
    if scheme(url) == "sqlite" && has_second_statement(query) {
        bail!(
            "source {}: query: a second statement follows the first one; write only one SELECT",
            source.name
        );
    }
    Ok((url, query))
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

/// Statement that reads the rows of a query.
struct ReadStatement {
    text: String,
    /// Names of its columns, in lower case.
    columns: Vec<String>,
    /// `true` if it returns every row, `false` if only those that changed.
    is_full: bool,
    /// `true` if a row may begin with a text that MySQL's protocol cannot tell from the last row.
    begins_large: bool,
}

/// Prepares the statement for the rows that changed since `since`, or for all. Local times of the
/// session are in `session_zone`.
async fn prepare<C: Connection>(
    source: &Source,
    connection: &mut C,
    session_zone: &TimeZone,
    since: Option<Millis>,
) -> anyhow::Result<ReadStatement>
where
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
{
    let (url, query) = url_and_query(source)?;
    let types = columns(source, connection, query).await?;
    check_column_names(source, &types)?;
    let (scheme, zone) = (scheme(url), &source.timezone);
    let mut statement = ReadStatement {
        text: query.to_owned(),
        columns: types.iter().map(|(name, _)| name.clone()).collect(),
        is_full: true,
        begins_large: scheme == "mysql" && begins_large(&types),
    };
    // A query that is not valid as a subquery is run as it is.
    if let Some(text) = since.and_then(|watermark| {
        incremental::incremental_query(scheme, query, &types, watermark, zone, session_zone)
    }) && columns(source, connection, &text).await.is_ok_and(|found| found == types)
    {
        statement = ReadStatement { text, is_full: false, ..statement };
    }
    if scheme == "mysql"
        && let Some((text, names)) = projection(&statement.text, &types, session_zone)
        && columns(source, connection, &text)
            .await
            .is_ok_and(|found| found.iter().map(|(name, _)| name).eq(&names))
    {
        statement = ReadStatement { text, columns: names, begins_large: false, ..statement };
    }
    Ok(statement)
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

/// Converts an error of reading a row to a sentence with its remedy.
fn row_error(source: &Source, statement: &ReadStatement, e: &sqlx::Error) -> anyhow::Error {
    match e {
        sqlx::Error::Protocol(_) if statement.begins_large => anyhow!(
            "source {}: the query failed ({e}), probably because its first column has a text of 16 MB or more; \
             name `id` as the first column of the query",
            source.name
        ),
        _ => query_error(source, e),
    }
}

/// Defines the reader for one database engine, whose columns `cell` converts to text, NULL to
/// `None`.
macro_rules! define_reader {
    ($name:ident, $connection:ty, $row:ty) => {
        async fn $name(
            source: &Source,
            connection: &mut $connection,
            session_zone: &TimeZone,
            cell: impl Fn(&$row, usize) -> Option<String>,
            since: Option<Millis>,
            items: &Sender<SourceRow>,
        ) -> anyhow::Result<bool> {
            let statement = prepare(source, connection, session_zone, since).await?;
            let text = AssertSqlSafe(statement.text.clone()).into_sql_str();
            // With the text protocol, values of every type arrive in their printed form.
            let mut rows = sqlx::raw_sql(text).fetch(connection);
            let mut number = 0_u64;
            while let Some(record) = with_timeout(RESPONSE_TIMEOUT, rows.try_next())
                .await
                .map_err(|e| row_error(source, &statement, &e))?
            {
                number += 1;
                let cells = statement.columns.iter().enumerate();
                let row: Row =
                    cells.filter_map(|(i, name)| Some((name.clone(), cell(&record, i)?))).collect();
                // Named like the article: a rejected row must not remove the mirrored article.
                let id = source_id(&row).unwrap_or_else(|| format!("row {number}"));
                let item =
                    match parse_article(&row, &source.timezone, source.article_url.as_deref()) {
                        Ok(article) => SourceRow::Article(Box::new(article)),
                        Err(reason) => SourceRow::Rejected { id, reason },
                    };
                if items.send(item).await.is_err() {
                    return Ok(false);
                }
            }
            Ok(statement.is_full)
        }
    };
}

define_reader!(read_sqlite, SqliteConnection, SqliteRow);
define_reader!(read_postgres, PgConnection, PgRow);
define_reader!(read_mysql, MySqlConnection, MySqlRow);
