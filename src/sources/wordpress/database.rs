//! The connection to a WordPress database: read only, every value as text, every failure one sentence without the password.

use std::time::Duration;

use anyhow::anyhow;
use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::config::Source;
use crate::sources::foreign;

/// A connection that died without a word must not hold the source up for ever.
const LONGEST: Duration = Duration::from_secs(180);

/// An open database with the table prefix that was checked.
pub(super) struct Database {
    connection: MySqlConnection,
    /// Begins every table's name; letters, digits and underscores only.
    pub(super) prefix: String,
    /// The address for people.
    place: String,
    source: String,
}

/// One row, its columns as text; NULL is empty.
pub(super) type Fields = Vec<String>;

impl Database {
    /// Connects and makes the session read only.
    pub(super) async fn open(source: &Source) -> Result<Self, anyhow::Error> {
        let name = &source.name;
        let prefix = source.table_prefix.clone();
        if !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(anyhow!(
                "source {name}: table_prefix {prefix:?} may hold only letters, digits and underscores; see $table_prefix in the site's wp-config.php"
            ));
        }
        let url = source.url.as_deref().unwrap_or_default();
        let connection = foreign::open_mysql(name, url).await?;
        Ok(Self { connection, prefix, place: foreign::place(url), source: name.clone() })
    }

    /// The rows of a query in which `{p}` stands for the table prefix, and nothing comes from outside but numbers and `binds`.
    pub(super) async fn rows(
        &mut self,
        sql: &str,
        binds: &[&str],
    ) -> Result<Vec<Fields>, anyhow::Error> {
        self.attempt(sql, binds).await.map_err(|error| explain(&self.source, &self.place, &error))
    }

    /// The same, but a missing table or right is no failure: `None`.
    pub(super) async fn rows_if_there(
        &mut self,
        sql: &str,
        binds: &[&str],
    ) -> Result<Option<Vec<Fields>>, anyhow::Error> {
        match self.attempt(sql, binds).await {
            Ok(rows) => Ok(Some(rows)),
            Err(error) if matches!(foreign::code(&error), Some(1146 | 1142 | 1054)) => Ok(None),
            Err(error) => Err(explain(&self.source, &self.place, &error)),
        }
    }

    async fn attempt(&mut self, sql: &str, binds: &[&str]) -> Result<Vec<Fields>, sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql.replace("{p}", &self.prefix)));
        for bind in binds {
            query = query.bind((*bind).to_owned());
        }
        let reading = query.fetch(&mut self.connection).map_ok(|row| fields(&row)).try_collect();
        foreign::heard(LONGEST, reading).await
    }

    /// Ends the session politely; a failure to do so concerns nobody.
    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(source = %self.source, %error, "the connection was not closed cleanly");
        }
    }
}

/// Columns arrive as text or, from old tables and casts, as bytes: both are taken as UTF-8, faults replaced.
fn fields(row: &MySqlRow) -> Fields {
    (0..row.len())
        .map(|i| row.try_get_unchecked::<Option<Vec<u8>>, _>(i).ok().flatten().unwrap_or_default())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

/// One sentence: what, where, what to do.
fn explain(source: &str, place: &str, error: &sqlx::Error) -> anyhow::Error {
    let words = error.as_database_error().map_or_else(String::new, |e| e.message().to_owned());
    match foreign::code(error) {
        Some(1146) => anyhow!(
            "source {source}: a table is missing at {place} ({words}); check table_prefix against $table_prefix in the site's wp-config.php"
        ),
        Some(1142 | 1143) => {
            anyhow!(
                "source {source}: the user may not read a table at {place} ({words}); grant it SELECT on the database"
            )
        }
        _ => foreign::explain(source, place, "reading", error),
    }
}
