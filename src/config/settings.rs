//! Validated settings. Values need no further checks.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use url::Url;

use crate::domain::color::Accent;
use crate::domain::event::EventKind;
use crate::domain::ghost_filter::GhostFilter;
use crate::domain::role::Role;
use crate::domain::time::SignedDuration;
use crate::domain::translations::Translations;

pub use crate::domain::network::IpNetwork;
pub use crate::domain::selection::Selection;

pub use super::mail_settings::{
    Digest, DkimKey, DomainLimits, MissedPolicy, Rate, Segment, SubscriberFilter, TlsMode,
    Transport, TransportTarget, UncertainPolicy, WarmUp,
};
pub use super::publish::{Bucket, DestinationSettings, PublishTarget};

/// The validated configuration from `config.toml` and the environment.
#[derive(Debug, Clone)]
pub struct Config {
    /// Path of the config file.
    pub path: PathBuf,
    /// The table `[site]`: publisher and defaults.
    pub site: Site,
    /// Directory whose files override the embedded templates of the same name (`templates`).
    pub templates: Option<PathBuf>,
    /// The table `[database]`: Courant's own data.
    pub database: Database,
    /// The table `[server]`: the web server.
    pub server: Server,
    /// The table `[admin]`: the admin area.
    pub admin: AdminSettings,
    /// The table `[websub]`: hub and pings.
    pub websub: WebSubSettings,
    /// The `[[sources]]` tables, in file order.
    pub sources: Vec<Source>,
    /// The `[[feeds]]` tables, in file order.
    pub feeds: Vec<Feed>,
    /// The `[[digests]]` tables, in file order.
    pub digests: Vec<Digest>,
    /// The `[[segments]]` tables, in file order.
    pub segments: Vec<Segment>,
    /// The `[[sections]]` tables, in file order.
    pub sections: Vec<SectionTitles>,
    /// The `[[transports]]` tables, in file order.
    pub transports: Vec<Transport>,
    /// The `[[publish]]` tables, in file order.
    pub destinations: Vec<DestinationSettings>,
    /// The `[[webhooks]]` tables, in file order.
    pub webhooks: Vec<Webhook>,
}

impl Config {
    /// Returns the feeds that a destination publishes: the named ones, or all public ones.
    pub fn feeds_published_to(&self, destination: &DestinationSettings) -> Vec<&Feed> {
        let is_published = |feed: &&Feed| {
            if destination.feeds.is_empty() {
                feed.secret.is_none()
            } else {
                destination.feeds.contains(&feed.name)
            }
        };
        self.feeds.iter().filter(is_published).collect()
    }
}

/// Settings of one `[[webhooks]]` table: a URL that receives events.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Name of the webhook.
    pub name: String,
    /// Names of the webhook before renames.
    pub former_names: Vec<String>,
    /// URL that the events are posted to.
    pub url: Url,
    /// Kinds of events that it receives; never empty.
    pub events: Vec<EventKind>,
    /// Secret that signs the events.
    pub secret: WebhookSecret,
    /// Secret that signs them as well while `secret` changes.
    pub previous_secret: Option<WebhookSecret>,
}

/// Secret of a webhook; its `Debug` output does not contain it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(pub Vec<u8>);

/// Settings of one `[[sections]]` table: the names of a section in other languages.
#[derive(Debug, Clone)]
pub struct SectionTitles {
    /// Name of the section in the articles.
    pub name: String,
    /// Translations of the name; never empty.
    pub titles: Translations,
}

/// Settings of `[site]`: the publisher and defaults for other sections.
#[derive(Debug, Clone)]
pub struct Site {
    /// Name of the publisher.
    pub title: String,
    /// Translations of the name.
    pub titles: Translations,
    /// Public URL of this service, without a trailing slash.
    pub base_url: String,
    /// Default language as a tag (RFC 5646).
    pub language: String,
    /// Default time zone of schedules and dates.
    pub timezone: TimeZone,
    /// `DOMAIN,DATE` of every article id: `tag:ID_AUTHORITY:SOURCE/ID` (RFC 4151).
    pub id_authority: String,
    /// Postal address, printed in every digest.
    pub postal_address: String,
    /// Copyright notice of the feeds.
    pub rights: Option<String>,
    /// URL of a square image for feed readers and browsers.
    pub icon: Option<String>,
    /// URL of a wide image for feed readers, pages and e-mails.
    pub logo: Option<String>,
    /// Accent colour of pages and e-mails; `None` for that of the templates.
    pub accent: Option<Accent>,
}

