//! Forms of segments: creation, change and deletion, with the version that a change replaces.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

use super::access::require_all_digests;
use super::entered_segment::EnteredSegment;
use super::requests::FieldError;
use super::segments::{dependents, find, newest_config, render};
use crate::app::load_config_with;
use crate::config::{Config, ConfigError, definition_body, definition_settings};
use crate::definitions::{self, DefinitionError};
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::slug;
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;

const KIND: DefinitionKind = DefinitionKind::Segment;
/// Status of a page with a form that is not valid.
const REJECTED: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// Returns a function that reads the configuration with other definitions.
fn reader(visit: &Visit) -> impl Fn(&[Definition]) -> Result<Config, ConfigError> + Sync + use<> {
    let path = visit.app().config.path.clone();
    move |definitions: &[Definition]| load_config_with(&path, definitions)
}

/// Returns the error of the database, or of a state that a form cannot cause.
fn failure(error: DefinitionError) -> WebError {
    anyhow::Error::from(error).into()
}

/// `POST /admin/segments/new`: creates a segment.
pub(super) async fn create(visit: Visit, form: Form) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let mut entered = EnteredSegment::read(&form);
    let store = &visit.app().store;
    let taken = |key: &str| Some(("name", visit.text(key, &[])));
    entered.error = match definitions::expect_version(store, KIND, &entered.name, None).await {
        _ if entered.name.is_empty() => taken("admin-error-name-empty"),
        _ if slug::validate(&entered.name).is_err() => taken("people-error-slug"),
        Err(DefinitionError::Conflict) => taken("people-error-name-taken"),
        Err(other) => return Err(failure(other)),
        Ok(previous) => save(&visit, &entered, "", previous).await?,
    };
    match entered.error {
        None => Ok(visit.done("/admin/segments", "segment-created")),
        Some(_) => render(&visit, REJECTED, None, entered).await,
    }
}

/// `POST /admin/segments/NAME/save`: changes a segment.
pub(super) async fn change(
    visit: Visit,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let (segment, version) = find(&visit, &name).await?;
    let mut entered = EnteredSegment { name: name.clone(), ..EnteredSegment::read(&form) };
    let Some(current) = version else {
        return Ok(visit.refused(&format!("/admin/segments/{name}"), "segment-in-file"));
    };
    let store = &visit.app().store;
    let expected = entered.version.parse().ok();
    let status = match definitions::expect_version(store, KIND, &name, expected).await {
        Ok(previous) => {
            let body = store.definitions().find_version(current).await?;
            let body = body.map(|definition| definition.body).unwrap_or_default();
            entered.error = save(&visit, &entered, &body, previous).await?;
            REJECTED
        }
        Err(DefinitionError::Conflict) => {
            entered.is_outdated = true;
            StatusCode::CONFLICT
        }
        Err(other) => return Err(failure(other)),
    };
    if entered.error.is_none() && !entered.is_outdated {
        return Ok(visit.done("/admin/segments", "segment-saved"));
    }
    entered.version = current.to_string();
    render(&visit, status, Some((segment, version)), entered).await
}

/// Stores a segment; keys that the form does not have keep their values. Returns the field that is not
/// valid.
async fn save(
    visit: &Visit,
    entered: &EnteredSegment,
    replaced: &str,
    previous: i64,
) -> WebResult<Option<FieldError>> {
    let mut settings: Map<String, Value> = definition_settings(replaced);
    settings.remove("title");
    if !entered.title.is_empty() {
        settings.insert("title".to_owned(), Value::from(entered.title.clone()));
    }
    settings.insert("filter".to_owned(), Value::from(entered.filter.clone()));
    let body = match definition_body(&settings) {
        Ok(body) => body,
        Err(errors) => return Ok(errors.into_iter().next().map(|(_, reason)| ("filter", reason))),
    };
    let definition = Definition { kind: KIND, name: entered.name.clone(), body };
    let (app, read) = (visit.app(), reader(visit));
    let (store, templates, actor, now) = (&app.store, &app.templates, &visit.actor, visit.now);
    let saved =
        definitions::save_after(store, previous, &read, templates, definition, actor, now).await;
    let text = |field, key: &str| Some((field, visit.text(key, &[])));
    Ok(match saved {
        Ok(_) => None,
        Err(DefinitionError::Invalid(reasons)) => {
            let first = reasons.field_errors(KIND, &entered.name).into_iter().next();
            let is_title = |path: &[String]| path.first().is_some_and(|key| key == "title");
            first.map(|error| {
                let field = if is_title(&error.path) { "title" } else { "filter" };
                (field, error.message)
            })
        }
        Err(DefinitionError::InFile { .. }) => text("name", "people-error-name-taken"),
        Err(DefinitionError::Conflict) => text("filter", "people-error-other-change"),
        Err(other) => return Err(failure(other)),
    })
}

/// `POST /admin/segments/NAME/delete`: deletes a segment that no digest names.
pub(super) async fn delete(
    visit: Visit,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    require_all_digests(&visit)?;
    find(&visit, &name).await?;
    let path = format!("/admin/segments/{name}");
    let (app, config) = (visit.app(), newest_config(&visit).await?);
    if !dependents(&config, &name).is_empty() {
        return Ok(visit.refused(&path, "segment-used"));
    }
    let expected = form.first("version").parse().ok();
    let read = reader(&visit);
    let deleted = match definitions::expect_version(&app.store, KIND, &name, expected).await {
        Ok(previous) => {
            let (actor, now) = (&visit.actor, visit.now);
            definitions::delete_after(&app.store, previous, &read, (KIND, &name), actor, now).await
        }
        Err(error) => Err(error),
    };
    match deleted {
        Ok(_) => Ok(visit.done("/admin/segments", "segment-deleted")),
        Err(DefinitionError::Conflict) => Ok(visit.refused(&path, "segment-changed")),
        Err(DefinitionError::InFile { .. }) => Ok(visit.refused(&path, "segment-in-file")),
        Err(DefinitionError::Invalid(_)) => Ok(visit.refused(&path, "segment-used")),
        Err(DefinitionError::NotFound { .. }) => Err(WebError::not_found()),
        Err(other) => Err(failure(other)),
    }
}
