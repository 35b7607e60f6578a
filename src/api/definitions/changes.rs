//! Operations that show, create, change, rename and delete a definition.

use axum::Extension;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::access::check_changeable;
use super::documents::{CurrentDefinition, find, newest_config};
use super::problems::{defined_in_file, to_problem};
use super::save::{reader, save};
use crate::api::caller::Caller;
use crate::api::input::{JsonBody, PathParams};
use crate::api::output::{ApiResult, check_if_match, created, json, require_if_match, resource};
use crate::definitions::{self, DefinitionError};
use crate::domain::definition::DefinitionKind;
use crate::domain::slug;
use crate::http::Problem;
use crate::wire::definitions::DeletedDefinition;
use crate::wire::feeds::FeedDetails;

/// Shows a definition with its settings.
#[utoipa::path(
    get, path = "/api/v1/definitions/{name}", tag = "definitions",
    params(("name" = String, Path, description = "Name of the definition")),
    responses((status = 200, description = "The definition", body = FeedDetails))
)]
pub(super) async fn show_definition(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    resource(&headers, &find(&caller, kind, &name).await?.document)
}

/// Definition to add to the database.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDefinition {
    /// Name: lower-case letters, digits and hyphens.
    name: String,
    /// Keys and values as in the table of config.toml, without `name`.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// Creates a definition; every node uses it within about a second.
#[utoipa::path(
    post, path = "/api/v1/definitions", tag = "definitions", request_body = NewDefinition,
    responses(
        (status = 201, description = "The definition", body = FeedDetails),
        (status = 409, description = "The definition exists, perhaps in the config file."),
    )
)]
pub(super) async fn create_definition(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    JsonBody(NewDefinition { name, settings }): JsonBody<NewDefinition>,
) -> ApiResult {
    check_changeable(&caller, kind, &name, &Map::new(), &settings)?;
    let previous = definitions::expect_version(&caller.app.store, kind, &name, None).await;
    let previous = previous.map_err(|error| match error {
        DefinitionError::Conflict => {
            Problem::conflict(format!("the {kind} {name:?} exists already"))
        }
        other => to_problem(other, &caller, kind, &name),
    })?;
    save(&caller, kind, &name, settings, ("", previous)).await?;
    created(&format!("{kind}s/{name}"), &find(&caller, kind, &name).await?.document)
}

/// Settings that replace those of a definition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DefinitionSettings {
    /// Keys and values as in the table of config.toml, without `name`; a secret that is `***` is kept.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// Replaces the settings of a definition in the database.
#[utoipa::path(
    put, path = "/api/v1/definitions/{name}", tag = "definitions", request_body = DefinitionSettings,
    params(
        ("name" = String, Path, description = "Name of the definition"),
        ("If-Match" = String, Header, description = "ETag of the version that the change replaces"),
    ),
    responses(
        (status = 200, description = "The changed definition", body = FeedDetails),
        (status = 409, description = "The config file has the definition, or something else was changed meanwhile."),
        (status = 412, description = "`If-Match` names another version."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
pub(super) async fn replace_definition(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
    JsonBody(DefinitionSettings { settings }): JsonBody<DefinitionSettings>,
) -> ApiResult {
    let found = find(&caller, kind, &name).await?;
    check_changeable(&caller, kind, &name, &found.settings(), &settings)?;
    let previous = check_version(&caller, &headers, kind, &name, &found).await?;
    save(&caller, kind, &name, settings, (&found.body, previous)).await?;
    resource(&HeaderMap::new(), &find(&caller, kind, &name).await?.document)
}

/// Checks that a change names the version that it replaces, and returns the state of all definitions that
/// it is based on. What the file defines cannot be changed in any version.
async fn check_version(
    caller: &Caller,
    headers: &HeaderMap,
    kind: DefinitionKind,
    name: &str,
    found: &CurrentDefinition,
) -> Result<i64, Problem> {
    if found.version.is_none() {
        return Err(defined_in_file(caller, kind, name));
    }
    require_if_match(headers, &found.document)?;
    let expected = definitions::expect_version(&caller.app.store, kind, name, found.version).await;
    expected.map_err(|error| match error {
        DefinitionError::Conflict => Problem::precondition_failed(),
        other => to_problem(other, caller, kind, name),
    })
}

/// Deletes a definition, whose versions are kept.
///
/// The answer names what depended on it.
#[utoipa::path(
    delete, path = "/api/v1/definitions/{name}", tag = "definitions",
    params(
        ("name" = String, Path, description = "Name of the definition"),
        ("If-Match" = String, Header, description = "ETag of the version that is deleted"),
    ),
    responses(
        (status = 200, description = "The definition is deleted", body = DeletedDefinition),
        (status = 409, description = "The config file has the definition, or something refers to it."),
        (status = 412, description = "`If-Match` names another version."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
pub(super) async fn delete_definition(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    let found = find(&caller, kind, &name).await?;
    check_changeable(&caller, kind, &name, &Map::new(), &Map::new())?;
    let previous = check_version(&caller, &headers, kind, &name, &found).await?;
    let config = newest_config(&caller).await?;
    let Caller { app, actor, now } = &caller;
    let dependents = definitions::dependents(&app.store, &config, kind, &name, *now).await?;
    let read = reader(&caller);
    let deleted =
        definitions::delete_after(&app.store, previous, &read, (kind, &name), actor, *now).await;
    let version = deleted.map_err(|error| to_problem(error, &caller, kind, &name))?;
    let document = DeletedDefinition {
        kind: kind.as_str().to_owned(),
        name,
        version,
        dependents: dependents.into(),
    };
    json(StatusCode::OK, &document)
}

/// New name of a definition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewName {
    /// New name: lower-case letters, digits and hyphens.
    name: String,
}

/// Renames a definition; what is stored under its name moves to the new one.
#[utoipa::path(
    post, path = "/api/v1/definitions/{name}/rename", tag = "definitions", request_body = NewName,
    params(("name" = String, Path, description = "Name of the definition")),
    responses(
        (status = 200, description = "The renamed definition", body = FeedDetails),
        (status = 409, description = "The new name is not free, or the config file has the definition."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
pub(super) async fn rename_definition(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
    JsonBody(NewName { name: new_name }): JsonBody<NewName>,
) -> ApiResult {
    let found = find(&caller, kind, &name).await?;
    for name in [&name, &new_name] {
        check_changeable(&caller, kind, name, &Map::new(), &Map::new())?;
    }
    if found.version.is_none() {
        return Err(defined_in_file(&caller, kind, &name));
    }
    check_if_match(&headers, &found.document)?;
    slug::validate(&new_name).map_err(|reason| Problem::invalid_field("/name", reason))?;
    let (read, Caller { app, actor, now }) = (reader(&caller), &caller);
    let names = (name.as_str(), new_name.as_str());
    let renamed = definitions::rename(&app.store, &read, kind, names, actor, *now).await;
    renamed.map_err(|error| to_problem(error, &caller, kind, &new_name))?;
    resource(&HeaderMap::new(), &find(&caller, kind, &new_name).await?.document)
}
