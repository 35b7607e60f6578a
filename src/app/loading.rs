//! Reads the configuration and the templates that it names, and checks that they fit together.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use crate::config::{Config, ConfigError};
use crate::delivery;
use crate::domain::definition::Definition;
use crate::store::Store;
use crate::templates::Templates;

/// A validated configuration with its templates.
#[derive(Debug)]
pub struct LoadedConfig {
    /// Settings of the config file.
    pub config: Config,
    /// Compiled templates that the settings name.
    pub templates: Arc<Templates>,
}

/// Reads a config file and its templates, and checks them as a server does before it uses them.
///
/// # Errors
/// If the configuration is invalid; a `ConfigError` lists every error of the settings.
pub fn load_checked_config(path: &Path) -> anyhow::Result<LoadedConfig> {
    let config = load_config(path)?;
    delivery::check_dkim_keys(&config.transports)?;
    let templates = Arc::new(load_templates(&config)?);
    check_templates(&config, &templates)?;
    Ok(LoadedConfig { config, templates })
}

/// Reads a config file, with overrides from the environment.
pub fn load_config(path: &Path) -> Result<Config, ConfigError> {
    load_config_with(path, &[])
}

/// Like [`load_config`], with definitions of the database.
pub fn load_config_with(path: &Path, definitions: &[Definition]) -> Result<Config, ConfigError> {
    let env = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    Config::load_with(path, env, definitions)
}

/// Returns the configuration with the definitions of the database, and their newest version. The
/// file is read again only if there are any.
pub(super) async fn with_definitions(
    store: &Store,
    config: Config,
) -> anyhow::Result<(Config, i64)> {
    // Read first: a definition that is added meanwhile leads to a reload.
    let version = store.definitions().version().await?;
    let definitions = store.definitions().current().await?;
    if definitions.is_empty() {
        return Ok((config, version));
    }
    Ok((load_config_with(&config.path, &definitions)?, version))
}

/// Loads the built-in templates, and those that a config names.
pub fn load_templates(config: &Config) -> anyhow::Result<Templates> {
    Templates::load(config.templates.as_deref()).context("cannot load the templates")
}

/// Returns the errors of the templates and of the digests' references to them. Each location is
/// reported once, even if several samples fail there.
pub fn template_errors(config: &Config, templates: &Templates) -> Vec<String> {
    let mut errors = templates.check();
    let location = |error: &String| error.split(": ").next().unwrap_or_default().to_owned();
    errors.sort_by_key(|f| (location(f), f.len()));
    errors.dedup_by_key(|f| location(f));
    let known: Vec<&str> = templates.digest_templates().collect();
    for digest in config.digests.iter().filter(|d| !known.contains(&d.template.as_str())) {
        errors.push(format!(
            "digest {}: there is no template {:?}; existing templates: {}",
            digest.name,
            digest.template,
            known.join(", ")
        ));
    }
    errors
}

/// Checks the templates of a configuration; the error names the first error.
pub fn check_templates(config: &Config, templates: &Templates) -> anyhow::Result<()> {
    if let [reason, ..] = template_errors(config, templates).as_slice() {
        bail!("{reason}; fix it and run `courant check`, which checks all templates");
    }
    Ok(())
}
