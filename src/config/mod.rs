//! The configuration: read from `config.toml` and the environment, and refused with every fault it has.

mod clashes;
mod digests;
mod document;
mod environment;
mod error;
mod feeds;
mod keys;
mod names;
mod places;
mod publish;
mod push;
mod reader;
mod secrets;
mod sending;
pub mod settings;
mod site;
mod sources;
#[cfg(test)]
mod tests;
mod transports;

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use jiff::tz::TimeZone;

use digests::Surroundings;
use document::{Document, Table};
use error::{Faults, Place};
use names::Names;
use places::Folder;
use reader::Reader;

pub use error::ConfigError;
pub use secrets::redacted;
pub use settings::*;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

impl Config {
    /// Reads a file and what the environment says over it; the error holds every fault found, one a line.
    pub fn load(
        path: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let refuse = |sentence: String| {
            let mut faults = Faults::default();
            faults.add(&Place::File, sentence);
            faults.about(path)
        };
        let bytes = fs::read(path).map_err(|e| {
            refuse(match e.kind() {
                io::ErrorKind::NotFound => {
                    "there is no such file: name one with --config FILE, or try `courant demo`, which needs none".to_owned()
                }
                _ => format!("cannot read it: {e}"),
            })
        })?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            let mut faults = Faults::default();
            faults.add(&Place::Line(line), "this is not UTF-8: save the file in that encoding");
            faults.about(path)
        })?;
        Self::parse(path, &text, env)
    }

    /// The same for a file's text that was read already; `path` says where relative paths begin.
    pub fn parse(
        path: &Path,
        text: &str,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut faults = Faults::default();
        let folder = Folder::of(path);
        let mut document = Document::read(text, &mut faults);
        if document.is_broken() {
            // Of a file that is not TOML only pieces are known, and faults found in them would mislead.
            return Err(faults.about(path));
        }
        environment::overlay(&mut document, env, folder.path(), &mut faults);
        match read(path, &document, &folder, &mut faults) {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(faults.about(path)),
        }
    }
}

/// Reads every table before it gives up on any.
fn read(path: &Path, document: &Document, folder: &Folder, faults: &mut Faults) -> Option<Config> {
    let source_names = Names::read(&keys::SOURCES, document.tables(&keys::SOURCES), faults);
    let transport_names =
        Names::read(&keys::TRANSPORTS, document.tables(&keys::TRANSPORTS), faults);
    let feed_names = Names::read(&keys::FEEDS, document.tables(&keys::FEEDS), faults);
    Names::read(&keys::DIGESTS, document.tables(&keys::DIGESTS), faults);
    Names::read(&keys::PUBLISH, document.tables(&keys::PUBLISH), faults);

    let templates = single(document, &keys::TOP, faults, |mut reader| {
        reader.optional("templates", |text| folder.join(text))
    });
    let site = single(document, &keys::SITE, faults, site::read);
    let database = single(document, &keys::DATABASE, faults, |reader| database(reader, folder));
    let server = single(document, &keys::SERVER, faults, |reader| server(reader, folder));
    let push = single(document, &keys::PUSH, faults, push::read);

    // With a faulty [site] the rest is still read, for its own faults.
    let zone = site.as_ref().map_or(TimeZone::UTC, |site| site.timezone.clone());
    let title = site.as_ref().map_or("", |site| &site.title);
    let ehlo =
        site.as_ref().map_or_else(|| "localhost".to_owned(), |site| site::ehlo_of(&site.base_url));
    let around = Surroundings {
        title,
        language: site.as_ref().map_or("en", |site| &site.language),
        timezone: &zone,
        sources: &source_names,
        transports: &transport_names,
    };
    let sources =
        all(document, &keys::SOURCES, faults, |reader| sources::read(reader, &zone, folder));
    let feeds =
        all(document, &keys::FEEDS, faults, |reader| feeds::read(reader, title, &source_names));
    if let Some(feeds) = &feeds {
        clashes::check_aliases(feeds, document, faults);
    }
    let has_private = feeds.iter().flatten().any(|feed| feed.private.is_some());
    let server = server.map(|(server, on_demand)| Server {
        on_demand: on_demand.unwrap_or(!has_private),
        ..server
    });
    let digests = all(document, &keys::DIGESTS, faults, |reader| digests::read(reader, &around));
    let around = transports::Surroundings {
        path,
        folder,
        ehlo: &ehlo,
        names: &transport_names,
        digests: digests.as_deref().unwrap_or_default(),
    };
    let transports =
        all(document, &keys::TRANSPORTS, faults, |reader| transports::read(reader, &around));
    if let Some(transports) = &transports {
        transports::check_shares(transports, document.tables(&keys::TRANSPORTS), faults);
    }
    let publish =
        all(document, &keys::PUBLISH, faults, |reader| publish::read(reader, folder, &feed_names));
    if let Some(places) = &publish {
        clashes::check_places(places, document, faults);
    }
    if let (Some(database), Some(sources)) = (&database, &sources) {
        clashes::check_database(database, sources, document, faults);
    }
    Some(Config {
        path: path.to_owned(),
        site: site?,
        templates: templates?,
        database: database?,
        server: server?,
        push: push?,
        sources: sources?,
        feeds: feeds?,
        digests: digests?,
        transports: transports?,
        publish: publish?,
    })
}

/// Reads the one table of a section.
fn single<T>(
    document: &Document,
    section: &'static keys::Section,
    faults: &mut Faults,
    read: impl FnOnce(Reader<'_>) -> Option<T>,
) -> Option<T> {
    document.tables(section).first().and_then(|table| read(Reader::new(section, table, faults)))
}

/// Reads all tables of a list.
fn all<T>(
    document: &Document,
    section: &'static keys::Section,
    faults: &mut Faults,
    read: impl Fn(Reader<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let read_one = |table: &Table| read(Reader::new(section, table, faults));
    // Collected in two steps, so that the tables after a faulty one are read too.
    let read_all: Vec<Option<T>> = document.tables(section).iter().map(read_one).collect();
    read_all.into_iter().collect()
}

fn database(mut reader: Reader<'_>, folder: &Folder) -> Option<Database> {
    let read = |text: &str| folder.database_url(text, &["sqlite", "postgres"]);
    let url = match reader.optional("url", read)? {
        Some(url) => url,
        None => read("sqlite://data/courant.db").map_err(|why| reader.fault("url", &why)).ok()?,
    };
    Some(Database { url })
}

fn server(mut reader: Reader<'_>, folder: &Folder) -> Option<(Server, Option<bool>)> {
    let listen = reader.or("listen", DEFAULT_LISTEN, |text| {
        let refusal = |_| format!("`{text}` is no IP address with a port: write 127.0.0.1:8080, or 0.0.0.0:8080 for all interfaces");
        text.trim().parse().map_err(refusal)
    })?;
    let made_feeds = match reader.optional("made_feeds", |text| folder.join(text))? {
        Some(path) => path,
        None => folder.path().join("data/feeds"),
    };
    let on_demand = reader.has("on_demand").then(|| reader.flag("on_demand", true));
    let on_demand = match on_demand {
        Some(told) => Some(told?),
        None => None,
    };
    let generic_types = reader.flag("generic_types", false)?;
    Some((Server { listen, made_feeds, on_demand: true, generic_types }, on_demand))
}
