//! Stores the settings of a new or changed definition.

use serde_json::{Map, Value};

use super::problems::{invalid_settings, to_field_problem};
use crate::api::caller::Caller;
use crate::app::load_config_with;
use crate::config::{Config, ConfigError};
use crate::definitions;
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::slug;
use crate::http::Problem;

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
    slug::validate(name).map_err(|reason| Problem::invalid_field("/name", reason))?;
    let definition = definitions::definition_from_settings(kind, name, settings, replaced)
        .map_err(invalid_settings)?;
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
