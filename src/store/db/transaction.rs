//! Transactions and queries of the store.

use std::sync::Arc;

use sqlx::Transaction;
use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;

use super::query::Target;
use super::{Assembled, Db, Engine, Query, Statement};
use crate::store::{Store, StoreError, StoreResult};

/// A write transaction; it is rolled back if it is dropped before [`Tx::commit`], also by the
/// cancellation of the caller.
#[derive(Debug)]
#[must_use = "a transaction that is not committed is rolled back"]
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Returns a query of this transaction.
    pub(crate) fn query(&mut self, statement: &Statement) -> Query<'_> {
        match self {
            Self::Sqlite(tx) => {
                Query::new(Target::Sqlite(&mut *tx), statement.for_engine(Engine::Sqlite))
            }
            Self::Postgres(tx) => {
                Query::new(Target::Postgres(&mut *tx), statement.for_engine(Engine::Postgres))
            }
        }
    }

    /// Commits all changes of the transaction.
    pub(crate) async fn commit(self) -> StoreResult<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Store {
    /// Returns a query that only reads; several may run at the same time.
    pub(crate) fn read(&self, statement: &Statement) -> Query<'_> {
        self.read_assembled(statement.for_engine(self.db.engine()))
    }

    /// Returns a query that only reads and whose SQL was assembled at run time.
    pub(crate) fn read_assembled(&self, statement: Arc<Assembled>) -> Query<'_> {
        let target = match &*self.db {
            Db::Sqlite { read, .. } => Target::SqlitePool(read),
            Db::Postgres(pool) => Target::PostgresPool(pool),
        };
        Query::new(target, statement)
    }

    /// Returns a query that writes, as a transaction of its own.
    pub(crate) fn write(&self, statement: &Statement) -> Query<'_> {
        let target = match &*self.db {
            Db::Sqlite { write, .. } => Target::SqlitePool(write),
            Db::Postgres(pool) => Target::PostgresPool(pool),
        };
        Query::new(target, statement.for_engine(self.db.engine()))
    }

    /// Begins a write transaction.
    pub(crate) async fn begin(&self) -> StoreResult<Tx> {
        // A cancelled `begin` of sqlx 0.9 returns a connection with an open transaction to the
        // pool, so it runs in a task of its own; a transaction that nobody waits for any more is
        // dropped, and rolled back, there.
        let db = Arc::clone(&self.db);
        spawn_uncancellable(async move {
            Ok(match &*db {
                Db::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
                Db::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            })
        })
        .await
    }
}

/// Runs a future to completion even if the caller is cancelled.
pub(crate) async fn spawn_uncancellable<T: Send + 'static>(
    work: impl Future<Output = StoreResult<T>> + Send + 'static,
) -> StoreResult<T> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        Err(_) => Err(StoreError::OpenFailed("the program is shutting down".into())),
    }
}
