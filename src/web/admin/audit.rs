//! `/admin/audit`: who changed what, by object and actor.

use axum::response::Response;

use super::nav::Section;
use super::visit::Visit;
use crate::domain::audit::AuditObject;
use crate::store::audit_log::{AuditEntry, AuditFilter};
use crate::templates::pages::{Cell, Chip, Table};
use crate::web::error::WebResult;

/// Kinds of objects that have a filter.
const FILTERED: [AuditObject; 8] = [
    AuditObject::Edition,
    AuditObject::Digest,
    AuditObject::Feed,
    AuditObject::Subscriber,
    AuditObject::Suppression,
    AuditObject::Source,
    AuditObject::User,
    AuditObject::Token,
];

/// `GET /admin/audit`: the entries, newest first.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    let filter = AuditFilter {
        object: visit.param("object").and_then(AuditObject::parse),
        actor: visit.param("q").map(str::to_owned),
    };
    let log = visit.app().store.audit_log();
    let mut entries = log.list_matching(&filter, &visit.page_request()).await?;
    log.set_names(&mut entries.items).await?;
    let pager = visit.pager(&entries);
    let titles = ["admin-when", "audit-actor", "audit-action", "audit-object", "audit-detail"];
    let table = Table {
        chips: chips(&visit),
        columns: visit.columns(&titles, &[]),
        rows: entries.items.into_iter().map(|entry| row(&visit, entry)).collect(),
        empty: visit.text("audit-none", &[]),
        pager,
    };
    let mut page = visit.list_page(Section::Audit, table);
    page.search = Some(filter.actor.unwrap_or_default());
    page.lede = visit.text("audit-lede", &[]);
    page.frame.command = Some("courant audit list".to_owned());
    page.frame.call = Some("GET /api/v1/audit".to_owned());
    visit.render(&page).await
}

fn chips(visit: &Visit) -> Vec<Chip> {
    let all = visit.chip("object", None, visit.text("admin-all", &[]), None);
    let of = |object: AuditObject| {
        let text = visit.text(&format!("audit-object-{}", key(object.as_str())), &[]);
        visit.chip("object", Some(object.as_str()), text, None)
    };
    std::iter::once(all).chain(FILTERED.into_iter().map(of)).collect()
}

/// Returns a word of the database as a part of a catalog key.
fn key(word: &str) -> String {
    word.replace('_', "-")
}

fn row(visit: &Visit, entry: AuditEntry) -> Vec<Cell> {
    let actor = match entry.actor_name {
        Some(name) => Cell::text(name)
            .with_detail(visit.text(&format!("audit-by-{}", entry.actor_kind.as_str()), &[])),
        None => Cell::text(visit.text(&format!("audit-by-{}", entry.actor_kind.as_str()), &[])),
    };
    let action = visit.text(&format!("audit-action-{}", key(entry.action.as_str())), &[]);
    let object = visit.text(&format!("audit-object-{}", key(entry.object.as_str())), &[]);
    let path = match entry.object {
        AuditObject::Edition => Some("editions"),
        AuditObject::Digest => Some("digests"),
        AuditObject::Feed => Some("feeds"),
        AuditObject::Subscriber => Some("subscribers"),
        AuditObject::Source => Some("sources"),
        AuditObject::User => Some("users"),
        _ => None,
    };
    let id = entry.object_id;
    let url = path.filter(|_| !id.is_empty()).map(|path| visit.url(&format!("/admin/{path}/{id}")));
    let object = Cell { url, ..Cell::text(object) };
    let detail = entry.detail.map(|detail| detail.to_string()).unwrap_or_default();
    vec![
        Cell::time(Some(visit.time(entry.at))),
        actor,
        Cell::text(action),
        object.with_detail(entry.object_name.unwrap_or(id)),
        Cell::code(detail),
    ]
}
