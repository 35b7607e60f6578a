//! The configuration: loaded from `config.toml` and the environment, with all errors reported at
//! once.

mod admin;
mod base_dir;
mod conflicts;
mod defaults;
mod definition_json;
mod definition_text;
mod digests;
mod document;
mod environment;
mod error;
mod explain;
mod feeds;
mod ghost_routes;
mod keys;
mod mail_settings;
mod names;
mod publish;
mod quoting;
mod reader;
mod redaction;
mod secrets;
mod segments;
pub mod settings;
mod site;
mod sources;
#[cfg(test)]
mod tests;
mod titles;
mod transports;
mod webhooks;
mod websub;
mod yaml;

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use base_dir::BaseDir;
use digests::DigestParseContext;
use document::{Document, Table};
use error::{Diagnostics, Location};
use names::Names;
use reader::Reader;
use site::SiteDefaults;

use crate::domain::definition::{Definition, DefinitionKind};

pub use definition_json::{definition_body, definition_settings, restore_secrets, shown_settings};
pub use definition_text::{
    KeyChange, compare_definitions, export_definitions, former_names, shown_value,
    with_former_names,
};
pub use error::{ConfigError, FieldError};
pub use explain::{DEFAULT_ORIGIN, Setting, explain};
pub use quoting::quote_text;
pub(crate) use redaction::has_unencoded_password;
pub use redaction::redact_url;
pub use settings::*;
pub use titles::offered_sections;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

impl Config {
    /// Loads the configuration from a file, overridden by the environment. The error contains all
    /// problems found, one per line.
    pub fn load(
        path: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::load_with(path, env, &[])
    }

    /// Like [`load`](Self::load), with the definitions of the database beside those of the file.
    pub fn load_with(
        path: &Path,
        env: impl Iterator<Item = (String, String)>,
        definitions: &[Definition],
    ) -> Result<Self, ConfigError> {
        let file_error = |message: String| {
            let mut diagnostics = Diagnostics::default();
            diagnostics.add(&Location::File, message);
            diagnostics.into_error(path)
        };
        let bytes = fs::read(path).map_err(|e| {
            file_error(match e.kind() {
                io::ErrorKind::NotFound => {
                    "no such file; name one with --config FILE, or try `courant demo`, which needs none".to_owned()
                }
                _ => format!("cannot read the file: {e}"),
            })
        })?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            let mut diagnostics = Diagnostics::default();
            diagnostics.add(&Location::Line(line), "the file is not valid UTF-8; save it as UTF-8");
            diagnostics.into_error(path)
        })?;
        Self::parse_with(path, &text, env, definitions)
    }

    /// Like [`load`](Self::load), for the text of a file; relative paths start at the directory of
    /// `path`.
    pub fn parse(
        path: &Path,
        text: &str,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::parse_with(path, text, env, &[])
    }

    /// Returns the line of the config file at which the table of a feed or digest begins; `None` if the
    /// file has no such table, or can no longer be read.
    pub fn line_in_file(&self, kind: DefinitionKind, name: &str) -> Option<usize> {
        let text = fs::read_to_string(&self.path).ok()?;
        let document = Document::read(&text, &mut Diagnostics::default());
        let section = definition_text::section_of(kind);
        let table = document.tables(section).iter().find(|table| table.name() == Some(name))?;
        match table.location {
            Location::Line(line) => Some(line),
            _ => None,
        }
    }

    fn parse_with(
        path: &Path,
        text: &str,
        env: impl Iterator<Item = (String, String)>,
        definitions: &[Definition],
    ) -> Result<Self, ConfigError> {
        let mut diagnostics = Diagnostics::default();
        let base_dir = BaseDir::from_config_path(path);
        let mut document = Document::read(text, &mut diagnostics);
        if document.has_syntax_errors() {
            // Invalid TOML is only parsed in part; further errors would be misleading.
            return Err(diagnostics.into_error(path));
        }
        environment::apply_overrides(&mut document, env, base_dir.path(), &mut diagnostics);
        for definition in definitions {
            document.add_definition(definition, &mut diagnostics);
        }
        match read(path, &document, &base_dir, &mut diagnostics) {
            Some(config) if diagnostics.is_empty() => Ok(config),
            _ => Err(diagnostics.into_error(path)),
        }
    }
}

/// Names of the tables that other sections refer to.
struct ReferencedNames {
    sources: Names,
    transports: Names,
    feeds: Names,
}

