//! Definitions: creates, changes and deletes the feeds, digests and segments that the database holds
//! beside those of the config file.

use crate::config::{Config, ConfigError, Digest};
use crate::domain::actor::Actor;
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::time::Millis;
use crate::store::{Store, StoreError};
use crate::templates::Templates;

/// Error of a change of a definition.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// The resulting configuration is invalid: each error with its key and a remedy.
    #[error("{0}")]
    Invalid(ConfigError),
    /// The digest names a template that does not exist.
    #[error("there is no template {template:?}; existing templates: {existing}")]
    UnknownTemplate {
        /// Name of the missing template.
        template: String,
        /// Names of the existing templates, separated by commas.
        existing: String,
    },
    /// The config file defines this name; only the file can change it.
    #[error("config.toml defines the {kind} {name:?}; change it there")]
    InFile {
        /// Kind of the definition.
        kind: DefinitionKind,
        /// Name of the definition.
        name: String,
    },
    /// The database has no such definition.
    #[error("the database has no {kind} {name:?}")]
    NotFound {
        /// Kind of the definition.
        kind: DefinitionKind,
        /// Name of the definition.
        name: String,
    },
    /// Another change came first.
    #[error("another definition was changed meanwhile; load it again and repeat the change")]
    Conflict,
    /// The database failed, not the change.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the complete configuration with these definitions instead of those in use.
pub type ReadConfig<'a> = &'a (dyn Fn(&[Definition]) -> Result<Config, ConfigError> + Sync);

/// Creates or changes a definition after validating the whole configuration with it; every node
/// loads it within about a second. Returns the number of the new version.
///
/// # Errors
/// If the configuration is invalid, its template does not exist, another change came first, or the
/// database fails.
pub async fn save(
    store: &Store,
    read_config: ReadConfig<'_>,
    templates: &Templates,
    definition: Definition,
    actor: &Actor,
    now: Millis,
) -> Result<i64, DefinitionError> {
    let Definition { kind, name, .. } = &definition;
    let previous = store.definitions().version().await?;
    let mut definitions = store.definitions().current().await?;
    definitions.retain(|other| (other.kind, &other.name) != (*kind, name));
    reject_name_in_file(read_config, *kind, name)?;
    definitions.push(definition.clone());
    let config = read_config(&definitions).map_err(DefinitionError::Invalid)?;
    config.check_filters(store.attributes().types().await?).map_err(DefinitionError::Invalid)?;
    check_template(&config, templates, &definition)?;
    let body = Some(definition.body.as_str());
    let added = store.definitions().add_version(*kind, name, body, previous, actor, now).await?;
    added.ok_or(DefinitionError::Conflict)
}

/// Deletes a definition after validating the configuration without it; its versions are kept.
///
/// # Errors
/// If there is no such definition, something refers to it, or the database fails.
pub async fn delete(
    store: &Store,
    read_config: ReadConfig<'_>,
    kind: DefinitionKind,
    name: &str,
    actor: &Actor,
    now: Millis,
) -> Result<i64, DefinitionError> {
    let previous = store.definitions().version().await?;
    let mut definitions = store.definitions().current().await?;
    let before = definitions.len();
    definitions.retain(|other| (other.kind, other.name.as_str()) != (kind, name));
    if definitions.len() == before {
        reject_name_in_file(read_config, kind, name)?;
        return Err(DefinitionError::NotFound { kind, name: name.to_owned() });
    }
    read_config(&definitions).map_err(DefinitionError::Invalid)?;
    let added = store.definitions().add_version(kind, name, None, previous, actor, now).await?;
    added.ok_or(DefinitionError::Conflict)
}

fn check_template(
    config: &Config,
    templates: &Templates,
    definition: &Definition,
) -> Result<(), DefinitionError> {
    let is_defined = |digest: &&Digest| {
        definition.kind == DefinitionKind::Digest && digest.name == definition.name
    };
    let existing: Vec<&str> = templates.digest_templates().collect();
    match config.digests.iter().find(is_defined) {
        Some(digest) if !existing.contains(&digest.template.as_str()) => {
            let (template, existing) = (digest.template.clone(), existing.join(", "));
            Err(DefinitionError::UnknownTemplate { template, existing })
        }
        _ => Ok(()),
    }
}

fn reject_name_in_file(
    read_config: ReadConfig<'_>,
    kind: DefinitionKind,
    name: &str,
) -> Result<(), DefinitionError> {
    let file = read_config(&[]).map_err(DefinitionError::Invalid)?;
    let is_in_file = match kind {
        DefinitionKind::Feed => file.feeds.iter().any(|feed| feed.name == name),
        DefinitionKind::Digest => file.digests.iter().any(|digest| digest.name == name),
        DefinitionKind::Segment => file.segments.iter().any(|segment| segment.name == name),
    };
    if is_in_file { Err(DefinitionError::InFile { kind, name: name.to_owned() }) } else { Ok(()) }
}