/// Settings of `[database]`: Courant's own data.
#[derive(Clone)]
pub struct Database {
    /// `sqlite://PATH` (made absolute) or `postgres://…`.
    pub url: String,
}

/// Settings of `[server]`: the web server.
#[derive(Debug, Clone)]
pub struct Server {
    /// IP address and port to listen on.
    pub listen: SocketAddr,
    /// Networks of the reverse proxies whose `X-Forwarded-For` and `X-Request-Id` are used.
    pub trusted_proxies: Vec<IpNetwork>,
    /// Maximum number of simultaneous connections of clients.
    pub max_connections: usize,
    /// Maximum number of confirmation e-mails per hour that visitors of the site may cause.
    pub confirmations_per_hour: usize,
    /// Directory of the persistent feed cache, from which a restart serves immediately.
    pub feed_cache_dir: PathBuf,
    /// `true` if every section, tag, author and language has a feed; by default unless a feed is
    /// private.
    pub on_demand: bool,
    /// `true` if feeds are served as `application/xml` and `application/json`.
    pub browser_content_types: bool,
    /// Private networks that webhooks may send to.
    pub webhook_networks: Vec<IpNetwork>,
}

/// Settings of `[admin]`: the admin area and its sessions.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// `true` if the admin area is served.
    pub enabled: bool,
    /// Time without a request after which a session is over.
    pub session_idle: SignedDuration,
    /// Time after which a session is over in any case.
    pub session_max: SignedDuration,
    /// OpenID provider with which users sign in, if one is configured.
    pub oidc: Option<OidcSettings>,
}

/// Settings of `[admin.oidc]`: the OpenID provider with which users sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcSettings {
    /// Issuer identifier of the provider, compared byte for byte.
    pub issuer: String,
    /// Identifier of Courant at the provider.
    pub client_id: String,
    /// Secret of Courant at the provider.
    pub client_secret: String,
    /// Name of the provider on the sign-in page.
    pub name: String,
    /// Domains of verified addresses with which people may sign in, in lower case; empty for all.
    pub allowed_domains: Vec<String>,
    /// Role of new users.
    pub default_role: Role,
    /// Claim with the role of a user, if the provider decides it.
    pub role_claim: Option<String>,
}

/// Settings of `[websub]`: push notifications for feed readers.
#[derive(Debug, Clone)]
pub struct WebSubSettings {
    /// `true` if the built-in hub serves this site's feeds.
    pub hub: bool,
    /// Absolute URLs of external hubs that are notified of changes.
    pub hubs: Vec<String>,
    /// Private networks in which callback URLs are allowed.
    pub allowed_networks: Vec<IpNetwork>,
    /// Maximum number of subscriptions, including unconfirmed ones.
    pub max_subscriptions: usize,
    /// Maximum number of subscriptions with callbacks on the same host.
    pub max_subscriptions_per_host: usize,
    /// Maximum size of a pushed document in bytes.
    pub max_bytes: usize,
    /// Timeout of one push or ping.
    pub timeout: SignedDuration,
    /// Maximum number of simultaneous pushes per node.
    pub connections: usize,
}

/// Kind of system that a source reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Courant's own table, filled by `courant articles import`.
    Builtin,
    /// A WordPress database (MySQL, MariaDB).
    WordPress,
    /// A Ghost database (MySQL, SQLite).
    Ghost,
    /// A Drupal database (MySQL, MariaDB, PostgreSQL, SQLite).
    Drupal,
    /// Any table, read by a SQL query from the configuration.
    Query,
}

impl SourceKind {
    /// All kinds of systems that a source can read.
    pub const ALL: [Self; 5] =
        [Self::Builtin, Self::WordPress, Self::Ghost, Self::Drupal, Self::Query];

    /// Returns the word for the configuration, commands and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::WordPress => "wordpress",
            Self::Ghost => "ghost",
            Self::Drupal => "drupal",
            Self::Query => "query",
        }
    }
}

