//! Read-only session with a source database of any engine, with values as text and readable
//! errors.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use futures_util::{Stream, TryStreamExt};
use jiff::tz::TimeZone;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, SqlSafeStr};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::column_text;
use super::connection::{
    self, RESPONSE_TIMEOUT, RESULT_TIMEOUT, open_postgres, open_sqlite, scheme, with_timeout,
};
use super::incremental::{self, TimestampKind};
use super::mysql_session;
use super::result_limit::ResultLimit;
use crate::config::Source;
use crate::domain::time::Millis;

/// Connection to one of the supported database engines.
enum EngineConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// Columns of one row as text; NULL is an empty text.
pub(super) type TextRow = Vec<String>;

/// Open read-only session with the database of a source.
pub(super) struct ReadSession {
    connection: EngineConnection,
    /// URL of the database without user, password and parameters.
    location: String,
    source: String,
    /// Interrupts the statement on SQLite's thread when the session is dropped.
    _cancel_on_drop: DropGuard,
}

impl ReadSession {
    /// Opens a read-only session with a source's database.
    pub(super) async fn open(source: &Source) -> anyhow::Result<Self> {
        let (name, url) = (&source.name, source.url.as_deref().unwrap_or_default());
        let cancelled = CancellationToken::new();
        let cancel_on_drop = cancelled.clone().drop_guard();
        let engine = match scheme(url) {
            "sqlite" => EngineConnection::Sqlite(open_sqlite(name, url, cancelled).await?),
            "postgres" | "postgresql" => {
                EngineConnection::Postgres(open_postgres(name, url).await?)
            }
            _ => EngineConnection::MySql(mysql_session::open_in_utc(name, url).await?),
        };
        Ok(Self {
            connection: engine,
            location: connection::without_credentials(url),
            source: name.clone(),
            _cancel_on_drop: cancel_on_drop,
        })
    }

    /// Returns the rows of a query. Its only interpolated values must be numbers and the results of
    /// [`ReadSession::quote`].
    pub(super) async fn rows(&mut self, sql: &str) -> anyhow::Result<Vec<TextRow>> {
        self.fetch_rows(sql).await.map_err(|error| self.explain(&error))
    }

    /// Like [`ReadSession::rows`], but returns no rows if a table, a column or a privilege is
    /// missing.
    pub(super) async fn rows_if_readable(&mut self, sql: &str) -> anyhow::Result<Vec<TextRow>> {
        match self.fetch_rows(sql).await {
            Ok(rows) => Ok(rows),
            Err(error) if is_missing_object(&error) || is_permission_denied(&error) => {
                Ok(Vec::new())
            }
            Err(error) => Err(self.explain(&error)),
        }
    }

