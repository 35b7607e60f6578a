//! The one door for SQL: a concrete store on SQLite or PostgreSQL, each operation written once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use tokio::sync::watch;

pub mod adoptions;
mod article_row;
pub mod articles;
pub mod audience;
pub mod changes;
pub mod claims;
pub mod deliveries;
mod dialect;
pub mod digests;
pub mod editions;
pub mod feeds;
pub mod groups;
pub mod hub;
pub mod hub_subscriptions;
pub mod instance;
pub mod leases;
mod migrations;
mod open;
pub mod orders;
pub mod outcomes;
pub mod pings;
pub mod published;
pub mod pushes;
pub mod rates;
pub mod readership;
pub mod renames;
mod selecting;
pub mod sources;
pub mod subscribers;
pub mod subscriptions;
pub mod suppressions;
pub mod terms;
pub mod tokens;
mod wal;
pub mod watching;
pub mod windows;

pub use open::Lock;

/// Everything Courant keeps; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    db: Arc<Db>,
    /// Wakes who waits for news of articles in this process.
    news: Arc<watch::Sender<()>>,
}

#[derive(Debug)]
pub(crate) enum Db {
    /// One writer, many readers (WAL).
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
        path: PathBuf,
    },
    Postgres(PgPool),
}

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or opened; one sentence for a person.
    #[error("{0}")]
    Unreachable(String),
    /// The database's server does not answer, or takes nobody in just now, which may pass; one sentence for a person.
    #[error("{0}")]
    Away(String),
    /// The database was last used by a newer Courant.
    #[error(
        "the database was last migrated by a newer Courant (it knows migration {0}, this program does not): install that version or a newer one"
    )]
    Newer(i64),
    /// Another process does what only one may do; one sentence for a person.
    #[error("{0}")]
    Busy(String),
    /// What was asked for does not fit what is stored; one sentence for a person.
    #[error("{0}")]
    Refused(String),
    /// A stored value that no version of this program writes.
    #[error("the database holds {what} in {place}, which this program does not understand")]
    Inconsistent {
        /// The value.
        what: String,
        /// Table and column.
        place: &'static str,
    },
    /// The database answered with an error.
    // Without a source: sqlx's errors hold each other's words, and a chain would say them three times.
    #[error("database: {}", open::plain(.0))]
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl StoreError {
    /// Whether the database's server is away.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Away(_) => true,
            Self::Sql(e) => open::is_away(e),
            _ => false,
        }
    }

    /// Whether it may pass by itself: the database is away, or busy.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Away(_) | Self::Busy(_) | Self::Sql(_))
    }

    /// Whether a unique constraint of this name was violated.
    pub(crate) fn violates(&self, constraint: &str, column: &str) -> bool {
        let Self::Sql(sqlx::Error::Database(e)) = self else { return false };
        e.is_unique_violation()
            && (e.constraint() == Some(constraint) || e.message().contains(column))
    }

    /// The database's words, if it works and refused only the values it was given.
    pub(crate) fn refused_value(&self) -> Option<&str> {
        let Self::Sql(sqlx::Error::Database(e)) = self else { return None };
        let code = e.code().unwrap_or_default();
        let of_the_value = match e.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            // Data exception, integrity violation, program limit exceeded.
            Some(_) => ["22", "23", "54"].iter().any(|class| code.starts_with(class)),
            // SQLITE_TOOBIG, SQLITE_CONSTRAINT; the low byte is the primary code.
            None => code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18 | 19)),
        };
        of_the_value.then(|| e.message())
    }
}

/// What every operation of the store gives.
pub type StoreResult<T> = Result<T, StoreError>;

/// Runs a future to its end even if the caller goes away: a cancelled `begin` poisons a pooled connection of sqlx 0.9.
pub(crate) async fn undisturbed<T: Send + 'static>(
    work: impl Future<Output = StoreResult<T>> + Send + 'static,
) -> StoreResult<T> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        Err(_) => Err(StoreError::Unreachable("the program is stopping".into())),
    }
}

/// One write transaction: `transaction!(store, |tx| { …; value })`; an error inside rolls it back.
macro_rules! transaction {
    ($store:expr, |$tx:ident| $body:block) => {{
        let store: $crate::store::Store = $store.clone();
        $crate::store::undisturbed(async move {
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

/// One statement that writes, which is a transaction of its own: `writing!(store, |db| query.fetch_all(db).await?)`; run it
/// within [`undisturbed`].
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

/// One or more reads: `reading!(store, |db| query.fetch_all(db).await?)`.
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
    fn on(db: Db) -> Self {
        Self { db: Arc::new(db), news: Arc::new(watch::channel(()).0) }
    }

    /// Whether the store is a SQLite file, which one process at a time may send from.
    pub fn is_sqlite(&self) -> bool {
        matches!(&*self.db, Db::Sqlite { .. })
    }

    /// The SQLite file, if it is one.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &*self.db {
            Db::Sqlite { path, .. } => Some(path),
            Db::Postgres(_) => None,
        }
    }

    /// The same store for another runtime: a connection over the network is woken by the runtime it was opened on.
    #[must_use]
    pub fn apart(&self) -> Self {
        match &*self.db {
            Db::Sqlite { .. } => self.clone(),
            Db::Postgres(pool) => {
                let own =
                    pool.options().clone().connect_lazy_with((*pool.connect_options()).clone());
                Self { db: Arc::new(Db::Postgres(own)), news: Arc::clone(&self.news) }
            }
        }
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> StoreResult<()> {
        reading!(self, |db| sqlx::query("SELECT 1")
            .execute(db)
            .await
            .map(|_| ())
            .map_err(StoreError::from))
    }

    /// Closes all connections, so that SQLite leaves one file behind.
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

/// A list as the store keeps it.
pub(crate) fn json_list(items: &[String]) -> String {
    serde_json::Value::from(items.to_vec()).to_string()
}

/// A list as the store kept it.
pub(crate) fn list_of(json: &str, place: &'static str) -> StoreResult<Vec<String>> {
    serde_json::from_str(json)
        .map_err(|_| StoreError::Inconsistent { what: json.chars().take(80).collect(), place })
}
