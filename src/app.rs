//! The composition root: everything connected once, from a config.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::clock;
use crate::config::{Config, ConfigError, Publish};
use crate::delivery::Engine;
use crate::digests::Desk;
use crate::domain::time::Millis;
use crate::feeds::demand::Demand;
use crate::feeds::publish::Publisher;
use crate::feeds::push::Pusher;
use crate::feeds::readership::Readership;
use crate::feeds::shelf::Shelf;
use crate::sources::bell::Bells;
use crate::store::Store;
use crate::store::instance::Instance;
use crate::store::renames::Named;
use crate::templates::Templates;

/// A connected Courant; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// The data.
    pub store: Store,
    /// The looks.
    pub templates: Arc<Templates>,
    /// Who this store is.
    pub instance: Arc<Instance>,
    /// The feeds in memory: those that were kept on disk, until the first refresh.
    pub shelf: Shelf,
    /// The feeds that are made when somebody asks.
    pub demand: Demand,
    /// How many read the feeds, as this process sees it.
    pub readership: Readership,
    /// What has sources read at once.
    pub bells: Bells,
    /// What time it is.
    pub clock: fn() -> Millis,
}

impl App {
    /// Reads the config and connects everything; the store is migrated and renames are carried over.
    pub async fn from_file(path: &Path) -> anyhow::Result<Self> {
        Self::connect(config_of(path)?).await
    }

    /// Connects everything a config names.
    pub async fn connect(config: Config) -> anyhow::Result<Self> {
        let templates = Arc::new(templates_of(&config)?);
        Self::connect_with(config, templates).await
    }

    /// The same with templates that are there already.
    pub async fn connect_with(config: Config, templates: Arc<Templates>) -> anyhow::Result<Self> {
        let store = Store::open(&config.database.url).await?;
        carry_renames(&store, &config).await?;
        store.settle(&config.site.base_url).await?;
        let instance = store.instance().await?;
        Ok(Self::of(config, store, templates, instance))
    }

    /// One whose database is away: it has its settings, its looks, and the feeds that were kept on disk.
    ///
    /// # Errors
    /// When the store is no PostgreSQL.
    pub async fn awaiting(config: Config, templates: Arc<Templates>) -> anyhow::Result<Self> {
        let store = Store::awaited(&config.database.url).await?;
        Ok(Self::of(config, store, templates, Instance::unknown(clock::random_bytes())).serving())
    }

    /// The same program, now that this is its connected self: what it has in memory goes on.
    #[must_use]
    pub fn connected_as(self, connected: Self) -> Self {
        Self { shelf: self.shelf, readership: self.readership, ..connected }
    }

    fn of(config: Config, store: Store, templates: Arc<Templates>, instance: Instance) -> Self {
        Self {
            bells: Bells::of(&config),
            config: Arc::new(config),
            store,
            templates,
            instance: Arc::new(instance),
            shelf: Shelf::default(),
            demand: Demand::default(),
            readership: Readership::begin(node_name(), clock::random_bytes, clock::now()),
            clock: clock::now,
        }
    }

    /// The same, with the feeds that were kept on disk, and keeping those it makes: for who serves them.
    #[must_use]
    pub fn serving(self) -> Self {
        Self { shelf: Shelf::kept_in(&self.config.server.made_feeds, &self.config), ..self }
    }

    /// The present instant.
    pub fn now(&self) -> Millis {
        (self.clock)()
    }

    /// What preparing digests needs.
    pub fn desk(&self) -> Desk<'_> {
        Desk {
            store: &self.store,
            config: &self.config,
            templates: &self.templates,
            instance: &self.instance,
        }
    }

    /// What waits for names that the config no longer has, a sentence each.
    pub async fn stranded(&self) -> anyhow::Result<Vec<String>> {
        let transports: Vec<String> =
            self.config.transports.iter().map(|t| t.name.clone()).collect();
        let digests: Vec<String> = self.config.digests.iter().map(|d| d.name.clone()).collect();
        let left = self.store.stranded(&transports, &digests).await?;
        let remedy = |name: &str| {
            format!(
                "which the config does not have: add it, or give the new one `was = [\"{name}\"]`"
            )
        };
        let mails = left
            .transports
            .iter()
            .map(|(name, _)| format!("mails wait for transport {name:?}, {}", remedy(name)));
        let people = left
            .digests
            .iter()
            .map(|(name, n)| format!("{n} subscriptions are to digest {name:?}, {}", remedy(name)));
        Ok(mails.chain(people).collect())
    }

    /// A sending engine under a new node name.
    pub fn engine(&self) -> Engine {
        Engine::new(
            self.store.clone(),
            self.config.clone(),
            self.templates.clone(),
            self.instance.clone(),
            node_name(),
            self.clock,
        )
    }

    /// What pushes the feeds on the shelf, under a new node name.
    pub fn pusher(&self) -> Pusher {
        Pusher::new(
            self.store.clone(),
            self.config.clone(),
            self.shelf.clone(),
            node_name(),
            self.clock,
        )
    }

    /// What puts the feeds on the shelf into a place elsewhere, under a new node name.
    pub fn publisher(&self, to: &Publish) -> Publisher {
        Publisher::new(
            self.store.clone(),
            self.config.clone(),
            self.shelf.clone(),
            to.clone(),
            node_name(),
            self.clock,
        )
    }

    /// The same, with connections to the database that belong to the runtime of the caller's thread.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { store: self.store.apart(), ..self.clone() }
    }

    /// Why nothing may be sent from here, if so (promise 10).
    pub fn refusal(&self) -> Option<String> {
        self.instance.refusal(&self.config.site.base_url)
    }
}

/// Reads the config, with what the environment overrides.
pub fn config_of(path: &Path) -> Result<Config, ConfigError> {
    Config::load(
        path,
        std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
    )
}

/// Reads the templates that a config names, and the built-in ones.
pub fn templates_of(config: &Config) -> anyhow::Result<Templates> {
    Templates::load(config.templates.as_deref()).context("templates")
}

fn node_name() -> String {
    clock::random_bytes::<8>().iter().map(|b| format!("{b:02x}")).collect()
}

async fn carry_renames(store: &Store, config: &Config) -> anyhow::Result<()> {
    let sources = config.sources.iter().map(|s| (Named::Source, &s.was, &s.name));
    let feeds = config.feeds.iter().map(|f| (Named::Feed, &f.was, &f.name));
    let digests = config.digests.iter().map(|d| (Named::Digest, &d.was, &d.name));
    let transports = config.transports.iter().map(|t| (Named::Transport, &t.was, &t.name));
    let places = config.publish.iter().map(|p| (Named::Publish, &p.was, &p.name));
    for (kind, was, name) in sources.chain(feeds).chain(digests).chain(transports).chain(places) {
        for old in was {
            store.rename(kind, old, name).await?;
        }
    }
    Ok(())
}
