//! A connection outside the pools.

use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Executor as _, SqlSafeStr as _};

use super::query::Target;
use super::write_state::WriteState;
use super::{Db, Engine, Query, Statement};
use crate::store::{Store, StoreResult};

/// A connection of its own, for a caller that uses it all the time.
#[derive(Debug)]
pub(crate) struct Connection {
    connection: EngineConnection,
    write_state: Arc<WriteState>,
}

#[derive(Debug)]
enum EngineConnection {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

impl Connection {
    /// Opens a connection that may write.
    pub(crate) async fn open(store: &Store) -> StoreResult<Self> {
        let connection = match &*store.db {
            Db::Sqlite { write, .. } => {
                EngineConnection::Sqlite(Box::new(write.connect_options().connect().await?))
            }
            Db::Postgres(pool) => {
                EngineConnection::Postgres(Box::new(pool.connect_options().connect().await?))
            }
        };
        Ok(Self { connection, write_state: Arc::clone(&store.write_state) })
    }

    /// Returns a query of this connection.
    pub(crate) fn query(&mut self, statement: &Statement) -> Query<'_> {
        let (target, engine) = match &mut self.connection {
            EngineConnection::Sqlite(db) => (Target::Sqlite(db), Engine::Sqlite),
            EngineConnection::Postgres(db) => (Target::Postgres(db), Engine::Postgres),
        };
        Query::new(target, statement.for_engine(engine)).recorded_in(&self.write_state)
    }

    /// Lets the database check a statement without running it.
    pub(crate) async fn prepare(&mut self, statement: &Statement) -> StoreResult<()> {
        match &mut self.connection {
            EngineConnection::Sqlite(db) => {
                let sql = &statement.for_engine(Engine::Sqlite).sql;
                db.prepare(AssertSqlSafe(Arc::clone(sql)).into_sql_str()).await?;
            }
            EngineConnection::Postgres(db) => {
                let sql = &statement.for_engine(Engine::Postgres).sql;
                db.prepare(AssertSqlSafe(Arc::clone(sql)).into_sql_str()).await?;
            }
        }
        Ok(())
    }

    /// Closes the connection to the database.
    pub(crate) async fn close(self) -> StoreResult<()> {
        match self.connection {
            EngineConnection::Sqlite(db) => db.close().await?,
            EngineConnection::Postgres(db) => db.close().await?,
        }
        Ok(())
    }
}
