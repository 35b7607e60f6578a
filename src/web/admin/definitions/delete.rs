//! `/admin/KINDs/NAME/delete`: what depends on a feed or digest, and its deletion.

use axum::Extension;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Map;

use super::super::digests::dependent_texts;
use super::super::visit::Visit;
use super::form::{crumbs, section};
use super::stored::{Stored, check_changeable, check_form, find, list_path, reader};
use crate::definitions::{self, DefinitionError};
use crate::domain::definition::DefinitionKind;
use crate::templates::pages::DefinitionDeletePage;
use crate::web::error::WebResult;
use crate::web::form::Form;

/// `GET /admin/KINDs/NAME/delete`: asks for a confirmation.
pub(super) async fn show(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
    Path(name): Path<String>,
) -> WebResult<Response> {
    check_form(&visit, kind, &name)?;
    match find(&visit, kind, &name).await? {
        Ok(stored) => render(&visit, kind, &name, &stored, None).await,
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /admin/KINDs/NAME/delete`: deletes a definition, whose history is kept.
pub(super) async fn submit(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    let stored = match find(&visit, kind, &name).await? {
        Ok(stored) => stored,
        Err(elsewhere) => return Ok(elsewhere),
    };
    check_changeable(&visit, kind, &name, &Map::new(), &Map::new())?;
    let key = if form.first("confirmed").is_empty() {
        "admin-error-unconfirmed"
    } else if form.first("version").parse() != Ok(stored.version) {
        "admin-error-meanwhile"
    } else {
        return delete(&visit, kind, &name, &stored).await;
    };
    render(&visit, kind, &name, &stored, Some(visit.text(key, &[]))).await
}

async fn delete(
    visit: &Visit,
    kind: DefinitionKind,
    name: &str,
    stored: &Stored,
) -> WebResult<Response> {
    let (store, read) = (&visit.app().store, reader(visit));
    let (actor, now) = (&visit.actor, visit.now);
    let deleted = match definitions::expect_version(store, kind, name, Some(stored.version)).await {
        Ok(previous) => {
            definitions::delete_after(store, previous, &read, (kind, name), actor, now).await
        }
        Err(error) => Err(error),
    };
    let error = match deleted {
        Ok(_) => {
            let path = format!("{}/{name}/history", list_path(kind));
            return Ok(visit.done(&path, "definition-deleted"));
        }
        Err(DefinitionError::Store(cause)) => return Err(cause.into()),
        Err(DefinitionError::Conflict) => visit.text("admin-error-meanwhile", &[]),
        Err(other) => other.to_string(),
    };
    render(visit, kind, name, stored, Some(error)).await
}

async fn render(
    visit: &Visit,
    kind: DefinitionKind,
    name: &str,
    stored: &Stored,
    error: Option<String>,
) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let dependents =
        definitions::dependents(&app.store, &app.config, kind, name, visit.now).await?;
    let mut frame = visit.frame(section(kind), crumbs(visit, kind, Some(name)));
    frame.call = Some(format!("DELETE /api/v1/{kind}s/{name}"));
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = DefinitionDeletePage {
        frame,
        heading: visit.text(&format!("admin-{kind}-delete"), &[]),
        list_path: list_path(kind),
        name: name.to_owned(),
        version: stored.version,
        dependents: dependent_texts(visit, &dependents),
        errors: error.into_iter().collect(),
    };
    visit.render_as(status, &page).await
}
