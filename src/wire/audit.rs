//! Documents about the audit log: entries with actor, object and details.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::store::audit_log;

/// Entry of the audit log: one change and its actor.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Id of the entry; a later change has a greater one.
    pub id: i64,
    /// Time of the change (RFC 3339).
    pub at: String,
    /// Actor that caused the change.
    pub actor: AuditActor,
    /// Kind of the change, for example `create`.
    pub action: String,
    /// Object that was changed.
    pub object: AuditObject,
    /// Object with details of the change; `null` if there are none.
    #[schema(required, value_type = Option<Object>)]
    pub detail: Option<Value>,
}

/// Actor of a change in the audit log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditActor {
    /// Kind of the actor, for example `cli`.
    pub kind: String,
    /// Name of the actor's account or token; `null` if it has none.
    #[schema(required)]
    pub name: Option<String>,
}

/// Object of a change in the audit log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditObject {
    /// Kind of the object, for example `token`.
    pub kind: String,
    /// Name or id of the object.
    pub id: String,
    /// Present address of a subscriber, or `erased person`; `null` for other objects.
    #[schema(required)]
    pub name: Option<String>,
}

impl From<&audit_log::AuditEntry> for AuditEntry {
    fn from(entry: &audit_log::AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at.rfc3339(),
            actor: AuditActor {
                kind: entry.actor_kind.as_str().to_owned(),
                name: entry.actor_name.clone(),
            },
            action: entry.action.as_str().to_owned(),
            object: AuditObject {
                kind: entry.object.as_str().to_owned(),
                id: entry.object_id.clone(),
                name: entry.object_name.clone(),
            },
            detail: entry.detail.clone(),
        }
    }
}
