//! `/admin/KINDs/new`, `/admin/KINDs/NAME/edit` and `rename`: new and changed feeds and digests.

use axum::Extension;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

use super::super::visit::Visit;
use super::check::checked;
use super::form::{Draft, page};
use super::schedule::{self, ScheduleFields};
use super::stored::{
    Stored, check_changeable, check_creatable, check_form, find, list_path, reader, settings_in,
    version_row,
};
use super::values::{merge, settings_of_form};
use crate::config::FieldError;
use crate::definitions::{self, DefinitionError};
use crate::domain::definition::DefinitionKind;
use crate::web::error::WebResult;
use crate::web::form::Form;

/// Name under which the settings of a new definition are checked while its own name has an error.
const UNNAMED: &str = "unnamed";

/// `GET /admin/KINDs/new`: an empty form.
pub(super) async fn show_new(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
) -> WebResult<Response> {
    check_creatable(&visit)?;
    let app = visit.newest_app().await?;
    let mut settings = Map::new();
    if kind == DefinitionKind::Digest {
        settings.insert("schedule".to_owned(), schedule::PROPOSED.into());
    }
    let draft = Draft { kind, name: "", version: None, settings: &settings, entered: None };
    visit.render(&page(&visit, &app, &draft, &[]).await?).await
}

/// `POST /admin/KINDs/new`: creates a definition, or only checks it.
pub(super) async fn create(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
    form: Form,
) -> WebResult<Response> {
    check_creatable(&visit)?;
    let name = form.first("name");
    let settings = settings_of_form(kind, &form, Map::new());
    let entered = ScheduleFields::of_form(&form);
    let draft = Draft { kind, name, version: None, settings: &settings, entered: Some(&entered) };
    submit(&visit, &draft, None, &form).await
}

