//! A connection outside the pools.

use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Executor as _, SqlSafeStr as _};

use super::query::Target;
use super::{Db, Engine, Query, Statement};
use crate::store::{Store, StoreResult};

/// A connection of its own, for a caller that uses it all the time.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

impl Connection {
    /// Opens a connection that may write.
    pub(crate) async fn open(store: &Store) -> StoreResult<Self> {
        Ok(match &*store.db {
            Db::Sqlite { write, .. } => {
                Self::Sqlite(Box::new(write.connect_options().connect().await?))
            }
            Db::Postgres(pool) => Self::Postgres(Box::new(pool.connect_options().connect().await?)),
        })
    }

    /// Returns a query of this connection.
    pub(crate) fn query(&mut self, statement: &Statement) -> Query<'_> {
        match self {
            Self::Sqlite(db) => {
                Query::new(Target::Sqlite(db), statement.for_engine(Engine::Sqlite))
            }
            Self::Postgres(db) => {
                Query::new(Target::Postgres(db), statement.for_engine(Engine::Postgres))
            }
        }
    }

    /// Lets the database check a statement without running it.
    pub(crate) async fn prepare(&mut self, statement: &Statement) -> StoreResult<()> {
        match self {
            Self::Sqlite(db) => {
                let sql = &statement.for_engine(Engine::Sqlite).sql;
                db.prepare(AssertSqlSafe(Arc::clone(sql)).into_sql_str()).await?;
            }
            Self::Postgres(db) => {
                let sql = &statement.for_engine(Engine::Postgres).sql;
                db.prepare(AssertSqlSafe(Arc::clone(sql)).into_sql_str()).await?;
            }
        }
        Ok(())
    }

    /// Closes the connection to the database.
    pub(crate) async fn close(self) -> StoreResult<()> {
        match self {
            Self::Sqlite(db) => db.close().await?,
            Self::Postgres(db) => db.close().await?,
        }
        Ok(())
    }
}
