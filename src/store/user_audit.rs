//! Audit entries about users.

use serde_json::Value as Json;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

/// Records a change of a user in its transaction.
pub(super) async fn record_change(
    tx: &mut Tx,
    name: &str,
    action: AuditAction,
    detail: Json,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let entry = NewAuditEntry::new(actor, action, AuditObject::User, name);
    audit_log::record(tx, entry.with(detail), now).await
}
