//! Documents about definitions and about the values of the configuration.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::audit::AuditActor;
use crate::config::{KeyChange, Setting, shown_settings};
use crate::definitions::{self, Revision};

/// Feed, digest, segment or webhook that the database defines.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Definition {
    /// Kind of the definition: `feed`, `digest`, `segment` or `webhook`.
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
    /// Kind of the definition: `feed`, `digest`, `segment` or `webhook`.
    pub kind: String,
    /// Name of the definition.
    pub name: String,
    /// Number of the new version.
    pub version: i64,
}

/// Version of a definition with its settings.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DefinitionVersionDetails {
    /// The fields that a list also has.
    #[serde(flatten)]
    pub listed: DefinitionVersion,
    /// Keys and values as in the table of config.toml, with secrets as `***`; `null` if the definition was
    /// deleted.
    #[schema(required, value_type = Option<Object>)]
    pub settings: Option<Value>,
}

/// Editions, subscriptions and addresses that depend on a definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Dependents {
    /// Ids of the digest's editions that are neither sent nor cancelled; they are sent all the same.
    pub editions_in_progress: Vec<i64>,
    /// Number of subscriptions to the digest that are not ended.
    pub subscriptions: i64,
    /// Number of subscriptions of the WebSub hub to the feed.
    pub hub_subscriptions: i64,
    /// Former paths that the feed serves.
    pub aliases: Vec<String>,
    /// Names of the publishing destinations that have the feed.
    pub destinations: Vec<String>,
}

/// Definition that was deleted, with what depended on it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeletedDefinition {
    /// Kind of the definition: `feed`, `digest`, `segment` or `webhook`.
    pub kind: String,
    /// Name of the definition.
    pub name: String,
    /// Number of the version that deleted it; an earlier one can be restored.
    pub version: i64,
    /// Editions, subscriptions and addresses that depended on the definition.
    pub dependents: Dependents,
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

impl From<&Revision> for DefinitionVersionDetails {
    fn from(revision: &Revision) -> Self {
        let body = revision.version.body.as_deref();
        Self { listed: revision.into(), settings: body.map(|body| shown_settings(body).into()) }
    }
}

impl From<definitions::Dependents> for Dependents {
    fn from(dependents: definitions::Dependents) -> Self {
        let definitions::Dependents {
            editions_in_progress,
            subscriptions,
            hub_subscriptions,
            aliases,
            destinations,
        } = dependents;
        Self { editions_in_progress, subscriptions, hub_subscriptions, aliases, destinations }
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
