//! Embedded migrations of both engines, with the same versions and names.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::error::{is_unavailable, plain_message};
use super::{StoreError, StoreResult};

/// Version, description, SQL for SQLite and SQL for PostgreSQL of each migration.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[(
    1,
    "initial",
    include_str!("../../migrations/sqlite/0001_initial.sql"),
    include_str!("../../migrations/postgres/0001_initial.sql"),
)];

/// Returns the migrations for one engine.
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
    // The lock of sqlx has no effect on SQLite, where `open` takes a file lock instead.
    migrator.set_locking(!sqlite);
    migrator
}

/// Converts the result of a migration; `database` names the database in the error.
///
/// # Errors
/// A database that is newer than this program, or that was created with other tables, is rejected.
pub(crate) fn check_migration_result(
    result: Result<(), MigrateError>,
    database: &str,
    remedy: &'static str,
) -> StoreResult<()> {
    result.map_err(|e| match e {
        MigrateError::VersionMissing(version) => StoreError::NewerSchema(version),
        MigrateError::VersionMismatch(_) => {
            StoreError::IncompatibleSchema { database: database.to_owned(), remedy }
        }
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) if is_unavailable(&e) => {
            StoreError::Unavailable(format!(
                "lost the connection to the database during its migration: {}",
                plain_message(&e)
            ))
        }
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => {
            StoreError::Rejected(format!("cannot migrate the database: {}", plain_message(&e)))
        }
        other => StoreError::Rejected(format!("cannot migrate the database: {other}")),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::hub_requests::HubMode;
    use super::super::{Db, Store};
    use super::*;
    use crate::domain::actor::ActorKind;
    use crate::domain::attribute::AttributeType;
    use crate::domain::audit::{AuditAction, AuditObject};
    use crate::domain::definition::DefinitionKind;
    use crate::domain::delivery::{DeliveryKind, DeliveryState};
    use crate::domain::edition::EditionState;
    use crate::domain::event::EventKind;
    use crate::domain::role::Role;
    use crate::domain::selection::TermKind;
    use crate::domain::subscriber_import::ImportState;
    use crate::domain::subscription::SubscriptionStatus;

    /// Returns the words of each CHECK constraint of a schema by the constraint's name.
    fn check_lists(schema: &str) -> BTreeMap<&str, Vec<&str>> {
        let lists = schema.split("CONSTRAINT ").skip(1).filter_map(|text| {
            let (name, rest) =
                text.split_once(" CHECK (").filter(|(name, _)| !name.contains(' '))?;
            let mut depth = 1_u32;
            let end = rest.find(|c| {
                depth = depth + u32::from(c == '(') - u32::from(c == ')');
                depth == 0
            })?;
            // Every second part stands between quotes.
            Some((name, rest[..end].split('\'').skip(1).step_by(2).collect()))
        });
        lists.collect()
    }

    #[test]
    fn check_constraints_list_exactly_the_words_of_the_enums_on_both_engines() {
        let enums = BTreeMap::from([
            ("audit_log_action", AuditAction::ALL.map(AuditAction::as_str).to_vec()),
            ("audit_log_actor_kind", ActorKind::ALL.map(ActorKind::as_str).to_vec()),
            ("audit_log_object", AuditObject::ALL.map(AuditObject::as_str).to_vec()),
            ("attributes_type", AttributeType::ALL.map(AttributeType::as_str).to_vec()),
            ("api_tokens_role", Role::ALL.map(Role::as_str).to_vec()),
            ("users_role", Role::ALL.map(Role::as_str).to_vec()),
            ("article_terms_kind", TermKind::ALL.map(TermKind::as_str).to_vec()),
            ("definition_versions_kind", DefinitionKind::ALL.map(DefinitionKind::as_str).to_vec()),
            ("events_kind", EventKind::ALL.map(EventKind::as_str).to_vec()),
            ("hub_requests_mode", HubMode::ALL.map(HubMode::as_str).to_vec()),
            ("imports_state", ImportState::ALL.map(ImportState::as_str).to_vec()),
            ("editions_state", EditionState::ALL.map(EditionState::as_str).to_vec()),
            (
                "subscriptions_status",
                SubscriptionStatus::ALL.map(SubscriptionStatus::as_str).to_vec(),
            ),
            (
                "subscription_history_status",
                SubscriptionStatus::ALL.map(SubscriptionStatus::as_str).to_vec(),
            ),
            ("deliveries_kind", DeliveryKind::ALL.map(DeliveryKind::as_str).to_vec()),
            ("deliveries_state", DeliveryState::ALL.map(DeliveryState::as_str).to_vec()),
        ]);
        for (_, _, for_sqlite, for_postgres) in MIGRATIONS {
            for schema in [for_sqlite, for_postgres] {
                assert_eq!(check_lists(schema), enums);
                assert_eq!(schema.matches("CHECK (").count(), enums.len());
            }
        }
    }

    #[test]
    fn an_interrupted_migration_is_reported_without_the_text_of_the_library() {
        let interrupted = Err(MigrateError::Execute(sqlx::Error::PoolTimedOut));
        let error = check_migration_result(interrupted, "courant.db", "").unwrap_err();
        assert!(error.is_unavailable());
        assert_eq!(
            error.to_string(),
            "lost the connection to the database during its migration: it does not answer in time"
        );
    }

    #[tokio::test]
    async fn words_that_no_enum_has_are_rejected_by_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/courant.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        let Db::Sqlite { write, .. } = &*store.db else { unreachable!() };
        let insert = "INSERT INTO deliveries (kind, state, address, address_hash, created_at) \
                      VALUES ($1, $2, 'a@example.org', 'x', 0)";
        let insert = async |kind: &str, state: &str| {
            sqlx::query(insert).bind(kind).bind(state).execute(write).await
        };
        for kind in DeliveryKind::ALL {
            for state in DeliveryState::ALL {
                insert(kind.as_str(), state.as_str()).await.unwrap();
            }
        }
        for (kind, state) in [("edition", "waiting"), ("letter", "queued")] {
            let error = insert(kind, state).await.unwrap_err().to_string();
            assert!(error.contains("CHECK constraint failed"), "{error}");
        }
    }

    #[tokio::test]
    async fn database_with_other_tables_of_the_same_version_is_rejected_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/courant.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        let Db::Sqlite { write, .. } = &*store.db else { unreachable!() };
        sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00'").execute(write).await.unwrap();
        store.close().await;
        let error = Store::open(&url).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StoreError::IncompatibleSchema { .. }), "{text}");
        assert!(
            text.starts_with("cannot use the database /")
                && text.contains("courant.db; it was created by an earlier development version")
                && text.ends_with("start with a new one and import the data again"),
            "{text}"
        );
    }
}