    async fn fetch_rows(&mut self, sql: &str) -> Result<Vec<TextRow>, sqlx::Error> {
        // With the text protocol, values of every type arrive in their printed form.
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()).into_sql_str());
        match &mut self.connection {
            EngineConnection::Sqlite(connection) => {
                collect_rows(query.fetch(connection), column_text::sqlite).await
            }
            EngineConnection::Postgres(connection) => {
                collect_rows(query.fetch(connection), column_text::postgres).await
            }
            EngineConnection::MySql(connection) => {
                collect_rows(query.fetch(connection), |row, i| column_text::mysql(row, i, "Z"))
                    .await
            }
        }
    }

    /// Returns the readable columns of a table, in lower case; empty if the table does not exist.
    pub(super) async fn columns(&mut self, table: &str) -> anyhow::Result<BTreeSet<String>> {
        let table = self.quote(table);
        let sql = match &self.connection {
            EngineConnection::Sqlite(_) => format!("SELECT name FROM pragma_table_info({table})"),
            EngineConnection::Postgres(_) => format!(
                "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(quote_ident({table})) AND attnum > 0 AND NOT attisdropped \
                 AND has_column_privilege(attrelid, attnum, 'SELECT')"
            ),
            EngineConnection::MySql(_) => {
                format!(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = {table}"
                )
            }
        };
        Ok(self.rows(&sql).await?.into_iter().flatten().map(|name| name.to_lowercase()).collect())
    }

    /// Returns the readable columns of all tables whose names begin with `prefix`, by table.
    pub(super) async fn columns_of_tables(
        &mut self,
        prefix: &str,
    ) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
        let (start, length) = (self.quote(prefix), prefix.len());
        let sql = match &self.connection {
            EngineConnection::Sqlite(_) => format!(
                "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE substr(t.name, 1, {length}) = {start}"
            ),
            EngineConnection::Postgres(_) => format!(
                "SELECT t.relname, a.attname FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid WHERE t.relkind IN ('r', 'v', 'm', 'p') \
                 AND pg_table_is_visible(t.oid) AND left(t.relname, {length}) = {start} AND a.attnum > 0 AND NOT a.attisdropped \
                 AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')"
            ),
            EngineConnection::MySql(_) => format!(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND LEFT(table_name, {length}) = {start}"
            ),
        };
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in self.rows(&sql).await? {
            let [table, column] = to_array(row);
            tables.entry(table).or_default().insert(column.to_lowercase());
        }
        Ok(tables)
    }

    /// Returns `true` if a table exists; fails if the user may not read it.
    pub(super) async fn has_table(&mut self, table: &str) -> anyhow::Result<bool> {
        match self.fetch_rows(&format!("SELECT 1 FROM {table} WHERE 1 = 0")).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing_object(&error) => Ok(false),
            Err(error) => Err(self.explain(&error)),
        }
    }

    /// Returns the readable columns of a table of the CMS `system`; fails with one sentence if the
    /// table or one of `columns` is missing. `advice` is appended to the error about the table.
    pub(super) async fn require_columns(
        &mut self,
        system: &str,
        table: &str,
        columns: &[&str],
        advice: &str,
    ) -> anyhow::Result<BTreeSet<String>> {
        let readable = self.columns(table).await?;
        let (source, location) = (&self.source, &self.location);
        if readable.is_empty() {
            return Err(anyhow!(
                "source {source}: {location} has no readable table `{table}`; check that this is {system}'s database and that the user may SELECT from it{advice}"
            ));
        }
        match columns.iter().find(|column| !readable.contains(**column)) {
            Some(missing) => Err(anyhow!(
                "source {source}: the table `{table}` of {location} has no readable column `{missing}`; check that this is {system}'s database and that the user may SELECT it"
            )),
            None => Ok(readable),
        }
    }

    /// Returns a text as a quoted SQL literal.
    pub(super) fn quote(&self, value: &str) -> String {
        let value = value.replace('\0', "").replace('\'', "''");
        match self.connection {
            // Under NO_BACKSLASH_ESCAPES a doubled backslash is not an injection; it only matches
            // nothing.
            EngineConnection::MySql(_) => format!("'{}'", value.replace('\\', "\\\\")),
            EngineConnection::Sqlite(_) | EngineConnection::Postgres(_) => format!("'{value}'"),
        }
    }

    /// Returns texts as a comma-separated list of SQL literals; `NULL`, which matches nothing, if
    /// empty.
    pub(super) fn quote_list<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> String {
        let list: Vec<String> = values.into_iter().map(|value| self.quote(value)).collect();
        if list.is_empty() { "NULL".to_owned() } else { list.join(", ") }
    }

    /// Returns a condition that holds for UTC datetimes since the watermark, less the overlap, and
    /// for values that are not a valid time.
    pub(super) fn condition_since(&self, column: &str, watermark: Millis) -> String {
        let start = incremental::overlap_start(watermark);
        let text = incremental::sql_datetime(start, &TimeZone::UTC);
        match self.connection {
            // In SQLite such a column contains texts, or milliseconds written by JavaScript.
            EngineConnection::Sqlite(_) => format!(
                "CASE typeof({column}) WHEN 'text' THEN {column} >= '{text}' WHEN 'integer' THEN {column} >= {} ELSE 1 END",
                start.0
            ),
            EngineConnection::Postgres(_) => {
                let utc = TimeZone::UTC;
                TimestampKind::PgTimestamp.condition_since(column, watermark, &utc, &utc)
            }
            EngineConnection::MySql(_) => incremental::mysql_condition(column, &text),
        }
    }

    fn explain(&self, error: &sqlx::Error) -> anyhow::Error {
        let (source, location) = (&self.source, &self.location);
        match error.as_database_error() {
            Some(denied) if is_permission_denied(error) => {
                anyhow!(
                    "source {source}: the user may not read a table at {location} ({}); grant it SELECT on that table",
                    denied.message()
                )
            }
            _ => connection::explain(source, location, "reading", error),
        }
    }

    /// Closes the connection; a failure is only logged.
    pub(super) async fn close(self) {
        let closed = match self.connection {
            EngineConnection::Sqlite(connection) => {
                with_timeout(RESPONSE_TIMEOUT, connection.close()).await
            }
            EngineConnection::Postgres(connection) => {
                with_timeout(RESPONSE_TIMEOUT, connection.close()).await
            }
            EngineConnection::MySql(connection) => {
                with_timeout(RESPONSE_TIMEOUT, connection.close()).await
            }
        };
        if let Err(error) = closed {
            tracing::debug!(source = %self.source, %error, "cannot close the connection cleanly");
        }
    }
}

/// Collects all rows of a result as text, each awaited with [`RESPONSE_TIMEOUT`], within the limits of
/// one result.
async fn collect_rows<R: sqlx::Row>(
    mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    cell: impl Fn(&R, usize) -> Option<String>,
) -> Result<Vec<TextRow>, sqlx::Error> {
    let (mut all, mut limit) = (Vec::new(), ResultLimit::default());
    let reading = async {
        while let Some(row) = with_timeout(RESPONSE_TIMEOUT, rows.try_next()).await? {
            let row: TextRow = (0..row.len()).map(|i| cell(&row, i).unwrap_or_default()).collect();
            limit.add(&row)?;
            all.push(row);
        }
        Ok(())
    };
    with_timeout(RESULT_TIMEOUT, reading).await?;
    Ok(all)
}

/// Returns the first `N` columns of a row; missing ones are empty.
pub(super) fn to_array<const N: usize>(row: TextRow) -> [String; N] {
    let mut row = row.into_iter();
    std::array::from_fn(|_| row.next().unwrap_or_default())
}

/// Returns `true` if a table or a column does not exist.
fn is_missing_object(error: &sqlx::Error) -> bool {
    let Some(error_details) = error.as_database_error() else { return false };
    matches!(connection::mysql_error_number(error), Some(1146 | 1054))
        || matches!(error_details.code().as_deref(), Some("42P01" | "42703"))
        || error_details.message().starts_with("no such table")
        || error_details.message().starts_with("no such column")
}

/// Returns `true` if the user lacks a privilege.
fn is_permission_denied(error: &sqlx::Error) -> bool {
    matches!(connection::mysql_error_number(error), Some(1142 | 1143))
        || error.as_database_error().is_some_and(|e| e.code().as_deref() == Some("42501"))
}
