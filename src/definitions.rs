//! Definitions: creates, changes, renames, restores and deletes the feeds, digests, segments and webhooks that the
//! database holds beside those of the config file.

mod access;
mod dependents;
mod history;
mod settings;

pub use self::access::{ChangeRefusal, KEYS_BEYOND_DIGEST, refuse_change};
pub use self::dependents::{Dependents, dependents};
pub use self::history::{Revision, history};
pub use self::settings::{definition_from_settings, errors_by_field};
use crate::config::{Config, ConfigError, Digest, former_names, with_former_names};
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
    let previous = store.definitions().version().await?;
    save_after(store, previous, read_config, templates, definition, actor, now).await
}

/// Like [`save`], unless any definition was changed after version `previous`.
///
/// # Errors
/// As those of [`save`].
pub async fn save_after(
    store: &Store,
    previous: i64,
    read_config: ReadConfig<'_>,
    templates: &Templates,
    definition: Definition,
    actor: &Actor,
    now: Millis,
) -> Result<i64, DefinitionError> {
    check(store, read_config, templates, &definition).await?;
    let Definition { kind, name, .. } = &definition;
    let body = Some(definition.body.as_str());
    let added = store.definitions().add_version(*kind, name, body, previous, actor, now).await?;
    added.ok_or(DefinitionError::Conflict)
}

/// Validates the whole configuration with a new or changed definition, and returns it.
///
/// # Errors
/// If it is invalid, the template does not exist, the config file has the name, or the database fails.
pub async fn check(
    store: &Store,
    read_config: ReadConfig<'_>,
    templates: &Templates,
    definition: &Definition,
) -> Result<Config, DefinitionError> {
    let Definition { kind, name, .. } = definition;
    let mut definitions = store.definitions().current().await?;
    definitions.retain(|other| (other.kind, &other.name) != (*kind, name));
    reject_name_in_file(read_config, *kind, name)?;
    definitions.push(definition.clone());
    let config = read_config(&definitions).map_err(DefinitionError::Invalid)?;
    config.check_filters(store.attributes().types().await?).map_err(DefinitionError::Invalid)?;
    check_template(&config, templates, definition)?;
    Ok(config)
}

/// Checks that the newest version of a definition is the one that a change replaces; `None` expects that
/// there is no such definition. Returns the state of all definitions that the change is based on, for
/// [`save_after`] and [`delete_after`].
///
/// # Errors
/// [`DefinitionError::Conflict`] if it is another version, or if the database fails.
pub async fn expect_version(
    store: &Store,
    kind: DefinitionKind,
    name: &str,
    expected: Option<i64>,
) -> Result<i64, DefinitionError> {
    let definitions = store.definitions();
    // Read first, so that a change after the check is noticed when this one is stored.
    let previous = definitions.version().await?;
    let current = match definitions.newest_version_of(kind, name).await? {
        Some(version) => definitions.find_version(version).await?.map(|_| version),
        None => None,
    };
    if current == expected { Ok(previous) } else { Err(DefinitionError::Conflict) }
}

/// Renames a definition after validating the configuration with the new name; its former name is
/// listed in `was`, so that everything stored under it moves to the new one.
///
/// # Errors
/// If there is no such definition, the new name is not free, another change came first, or the
/// database fails.
pub async fn rename(
    store: &Store,
    read_config: ReadConfig<'_>,
    kind: DefinitionKind,
    (name, new_name): (&str, &str),
    actor: &Actor,
    now: Millis,
) -> Result<i64, DefinitionError> {
    let previous = store.definitions().version().await?;
    let mut definitions = store.definitions().current().await?;
    reject_name_in_file(read_config, kind, new_name)?;
    let is_named = |definition: &Definition| (definition.kind, &*definition.name) == (kind, name);
    let Some(at) = definitions.iter().position(is_named) else {
        reject_name_in_file(read_config, kind, name)?;
        return Err(DefinitionError::NotFound { kind, name: name.to_owned() });
    };
    let mut was = former_names(&definitions[at].body);
    was.push(name.to_owned());
    let renamed = Definition {
        kind,
        name: new_name.to_owned(),
        body: with_former_names(&definitions[at].body, &was),
    };
    definitions[at] = renamed.clone();
    read_config(&definitions).map_err(DefinitionError::Invalid)?;
    let added = store.definitions().rename(&renamed, name, previous, actor, now).await?;
    added.ok_or(DefinitionError::Conflict)
}

/// Restores a version of a definition, which keeps its present former names; also of one that was
/// deleted. Returns the number of the new version.
///
/// # Errors
/// If there is no such version of the definition, the configuration with it would be invalid, another
/// change came first, or the database fails.
pub async fn restore(
    store: &Store,
    read_config: ReadConfig<'_>,
    templates: &Templates,
    (kind, name, version): (DefinitionKind, &str, i64),
    actor: &Actor,
    now: Millis,
) -> Result<i64, DefinitionError> {
    let revisions = history(store, kind, name).await?;
    let body_of = |revision: &Revision| revision.version.body.clone();
    let restored = revisions.iter().find(|revision| revision.version.version == version);
    let Some(body) = restored.and_then(body_of) else {
        return Err(DefinitionError::NotFound {
            kind,
            name: format!("{name} of version {version}"),
        });
    };
    let newest = revisions.iter().find_map(body_of).unwrap_or_default();
    let body = with_former_names(&body, &former_names(&newest));
    let definition = Definition { kind, name: name.to_owned(), body };
    save(store, read_config, templates, definition, actor, now).await
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
    delete_after(store, previous, read_config, (kind, name), actor, now).await
}

/// Like [`delete`], unless any definition was changed after version `previous`.
///
/// # Errors
/// As those of [`delete`].
pub async fn delete_after(
    store: &Store,
    previous: i64,
    read_config: ReadConfig<'_>,
    (kind, name): (DefinitionKind, &str),
    actor: &Actor,
    now: Millis,
) -> Result<i64, DefinitionError> {
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
        DefinitionKind::Webhook => file.webhooks.iter().any(|webhook| webhook.name == name),
    };
    if is_in_file { Err(DefinitionError::InFile { kind, name: name.to_owned() }) } else { Ok(()) }
}