impl ReferencedNames {
    /// Reads the names of all list sections, so that every duplicate is reported.
    fn read(document: &Document, diagnostics: &mut Diagnostics) -> Self {
        let sources = Names::read(&keys::SOURCES, document.tables(&keys::SOURCES), diagnostics);
        let transports =
            Names::read(&keys::TRANSPORTS, document.tables(&keys::TRANSPORTS), diagnostics);
        let feeds = Names::read(&keys::FEEDS, document.tables(&keys::FEEDS), diagnostics);
        Names::read(&keys::WEBHOOKS, document.tables(&keys::WEBHOOKS), diagnostics);
        Names::read(&keys::DIGESTS, document.tables(&keys::DIGESTS), diagnostics);
        Names::read(&keys::SEGMENTS, document.tables(&keys::SEGMENTS), diagnostics);
        Names::read(&keys::PUBLISH, document.tables(&keys::PUBLISH), diagnostics);
        Self { sources, transports, feeds }
    }
}

/// Reads all tables, so that every error is reported, and then fails if any is invalid.
fn read(
    path: &Path,
    document: &Document,
    base_dir: &BaseDir,
    diagnostics: &mut Diagnostics,
) -> Option<Config> {
    let names = ReferencedNames::read(document, diagnostics);
    let templates = single(document, &keys::TOP_LEVEL, diagnostics, |mut reader| {
        reader.optional("templates", |text| base_dir.join(text))
    });
    let site = single(document, &keys::SITE, diagnostics, site::read);
    let database =
        single(document, &keys::DATABASE, diagnostics, |reader| database(reader, base_dir));
    let admin = read_admin(document, diagnostics);
    let websub = single(document, &keys::WEBSUB, diagnostics, websub::read);

    let defaults = SiteDefaults::from_site(site.as_ref());
    let sources = all(document, &keys::SOURCES, diagnostics, |reader| {
        sources::read(reader, &defaults.timezone, base_dir)
    });
    let feeds = read_feeds(document, &defaults, &names.sources, diagnostics);
    let sections = titles::read_sections(document, defaults.language, diagnostics);
    let has_private = feeds.iter().flatten().any(|feed| feed.secret.is_some());
    let server = read_server(document, base_dir, has_private, diagnostics);
    let context = DigestParseContext {
        title: defaults.title,
        titles: &defaults.titles,
        language: defaults.language,
        timezone: &defaults.timezone,
        sources: &names.sources,
        transports: &names.transports,
    };
    let digests =
        all(document, &keys::DIGESTS, diagnostics, |reader| digests::read(reader, &context));
    let context = transports::TransportParseContext {
        path,
        base_dir,
        ehlo: &defaults.ehlo,
        names: &names.transports,
        digests: digests.as_deref().unwrap_or_default(),
    };
    let transports = read_transports(document, &context, diagnostics);
    let segments = all(document, &keys::SEGMENTS, diagnostics, segments::read);
    let webhooks = all(document, &keys::WEBHOOKS, diagnostics, webhooks::read);
    let publish = read_publish(document, base_dir, &names.feeds, diagnostics);
    if let (Some(database), Some(sources)) = (&database, &sources) {
        conflicts::check_database(database, sources, document, diagnostics);
    }
    let mut config = Config {
        path: path.to_owned(),
        site: site?,
        templates: templates?,
        database: database?,
        server: server?,
        admin: admin?,
        websub: websub?,
        sources: sources?,
        feeds: feeds?,
        digests: digests?,
        segments: segments?,
        sections: sections?,
        transports: transports?,
        destinations: publish?,
        webhooks: webhooks?,
    };
    segments::check(&mut config, document, diagnostics);
    Some(config)
}

