//! Definitions of feeds, digests and segments: all versions of each, of which the newest is in force.

use serde_json::json;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement};
use super::operations::Definitions;
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::time::Millis;

/// A version of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionVersion {
    /// Number of the version; later versions of any definition have higher numbers.
    pub version: i64,
    /// TOML of the version; `None` if the definition was deleted.
    pub body: Option<String>,
    /// Kind of the actor that made the change.
    pub actor_kind: ActorKind,
    /// Name of the actor's account or token; `None` for the other kinds.
    pub actor_name: Option<String>,
    /// Time of the change.
    pub created_at: Millis,
}

static VERSION: Statement = Statement::new("SELECT COALESCE(MAX(id), 0) FROM definition_versions");

static CURRENT: Statement = Statement::new(
    "
    SELECT v.kind, v.name, v.body
      FROM definition_versions v
     WHERE v.body IS NOT NULL
       AND NOT EXISTS (
           SELECT 1
             FROM definition_versions later
            WHERE later.kind = v.kind AND later.name = v.name AND later.id > v.id)
     ORDER BY v.kind, v.name",
);

static ADD: Statement = Statement::new(
    "
    INSERT INTO definition_versions
           (previous, kind, name, body, actor_kind, actor_name, created_at)
    VALUES ($previous, $kind, $name, $body, $actor_kind, $actor_name, $created_at)
    ON CONFLICT (previous) DO NOTHING
    RETURNING id",
);

static VERSIONS: Statement = Statement::new(
    "
    SELECT id, body, actor_kind, actor_name, created_at
      FROM definition_versions
     WHERE kind = $kind AND name = $name
     ORDER BY id DESC",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&VERSION, &CURRENT, &ADD, &VERSIONS];

impl FromRow for Definition {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let kind = row.enum_value("definition_versions.kind", |word| word.parse().ok())?;
        Ok(Self { kind, name: row.get("name")?, body: row.get("body")? })
    }
}

impl FromRow for DefinitionVersion {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            version: row.get("id")?,
            body: row.get("body")?,
            actor_kind: row.enum_value("definition_versions.actor_kind", ActorKind::parse)?,
            actor_name: row.get("actor_name")?,
            created_at: row.time("created_at")?,
        })
    }
}

impl Definitions<'_> {
    /// Returns the number of the newest version of any definition, 0 if there is none.
    pub async fn version(self) -> StoreResult<i64> {
        self.store.read(&VERSION).fetch_scalar().await
    }

    /// Returns all definitions in force.
    pub async fn current(self) -> StoreResult<Vec<Definition>> {
        self.store.read(&CURRENT).fetch_all().await
    }

    /// Returns all versions of a definition, newest first.
    pub async fn versions(
        self,
        kind: DefinitionKind,
        name: &str,
    ) -> StoreResult<Vec<DefinitionVersion>> {
        self.store.read(&VERSIONS).bind("kind", kind.as_str()).bind("name", name).fetch_all().await
    }

    /// Adds a validated version of a definition, or deletes the definition if `body` is `None`.
    /// Returns the version's number, or `None` if the newest version is no longer `previous`, against
    /// which the new one was validated.
    pub async fn add_version(
        self,
        kind: DefinitionKind,
        name: &str,
        body: Option<&str>,
        previous: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<i64>> {
        let mut tx = self.store.begin().await?;
        let id: Option<i64> = tx
            .query(&ADD)
            .bind("previous", previous)
            .bind("kind", kind.as_str())
            .bind("name", name)
            .bind("body", body)
            .bind("actor_kind", actor.kind().as_str())
            .bind("actor_name", actor.name())
            .bind("created_at", now)
            .fetch_optional_scalar()
            .await?;
        let Some(id) = id else { return Ok(None) };
        let object = match kind {
            DefinitionKind::Feed => AuditObject::Feed,
            DefinitionKind::Digest => AuditObject::Digest,
            DefinitionKind::Segment => AuditObject::Segment,
        };
        let action = if body.is_some() { AuditAction::Change } else { AuditAction::Delete };
        let entry = NewAuditEntry::new(actor, action, object, name).with(json!({"version": id}));
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(Some(id))
    }
}
