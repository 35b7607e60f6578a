//! Validated settings of digests, segments and transports.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::error::Location;
pub use crate::domain::domain_limits::DomainLimits;
pub use crate::domain::rate::Rate;
use crate::domain::schedule::{PauseRange, Schedule};
use crate::domain::selection::Selection;
use crate::domain::time::SignedDuration;
use crate::domain::translations::Translations;
pub use crate::domain::warmup::WarmUp;

/// Handling of a scheduled date that passed while the daemon was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissedPolicy {
    /// One catch-up edition is sent.
    Once,
    /// Nothing is sent; the articles wait for the next date.
    Skip,
}

/// A filter over subscribers, and where it is written.
#[derive(Debug, Clone)]
pub struct SubscriberFilter {
    /// Text of the filter; empty for all subscribers.
    pub text: String,
    /// Place of the key in the configuration.
    pub(super) location: Location,
}

impl SubscriberFilter {
    /// Creates a filter whose location is not known yet.
    pub(super) fn new(text: String) -> Self {
        Self { text, location: Location::File }
    }
}

/// Settings of one `[[segments]]` table: a named filter over subscribers.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Slug that filters and commands refer to.
    pub name: String,
    /// Former names after a rename, which filters may still use.
    pub former_names: Vec<String>,
    /// Title for people; default: the name.
    pub title: String,
    /// Filter that selects the subscribers.
    pub filter: SubscriberFilter,
}

/// Settings of one `[[digests]]` table.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Slug that other tables and commands refer to.
    pub name: String,
    /// Former names after a rename.
    pub former_names: Vec<String>,
    /// Title of the digest.
    pub title: String,
    /// Translations of the title.
    pub titles: Translations,
    /// Description of the digest in one sentence, for pages.
    pub description: Option<String>,
    /// Translations of the description.
    pub descriptions: Translations,
    /// Pattern of the subject ([`crate::domain::subject`]); empty: that of the template.
    pub subject: String,
    /// Translations of the pattern.
    pub subjects: Translations,
    /// Sections that the subscription page offers; empty: those of the filter, or all.
    pub offer_sections: Vec<String>,
    /// Cron schedule of the editions.
    pub schedule: Schedule,
    /// Time zone of the schedule.
    pub timezone: TimeZone,
    /// Filter on the articles; its languages are always empty.
    pub selection: Selection,
    /// Languages of the readers; the first is for readers of other languages. Never empty.
    pub languages: Vec<String>,
    /// Minimum number of stories for an edition.
    pub min_articles: usize,
    /// Maximum number of stories in full; the others become a list of links.
    pub max_articles: usize,
    /// Maximum age at which an article that is first seen is still news.
    pub max_age: SignedDuration,
    /// Handling of missed dates.
    pub missed: MissedPolicy,
    /// Maximum delay for catching up on a missed date.
    pub missed_within: SignedDuration,
    /// Days on which nothing is sent.
    pub pause: Vec<PauseRange>,
    /// Filter over the confirmed subscribers who receive the digest; empty: all of them.
    pub audience: SubscriberFilter,
    /// Name of the template directory under `email/`.
    pub template: String,
    /// Sender as `Name <address>`.
    pub from: String,
    /// Address for replies; default: the sender.
    pub reply_to: Option<String>,
    /// Name of the transport.
    pub transport: String,
}

/// TLS mode of a connection to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// `smtp://`: STARTTLS if offered, without verification.
    Opportunistic,
    /// `smtp+starttls://`: STARTTLS is required, with verification.
    Required,
    /// `smtps://`: TLS from the first byte, with verification.
    Implicit,
}

/// Destination of a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportTarget {
    /// An SMTP relay, reached over TCP.
    Smtp {
        /// Host name or IP address.
        host: String,
        /// TCP port of the relay.
        port: u16,
        /// TLS mode of the connection.
        tls: TlsMode,
    },
    /// A directory that receives one `.eml` file per message.
    Directory(PathBuf),
}

/// Handling of a message whose outcome is unknown after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UncertainPolicy {
    /// The message is sent again.
    Retry,
    /// The delivery is held for an admin.
    Hold,
}

/// Settings of one `[[transports]]` table.
#[derive(Clone)]
pub struct Transport {
    /// Slug that other tables and commands refer to.
    pub name: String,
    /// Former names after a rename.
    pub former_names: Vec<String>,
    /// Relay or directory that messages go to.
    pub target: TransportTarget,
    /// User name for SMTP AUTH.
    pub username: Option<String>,
    /// Password for SMTP AUTH.
    pub password: Option<String>,
    /// PEM file of a private certificate authority.
    pub tls_ca: Option<PathBuf>,
    /// Host name in EHLO; default: the host of `base_url`.
    pub ehlo: String,
    /// Envelope sender; default: the From address.
    pub envelope_from: Option<String>,
    /// Maximum number of connections per node.
    pub connections: usize,
    /// Number of messages after which a connection is replaced.
    pub messages_per_connection: usize,
    /// Rate limits across all nodes; empty: unlimited.
    pub rate: Vec<Rate>,
    /// Temporary daily limit that grows from the first message on, in addition to `rate`.
    pub warm_up: Option<WarmUp>,
    /// Limits per recipient domain, including the defaults; a directory has only configured ones.
    pub domain_limits: DomainLimits,
    /// Weight in its pool, at least 1: the share of the mail is proportional to it.
    pub weight: u32,
    /// `true` if it sends only while the other transports of its pool are unavailable.
    pub standby: bool,
    /// Name of the transport whose mail it also sends; that transport has no `pool` itself.
    pub pool: Option<String>,
    /// Handling of unknown outcomes after a crash.
    pub uncertain: UncertainPolicy,
    /// Signing keys, one signature each; empty: the relay signs.
    pub dkim: Vec<DkimKey>,
    /// Signing domain; default: the domain of the From address.
    pub dkim_domain: Option<String>,
}

/// A DKIM signing key that is not loaded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKey {
    /// Selector of the public key in the DNS: `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// PEM file of the private key.
    pub file: PathBuf,
    /// Location for error messages: file and line (or variable), table and key.
    pub location: String,
}
