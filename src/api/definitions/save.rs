//! Stores the settings of a new or changed definition.

use serde_json::{Map, Value};

use super::problems::to_field_problem;
use crate::api::caller::Caller;
use crate::app::load_config_with;
use crate::config::{Config, ConfigError, definition_body, restore_secrets};
use crate::definitions;
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::slug;
use crate::http::Problem;
use crate::wire::problem::FieldError;

/// Returns a function that reads the configuration with other definitions.
pub(super) fn reader(
    caller: &Caller,
) -> impl Fn(&[Definition]) -> Result<Config, ConfigError> + Sync + use<> {
    let path = caller.app.config.path.clone();
    move |definitions: &[Definition]| load_config_with(&path, definitions)
}

/// Validates and stores the settings of a definition. `replaced` is the text that they replace, and
/// `previous` the state of all definitions that the change is based on.
pub(super) async fn save(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
    settings: Map<String, Value>,
    (replaced, previous): (&str, i64),
) -> Result<(), Problem> {
    let pointer = |key: &str| format!("/settings/{key}");
    slug::validate(name).map_err(|reason| Problem::invalid_field("/name", reason))?;
    let settings = restore_secrets(settings, replaced).map_err(|keys| {
        let error = |key: String| FieldError {
            pointer: pointer(&key),
            detail: "`***` stands for a secret, but none is stored; send the secret".to_owned(),
        };
        Problem::invalid_fields(keys.into_iter().map(error).collect())
    })?;
    let body = definition_body(&settings).map_err(|errors| {
        let error = |(key, detail): (String, String)| FieldError { pointer: pointer(&key), detail };
        Problem::invalid_fields(errors.into_iter().map(error).collect())
    })?;
    let definition = Definition { kind, name: name.to_owned(), body };
    let (read, Caller { app, actor, now }) = (reader(caller), caller);
    let saved = definitions::save_after(
        &app.store,
        previous,
        &read,
        &app.templates,
        definition,
        actor,
        *now,
    );
    saved.await.map(drop).map_err(|error| to_field_problem(error, caller, kind, name))
}
