//! Conflicts between tables: paths, publish targets or database files used twice; invalid pools.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::document::{Document, Table};
use super::error::Diagnostics;
use super::keys::{DATABASE, FEEDS, PUBLISH, SOURCES, TRANSPORTS};
use super::publish::{DestinationSettings, PublishTarget};
use super::reader::Reader;
use super::settings::{Database, Feed, Source, Transport};

/// Reports an alias that two feeds have.
pub(super) fn check_aliases(feeds: &[Feed], document: &Document, diagnostics: &mut Diagnostics) {
    for (i, feed) in feeds.iter().enumerate() {
        let taken = |alias: &&String| {
            feeds[..i].iter().any(|other| other.aliases.iter().any(|a| is_same_path(a, alias)))
        };
        let Some(alias) = feed.aliases.iter().find(taken) else { continue };
        let reason = format!(
            "[[feeds]] {}: `aliases`: `{alias}` already serves another feed; an alias can serve only one",
            feed.name
        );
        add(document.tables(&FEEDS).get(i), "aliases", reason, diagnostics);
    }
}

/// Reports two destinations with the same target, which would delete each other's files.
pub(super) fn check_publish_targets(
    destinations: &[DestinationSettings],
    document: &Document,
    diagnostics: &mut Diagnostics,
) {
    for (i, destination) in destinations.iter().enumerate() {
        let Some(other) = destinations[..i]
            .iter()
            .find(|other| is_same_target(&other.target, &destination.target))
        else {
            continue;
        };
        let reason = format!(
            "[[publish]] {}: `url`: \"{}\" already publishes there, and each would delete the other's files; use one destination for all feeds",
            destination.name, other.name
        );
        add(document.tables(&PUBLISH).get(i), "url", reason, diagnostics);
    }
}

/// Reports a source that reads Courant's own database file.
pub(super) fn check_database(
    database: &Database,
    sources: &[Source],
    document: &Document,
    diagnostics: &mut Diagnostics,
) {
    let own_file = sqlite_file(&database.url);
    let reads_own_database = |source: &&Source| {
        own_file.is_some() && source.url.as_deref().and_then(sqlite_file) == own_file
    };
    if let Some(source) = sources.iter().find(reads_own_database) {
        let reason = format!(
            "`url`: the file is the database of source \"{}\", which Courant only reads; choose another file for Courant's own data",
            source.name
        );
        let table =
            document.tables(&DATABASE).first().filter(|table| table.entries.contains_key("url"));
        let source_table = sources
            .iter()
            .position(|other| other.name == source.name)
            .and_then(|i| document.tables(&SOURCES).get(i));
        add(table.or(source_table), "url", reason, diagnostics);
    }
}

/// Reports pools and standby transports that cannot work; `tables` are those of the transports, in
/// the same order.
pub(super) fn check_pools(
    transports: &[Transport],
    document: &Document,
    diagnostics: &mut Diagnostics,
) {
    for (transport, table) in transports.iter().zip(document.tables(&TRANSPORTS)) {
        let mut reader = Reader::new(&TRANSPORTS, table, diagnostics);
        if let Some(pool) = transport.pool.as_ref() {
            let nested = transports
                .iter()
                .find(|other| other.name == *pool)
                .and_then(|other| other.pool.as_ref());
            match nested {
                _ if *pool == transport.name => reader.error(
                    "pool",
                    "a transport cannot join its own pool; name another transport or remove the key",
                ),
                Some(nested) => {
                    let reason = format!(
                        "`{pool}` is itself in the pool of `{nested}`; name a transport without `pool`"
                    );
                    reader.error("pool", &reason);
                }
                None => {}
            }
        } else if transport.standby
            && !transports
                .iter()
                .any(|other| other.pool.as_ref() == Some(&transport.name) && !other.standby)
        {
            let reason = format!(
                "no other transport sends its messages; set `pool = \"{}\"` on a transport that is not a standby, or remove the key",
                transport.name
            );
            reader.error("standby", &reason);
        }
    }
}

fn add(table: Option<&Table>, key: &str, reason: String, diagnostics: &mut Diagnostics) {
    if let Some(location) =
        table.and_then(|table| table.entries.get(key)).map(|entry| &entry.location)
    {
        diagnostics.add_at(location, &[key], reason);
    }
}

/// Returns `true` if two aliases are the same path and query, in any order of query parameters.
fn is_same_path(one: &str, other: &str) -> bool {
    let parts = |alias: &str| {
        let (path, query) = alias.split_once('?').unwrap_or((alias, ""));
        let mut pairs: Vec<String> = query
            .trim_end_matches('/')
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(str::to_owned)
            .collect();
        pairs.sort();
        (path.trim_end_matches('/').to_owned(), pairs)
    };
    parts(one) == parts(other)
}

fn is_same_target(one: &PublishTarget, other: &PublishTarget) -> bool {
    match (one, other) {
        (PublishTarget::Directory(one), PublishTarget::Directory(other)) => {
            canonical_path(one) == canonical_path(other)
        }
        (PublishTarget::Bucket(one), PublishTarget::Bucket(other)) => {
            one.url == other.url && one.prefix == other.prefix
        }
        _ => false,
    }
}

/// Returns the canonical path of the file of an `sqlite://` URL.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://")?.split('?').next()?;
    Some(canonical_path(Path::new(percent_decode_str(path).decode_utf8().ok()?.as_ref())))
}

/// Returns the canonical path, or the normalized path of a file that does not exist.
fn canonical_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.components().collect())
}
