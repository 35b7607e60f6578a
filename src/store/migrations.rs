//! The schema's history, embedded; the same names on both engines.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::open::is_away;
use super::{StoreError, StoreResult};

/// Version, description, text for SQLite, text for PostgreSQL.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[(
    1,
    "begin",
    include_str!("../../migrations/sqlite/0001_begin.sql"),
    include_str!("../../migrations/postgres/0001_begin.sql"),
)];

/// The migrations for one engine.
pub(crate) fn migrator(sqlite: bool) -> Migrator {
    let all = MIGRATIONS.iter().map(|&(version, name, for_sqlite, for_postgres)| {
        let text = if sqlite { for_sqlite } else { for_postgres };
        Migration::new(
            version,
            Cow::Borrowed(name),
            MigrationType::Simple,
            AssertSqlSafe(text).into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(all.collect());
    // sqlx's lock does nothing on SQLite, where `open` takes a file lock instead.
    migrator.set_locking(!sqlite);
    migrator
}

/// Turns sqlx's answer into ours: a database that is ahead of the program is refused.
pub(crate) fn understood(result: Result<(), MigrateError>) -> StoreResult<()> {
    result.map_err(|e| match e {
        MigrateError::VersionMissing(version) => StoreError::Newer(version),
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) if is_away(&e) => {
            StoreError::Away(format!("the database went away while it was migrated: {e}"))
        }
        other => StoreError::Refused(format!("the database could not be migrated: {other}")),
    })
}
