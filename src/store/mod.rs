//! The only module with SQL: a store on SQLite or PostgreSQL, with each operation written once.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

pub mod api_tokens;
mod article_row;
mod article_writes;
pub mod articles;
pub mod audience;
pub mod audit_log;
pub mod change_listener;
pub mod change_log;
pub mod claims;
mod db;
pub mod deliveries;
mod dialect;
pub mod digests;
pub mod due_work;
pub mod edition_commands;
pub mod edition_creation;
pub mod editions;
pub mod feed_queries;
pub mod feed_versions;
pub mod groups;
pub mod hub_pings;
pub mod hub_pushes;
pub mod hub_requests;
pub mod hub_subscriptions;
mod hub_verifications;
pub mod id_mappings;
pub mod instance;
pub mod job_leases;
pub mod leased_delivery;
pub mod leases;
mod migrations;
mod open;
pub mod outcomes;
pub mod publications;
pub mod rate_limits;
pub mod readership;
mod rejected_rows;
pub mod renames;
mod selection_sql;
pub mod sources;
mod statements;
pub mod subscribers;
pub mod subscriptions;
pub mod suppressions;
pub mod terms;
mod wal_watcher;

pub(crate) use db::{Db, spawn_uncancellable};
pub use open::Lock;

/// Handle to the database of Courant; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    db: Arc<Db>,
    /// Signals changes of articles made by this process.
    article_changes: Arc<watch::Sender<()>>,
}

/// Error of an operation of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or opened, which only an admin can fix; one sentence.
    #[error("{0}")]
    Unreachable(String),
    /// The database server does not answer or accepts no connections at the moment; one sentence.
    #[error("{0}")]
    Unavailable(String),
    /// The database was migrated by a newer version of Courant.
    #[error(
        "the database was migrated by a newer Courant (it has migration {0}, which this version does not know); install that version or a newer one"
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
        /// The statement.
        statement: Arc<str>,
    },
    /// The database returned an error.
    // No `source`: the messages of sqlx errors include each other, so an error chain would repeat
    // them.
    #[error("database: {}", open::plain_message(.0))]
    Sql(sqlx::Error),
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
            Self::Sql(e) => open::is_unavailable(e),
            _ => false,
        }
    }

    /// Returns `true` if a retry may succeed: the database is unavailable or busy.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unavailable(_) | Self::Busy(_) | Self::Sql(_))
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
            // 18 SQLITE_TOOBIG, 19 SQLITE_CONSTRAINT; the low byte is the primary result code.
            None => code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18 | 19)),
        };
        is_value_error.then(|| e.message())
    }
}

/// Result of an operation of the store.
pub type StoreResult<T> = Result<T, StoreError>;

/// Runs one write transaction: `transaction!(store, |tx| { …; value })`; an error in the body rolls
/// it back.
macro_rules! transaction {
    ($store:expr, |$tx:ident| $body:block) => {{
        let store: $crate::store::Store = $store.clone();
        $crate::store::spawn_uncancellable(async move {
            match &*store.db {
                $crate::store::Db::Sqlite { write, .. } => {
                    let mut $tx = write.begin_with("BEGIN IMMEDIATE").await?;
                    let value = $body;
                    $tx.commit().await?;
                    Ok::<_, $crate::store::StoreError>(value)
                }
                $crate::store::Db::Postgres(pool) => {
                    let mut $tx = pool.begin().await?;
                    let value = $body;
                    $tx.commit().await?;
                    Ok::<_, $crate::store::StoreError>(value)
                }
            }
        })
        .await
    }};
}

/// Runs one statement that writes, as its own transaction:
/// `writing!(store, |db| query.fetch_all(db).await?)`; to be used within [`spawn_uncancellable`].
macro_rules! writing {
    ($store:expr, |$db:ident| $body:expr) => {
        match &*$store.db {
            $crate::store::Db::Sqlite { write, .. } => {
                let $db = write;
                $body
            }
            $crate::store::Db::Postgres(pool) => {
                let $db = pool;
                $body
            }
        }
    };
}

/// Runs one or more reads: `reading!(store, |db| query.fetch_all(db).await?)`.
macro_rules! reading {
    ($store:expr, |$db:ident| $body:expr) => {
        match &*$store.db {
            $crate::store::Db::Sqlite { read, .. } => {
                let $db = read;
                $body
            }
            $crate::store::Db::Postgres(pool) => {
                let $db = pool;
                $body
            }
        }
    };
}

pub(crate) use {reading, transaction, writing};

impl Store {
    fn new(db: Db) -> Self {
        Self { db: Arc::new(db), article_changes: Arc::new(watch::channel(()).0) }
    }

    /// Returns `true` for SQLite, from which only one process at a time may send.
    pub fn is_sqlite(&self) -> bool {
        matches!(&*self.db, Db::Sqlite { .. })
    }

    /// Returns the path of the SQLite file; `None` for PostgreSQL.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &*self.db {
            Db::Sqlite { path, .. } => Some(path),
            Db::Postgres(_) => None,
        }
    }

    /// Returns the same store for use in another Tokio runtime, with its own network connections,
    /// because a socket is driven by the runtime that opened it.
    #[must_use]
    pub fn for_runtime(&self) -> Self {
        match &*self.db {
            Db::Sqlite { .. } => self.clone(),
            Db::Postgres(pool) => {
                let own =
                    pool.options().clone().connect_lazy_with((*pool.connect_options()).clone());
                Self {
                    db: Arc::new(Db::Postgres(own)),
                    article_changes: Arc::clone(&self.article_changes),
                }
            }
        }
    }

    /// Checks that the database answers a query.
    pub async fn ping(&self) -> StoreResult<()> {
        reading!(self, |db| sqlx::query("SELECT 1")
            .execute(db)
            .await
            .map(|_| ())
            .map_err(StoreError::from))
    }

    /// Closes all connections; SQLite then merges its log files into the database file.
    pub async fn close(&self) {
        match &*self.db {
            Db::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

/// Serializes a list of texts as JSON, the format of list columns.
pub(crate) fn json_list(items: &[String]) -> String {
    serde_json::Value::from(items.to_vec()).to_string()
}

/// Parses a stored word of an enum; `column` names it in the error.
pub(crate) fn parse_word<T: std::str::FromStr>(word: &str, column: &'static str) -> StoreResult<T> {
    word.parse().map_err(|_| StoreError::InvalidValue { value: format!("{word:?}"), column })
}

/// Parses a JSON list of texts; `column` names the column in the error.
pub(crate) fn parse_json_list(json: &str, place: &'static str) -> StoreResult<Vec<String>> {
    serde_json::from_str(json).map_err(|_| StoreError::InvalidValue {
        value: json.chars().take(80).collect(),
        column: place,
    })
}
