//! The settings a configuration holds once it was read and found to work: every value here can be used as it is.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::tz::TimeZone;

pub use crate::domain::network::Network;
pub use crate::domain::selection::Selection;

pub use super::publish::{Bucket, Destination, Publish};
pub use super::sending::{
    Digest, DkimKey, Limits, Missed, Ramp, Rate, Route, TlsMode, Transport, Uncertain,
};

/// Everything `config.toml` and the environment say.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read from.
    pub path: PathBuf,
    /// `[site]`.
    pub site: Site,
    /// `templates`: a folder whose files override the embedded ones of the same name.
    pub templates: Option<PathBuf>,
    /// `[database]`.
    pub database: Database,
    /// `[server]`.
    pub server: Server,
    /// `[push]`.
    pub push: Push,
    /// `[[sources]]`, in the file's order.
    pub sources: Vec<Source>,
    /// `[[feeds]]`, in the file's order.
    pub feeds: Vec<Feed>,
    /// `[[digests]]`, in the file's order.
    pub digests: Vec<Digest>,
    /// `[[transports]]`, in the file's order.
    pub transports: Vec<Transport>,
    /// `[[publish]]`, in the file's order.
    pub publish: Vec<Publish>,
}

/// Who publishes.
#[derive(Debug, Clone)]
pub struct Site {
    /// The publisher's name.
    pub title: String,
    /// Where people reach this service, without a slash at the end.
    pub base_url: String,
    /// Default language (RFC 5646).
    pub language: String,
    /// Default zone.
    pub timezone: TimeZone,
    /// `DOMAIN,DATE` of every article id: `tag:ID_AUTHORITY:SOURCE/ID` (RFC 4151).
    pub id_authority: String,
    /// Printed in every digest.
    pub postal_address: String,
    /// Who holds which rights in what is published, for feeds.
    pub rights: Option<String>,
    /// Address of a square picture that stands for the publisher, for feeds.
    pub icon: Option<String>,
    /// Address of a wide picture that stands for the publisher, for feeds.
    pub logo: Option<String>,
}

/// Where our own data lives.
#[derive(Clone)]
pub struct Database {
    /// `sqlite://PATH` (made absolute) or `postgres://…`.
    pub url: String,
}

/// The web server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Folder in which made feeds are kept, so that a restart serves at once.
    pub made_feeds: PathBuf,
    /// Whether there is a feed for every section, tag, author and language; without the key where no feed is private.
    pub on_demand: bool,
    /// Whether feeds are served as `application/xml` and `application/json`.
    pub generic_types: bool,
}

/// How readers learn of news without asking (WebSub).
#[derive(Debug, Clone)]
pub struct Push {
    /// Whether we are a hub for our own feeds.
    pub hub: bool,
    /// Hubs elsewhere, which are told of changes; absolute addresses.
    pub hubs: Vec<String>,
    /// Networks besides the open internet that callbacks may lie in.
    pub allow: Vec<Network>,
    /// Subscriptions of the hub, those that wait to be confirmed included.
    pub subscriptions: usize,
    /// Of these with callbacks at one host.
    pub subscriptions_per_host: usize,
    /// A longer document is not pushed, in bytes.
    pub max_bytes: usize,
    /// How long one push or ping may take, in milliseconds.
    pub timeout: i64,
    /// Pushes at once, of each node.
    pub connections: usize,
}

/// What kind of system a source reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Our own table, filled by `courant articles import`.
    Builtin,
    /// A WordPress database (MySQL, MariaDB).
    WordPress,
    /// A Ghost database (MySQL, SQLite).
    Ghost,
    /// A Drupal database (MySQL, MariaDB, PostgreSQL, SQLite).
    Drupal,
    /// Any table, read by a query of the operator's.
    Query,
}

/// Whose ids an article carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// `tag:ID_AUTHORITY:SOURCE/ID`.
    Ours,
    /// The ids that readers already know (the guid in the system's own feed), to take over a feed.
    Source,
}

/// What becomes of Ghost's posts for members and for those who pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// They are no articles.
    Hidden,
    /// What a visitor sees of them: title, excerpt, picture, and the text before the mark of the preview.
    Preview,
    /// All of them.
    Full,
}

/// One `[[sources]]` table.
#[derive(Clone)]
pub struct Source {
    /// Slug.
    pub name: String,
    /// Former names.
    pub was: Vec<String>,
    /// What it reads.
    pub kind: SourceKind,
    /// The foreign database, for all but builtin: `mysql://`, `postgres://` or `sqlite://`.
    pub url: Option<String>,
    /// How often it is asked for news, in milliseconds.
    pub poll: i64,
    /// How often all of it is compared with what we have, in milliseconds.
    pub compare: i64,
    /// The channel of its PostgreSQL on which it tells that it has news.
    pub listen: Option<String>,
    /// How times without a zone are read.
    pub timezone: TimeZone,
    /// What WordPress's or Drupal's table names begin with.
    pub table_prefix: String,
    /// Whose ids.
    pub ids: Ids,
    /// The public address of a Ghost or Drupal site, without a slash at its end; empty for other kinds.
    pub site_url: String,
    /// Ghost's form of a post's address.
    pub permalinks: String,
    /// Ghost's posts that are not for everybody.
    pub members: Members,
    /// Drupal's content types that are articles.
    pub content_types: Vec<String>,
    /// Where Drupal's public files are served, without a slash at its end; empty for other kinds.
    pub files_url: String,
    /// Pattern of an article's address; any column in braces.
    pub article_url: Option<String>,
    /// The query of kind `query`.
    pub query: Option<String>,
}

/// How much of an article a feed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The whole body and a summary.
    Full,
    /// The summary alone.
    Summary,
}

/// One `[[feeds]]` table.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Slug.
    pub name: String,
    /// Former names.
    pub was: Vec<String>,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Its articles.
    pub selection: Selection,
    /// How many at most, newest first.
    pub items: usize,
    /// How much of each.
    pub content: Content,
    /// Paths (with a query, if any) that serve it too, as they were known before.
    pub aliases: Vec<String>,
    /// What makes its address one that nobody guesses; none: it is public.
    pub private: Option<String>,
    /// How long a reader may keep it before asking again, in milliseconds: a minute to a day.
    pub max_age: i64,
    /// XML that is added to its RSS and Atom; well-formed, with no prefixes but its own and [`crate::domain::xml::SHARED_PREFIXES`].
    pub extra_xml: Option<String>,
}
