//! The connection to a WordPress database: read only, every value as text, every failure one sentence without the password.

use std::str::FromStr;
use std::time::Duration;

use anyhow::anyhow;
use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

use crate::config::Source;

/// A name server or a firewall that swallows packets must not hold a poll up for minutes.
const PATIENCE: Duration = Duration::from_secs(15);

/// A connection that died without a word must not hold the source up for ever.
const LONGEST: Duration = Duration::from_secs(180);

/// An open database with the table prefix that was checked.
pub(super) struct Database {
    connection: MySqlConnection,
    /// Begins every table's name; letters, digits and underscores only.
    pub(super) prefix: String,
    /// `host:port/database`, for sentences.
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
        let place = place(url);
        // The driver's own words may quote the address, so they are not passed on.
        let options = MySqlConnectOptions::from_str(url)
            .map_err(|_| anyhow!("source {name}: url is no MySQL address; write mysql://user:password@host/database, with special characters of the password percent-encoded"))?
            .disable_statement_logging();
        let connecting = tokio::time::timeout(PATIENCE, MySqlConnection::connect_with(&options));
        let connection = match connecting.await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(explain(name, &place, "connecting", &error)),
            Err(_) => {
                return Err(anyhow!(
                    "source {name}: {place} did not answer within {} seconds; check host, port and firewall",
                    PATIENCE.as_secs()
                ));
            }
        };
        let mut database = Self { connection, prefix, place, source: name.clone() };
        database.run("SET SESSION TRANSACTION READ ONLY").await?;
        Ok(database)
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), anyhow::Error> {
        match self.connection.execute(statement).await {
            Ok(_) => Ok(()),
            Err(error) => Err(explain(&self.source, &self.place, "making the session read only", &error)),
        }
    }

    /// The rows of a query in which `{p}` stands for the table prefix, and nothing comes from outside but numbers and `binds`.
    pub(super) async fn rows(&mut self, sql: &str, binds: &[&str]) -> Result<Vec<Fields>, anyhow::Error> {
        self.attempt(sql, binds).await.map_err(|error| explain(&self.source, &self.place, "reading", &error))
    }

    /// The same, but a missing table or right is no failure: `None`.
    pub(super) async fn rows_if_there(&mut self, sql: &str, binds: &[&str]) -> Result<Option<Vec<Fields>>, anyhow::Error> {
        match self.attempt(sql, binds).await {
            Ok(rows) => Ok(Some(rows)),
            Err(error) if matches!(code(&error), Some(1146 | 1142 | 1054)) => Ok(None),
            Err(error) => Err(explain(&self.source, &self.place, "reading", &error)),
        }
    }

    async fn attempt(&mut self, sql: &str, binds: &[&str]) -> Result<Vec<Fields>, sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql.replace("{p}", &self.prefix)));
        for bind in binds {
            query = query.bind((*bind).to_owned());
        }
        let reading = query.fetch(&mut self.connection).map_ok(|row| fields(&row)).try_collect();
        match tokio::time::timeout(LONGEST, reading).await {
            Ok(rows) => rows,
            Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
        }
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

/// The address for people, without user and password.
fn place(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(url) => format!("{}:{}{}", url.host_str().unwrap_or("localhost"), url.port().unwrap_or(3306), url.path()),
        Err(_) => "the database".to_owned(),
    }
}

fn code(error: &sqlx::Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(sqlx::mysql::MySqlDatabaseError::number)
}

/// One sentence: what, where, what to do.
fn explain(source: &str, place: &str, doing: &str, error: &sqlx::Error) -> anyhow::Error {
    let words = error.as_database_error().map_or_else(|| error.to_string(), |e| e.message().to_owned());
    match code(error) {
        Some(1045 | 1698 | 1044) => anyhow!(
            "source {source}: {place} refuses the user or the password; check them in url, and that the user may read this database from here"
        ),
        Some(1049) => anyhow!("source {source}: {place} has no such database; check the name at the end of url"),
        Some(1146) => anyhow!(
            "source {source}: a table is missing at {place} ({words}); check table_prefix against $table_prefix in the site's wp-config.php"
        ),
        Some(1142 | 1143) => {
            anyhow!("source {source}: the user may not read a table at {place} ({words}); grant it SELECT on the database")
        }
        Some(_) => anyhow!("source {source}: {place} failed while {doing}: {words}"),
        None => match error {
            sqlx::Error::Io(io) => {
                anyhow!("source {source}: {place} can't be reached ({io}); check host and port in url and that the database is running")
            }
            sqlx::Error::Tls(tls) => {
                anyhow!("source {source}: no secure connection to {place} ({tls}); check its certificate, or ssl-mode in url")
            }
            other => anyhow!(
                "source {source}: {place} failed while {doing}: {other}; where it asks for a secure login, connect with TLS or use an account with mysql_native_password"
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_place_names_no_user_and_no_password() {
        assert_eq!(place("mysql://wp:s3cret@db.example/site"), "db.example:3306/site");
        assert_eq!(place("mysql://wp:s3cret@127.0.0.1:8411/wp?ssl-mode=DISABLED"), "127.0.0.1:8411/wp");
        assert_eq!(place("not an address"), "the database");
    }
}
