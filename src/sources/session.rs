//! A read-only session with another system's database of any engine: every value as text, every failure one sentence.

use std::collections::BTreeSet;

use anyhow::anyhow;
use futures_util::{Stream, TryStreamExt};
use jiff::tz::TimeZone;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, SqlSafeStr};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::cells;
use super::changed::{self, Stamp};
use super::foreign::{self, SILENCE, heard, open_mysql, open_postgres, open_sqlite, scheme};
use crate::config::Source;
use crate::domain::time::Millis;

enum Engine {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// One row, its columns as text; NULL is empty.
pub(super) type Fields = Vec<String>;

/// An open database.
pub(super) struct Session {
    engine: Engine,
    /// The address for people.
    place: String,
    source: String,
    /// SQLite's thread stops working when nobody waits any more.
    _gives_up: DropGuard,
}

impl Session {
    /// Connects to a source's database; nothing can be written there.
    pub(super) async fn open(source: &Source) -> anyhow::Result<Self> {
        let (name, url) = (&source.name, source.url.as_deref().unwrap_or_default());
        let given_up = CancellationToken::new();
        let gives_up = given_up.clone().drop_guard();
        let engine = match scheme(url) {
            "sqlite" => Engine::Sqlite(open_sqlite(name, url, given_up).await?),
            "postgres" | "postgresql" => Engine::Postgres(open_postgres(name, url).await?),
            _ => Engine::MySql(open_mysql(name, url).await?),
        };
        Ok(Self { engine, place: foreign::place(url), source: name.clone(), _gives_up: gives_up })
    }

    /// The rows of a query into which nothing comes from outside but numbers and [`Session::text`].
    pub(super) async fn rows(&mut self, sql: &str) -> anyhow::Result<Vec<Fields>> {
        self.attempt(sql).await.map_err(|error| self.explain(&error))
    }

    /// The same, but a missing table or right is no failure: no rows.
    pub(super) async fn rows_if_there(&mut self, sql: &str) -> anyhow::Result<Vec<Fields>> {
        match self.attempt(sql).await {
            Ok(rows) => Ok(rows),
            Err(error) if is_missing(&error) || is_forbidden(&error) => Ok(Vec::new()),
            Err(error) => Err(self.explain(&error)),
        }
    }

