//! Definitions of feeds and digests: what the database holds beside the config file, as JSON with the
//! same keys.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::caller::Caller;
use super::output::require_if_match;
use crate::app::load_config_with;
use crate::config::{Config, ConfigError, definition_body, definition_key, definition_settings};
use crate::definitions::{self, DefinitionError};
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::slug;
use crate::http::Problem;
use crate::wire::problem::FieldError;

/// Definition to add to the database.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDefinition {
    /// Name: lower-case letters, digits and hyphens.
    pub(super) name: String,
    /// Keys and values as in the table of config.toml, without `name`.
    #[schema(value_type = Object)]
    pub(super) settings: Map<String, Value>,
}

/// Settings that replace those of a definition in the database.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DefinitionSettings {
    /// Keys and values as in the table of config.toml, without `name`.
    #[schema(value_type = Object)]
    pub(super) settings: Map<String, Value>,
}

/// Returns the configuration with the newest definitions, which the running one may lack for about a
/// second after a change.
pub(super) async fn newest_config(caller: &Caller) -> Result<Arc<Config>, Problem> {
    let definitions = caller.app.store.definitions();
    if definitions.version().await? == caller.app.definitions_version {
        return Ok(Arc::clone(&caller.app.config));
    }
    let current = definitions.current().await?;
    let config = load_config_with(&caller.app.config.path, &current).map_err(|reason| {
        Problem::conflict(format!("the configuration is not valid at present: {reason}"))
    })?;
    Ok(Arc::new(config))
}

/// Returns the settings of a definition; `None` if the config file defines the name.
pub(super) async fn settings(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
) -> Result<Option<Value>, Problem> {
    let current = caller.app.store.definitions().current().await?;
    let found = current.into_iter().find(|one| one.kind == kind && one.name == name);
    Ok(found.map(|definition| Value::Object(definition_settings(&definition.body))))
}

/// Kind of a change of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Adds a definition whose name must be new.
    Create,
    /// Replaces the settings of an existing definition.
    Replace,
}

/// Validates and stores the settings of a definition.
pub(super) async fn save(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
    settings: &Map<String, Value>,
    change: Change,
) -> Result<(), Problem> {
    let pointer = |key: &str| format!("/settings/{key}");
    slug::validate(name).map_err(|reason| Problem::invalid_field("/name", reason))?;
    let current = caller.app.store.definitions().current().await?;
    let exists = current.iter().any(|one| one.kind == kind && one.name == name);
    match (change, exists) {
        (Change::Create, true) => {
            return Err(Problem::conflict(format!("the {kind} {name:?} exists already")));
        }
        (Change::Replace, false) if !is_in_file(caller, kind, name) => {
            return Err(Problem::not_found(format!("there is no {kind} {name:?}")));
        }
        _ => {}
    }
    let body = definition_body(settings).map_err(|errors| {
        let error = |(key, detail): (String, String)| FieldError { pointer: pointer(&key), detail };
        Problem::invalid_fields(errors.into_iter().map(error).collect())
    })?;
    let definition = Definition { kind, name: name.to_owned(), body };
    let read = reader(caller);
    let (store, templates) = (&caller.app.store, &caller.app.templates);
    let saved =
        definitions::save(store, &read, templates, definition, &caller.actor, caller.now).await;
    saved.map(drop).map_err(|error| to_problem(error, caller, kind, name, settings))
}

/// Deletes a definition, whose versions are kept.
pub(super) async fn delete(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
) -> Result<(), Problem> {
    let read = reader(caller);
    let deleted =
        definitions::delete(&caller.app.store, &read, kind, name, &caller.actor, caller.now).await;
    deleted.map(drop).map_err(|error| to_problem(error, caller, kind, name, &Map::new()))
}

/// Checks that a change of a definition names the version that it replaces; what the file defines
/// cannot be changed in any version.
pub(super) fn check_version<T: serde::Serialize>(
    caller: &Caller,
    headers: &HeaderMap,
    kind: DefinitionKind,
    name: &str,
    document: &T,
) -> Result<(), Problem> {
    if is_in_file(caller, kind, name) {
        return Err(defined_in_file(caller, kind, name));
    }
    require_if_match(headers, document)
}

fn reader(caller: &Caller) -> impl Fn(&[Definition]) -> Result<Config, ConfigError> + Sync {
    let path = caller.app.config.path.clone();
    move |definitions: &[Definition]| load_config_with(&path, definitions)
}

fn is_in_file(caller: &Caller, kind: DefinitionKind, name: &str) -> bool {
    caller.app.config.line_in_file(kind, name).is_some()
}

fn defined_in_file(caller: &Caller, kind: DefinitionKind, name: &str) -> Problem {
    let file = caller.app.config.path.display();
    let line = caller.app.config.line_in_file(kind, name).unwrap_or(1);
    Problem::conflict(format!("{file}:{line} defines the {kind} {name:?}; change it there"))
}

fn to_problem(
    error: DefinitionError,
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
    settings: &Map<String, Value>,
) -> Problem {
    match error {
        DefinitionError::Invalid(reasons) if settings.is_empty() => {
            Problem::conflict(reasons.to_string())
        }
        DefinitionError::Invalid(reasons) => {
            let error = |(line, detail): (Option<usize>, String)| {
                let key = line.and_then(|line| definition_key(settings, line));
                let pointer = key.map_or("/settings".to_owned(), |key| format!("/settings/{key}"));
                FieldError { pointer, detail }
            };
            Problem::invalid_fields(reasons.of_definition(kind, name).map(error).collect())
        }
        DefinitionError::UnknownTemplate { .. } => {
            Problem::invalid_field("/settings/template", error.to_string())
        }
        DefinitionError::InFile { .. } => defined_in_file(caller, kind, name),
        DefinitionError::NotFound { .. } => Problem::not_found(error.to_string()),
        DefinitionError::Conflict => Problem::conflict(error.to_string()),
        DefinitionError::Store(cause) => cause.into(),
    }
}

/// Returns the response to a deletion.
pub(super) fn deleted() -> axum::response::Response {
    axum::response::IntoResponse::into_response(StatusCode::NO_CONTENT)
}
