//! The connection to a WordPress database: read-only, all values as text, errors as one sentence
//! without the password.

use std::time::Duration;

use anyhow::anyhow;
use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::config::{Source, UnknownEnclosing};
use crate::sources::read_session::TextRow;
use crate::sources::result_limit::ResultLimit;
use crate::sources::{column_text, connection, mysql_session};

/// Timeout of a query, so that a dead connection does not block the source.
const QUERY_TIMEOUT: Duration = Duration::from_secs(180);

/// An open database with its validated table prefix.
pub(super) struct WordPressSession {
    connection: MySqlConnection,
    /// Prefix of every table name; letters, digits and underscores only.
    pub(super) prefix: String,
    /// `true` if the content of unknown enclosing shortcodes and blocks is left out.
    pub(super) hides_unknown_enclosing: bool,
    /// URL without credentials, for messages.
    location: String,
    /// Name of the source, for messages.
    pub(super) source: String,
}

impl WordPressSession {
    /// Connects and makes the session read-only.
    pub(super) async fn open(source: &Source) -> Result<Self, anyhow::Error> {
        let name = &source.name;
        let prefix = source.table_prefix.clone();
        if !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(anyhow!(
                "source {name}: table_prefix {prefix:?} may contain only letters, digits and underscores; see $table_prefix in the site's wp-config.php"
            ));
        }
        let url = source.url.as_deref().unwrap_or_default();
        let connection = mysql_session::open_in_utc(name, url).await?;
        Ok(Self {
            connection,
            prefix,
            hides_unknown_enclosing: source.unknown_enclosing == UnknownEnclosing::Hide,
            location: connection::without_credentials(url),
            source: name.clone(),
        })
    }

    /// Returns the rows of a query in which `{p}` is replaced with the table prefix. Apart from
    /// numbers and `binds` the query contains no external input.
    pub(super) async fn rows(
        &mut self,
        sql: &str,
        binds: &[&str],
    ) -> Result<Vec<TextRow>, anyhow::Error> {
        self.try_rows(sql, binds)
            .await
            .map_err(|error| explain(&self.source, &self.location, &error))
    }

    /// Like [`Self::rows`], but returns `None` if a table or a privilege is missing.
    pub(super) async fn rows_if_readable(
        &mut self,
        sql: &str,
        binds: &[&str],
    ) -> Result<Option<Vec<TextRow>>, anyhow::Error> {
        match self.try_rows(sql, binds).await {
            Ok(rows) => Ok(Some(rows)),
            Err(error)
                if matches!(
                    connection::mysql_error_number(&error),
                    Some(1146 | 1142 | 1143 | 1054)
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(explain(&self.source, &self.location, &error)),
        }
    }

    async fn try_rows(&mut self, sql: &str, binds: &[&str]) -> Result<Vec<TextRow>, sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql.replace("{p}", &self.prefix)));
        for bind in binds {
            query = query.bind((*bind).to_owned());
        }
        let (mut all, mut limit) = (Vec::new(), ResultLimit::default());
        let mut rows = query.fetch(&mut self.connection);
        let reading = async {
            while let Some(row) = rows.try_next().await? {
                let row = row_to_text(&row);
                limit.add(&row)?;
                all.push(row);
            }
            Ok(())
        };
        connection::with_timeout(QUERY_TIMEOUT, reading).await?;
        drop(rows);
        Ok(all)
    }

    /// Closes the session; errors are ignored because the data was already read.
    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(source = %self.source, %error, "cannot close the connection cleanly");
        }
    }
}

/// Returns the columns of a row as text; old tables and casts return bytes instead of text.
fn row_to_text(row: &MySqlRow) -> TextRow {
    (0..row.len())
        .map(|i| row.try_get_unchecked::<Option<Vec<u8>>, _>(i).ok().flatten().unwrap_or_default())
        .map(|bytes| column_text::mysql_text(&bytes))
        .collect()
}

/// Returns the error as one sentence: problem, location, fix.
fn explain(source: &str, location: &str, error: &sqlx::Error) -> anyhow::Error {
    let words = error.as_database_error().map_or_else(String::new, |e| e.message().to_owned());
    match connection::mysql_error_number(error) {
        Some(1146) => anyhow!(
            "source {source}: a table is missing at {location} ({words}); check table_prefix against $table_prefix in the site's wp-config.php"
        ),
        Some(1142 | 1143) => {
            anyhow!(
                "source {source}: the user may not read a table at {location} ({words}); grant it SELECT on this table, or correct `table_prefix`"
            )
        }
        _ => connection::explain(source, location, "reading", error),
    }
}