/// Reads the settings of the server, which renders feeds on demand unless some are private.
fn read_server(
    document: &Document,
    base_dir: &BaseDir,
    has_private: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Server> {
    let (settings, on_demand) =
        single(document, &keys::SERVER, diagnostics, |reader| server(reader, base_dir))?;
    Some(Server { on_demand: on_demand.unwrap_or(!has_private), ..settings })
}

/// Reads the settings of the admin area with those of its OpenID provider.
fn read_admin(document: &Document, diagnostics: &mut Diagnostics) -> Option<AdminSettings> {
    let oidc = single(document, &keys::ADMIN_OIDC, diagnostics, admin::read_oidc)?;
    single(document, &keys::ADMIN, diagnostics, |reader| admin::read(reader, oidc.clone()))
}

/// Reads the feeds, and reports paths that several of them serve.
fn read_feeds(
    document: &Document,
    site: &SiteDefaults<'_>,
    sources: &Names,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Feed>> {
    let feeds =
        all(document, &keys::FEEDS, diagnostics, |reader| feeds::read(reader, site, sources))?;
    conflicts::check_aliases(&feeds, document, diagnostics);
    Some(feeds)
}

/// Reads the transports, and reports pools that cannot work.
fn read_transports(
    document: &Document,
    context: &transports::TransportParseContext<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Transport>> {
    let transports =
        all(document, &keys::TRANSPORTS, diagnostics, |reader| transports::read(reader, context))?;
    conflicts::check_pools(&transports, document, diagnostics);
    Some(transports)
}

/// Reads the publish destinations, and reports targets that several of them use.
fn read_publish(
    document: &Document,
    base_dir: &BaseDir,
    feeds: &Names,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<DestinationSettings>> {
    let destinations = all(document, &keys::PUBLISH, diagnostics, |reader| {
        publish::read(reader, base_dir, feeds)
    })?;
    conflicts::check_publish_targets(&destinations, document, diagnostics);
    Some(destinations)
}

/// Reads the table of a section that is not a list.
fn single<T>(
    document: &Document,
    section: &'static keys::TableSchema,
    diagnostics: &mut Diagnostics,
    read: impl FnOnce(Reader<'_>) -> Option<T>,
) -> Option<T> {
    document
        .tables(section)
        .first()
        .and_then(|table| read(Reader::new(section, table, diagnostics)))
}

/// Reads all tables of a list section.
fn all<T>(
    document: &Document,
    section: &'static keys::TableSchema,
    diagnostics: &mut Diagnostics,
    read: impl Fn(Reader<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let read_one = |table: &Table| read(Reader::new(section, table, diagnostics));
    // Collected in two steps, so that the tables after an invalid one are read as well.
    let read_all: Vec<Option<T>> = document.tables(section).iter().map(read_one).collect();
    read_all.into_iter().collect()
}

fn database(mut reader: Reader<'_>, base_dir: &BaseDir) -> Option<Database> {
    let read = |text: &str| base_dir.database_url(text, &["sqlite", "postgres"]);
    let url = match reader.optional("url", read)? {
        Some(url) => url,
        None => {
            read("sqlite://data/courant.db").map_err(|reason| reader.error("url", &reason)).ok()?
        }
    };
    Some(Database { url })
}

/// Returns the loopback addresses, the default of `trusted_proxies`.
fn loopback_networks() -> Vec<IpNetwork> {
    ["127.0.0.1/32", "::1/128"].into_iter().filter_map(|text| IpNetwork::parse(text).ok()).collect()
}

fn server(mut reader: Reader<'_>, base_dir: &BaseDir) -> Option<(Server, Option<bool>)> {
    let listen = reader.or_default("listen", DEFAULT_LISTEN, |text| {
        text.trim().parse().map_err(|_| {
            format!(
                "`{text}` is not a valid listen address; use for example 127.0.0.1:8080, or 0.0.0.0:8080 for all interfaces"
            )
        })
    })?;
    let trusted_proxies = if reader.has("trusted_proxies") {
        reader.list("trusted_proxies", IpNetwork::parse)?
    } else {
        loopback_networks()
    };
    let max_connections = reader.integer("max_connections", 10_000, 16..=1_000_000)?;
    let confirmations_per_hour = reader.integer("confirmations_per_hour", 1_000, 1..=1_000_000)?;
    let feed_cache_dir = match reader.optional("feed_cache_dir", |text| base_dir.join(text))? {
        Some(path) => path,
        None => base_dir.path().join("data/feeds"),
    };
    let on_demand =
        if reader.has("on_demand") { Some(reader.boolean("on_demand", true)?) } else { None };
    let browser_content_types = reader.boolean("browser_content_types", false)?;
    let webhook_networks = reader.list("webhook_networks", IpNetwork::parse)?;
    let server = Server {
        listen,
        trusted_proxies,
        max_connections,
        confirmations_per_hour,
        feed_cache_dir,
        on_demand: true,
        browser_content_types,
        webhook_networks,
    };
    Some((server, on_demand))
}
