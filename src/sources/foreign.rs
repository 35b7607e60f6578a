//! Other systems' databases: how they are reached, how long they may be silent, and what is told when they fail.

use std::io;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, anyhow};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tokio_util::sync::CancellationToken;

/// A name server or a firewall that swallows packets must not hold a poll up for minutes.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// A database that tells nothing for so long is taken for gone.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// Steps of SQLite between two looks at whether anybody still waits for the answer.
const STEPS: i32 = 10_000;

const CONNECTING: &str = "connecting";

/// What stands before an address's `://`.
pub(super) fn scheme(url: &str) -> &str {
    url.split("://").next().unwrap_or_default()
}

/// What a person sees of a database's address: no user, no password, no parameters.
pub(super) fn place(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(u) => {
            let port = u.port().map(|p| format!(":{p}")).unwrap_or_default();
            format!("{}://{}{port}{}", u.scheme(), u.host_str().unwrap_or_default(), u.path())
        }
        Err(_) => "the database".to_owned(),
    }
}

/// What a database answers, or an error if it is silent for longer than `patience`.
pub(super) async fn heard<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no answer within {} seconds", patience.as_secs()),
        )
        .into()),
    }
}

/// A connection to MySQL or MariaDB in which nothing can be written.
pub(super) async fn open_mysql(source: &str, url: &str) -> anyhow::Result<MySqlConnection> {
    // The driver's own words may quote the address, so they are not passed on.
    let options = MySqlConnectOptions::from_str(url)
        .map_err(|_| anyhow!("source {source}: url is no MySQL address; write mysql://user:password@host/database, with special characters of the password percent-encoded"))?
        .disable_statement_logging();
    let mut connection = connected(source, url, options.connect()).await?;
    heard(PATIENCE, connection.execute("SET SESSION TRANSACTION READ ONLY"))
        .await
        .map_err(|e| explain(source, &place(url), "making the session read only", &e))?;
    Ok(connection)
}

/// A file of SQLite's, which is not written; its thread ends when `given_up` fires.
pub(super) async fn open_sqlite(
    source: &str,
    url: &str,
    given_up: CancellationToken,
) -> anyhow::Result<SqliteConnection> {
    let path = url.strip_prefix("sqlite://").unwrap_or(url);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        // Drupal's own order of letters, without which its tables could not be sorted.
        .collation("NOCASE_UTF8", |a, b| a.to_lowercase().cmp(&b.to_lowercase()))
        .disable_statement_logging();
    let mut connection = connected(source, url, options.connect()).await?;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || !given_up.is_cancelled());
    Ok(connection)
}

/// A connection to PostgreSQL in which nothing can be written.
pub(super) async fn open_postgres(source: &str, url: &str) -> anyhow::Result<PgConnection> {
    connected(source, url, postgres_options(source, url)?.connect()).await
}

/// How a PostgreSQL is connected to.
pub(super) fn postgres_options(source: &str, url: &str) -> anyhow::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url)
        .with_context(|| format!("source {source}: url is no PostgreSQL address"))?;
    Ok(options
        .application_name("courant")
        .options([("default_transaction_read_only", "on"), ("bytea_output", "hex")])
        .disable_statement_logging())
}

/// Waits for a connection, and says in one sentence what hinders it.
pub(super) async fn connected<C>(
    source: &str,
    url: &str,
    connecting: impl Future<Output = Result<C, sqlx::Error>>,
) -> anyhow::Result<C> {
    heard(PATIENCE, connecting).await.map_err(|e| explain(source, &place(url), CONNECTING, &e))
}

/// The number of a MySQL error.
pub(super) fn code(error: &sqlx::Error) -> Option<u16> {
    error
        .as_database_error()?
        .try_downcast_ref::<MySqlDatabaseError>()
        .map(MySqlDatabaseError::number)
}

/// One sentence: what, where, what to do.
pub(super) fn explain(
    source: &str,
    place: &str,
    doing: &str,
    error: &sqlx::Error,
) -> anyhow::Error {
    let refuses_the_login = match error {
        // PostgreSQL's class of failed authorisations.
        sqlx::Error::Database(e) => {
            matches!(code(error), Some(1045 | 1698 | 1044))
                || e.code().is_some_and(|c| c.starts_with("28"))
        }
        _ => false,
    };
    match error {
        sqlx::Error::Database(e) if refuses_the_login => anyhow!(
            "source {source}: {place} refused the connection ({}): it refuses the user or the password, or that user this database: see the source's url",
            e.message()
        ),
        sqlx::Error::Database(e) if doing == CONNECTING => {
            anyhow!(
                "source {source}: {place} refused the connection: {}: see the source's url",
                e.message()
            )
        }
        sqlx::Error::Database(e) => {
            anyhow!("source {source}: {place} failed while {doing}: {}", e.message())
        }
        sqlx::Error::Io(io) => {
            anyhow!(
                "source {source}: {place} can't be reached ({io}); see the source's url, and that the database is running"
            )
        }
        sqlx::Error::Tls(tls) => {
            anyhow!(
                "source {source}: no secure connection to {place} ({tls}); check its certificate, or see ssl-mode in the source's url"
            )
        }
        other => anyhow!(
            "source {source}: {place} failed while {doing}: {other}; where it asks for a secure login, connect with TLS or use another way to log in: see the source's url"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_names_no_user_and_no_password() {
        assert_eq!(place("mysql://wp:s3cret@db.example/site"), "mysql://db.example/site");
        assert_eq!(
            place("mysql://wp:s3cret@127.0.0.1:8411/wp?ssl-mode=DISABLED"),
            "mysql://127.0.0.1:8411/wp"
        );
        assert_eq!(place("sqlite:///srv/cms.db"), "sqlite:///srv/cms.db");
        assert_eq!(place("not an address"), "the database");
    }

    #[tokio::test]
    async fn a_silent_database_is_given_up() {
        let silent = std::future::pending::<Result<(), sqlx::Error>>();
        let why = heard(Duration::from_millis(10), silent).await.unwrap_err();
        let sentence = explain("college", "mysql://db.example/site", "reading", &why).to_string();
        assert!(sentence.contains("can't be reached (no answer within"), "{sentence}");
    }
}
