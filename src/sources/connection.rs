//! Read-only connections to the databases of other systems, with timeouts and readable errors.

use std::io;
use std::str::FromStr;
use std::time::Duration;

use anyhow::anyhow;
use sqlx::ConnectOptions;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio_util::sync::CancellationToken;

use super::result_limit::ResultTooLarge;
use crate::config::has_unencoded_password;

/// Timeout for connecting, so that a name server or firewall that drops packets does not block a
/// poll.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout for the next row or reply of a database.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// Timeout for all rows of a result that is kept in memory.
pub(super) const RESULT_TIMEOUT: Duration = Duration::from_secs(300);

/// SQLite virtual machine steps between two checks for cancellation.
const SQLITE_STEPS_BETWEEN_CHECKS: i32 = 10_000;

/// Operation that [`explain`] is called with when connecting failed.
const CONNECTING: &str = "connecting";

/// Returns the scheme of a URL: the part before `://`.
pub(super) fn scheme(url: &str) -> &str {
    url.split("://").next().unwrap_or_default()
}

/// Returns a database URL without user, password and parameters, for messages.
pub(super) fn without_credentials(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(u) if !has_unencoded_password(url) => {
            let port = u.port().map(|p| format!(":{p}")).unwrap_or_default();
            format!("{}://{}{port}{}", u.scheme(), u.host_str().unwrap_or_default(), u.path())
        }
        _ => "the database".to_owned(),
    }
}

/// Returns the reply of a database, or an error if it takes longer than `timeout`.
pub(super) async fn with_timeout<T>(
    timeout: Duration,
    reply: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(timeout, reply).await {
        Ok(reply) => reply,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no answer within {} seconds", timeout.as_secs()),
        )
        .into()),
    }
}

/// Opens a SQLite file read-only; statements on its thread are interrupted once `cancelled` is set.
pub(super) async fn open_sqlite(
    source: &str,
    url: &str,
    cancelled: CancellationToken,
) -> anyhow::Result<SqliteConnection> {
    let path = url.strip_prefix("sqlite://").unwrap_or(url);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        // Drupal's own collation, which its tables require for sorting.
        .collation("NOCASE_UTF8", |a, b| a.to_lowercase().cmp(&b.to_lowercase()))
        .disable_statement_logging();
    let mut connection = connect(source, url, options.connect()).await?;
    connection
        .lock_handle()
        .await?
        .set_progress_handler(SQLITE_STEPS_BETWEEN_CHECKS, move || !cancelled.is_cancelled());
    Ok(connection)
}

/// Opens a read-only connection to PostgreSQL.
pub(super) async fn open_postgres(source: &str, url: &str) -> anyhow::Result<PgConnection> {
    connect(source, url, postgres_options(source, url)?.connect()).await
}

/// Returns the options of a read-only connection to PostgreSQL.
pub(super) fn postgres_options(source: &str, url: &str) -> anyhow::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        anyhow!(
            "source {source}: `url` is not a valid PostgreSQL URL; write \
             postgres://user:password@host/database, with special characters of the password \
             percent-encoded"
        )
    })?;
    Ok(options
        .application_name("courant")
        // Numbers are printed as the server's own client prints them.
        .extra_float_digits(None)
        .options([("default_transaction_read_only", "on"), ("bytea_output", "hex")])
        .disable_statement_logging())
}

/// Waits for a connection; the error is one sentence for the admin.
pub(super) async fn connect<C>(
    source: &str,
    url: &str,
    connecting: impl Future<Output = Result<C, sqlx::Error>>,
) -> anyhow::Result<C> {
    with_timeout(CONNECT_TIMEOUT, connecting)
        .await
        .map_err(|e| explain(source, &without_credentials(url), CONNECTING, &e))
}

/// Returns the number of a MySQL error; `None` for other errors.
pub(super) fn mysql_error_number(error: &sqlx::Error) -> Option<u16> {
    error
        .as_database_error()?
        .try_downcast_ref::<MySqlDatabaseError>()
        .map(MySqlDatabaseError::number)
}

/// Converts a database error to one sentence with the source, the location and a remedy.
pub(super) fn explain(
    source: &str,
    location: &str,
    operation: &str,
    error: &sqlx::Error,
) -> anyhow::Error {
    let is_login_failure = match error {
        // SQLSTATE class 28 of PostgreSQL: invalid authorization.
        sqlx::Error::Database(e) => {
            matches!(mysql_error_number(error), Some(1045 | 1698 | 1044))
                || e.code().is_some_and(|c| c.starts_with("28"))
        }
        _ => false,
    };
    match error {
        sqlx::Error::Database(e) if is_login_failure => anyhow!(
            "source {source}: {location}: login failed ({}); check user, password \
             and the user's access to the database in the source's `url`",
            e.message()
        ),
        sqlx::Error::Database(e) if operation == CONNECTING && location.starts_with("sqlite:") => {
            anyhow!(
                "source {source}: {location} cannot be opened: {}; check that the file of the source's \
                 `url` exists and can be read (an absolute path has three slashes, sqlite:///path)",
                e.message()
            )
        }
        sqlx::Error::Database(e) if operation == CONNECTING => {
            anyhow!(
                "source {source}: {location} refused the connection: {}; check the source's `url`",
                e.message()
            )
        }
        sqlx::Error::Database(e) => {
            anyhow!("source {source}: {location} failed while {operation}: {}", e.message())
        }
        sqlx::Error::Io(io) => {
            anyhow!(
                "source {source}: {location} cannot be reached ({io}); check the source's `url`, \
                 and that the database is running"
            )
        }
        sqlx::Error::Tls(tls) => {
            anyhow!(
                "source {source}: TLS connection to {location} failed ({tls}); check its certificate, \
                 or `ssl-mode` in the source's `url`"
            )
        }
        sqlx::Error::Decode(limit) if limit.is::<ResultTooLarge>() => anyhow!(
            "source {source}: {location} {limit}; check that `url` names the database of the site"
        ),
        other => anyhow!(
            "source {source}: {location} failed while {operation}: {other}; if the server requires \
             a secure login, use TLS or another authentication method in the source's `url`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacted_url_has_no_user_and_no_password() {
        assert_eq!(
            without_credentials("mysql://wp:s3cret@db.example/site"),
            "mysql://db.example/site"
        );
        assert_eq!(
            without_credentials("mysql://wp:s3cret@127.0.0.1:8411/wp?ssl-mode=DISABLED"),
            "mysql://127.0.0.1:8411/wp"
        );
        assert_eq!(without_credentials("sqlite:///srv/cms.db"), "sqlite:///srv/cms.db");
        assert_eq!(without_credentials("not an address"), "the database");
        assert_eq!(without_credentials("mysql://wp:12/s3cret@db.example/wp"), "the database");
        assert_eq!(without_credentials("mysql://wp:p@s3#cret@db.example/wp"), "the database");
    }

    #[tokio::test]
    async fn silent_database_times_out() {
        let silent = std::future::pending::<Result<(), sqlx::Error>>();
        let error = with_timeout(Duration::from_millis(10), silent).await.unwrap_err();
        let sentence = explain("college", "mysql://db.example/site", "reading", &error).to_string();
        assert!(sentence.contains("cannot be reached (no answer within"), "{sentence}");
    }
}
