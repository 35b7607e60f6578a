//! Handle to the database.

use std::path::Path;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::count_cache::CountCache;
use super::db::{
    CommitMark, Db, RecordedEvents, RepeatedWrite, Statement, StatementTotals, WriteState, totals,
};
use super::error::{StoreError, StoreResult};
use super::sqlite_files::lost_file;

/// Handle to the database of Courant; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) db: Arc<Db>,
    /// Signals changes of articles made by this process.
    pub(super) article_changes: Arc<watch::Sender<()>>,
    /// Reason why the database accepts no writes, if any.
    pub(super) write_state: Arc<WriteState>,
    /// Statement that the transactions of this handle run before they commit, if any.
    pub(super) commit_mark: Option<Arc<CommitMark>>,
    /// Counts of the last minute in a large list.
    pub(super) recent_counts: Arc<CountCache>,
    /// Kinds of events that this process records for webhooks.
    pub(super) recorded_events: RecordedEvents,
    /// Connections of the newest handle [for another runtime](Self::for_runtime), on PostgreSQL, while it
    /// exists.
    pub(super) other_runtime: Arc<ArcSwap<Weak<Db>>>,
}

static PING: Statement = Statement::new("SELECT 1");

/// Writes a row as it is.
static WRITE_UNCHANGED: Statement =
    Statement::new("UPDATE instance SET value = value WHERE key = 'secret'");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&PING, &WRITE_UNCHANGED];

impl Store {
    pub(super) fn new(db: Db) -> Self {
        Self {
            db: Arc::new(db),
            article_changes: Arc::new(watch::channel(()).0),
            write_state: Arc::default(),
            commit_mark: None,
            recent_counts: Arc::default(),
            recorded_events: RecordedEvents::default(),
            other_runtime: Arc::default(),
        }
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
                let db = Arc::new(Db::Postgres(own));
                self.other_runtime.store(Arc::new(Arc::downgrade(&db)));
                Self { db, ..self.clone() }
            }
        }
    }

    /// Returns the totals of the statements that this process ran.
    pub fn statement_totals(&self) -> StatementTotals {
        totals()
    }

    /// Returns the numbers of used and of idle connections, with those of the other runtime.
    pub fn connections(&self) -> (usize, usize) {
        let count = |size: u32, idle: usize| {
            (usize::try_from(size).unwrap_or_default().saturating_sub(idle), idle)
        };
        match &*self.db {
            Db::Sqlite { read, write, .. } => {
                count(read.size() + write.size(), read.num_idle() + write.num_idle())
            }
            Db::Postgres(pool) => {
                let (size, idle) = match self.other_runtime.load().upgrade().as_deref() {
                    Some(Db::Postgres(other)) => (other.size(), other.num_idle()),
                    _ => (0, 0),
                };
                count(pool.size() + size, pool.num_idle() + idle)
            }
        }
    }

    /// Checks that the database answers a query.
    pub async fn ping(&self) -> StoreResult<()> {
        self.read(&PING).execute().await.map(drop)
    }

    /// Checks that the database accepts writes: looks for its files, and tries a write if the last
    /// one failed.
    ///
    /// # Errors
    /// If a file was deleted, moved or replaced, that write fails as well, or a failed write is being repeated.
    pub async fn check_writable(&self) -> StoreResult<()> {
        self.check_files().await?;
        match self.write_state.last_failure() {
            Some((reason, true)) => Err(StoreError::Unavailable(reason)),
            Some((_, false)) => self.write(&WRITE_UNCHANGED).execute().await.map(drop),
            None => Ok(()),
        }
    }

    /// Marks a failed write that the caller repeats until it succeeds: the database counts as not
    /// writable until the returned value is dropped.
    pub(crate) fn repeat_write(&self) -> RepeatedWrite {
        self.write_state.repeat_write()
    }

    /// Checks that no file of a SQLite database was deleted, moved or replaced since it was opened.
    ///
    /// # Errors
    /// Names the file and the remedy.
    pub async fn check_files(&self) -> StoreResult<()> {
        let Db::Sqlite { files, .. } = &*self.db else { return Ok(()) };
        let files = files.clone();
        match tokio::task::spawn_blocking(move || lost_file(&files)).await {
            Ok(Some(file)) => Err(StoreError::OpenFailed(format!(
                "the database file {} was deleted, moved or replaced while in use, and everything written since then is lost; stop Courant, restore the file or a backup, and start Courant again",
                file.display()
            ))),
            _ => Ok(()),
        }
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
