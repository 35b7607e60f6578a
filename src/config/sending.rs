//! The settings of what is sent: digests, and the transports that carry them.

use std::path::PathBuf;

use jiff::tz::TimeZone;

pub use crate::domain::provider::Limits;
pub use crate::domain::ramp::Ramp;
pub use crate::domain::rate::Rate;
use crate::domain::schedule::{PauseRange, Schedule};
use crate::domain::selection::Selection;

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
