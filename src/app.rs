//! Composition root: connects everything once, from a config.

mod attention;
mod clock_faults;
mod loading;
mod reload;
mod renames;

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

pub use self::attention::{Attention, Observed};
use self::loading::with_definitions;
pub use self::loading::{
    LoadedConfig, check_templates, load_checked_config, load_config, load_config_with,
    load_templates, template_errors,
};
pub use self::reload::CheckedConfig;
use crate::accounts::{AccountContext, PasswordCost};
use crate::change_feed::ChangeFeed;
use crate::clock;
use crate::config::{Config, DestinationSettings};
use crate::definitions::DefinitionError;
use crate::delivery::Dispatcher;
use crate::digests::DigestContext;
use crate::domain::actor::Actor;
use crate::domain::time::Millis;
use crate::feeds::cache::FeedCache;
use crate::feeds::on_demand::OnDemandCache;
use crate::metrics::Metrics;
use crate::publishing::Publisher;
use crate::readership::Readership;
use crate::sources::trigger::SyncTriggers;
use crate::store::Store;
use crate::store::identity::StoreIdentity;
use crate::subscribers::bulk::{self, BulkContext};
use crate::subscribers::import::jobs::ImportContext;
use crate::templates::Templates;
use crate::webhooks::WebhookSender;
use crate::websub::WebSub;

/// All connected parts of Courant; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// Settings from the config file, with the definitions of the database.
    pub config: Arc<Config>,
    /// Newest version of a definition in the settings, 0 if there is none.
    pub definitions_version: i64,
    /// Connection to the database.
    pub store: Store,
    /// Compiled templates of e-mails and pages.
    pub templates: Arc<Templates>,
    /// Identity of this database: its secret, base URL and backup flag.
    pub store_identity: Arc<StoreIdentity>,
    /// Rendered feeds in memory; filled from the disk cache until the first refresh.
    pub feed_cache: FeedCache,
    /// Cache of feeds that are rendered on demand.
    pub on_demand: OnDemandCache,
    /// Readership of the feeds, as counted by this process.
    pub readership: Readership,
    /// Triggers that start sync runs of sources.
    pub triggers: SyncTriggers,
    /// Changes that clients of this process are told of.
    pub change_feed: ChangeFeed,
    /// Metrics of this process.
    pub metrics: Arc<Metrics>,
    /// Dispatcher that sends the due mail, while one is running.
    dispatcher: Arc<ArcSwapOption<Dispatcher>>,
    /// Clock that returns the current time.
    pub clock: fn() -> Millis,
}

impl App {
    /// Reads a config file and connects everything; migrates the store.
    pub async fn from_file(path: &Path) -> anyhow::Result<Self> {
        Self::connect(load_config(path)?).await
    }

    /// Connects everything that a config names.
    pub async fn connect(config: Config) -> anyhow::Result<Self> {
        let templates = Arc::new(load_templates(&config)?);
        Self::connect_with(config, templates).await
    }

    /// Connects everything that a config names, with templates that are already loaded.
    pub async fn connect_with(config: Config, templates: Arc<Templates>) -> anyhow::Result<Self> {
        let store = Store::open(&config.database.url).await?;
        let (config, definitions_version) = with_definitions(&store, config).await?;
        store.record_events(config.webhook_events());
        store.set_base_url_if_absent(&config.site.base_url).await?;
        let store_identity = store.identity().await?;
        let app = Self::new(config, store, templates, store_identity);
        Ok(Self { definitions_version, ..app })
    }

    /// Returns the configuration with the newest definitions, which the running one may lack for about a
    /// second after a change.
    ///
    /// # Errors
    /// If the configuration is not valid at present, or the database fails.
    pub async fn newest_config(&self) -> Result<Arc<Config>, DefinitionError> {
        let definitions = self.store.definitions();
        if definitions.version().await? == self.definitions_version {
            return Ok(Arc::clone(&self.config));
        }
        let current = definitions.current().await?;
        let config = load_config_with(&self.config.path, &current);
        Ok(Arc::new(config.map_err(DefinitionError::Invalid)?))
    }

    /// Performs a bulk operation, or the rest of it, in a task of its own; the job keeps its progress.
    pub fn perform_bulk_operation(&self, actor: Actor, id: i64) {
        let app = self.clone();
        tokio::spawn(async move {
            let Self { store, config, store_identity, .. } = &app;
            let secret = &store_identity.secret;
            let context = BulkContext { store, config, secret, actor: &actor };
            if let Err(reason) = bulk::run(context, id, app.clock, |_| {}).await {
                tracing::error!("bulk operation {id} was interrupted: {reason:#}");
            }
        });
    }

    /// Checks the filters over subscribers with the attributes of the database.
    ///
    /// # Errors
    /// A `ConfigError` with each filter that uses an unknown attribute, or one of another type.
    pub async fn check_filters(&self) -> anyhow::Result<()> {
        Ok(self.config.check_filters(self.store.attributes().types().await?)?)
    }

