//! `/api/v1/audit`: who changed what.

use utoipa_axum::routes;

use super::caller::Caller;
use super::operations::Operations;
use super::output::ApiResult;
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::permission::Permission;
use crate::wire::audit::AuditEntry;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add(Permission::ReadAudit, routes!(list_audit_entries))
}

/// Lists the entries of the audit log, newest first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "audit", params(PageParams),
    responses((status = 200, description = "Page of the audit log", body = ItemPage<AuditEntry>))
)]
async fn list_audit_entries(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let log = caller.app.store.audit_log();
    let mut page = log.list(&list.page).await?;
    log.set_names(&mut page.items).await?;
    list.respond(page, |entry| AuditEntry::from(&entry))
}