/// Origin of the article ids in feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// Ids that Courant generates: `tag:ID_AUTHORITY:SOURCE/ID`.
    Ours,
    /// The ids of the site's own feed, to replace that feed without duplicates.
    SiteFeed,
}

/// Handling of Ghost posts for members and paying members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// Posts are not imported.
    Hidden,
    /// Posts are imported as visitors see them: title, excerpt, image, and the text before the
    /// paywall.
    Preview,
    /// Posts are imported with their whole text.
    Full,
}

/// Handling of the content of WordPress shortcodes and blocks that no table of plugins lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownEnclosing {
    /// The content is left out, because the plugin may show it to members only.
    Hide,
    /// The content is published.
    Show,
}

/// Settings of one `[[sources]]` table.
#[derive(Clone)]
pub struct Source {
    /// Slug that other tables and commands refer to.
    pub name: String,
    /// Former names after a rename.
    pub former_names: Vec<String>,
    /// Kind of the source system.
    pub kind: SourceKind,
    /// URL of the source database, for all kinds but builtin: `mysql://`, `postgres://` or
    /// `sqlite://`.
    pub url: Option<String>,
    /// Interval of incremental syncs.
    pub poll: SignedDuration,
    /// Interval of full syncs.
    pub full_sync: SignedDuration,
    /// Channel on which the source's PostgreSQL sends `NOTIFY`.
    pub listen_channel: Option<String>,
    /// Time zone of times without one.
    pub timezone: TimeZone,
    /// Prefix of WordPress or Drupal table names.
    pub table_prefix: String,
    /// Origin of the article ids.
    pub ids: Ids,
    /// Public URL of the site, without a trailing slash; empty if the source does not need one.
    pub site_url: String,
    /// Permalink pattern of Ghost posts.
    pub permalinks: String,
    /// Collections of a Ghost site, in the order of its routes; without any, all posts have
    /// `permalinks`.
    pub collections: Vec<Collection>,
    /// Handling of Ghost posts that are not public.
    pub members: Members,
    /// Handling of the content that unknown shortcodes and blocks of WordPress enclose.
    pub unknown_enclosing: UnknownEnclosing,
    /// Drupal content types to import.
    pub content_types: Vec<String>,
    /// Drupal fields that are the text of an article, in order; empty for those that Drupal displays.
    pub text_fields: Vec<String>,
    /// Public URL of the site's files, without a trailing slash; empty if it is derived.
    pub files_url: String,
    /// URL template of an article; braces contain column names.
    pub article_url: Option<String>,
    /// SQL query of kind `query`.
    pub query: Option<String>,
}

/// A collection of a Ghost site: the posts that its filter selects, and their URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Filter for posts; without one, the collection contains all posts that no earlier one contains.
    pub filter: Option<GhostFilter>,
    /// Permalink pattern of the posts.
    pub permalink: String,
}

/// Amount of text per article in a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The whole body and the summary.
    Full,
    /// The summary without the body.
    Summary,
}

/// Settings of one `[[feeds]]` table, or of an on-demand feed.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Slug that other tables and commands refer to.
    pub name: String,
    /// Former names after a rename.
    pub former_names: Vec<String>,
    /// Title of the feed.
    pub title: String,
    /// Translations of the title.
    pub titles: Translations,
    /// Description of the feed in one sentence.
    pub description: Option<String>,
    /// Translations of the description.
    pub descriptions: Translations,
    /// Filter on the articles.
    pub selection: Selection,
    /// Maximum number of articles; the newest are kept.
    pub items: usize,
    /// Amount of text per article.
    pub content: Content,
    /// Former paths, with a query if they had one, that serve this feed as well.
    pub aliases: Vec<String>,
    /// Secret part of the URL of a private feed; `None`: the feed is public.
    pub secret: Option<String>,
    /// Cache lifetime of the feed, from one minute to one day.
    pub max_age: SignedDuration,
    /// XML that is added to RSS and Atom; well-formed, with no prefixes but its own and
    /// [`crate::domain::xml::SHARED_PREFIXES`].
    pub extra_xml: Option<String>,
}