    /// Creates an app without a database, for degraded mode: settings, templates and the feeds in
    /// the disk cache.
    ///
    /// # Errors
    /// If the store is not PostgreSQL.
    pub async fn degraded(config: Config, templates: Arc<Templates>) -> anyhow::Result<Self> {
        let store = Store::disconnected(&config.database.url).await?;
        Ok(Self::new(config, store, templates, StoreIdentity::unavailable(clock::random_bytes()))
            .with_disk_cache())
    }

    /// Returns the connected app with the feed cache and readership of this one.
    #[must_use]
    pub fn into_connected(self, connected: Self) -> Self {
        Self {
            feed_cache: self.feed_cache,
            readership: self.readership,
            change_feed: self.change_feed,
            ..connected
        }
    }

    fn new(
        config: Config,
        store: Store,
        templates: Arc<Templates>,
        store_identity: StoreIdentity,
    ) -> Self {
        Self {
            triggers: SyncTriggers::new(&config),
            config: Arc::new(config),
            definitions_version: 0,
            store,
            templates,
            store_identity: Arc::new(store_identity),
            feed_cache: FeedCache::default(),
            on_demand: OnDemandCache::default(),
            readership: Readership::new(node_name(), clock::random_bytes, clock::now()),
            change_feed: ChangeFeed::default(),
            metrics: Arc::default(),
            dispatcher: Arc::default(),
            clock: clock::now,
        }
    }

    /// Returns the app with its feed cache backed by the disk cache, for processes that serve
    /// feeds.
    #[must_use]
    pub fn with_disk_cache(self) -> Self {
        Self {
            feed_cache: FeedCache::with_disk_cache(
                &self.config.server.feed_cache_dir,
                &self.config,
            ),
            ..self
        }
    }

    /// Returns the current time of the clock.
    pub fn now(&self) -> Millis {
        (self.clock)()
    }

    /// Returns the context for users, sign-ins and sessions.
    pub fn account_context(&self) -> AccountContext<'_> {
        AccountContext {
            store: &self.store,
            secret: &self.store_identity.secret,
            cost: PasswordCost::default(),
            session_idle: self.config.admin.session_idle,
            session_max: self.config.admin.session_max,
        }
    }

    /// Returns the context for preparing digests.
    pub fn digest_context(&self) -> DigestContext<'_> {
        DigestContext {
            store: &self.store,
            config: &self.config,
            templates: &self.templates,
            store_identity: &self.store_identity,
        }
    }

    /// Creates a dispatcher under a new node name.
    pub fn dispatcher(&self) -> Dispatcher {
        Dispatcher::new(
            self.store.clone(),
            self.config.clone(),
            self.templates.clone(),
            self.store_identity.clone(),
            node_name(),
            self.clock,
        )
    }

    /// Returns the dispatcher that sends the due mail, while one is running.
    pub fn running_dispatcher(&self) -> Option<Arc<Dispatcher>> {
        self.dispatcher.load_full()
    }

    /// Sets the dispatcher that sends the due mail.
    pub fn set_running_dispatcher(&self, dispatcher: Option<Dispatcher>) {
        self.dispatcher.store(dispatcher.map(Arc::new));
    }

    /// Creates the WebSub publisher of the cached feeds, under a new node name.
    pub fn websub(&self) -> WebSub {
        WebSub::new(
            self.store.clone(),
            self.config.clone(),
            self.feed_cache.clone(),
            node_name(),
            self.clock,
        )
    }

    /// Returns what the work on imports of subscribers needs.
    pub fn import_context(&self) -> ImportContext<'_> {
        ImportContext {
            store: &self.store,
            config: &self.config,
            secret: &self.store_identity.secret,
        }
    }

    /// Returns a new node name for the work on imports of subscribers.
    pub fn import_node(&self) -> String {
        node_name()
    }

    /// Creates the sender of events to the webhooks, under a new node name.
    pub fn webhook_sender(&self) -> WebhookSender {
        WebhookSender::new(self.store.clone(), self.config.clone(), node_name(), self.clock)
    }

    /// Creates the publisher of the cached feeds to a destination, under a new node name.
    pub fn publisher(&self, to: &DestinationSettings) -> Publisher {
        Publisher::new(
            self.store.clone(),
            self.config.clone(),
            self.feed_cache.clone(),
            to.clone(),
            node_name(),
            self.clock,
        )
    }

    /// Returns the app with database connections that belong to the runtime of the caller's thread.
    #[must_use]
    pub fn for_runtime(&self) -> Self {
        Self { store: self.store.for_runtime(), ..self.clone() }
    }

    /// Returns the reason why this store must not send, if there is one (guarantee 10).
    pub fn send_block_reason(&self) -> Option<String> {
        self.store_identity.send_block_reason(&self.config.site.base_url)
    }
}

fn node_name() -> String {
    hex::encode(clock::random_bytes::<8>())
}
