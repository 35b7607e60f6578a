//! Documents about definitions and about the values of the configuration.

use serde::Serialize;
use utoipa::ToSchema;

use super::audit::AuditActor;
use crate::config::{KeyChange, Setting};
use crate::definitions::Revision;

/// Feed, digest or webhook that the database defines.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Definition {
    /// Kind of the definition: `feed`, `digest` or `webhook`.
    pub kind: String,
    /// Name of the definition.
    pub name: String,
    /// Number of the newest version.
    pub version: i64,
}

/// Version of a definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DefinitionVersion {
    /// Number of the version; a later one is greater.
    pub version: i64,
    /// Name that the definition had in this version.
    pub name: String,
    /// Time of the change (RFC 3339).
    pub at: String,
    /// Actor that made the change.
    pub actor: AuditActor,
    /// `true` if the definition was deleted.
    pub deleted: bool,
    /// Keys that differ from the version before.
    pub changes: Vec<DefinitionChange>,
}

/// Difference between two versions of a definition in one key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DefinitionChange {
    /// Key of the definition.
    pub key: String,
    /// Former value as TOML; `null` if the key was added.
    #[schema(required)]
    pub before: Option<String>,
    /// New value as TOML; `null` if the key was removed.
    #[schema(required)]
    pub after: Option<String>,
}

/// Definition of which an old version was restored.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RestoredDefinition {
    /// Kind of the definition: `feed`, `digest` or `webhook`.
    pub kind: String,
    /// Name of the definition.
    pub name: String,
    /// Number of the new version.
    pub version: i64,
}

/// Key of the configuration with its value.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConfigSetting {
    /// Name of the section; empty for a key outside of all sections.
    pub section: String,
    /// Name of the table in a list section; `null` in others.
    #[schema(required)]
    pub table: Option<String>,
    /// Key in the table.
    pub key: String,
    /// Value as TOML; a secret is hidden.
    pub value: String,
    /// File and line, environment variable, definition in the database, or `default`.
    pub origin: String,
}

impl From<&KeyChange> for DefinitionChange {
    fn from(change: &KeyChange) -> Self {
        Self { key: change.key.clone(), before: change.before.clone(), after: change.after.clone() }
    }
}

impl From<&Revision> for DefinitionVersion {
    fn from(revision: &Revision) -> Self {
        let version = &revision.version;
        Self {
            version: version.version,
            name: revision.name.clone(),
            at: version.created_at.rfc3339(),
            actor: AuditActor {
                kind: version.actor_kind.as_str().to_owned(),
                name: version.actor_name.clone(),
            },
            deleted: version.body.is_none(),
            changes: revision.changes.iter().map(DefinitionChange::from).collect(),
        }
    }
}

impl From<&Setting> for ConfigSetting {
    fn from(setting: &Setting) -> Self {
        Self {
            section: setting.section.to_owned(),
            table: setting.table.clone(),
            key: setting.key.clone(),
            value: setting.value.clone(),
            origin: setting.origin.clone(),
        }
    }
}