/// `GET /admin/KINDs/NAME/edit`: the form of a definition.
pub(super) async fn show(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
    Path(name): Path<String>,
) -> WebResult<Response> {
    check_form(&visit, kind, &name)?;
    let stored = match find(&visit, kind, &name).await? {
        Ok(stored) => stored,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let app = visit.newest_app().await?;
    let settings = stored.shown();
    let draft = Draft::of_stored(kind, &name, &stored, &settings);
    visit.render(&page(&visit, &app, &draft, &[]).await?).await
}

/// `POST /admin/KINDs/NAME/edit`: changes a definition, or only checks it.
pub(super) async fn change(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    let stored = match find(&visit, kind, &name).await? {
        Ok(stored) => stored,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let version = form.first("version").parse().unwrap_or(0);
    let base = settings_in(&visit, kind, &name, version).await?;
    let own = settings_of_form(kind, &form, base.clone());
    check_changeable(&visit, kind, &name, &base, &own)?;
    if version != stored.version {
        let settings = merge(kind, &base, &stored.shown(), &own);
        return show_conflict(&visit, kind, &name, &stored, &settings).await;
    }
    let entered = ScheduleFields::of_form(&form);
    let (version, settings) = (Some(version), &own);
    let draft = Draft { kind, name: &name, version, settings, entered: Some(&entered) };
    submit(&visit, &draft, Some(&stored), &form).await
}

/// Shows the form with the settings of both, and says what another person changed.
async fn show_conflict(
    visit: &Visit,
    kind: DefinitionKind,
    name: &str,
    stored: &Stored,
    settings: &Map<String, Value>,
) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let draft = Draft::of_stored(kind, name, stored, settings);
    let mut page = page(visit, &app, &draft, &[]).await?;
    let revisions = definitions::history(&app.store, kind, name).await?;
    page.conflict = revisions.first().map(|newest| version_row(visit, kind, name, newest));
    visit.render_as(StatusCode::CONFLICT, &page).await
}

/// Checks the settings of a form, and stores them unless only the check was asked for.
async fn submit(
    visit: &Visit,
    draft: &Draft<'_>,
    stored: Option<&Stored>,
    form: &Form,
) -> WebResult<Response> {
    let Draft { kind, name, settings, .. } = *draft;
    if draft.version.is_none()
        && let Some(sentence) = visit.name_error(name)
    {
        return refuse_name(visit, draft, sentence).await;
    }
    let app = visit.newest_app().await?;
    let replaced = stored.map_or("", |stored| stored.body.as_str());
    let built = definitions::definition_from_settings(kind, name, settings.clone(), replaced);
    let definition = match built {
        Ok(definition) => definition,
        Err(errors) => return refuse(visit, draft, &errors).await,
    };
    let (store, read) = (&app.store, reader(visit));
    let previous = match definitions::expect_version(store, kind, name, draft.version).await {
        Ok(previous) => previous,
        Err(error) => return fail(visit, draft, error).await,
    };
    if !form.first("check").is_empty() {
        return match definitions::check(store, &read, &app.templates, &definition).await {
            Ok(config) => {
                let mut page = page(visit, &app, draft, &[]).await?;
                page.checked = Some(checked(visit, &app, &config, kind, name).await?);
                visit.render(&page).await
            }
            Err(error) => fail(visit, draft, error).await,
        };
    }
    let (actor, now) = (&visit.actor, visit.now);
    let saved =
        definitions::save_after(store, previous, &read, &app.templates, definition, actor, now);
    match saved.await {
        Ok(_) => Ok(visit.done(&format!("{}/{name}", list_path(kind)), "definition-saved")),
        Err(error) => fail(visit, draft, error).await,
    }
}

/// Shows the form with an error of the validation.
async fn fail(visit: &Visit, draft: &Draft<'_>, error: DefinitionError) -> WebResult<Response> {
    let text = |key: &str| visit.text(key, &[]);
    let errors = match definitions::errors_by_field(error, draft.kind, draft.name) {
        Ok(errors) => errors,
        Err(DefinitionError::InFile { .. }) => {
            return refuse_name(visit, draft, text("admin-error-in-file")).await;
        }
        Err(DefinitionError::Conflict) if draft.version.is_none() => {
            return refuse_name(visit, draft, text("admin-error-name-taken")).await;
        }
        Err(DefinitionError::Conflict) => {
            vec![FieldError { path: Vec::new(), message: text("admin-error-meanwhile") }]
        }
        Err(other) => return Err(anyhow::Error::from(other).into()),
    };
    refuse(visit, draft, &errors).await
}

/// Shows the form with the error of a new name, together with those of the settings.
async fn refuse_name(visit: &Visit, draft: &Draft<'_>, sentence: String) -> WebResult<Response> {
    let mut errors = vec![FieldError { path: vec!["name".to_owned()], message: sentence }];
    errors.extend(errors_of_settings(visit, draft).await?);
    refuse(visit, draft, &errors).await
}

/// Returns the errors of the settings of a new definition, whatever its name.
async fn errors_of_settings(visit: &Visit, draft: &Draft<'_>) -> WebResult<Vec<FieldError>> {
    let Draft { kind, settings, .. } = *draft;
    let built = definitions::definition_from_settings(kind, UNNAMED, settings.clone(), "");
    let definition = match built {
        Ok(definition) => definition,
        Err(errors) => return Ok(errors),
    };
    let app = visit.newest_app().await?;
    let read = reader(visit);
    let checked = definitions::check(&app.store, &read, &app.templates, &definition).await;
    let Err(error) = checked else { return Ok(Vec::new()) };
    let mut errors = match definitions::errors_by_field(error, kind, UNNAMED) {
        Ok(errors) => errors,
        // The config file has an object of this name, so only the name is reported.
        Err(DefinitionError::InFile { .. }) => Vec::new(),
        Err(other) => return Err(anyhow::Error::from(other).into()),
    };
    let location = format!("[[{kind}s]] {UNNAMED}: ");
    for error in &mut errors {
        error.message = error.message.replace(&location, "");
    }
    Ok(errors)
}

async fn refuse(visit: &Visit, draft: &Draft<'_>, errors: &[FieldError]) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let page = page(visit, &app, draft, errors).await?;
    visit.render_as(StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// `POST /admin/KINDs/NAME/rename`: gives a definition the name in `new_name`.
pub(super) async fn rename(
    visit: Visit,
    Extension(kind): Extension<DefinitionKind>,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    let stored = match find(&visit, kind, &name).await? {
        Ok(stored) => stored,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let new_name = form.first("new_name");
    for name in [name.as_str(), new_name] {
        check_changeable(&visit, kind, name, &Map::new(), &Map::new())?;
    }
    let app = visit.newest_app().await?;
    let (read, actor, now) = (reader(&visit), &visit.actor, visit.now);
    let error = if form.first("version").parse() != Ok(stored.version) {
        visit.text("admin-error-meanwhile", &[])
    } else if let Some(reason) = visit.name_error(new_name) {
        reason
    } else {
        let names = (name.as_str(), new_name);
        match definitions::rename(&app.store, &read, kind, names, actor, now).await {
            Ok(_) => {
                let path = format!("{}/{new_name}", list_path(kind));
                return Ok(visit.done(&path, "definition-renamed"));
            }
            Err(DefinitionError::Store(cause)) => return Err(cause.into()),
            Err(DefinitionError::Conflict) => visit.text("admin-error-meanwhile", &[]),
            Err(other) => other.to_string(),
        }
    };
    let settings = stored.shown();
    let draft = Draft::of_stored(kind, &name, &stored, &settings);
    let mut page = page(&visit, &app, &draft, &[]).await?;
    (page.new_name, page.rename_error) = (new_name.to_owned(), Some(error));
    visit.render_as(StatusCode::UNPROCESSABLE_ENTITY, &page).await
}
