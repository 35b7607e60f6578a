//! Transactions and queries of the store.

use std::sync::Arc;

use sqlx::Transaction;
use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;

use super::query::Target;
use super::recorded_events::RecordedEvents;
use super::write_state::WriteState;
use super::{AssembledStatement, CommitMark, Db, Engine, Query, Statement};
use crate::domain::event::EventKind;
use crate::store::{Store, StoreError, StoreResult};

/// A write transaction; it is rolled back if it is dropped before [`Tx::commit`], also by the
/// cancellation of the caller.
#[derive(Debug)]
#[must_use = "a transaction that is not committed is rolled back"]
pub(crate) struct Tx {
    transaction: EngineTransaction,
    write_state: Arc<WriteState>,
    /// Statement that runs before the commit, until a transaction with it has been committed.
    commit_mark: Option<Arc<CommitMark>>,
    recorded_events: RecordedEvents,
}

#[derive(Debug)]
enum EngineTransaction {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Returns `true` if events of a kind are recorded with the changes that they report.
    pub(crate) fn records(&self, kind: EventKind) -> bool {
        self.recorded_events.contains(kind)
    }

    /// Returns a query of this transaction.
    pub(crate) fn query(&mut self, statement: &Statement) -> Query<'_> {
        let (target, engine) = match &mut self.transaction {
            EngineTransaction::Sqlite(tx) => (Target::Sqlite(&mut *tx), Engine::Sqlite),
            EngineTransaction::Postgres(tx) => (Target::Postgres(&mut *tx), Engine::Postgres),
        };
        Query::new(target, statement.for_engine(engine)).failure_recorded_in(&self.write_state)
    }

    /// Commits all changes of the transaction.
    pub(crate) async fn commit(mut self) -> StoreResult<()> {
        let mark = self.commit_mark.take().filter(|mark| !mark.is_committed());
        if let Some(mark) = &mark {
            self.run_mark(mark).await?;
        }
        let committed = match self.transaction {
            EngineTransaction::Sqlite(tx) => tx.commit().await,
            EngineTransaction::Postgres(tx) => tx.commit().await,
        };
        let committed = committed.map_err(StoreError::from);
        self.write_state.record(&committed);
        if let (Ok(()), Some(mark)) = (&committed, mark) {
            mark.set_committed();
        }
        committed
    }

    async fn run_mark(&mut self, mark: &CommitMark) -> StoreResult<()> {
        let query = mark.values.iter().fold(self.query(mark.statement), |query, (name, value)| {
            query.bind(name, value.clone())
        });
        match query.execute().await? {
            0 => Err(StoreError::Rejected(mark.failure.to_owned())),
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Returns a query that only reads; several may run at the same time.
    pub(crate) fn read(&self, statement: &Statement) -> Query<'_> {
        self.read_assembled(statement.for_engine(self.db.engine()))
    }

    /// Returns a query that only reads and whose SQL was assembled at run time.
    pub(crate) fn read_assembled(&self, statement: Arc<AssembledStatement>) -> Query<'_> {
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
        Query::new(target, statement.for_engine(self.db.engine())).recorded_in(&self.write_state)
    }

    /// Begins a write transaction.
    pub(crate) async fn begin(&self) -> StoreResult<Tx> {
        // A cancelled `begin` of sqlx 0.9 returns a connection with an open transaction to the
        // pool, so it runs in a task of its own; a transaction that nobody waits for any more is
        // dropped, and rolled back, there.
        let (db, write_state) = (Arc::clone(&self.db), Arc::clone(&self.write_state));
        let commit_mark = self.commit_mark.clone();
        let recorded_events = self.recorded_events.clone();
        spawn_uncancellable(async move {
            let begun = match &*db {
                Db::Sqlite { write, .. } => {
                    write.begin_with("BEGIN IMMEDIATE").await.map(EngineTransaction::Sqlite)
                }
                Db::Postgres(pool) => pool.begin().await.map(EngineTransaction::Postgres),
            };
            match begun.map_err(StoreError::from) {
                Ok(transaction) => {
                    Ok(Tx { transaction, write_state, commit_mark, recorded_events })
                }
                Err(e) => {
                    let failed = Err(e);
                    write_state.record(&failed);
                    failed
                }
            }
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
