//! The settings a configuration holds once it was read and found to work: every value here can be used as it is.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::tz::TimeZone;

pub use crate::domain::network::Network;
pub use crate::domain::provider::Limits;
pub use crate::domain::ramp::Ramp;
pub use crate::domain::rate::Rate;
use crate::domain::schedule::{PauseRange, Schedule};
pub use crate::domain::selection::Selection;

pub use super::publish::{Bucket, Destination, Publish};

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

/// What happens to a date that passed while nothing ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// What was due is sent, once.
    Once,
    /// Nothing is sent; the articles wait for the next date.
    Skip,
}

/// One `[[digests]]` table.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Slug.
    pub name: String,
    /// Former names.
    pub was: Vec<String>,
    /// Its title.
    pub title: String,
    /// When it goes out.
    pub schedule: Schedule,
    /// Its zone.
    pub timezone: TimeZone,
    /// Its articles (sections, tags, authors and sources; never languages).
    pub selection: Selection,
    /// The readers' languages, the first for everybody else; never empty.
    pub languages: Vec<String>,
    /// Fewer stories than this: no edition.
    pub min_articles: usize,
    /// More stories than this: the rest is a list of links.
    pub max_articles: usize,
    /// Oldest age in milliseconds at which an article first seen here is news.
    pub max_age: i64,
    /// After downtime.
    pub missed: Missed,
    /// How late a missed date is still made up for, in milliseconds.
    pub missed_within: i64,
    /// Days on which nothing is sent.
    pub pause: Vec<PauseRange>,
    /// Name of its template folder under `email/`.
    pub template: String,
    /// Sender: `Name <address>`.
    pub from: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Name of its transport.
    pub transport: String,
}

/// How a connection to a relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// `smtp://`: STARTTLS when offered, unverified.
    Opportunistic,
    /// `smtp+starttls://`: STARTTLS or nothing, verified.
    Required,
    /// `smtps://`: TLS from the first byte, verified.
    Implicit,
}

/// Where a transport leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// An SMTP relay.
    Smtp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
        /// Protection.
        tls: TlsMode,
    },
    /// A folder that gets one `.eml` file a mail.
    Folder(PathBuf),
}

/// What becomes of a mail whose outcome a crash left unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncertain {
    /// It is tried once more.
    Retry,
    /// It is held for an admin.
    Hold,
}

/// One `[[transports]]` table.
#[derive(Clone)]
pub struct Transport {
    /// Slug.
    pub name: String,
    /// Former names.
    pub was: Vec<String>,
    /// Where it leads.
    pub route: Route,
    /// User name for AUTH.
    pub username: Option<String>,
    /// Password for AUTH.
    pub password: Option<String>,
    /// A private certificate authority's file (PEM).
    pub tls_ca: Option<PathBuf>,
    /// The name said in EHLO; default: the base_url's host.
    pub ehlo: String,
    /// Envelope sender; default: the From address.
    pub envelope_from: Option<String>,
    /// Connections of each node.
    pub connections: usize,
    /// After so many messages a connection is closed and a new one opened.
    pub messages_per_connection: usize,
    /// Limits for all nodes together; empty: none.
    pub rate: Vec<Rate>,
    /// A further limit that grows from day to day and then ends, counted from the first mail sent under it.
    pub warm_up: Option<Ramp>,
    /// Limits towards the recipients' domains, with the defaults; for a folder only those that were configured.
    pub domains: Limits,
    /// Its share of what it carries together with others, in proportion to theirs; 0: only while those with more cannot be used.
    pub weight: u32,
    /// Name of the transport whose mail it carries too; that one shares nobody's.
    pub shares: Option<String>,
    /// After a crash.
    pub uncertain: Uncertain,
    /// What mails are signed with, a signature for each; empty: the relay signs.
    pub dkim: Vec<DkimKey>,
    /// The domain that signs; default: that of each mail's From address.
    pub dkim_domain: Option<String>,
}

/// A key to sign with, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKey {
    /// Names the public half in the DNS: `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// The private key's file (PEM).
    pub file: PathBuf,
    /// Where it was named, for who must mend it: file and line (or variable), table and key.
    pub place: String,
}
