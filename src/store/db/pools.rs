//! The connection pools of the two engines.

use std::path::PathBuf;

use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;

use crate::store::sqlite_files::OpenedFile;

/// Engine of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Connection pools of the database.
#[derive(Debug)]
pub(crate) enum Db {
    /// One writer and many readers, in WAL mode.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
        path: PathBuf,
        files: Vec<OpenedFile>,
    },
    Postgres(PgPool),
}

impl Db {
    /// Returns the engine of the database.
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}
