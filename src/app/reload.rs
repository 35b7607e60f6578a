//! Replacement of the configuration of a running process.

use std::sync::Arc;

use anyhow::bail;

use super::App;
use super::loading::{LoadedConfig, check_templates, with_definitions};
use super::renames::renames;
use crate::config::Config;
use crate::domain::actor::Actor;
use crate::feeds::cache;
use crate::feeds::on_demand::OnDemandCache;
use crate::sources::trigger::SyncTriggers;
use crate::templates::Templates;

/// A configuration with the definitions of the database, checked as a whole.
#[derive(Debug)]
pub struct CheckedConfig {
    config: Config,
    templates: Arc<Templates>,
    definitions_version: i64,
}

impl App {
    /// Adds the definitions of the database to a configuration and checks that a process can use it; the
    /// present configuration stays in use.
    ///
    /// # Errors
    /// If the configuration is not valid or changes a setting that needs a restart, or the database fails.
    pub async fn check_reload(&self, loaded: LoadedConfig) -> anyhow::Result<CheckedConfig> {
        let LoadedConfig { config, templates } = loaded;
        refuse_restart(&self.config, &config)?;
        let (config, definitions_version) = with_definitions(&self.store, config).await?;
        let check = |templates: &Templates| check_templates(&config, templates).map(|()| config);
        let config = templates.run_on_pool(check).await??;
        config.check_filters(self.store.attributes().types().await?)?;
        Ok(CheckedConfig { config, templates, definitions_version })
    }

    /// Returns an app with a checked configuration on the same store. Feeds whose settings changed are
    /// rendered, so that the new app can serve at once.
    ///
    /// Other servers are not asked to reload, because each of them would then ask again.
    ///
    /// # Errors
    /// If the database fails; no row is then renamed.
    pub async fn reloaded(&self, checked: CheckedConfig) -> anyhow::Result<Self> {
        let CheckedConfig { config, templates, definitions_version } = checked;
        let (renamed, known) = (renames(&config), renames(&self.config));
        self.store.rename(&renamed, &Actor::System, self.now()).await?;
        // Also if another server has renamed the rows.
        let is_renamed = renamed.iter().any(|rename| !known.contains(rename));
        let events = config.webhook_events();
        let next = Self {
            triggers: SyncTriggers::new(&config),
            feed_cache: self.feed_cache.with_config(&config),
            config: Arc::new(config),
            templates,
            definitions_version,
            on_demand: OnDemandCache::default(),
            ..self.clone()
        };
        let refreshed = cache::refresh_due(&next.store, &next.config, &next.feed_cache, next.now());
        match refreshed.await {
            // The old configuration no longer fits the renamed rows; the next tick renders the feeds.
            Err(e) if is_renamed => {
                tracing::warn!("cannot render the feeds of the new configuration yet: {e:#}");
            }
            result => drop(result?),
        }
        self.store.record_events(events);
        Ok(next)
    }
}

/// Refuses a configuration with a change that a running process cannot follow.
fn refuse_restart(old: &Config, new: &Config) -> anyhow::Result<()> {
    for (setting, is_same) in [
        ("[database] url", old.database.url == new.database.url),
        ("[server] listen", old.server.listen == new.server.listen),
        ("[server] feed_cache_dir", old.server.feed_cache_dir == new.server.feed_cache_dir),
    ] {
        if !is_same {
            bail!("{setting} has changed, which needs a restart of Courant");
        }
    }
    Ok(())
}