    async fn attempt(&mut self, sql: &str) -> Result<Vec<Fields>, sqlx::Error> {
        // The text protocol: every type of the foreign database arrives as it would be printed.
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()).into_sql_str());
        match &mut self.engine {
            Engine::Sqlite(connection) => gathered(query.fetch(connection), cells::sqlite).await,
            Engine::Postgres(connection) => {
                gathered(query.fetch(connection), cells::postgres).await
            }
            Engine::MySql(connection) => gathered(query.fetch(connection), cells::mysql).await,
        }
    }

    /// The columns of a table that may be read; none where there is no such table.
    pub(super) async fn columns(&mut self, table: &str) -> anyhow::Result<BTreeSet<String>> {
        let table = self.text(table);
        let sql = match &self.engine {
            Engine::Sqlite(_) => format!("SELECT name FROM pragma_table_info({table})"),
            Engine::Postgres(_) => format!(
                "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(quote_ident({table})) AND attnum > 0 AND NOT attisdropped \
                 AND has_column_privilege(attrelid, attnum, 'SELECT')"
            ),
            Engine::MySql(_) => {
                format!(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = {table}"
                )
            }
        };
        Ok(self.rows(&sql).await?.into_iter().flatten().map(|name| name.to_lowercase()).collect())
    }

    /// The columns of a table that this kind of system has, or a sentence that says what is amiss.
    pub(super) async fn needed(
        &mut self,
        system: &str,
        table: &str,
        columns: &[&str],
        advice: &str,
    ) -> anyhow::Result<BTreeSet<String>> {
        let there = self.columns(table).await?;
        let (source, place) = (&self.source, &self.place);
        if there.is_empty() {
            return Err(anyhow!(
                "source {source}: {place} shows no table `{table}`: is this {system}'s database, and may the user SELECT from it{advice}?"
            ));
        }
        match columns.iter().find(|column| !there.contains(**column)) {
            Some(missing) => Err(anyhow!(
                "source {source}: the table `{table}` of {place} shows no column `{missing}`: is this {system}'s database, and may the user SELECT it?"
            )),
            None => Ok(there),
        }
    }

    /// A text as a literal.
    pub(super) fn text(&self, value: &str) -> String {
        let value = value.replace('\0', "").replace('\'', "''");
        match self.engine {
            // Where backslashes mean nothing to the server either, two of them merely find nothing.
            Engine::MySql(_) => format!("'{}'", value.replace('\\', "\\\\")),
            Engine::Sqlite(_) | Engine::Postgres(_) => format!("'{value}'"),
        }
    }

    /// Texts as literals, with commas between them; a list that holds nothing matches nothing.
    pub(super) fn texts<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> String {
        let list: Vec<String> = values.into_iter().map(|value| self.text(value)).collect();
        if list.is_empty() { "NULL".to_owned() } else { list.join(", ") }
    }

    /// The database's clock in seconds since the epoch, as an expression.
    pub(super) fn clock(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite(_) => "CAST(strftime('%s', 'now') AS INTEGER)",
            Engine::Postgres(_) => "CAST(EXTRACT(EPOCH FROM now()) AS BIGINT)",
            Engine::MySql(_) => "UNIX_TIMESTAMP()",
        }
    }

    /// A condition that holds where a DATETIME in UTC is not long before `mark`, or tells no time.
    pub(super) fn since(&self, column: &str, mark: Millis) -> String {
        let begin = changed::earlier(mark);
        let text = changed::civil(begin, &TimeZone::UTC);
        match self.engine {
            // Such a column holds texts, or the milliseconds of JavaScript.
            Engine::Sqlite(_) => format!(
                "CASE typeof({column}) WHEN 'text' THEN {column} >= '{text}' WHEN 'integer' THEN {column} >= {} ELSE 1 END",
                begin.0
            ),
            Engine::Postgres(_) => Stamp::Civil.since(column, mark, &TimeZone::UTC),
            Engine::MySql(_) => changed::mysql(column, &text),
        }
    }

    fn explain(&self, error: &sqlx::Error) -> anyhow::Error {
        let (source, place) = (&self.source, &self.place);
        match error.as_database_error() {
            Some(words) if is_forbidden(error) => {
                anyhow!(
                    "source {source}: the user may not read a table at {place} ({}); grant it SELECT there",
                    words.message()
                )
            }
            _ => foreign::explain(source, place, "reading", error),
        }
    }

    /// Ends the session politely; a failure to do so concerns nobody.
    pub(super) async fn close(self) {
        let closed = match self.engine {
            Engine::Sqlite(connection) => heard(SILENCE, connection.close()).await,
            Engine::Postgres(connection) => heard(SILENCE, connection.close()).await,
            Engine::MySql(connection) => heard(SILENCE, connection.close()).await,
        };
        if let Err(error) = closed {
            tracing::debug!(source = %self.source, %error, "the connection was not closed cleanly");
        }
    }
}

async fn gathered<R: sqlx::Row>(
    mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    cell: impl Fn(&R, usize) -> Option<String>,
) -> Result<Vec<Fields>, sqlx::Error> {
    let mut all = Vec::new();
    while let Some(row) = heard(SILENCE, rows.try_next()).await? {
        all.push((0..row.len()).map(|i| cell(&row, i).unwrap_or_default()).collect());
    }
    Ok(all)
}

/// A row's columns by position.
pub(super) fn columns<const N: usize>(row: Fields) -> [String; N] {
    let mut row = row.into_iter();
    std::array::from_fn(|_| row.next().unwrap_or_default())
}

fn is_missing(error: &sqlx::Error) -> bool {
    let Some(words) = error.as_database_error() else { return false };
    matches!(foreign::code(error), Some(1146 | 1054))
        || matches!(words.code().as_deref(), Some("42P01" | "42703"))
        || words.message().starts_with("no such table")
        || words.message().starts_with("no such column")
}

fn is_forbidden(error: &sqlx::Error) -> bool {
    matches!(foreign::code(error), Some(1142 | 1143))
        || error.as_database_error().is_some_and(|e| e.code().as_deref() == Some("42501"))
}
