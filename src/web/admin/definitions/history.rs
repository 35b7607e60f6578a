//! `/admin/KINDs/NAME/history`: the versions of a feed or digest, of which one can be restored.

use axum::Extension;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

use super::super::visit::Visit;
use super::form::{crumbs, section};
use super::stored::{
    check_changeable, check_visible, is_configured, list_path, reader, version_row,
};
use crate::config::definition_settings;
use crate::definitions::{self, DefinitionError, Revision};
use crate::domain::definition::DefinitionKind;
use crate::templates::pages::{DefinitionHistoryPage, VersionRow};
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;

/// `GET /admin/KINDs/NAME/history`: the versions, newest first.
pub(super) async fn show(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
    Path(name): Path<String>,
) -> WebResult<Response> {
    let revisions = revisions(&visit, kind, &name).await?;
    render(&visit, kind, &name, &revisions, None).await
}

/// `POST /admin/KINDs/NAME/restore`: makes an old version the newest one.
pub(super) async fn restore(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    let revisions = revisions(&visit, kind, &name).await?;
    let version: i64 = form.first("version").parse().unwrap_or(0);
    let found = revisions.iter().find(|revision| revision.version.version == version);
    let body = found.and_then(|revision| revision.version.body.as_deref());
    let body = body.ok_or_else(WebError::not_found)?;
    let (present, restored) = change_of(&revisions, body);
    check_changeable(&visit, kind, &name, &present, &restored)?;
    let newest = revisions.first().map(|newest| &newest.version);
    if form.first("newest").parse() != Ok(newest.map_or(0, |newest| newest.version)) {
        let error = visit.text("admin-error-meanwhile", &[]);
        return render(&visit, kind, &name, &revisions, Some(error)).await;
    }
    let app = visit.newest_app().await?;
    let (read, actor, now) = (reader(&visit), &visit.actor, visit.now);
    let wanted = (kind, name.as_str(), version);
    let error =
        match definitions::restore(&app.store, &read, &app.templates, wanted, actor, now).await {
            Ok(_) => {
                let path = format!("{}/{name}/history", list_path(kind));
                return Ok(visit.done(&path, "definition-restored"));
            }
            Err(DefinitionError::Store(cause)) => return Err(cause.into()),
            Err(DefinitionError::Conflict) => visit.text("admin-error-meanwhile", &[]),
            Err(other) => other.to_string(),
        };
    render(&visit, kind, &name, &revisions, Some(error)).await
}

/// Returns the present settings, and those after the text of an old version is restored.
fn change_of(revisions: &[Revision], body: &str) -> (Map<String, Value>, Map<String, Value>) {
    let newest = revisions.first().and_then(|newest| newest.version.body.as_deref());
    let present = definition_settings(newest.unwrap_or_default());
    let mut restored = definition_settings(body);
    // The former names stay as they are.
    restored.remove("was");
    restored.extend(present.get("was").map(|names| ("was".to_owned(), names.clone())));
    (present, restored)
}

/// Returns the versions of a definition that the user may see; none of one of the config file.
async fn revisions(visit: &Visit, kind: DefinitionKind, name: &str) -> WebResult<Vec<Revision>> {
    check_visible(visit, kind, name)?;
    let revisions = definitions::history(&visit.app().store, kind, name).await?;
    if revisions.is_empty() && !is_configured(visit, kind, name) {
        return Err(WebError::not_found());
    }
    Ok(revisions)
}

async fn render(
    visit: &Visit,
    kind: DefinitionKind,
    name: &str,
    revisions: &[Revision],
    error: Option<String>,
) -> WebResult<Response> {
    let newest = revisions.first().map(|newest| &newest.version);
    let is_deleted = newest.is_some_and(|newest| newest.body.is_none());
    let may_write = visit.may(kind.write_permission());
    let may_restore = |revision: &Revision| {
        let body = revision.version.body.as_deref().filter(|_| may_write);
        let change = body.map(|body| change_of(revisions, body));
        change.is_some_and(|(present, restored)| {
            check_changeable(visit, kind, name, &present, &restored).is_ok()
        })
    };
    let row = |(index, revision): (usize, &Revision)| VersionRow {
        is_current: index == 0 && !is_deleted,
        can_restore: index > 0 && may_restore(revision),
        ..version_row(visit, kind, name, revision)
    };
    let own = Some(name).filter(|_| !is_deleted);
    let mut frame = visit.frame(section(kind), crumbs(visit, kind, own));
    frame.call = Some(format!("GET /api/v1/{kind}s/{name}/versions"));
    frame.command = Some(format!("courant definitions show {kind} {name}"));
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = DefinitionHistoryPage {
        frame,
        heading: visit.text(&format!("admin-{kind}-history"), &[]),
        list_path: list_path(kind),
        name: name.to_owned(),
        newest: newest.map_or(0, |newest| newest.version),
        versions: revisions.iter().enumerate().map(row).collect(),
        errors: error.into_iter().collect(),
    };
    visit.render_as(status, &page).await
}
