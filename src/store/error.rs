//! Errors of the store.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::domain::page::InvalidCursor;

/// Error of an operation of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database or a file beside it cannot be opened, which only an admin can fix, or the program
    /// is shutting down; one sentence.
    #[error("{0}")]
    OpenFailed(String),
    /// The database server does not answer or accepts no connections at the moment; one sentence.
    #[error("{0}")]
    Unavailable(String),
    /// The database was migrated by a newer version of Courant.
    #[error(
        "the database was migrated by a newer version of Courant (it has migration {0}, which this version does not know); install that version or a newer one"
    )]
    NewerSchema(i64),
    /// The database has the same migration version, but other tables.
    #[error(
        "cannot use the database {database}; it was created by an earlier development version of Courant whose tables had other names; {remedy}"
    )]
    IncompatibleSchema {
        /// Path of the SQLite file, or host and name of the PostgreSQL database.
        database: String,
        /// Advice for the admin.
        remedy: &'static str,
    },
    /// Another process holds a lock that only one process may hold; one sentence.
    #[error("{0}")]
    Busy(String),
    /// The operation is not possible with the stored data; one sentence.
    #[error("{0}")]
    Rejected(String),
    /// A stored value that this version cannot interpret.
    #[error(
        "the database contains the value {value} in {column}, which this version of Courant does not understand"
    )]
    InvalidValue {
        /// The value, perhaps shortened.
        value: String,
        /// Table and column of the value.
        column: &'static str,
    },
    /// A query was run without one of its parameters, or with one that its statement lacks.
    #[error(
        "the parameter ${name} is missing or unknown in a statement of Courant; please report this: {statement}"
    )]
    Parameter {
        /// Name of the parameter.
        name: String,
        /// Text of the statement.
        statement: Arc<str>,
    },
    /// The database returned an error.
    // No `source`: the messages of sqlx errors include each other, so an error chain would repeat
    // them.
    #[error("database: {}", plain_message(.0))]
    Sql(sqlx::Error),
}

impl From<InvalidCursor> for StoreError {
    fn from(error: InvalidCursor) -> Self {
        Self::Rejected(error.to_string())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl StoreError {
    /// Returns `true` if the database server is unavailable.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Sql(e) => is_unavailable(e),
            _ => false,
        }
    }

    /// Returns `true` if the database accepts no writes at the moment: its disk is full, fails or is
    /// read-only, memory is exhausted, or no server answers.
    pub(crate) fn prevents_writes(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(e)) = self else { return self.is_unavailable() };
        let code = e.code().unwrap_or_default();
        match e.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            // Class 53 insufficient resources, 58 system error.
            Some(_) => self.is_unavailable() || ["53", "58"].iter().any(|c| code.starts_with(c)),
            // SQLITE_NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN.
            None => primary_code(&code).is_some_and(|c| matches!(c, 7 | 8 | 10 | 11 | 13 | 14)),
        }
    }

    /// Returns `true` if the database failed, not the request.
    pub fn is_database_failure(&self) -> bool {
        matches!(self, Self::OpenFailed(_) | Self::Unavailable(_) | Self::Busy(_) | Self::Sql(_))
    }

    /// Returns `true` if a unique constraint was violated; PostgreSQL reports its name, SQLite its
    /// columns.
    pub(crate) fn violates(&self, constraint: &str, column: &str) -> bool {
        let Self::Sql(sqlx::Error::Database(e)) = self else { return false };
        e.is_unique_violation()
            && (e.constraint() == Some(constraint) || e.message().contains(column))
    }

    /// Returns the message of the database if it rejected the values of a statement, not the
    /// statement itself.
    pub(crate) fn rejected_value(&self) -> Option<&str> {
        let Self::Sql(sqlx::Error::Database(e)) = self else { return None };
        let code = e.code().unwrap_or_default();
        let is_value_error = match e.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            // Class 22 data exception, 23 integrity constraint violation, 54 program limit
            // exceeded.
            Some(_) => ["22", "23", "54"].iter().any(|class| code.starts_with(class)),
            // SQLITE_TOOBIG, SQLITE_CONSTRAINT.
            None => primary_code(&code).is_some_and(|code| matches!(code, 18 | 19)),
        };
        is_value_error.then(|| e.message())
    }
}

/// Returns the primary result code of SQLite, the low byte of an extended one.
fn primary_code(code: &str) -> Option<u32> {
    Some(code.parse::<u32>().ok()? & 0xff)
}

/// Result of an operation of the store.
pub type StoreResult<T> = Result<T, StoreError>;

/// Returns `true` if no server answered, or if it accepts no connections at the moment (PostgreSQL
/// error codes, appendix A).
pub(super) fn is_unavailable(e: &sqlx::Error) -> bool {
    // An untrusted certificate or an unreadable file: retrying does not help.
    let permanent = [ErrorKind::PermissionDenied, ErrorKind::InvalidInput, ErrorKind::InvalidData];
    match e {
        sqlx::Error::Io(io) => !permanent.contains(&io.kind()),
        sqlx::Error::PoolTimedOut => true,
        // Shutting down, crashed or starting up; too many connections; a standby that is not
        // promoted yet.
        sqlx::Error::Database(d) => d
            .code()
            .is_some_and(|code| ["57P01", "57P02", "57P03", "53300", "25006"].contains(&&*code)),
        _ => false,
    }
}

/// Returns the message of the database without the text that sqlx adds.
pub(super) fn plain_message(e: &sqlx::Error) -> String {
    match e {
        sqlx::Error::Database(d) => d.message().to_owned(),
        sqlx::Error::Io(io) => io.to_string(),
        sqlx::Error::PoolTimedOut => "it does not answer in time".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transient_errors_are_distinguished_from_permanent_ones() {
        let io = |kind: ErrorKind| StoreError::Sql(sqlx::Error::Io(kind.into()));
        for transient in [
            io(ErrorKind::ConnectionRefused),
            io(ErrorKind::ConnectionReset),
            io(ErrorKind::NotFound),
            io(ErrorKind::Other),
        ] {
            assert!(transient.is_unavailable(), "{transient:?}");
        }
        assert!(
            StoreError::Sql(sqlx::Error::PoolTimedOut).is_unavailable()
                && StoreError::Unavailable(String::new()).is_unavailable()
        );
        for permanent in [
            io(ErrorKind::InvalidData),
            io(ErrorKind::PermissionDenied),
            StoreError::Sql(sqlx::Error::RowNotFound),
        ] {
            assert!(!permanent.is_unavailable(), "{permanent:?}");
        }
        assert!(
            !StoreError::NewerSchema(9).is_unavailable()
                && !StoreError::OpenFailed(String::new()).is_unavailable()
        );
    }

    #[test]
    fn message_of_the_database_is_reported_once() {
        let error = std::io::Error::new(ErrorKind::ConnectionRefused, "nothing is listening");
        let message =
            format!("{:#}", anyhow::Error::from(StoreError::from(sqlx::Error::Io(error))));
        assert_eq!(message, "database: nothing is listening");
        assert_eq!(
            StoreError::Sql(sqlx::Error::PoolTimedOut).to_string(),
            "database: it does not answer in time"
        );
    }
}
