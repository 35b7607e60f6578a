//! What two parts of a configuration may not both claim: an address, a place, a file.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::document::{Document, Table};
use super::error::Faults;
use super::keys::{DATABASE, FEEDS, PUBLISH, SOURCES};
use super::publish::{Destination, Publish};
use super::settings::{Database, Feed, Source};

/// An alias can serve one feed alone.
pub(super) fn check_aliases(feeds: &[Feed], document: &Document, faults: &mut Faults) {
    for (i, feed) in feeds.iter().enumerate() {
        let taken = |alias: &&String| {
            feeds[..i].iter().any(|other| other.aliases.iter().any(|a| same_address(a, alias)))
        };
        let Some(alias) = feed.aliases.iter().find(taken) else { continue };
        let why = format!(
            "feed \"{}\": `aliases`: `{alias}` serves another feed already: an address can serve one alone",
            feed.name
        );
        add(document.tables(&FEEDS).get(i), "aliases", why, faults);
    }
}

/// Two places would take each other's files away.
pub(super) fn check_places(places: &[Publish], document: &Document, faults: &mut Faults) {
    for (i, place) in places.iter().enumerate() {
        let Some(other) = places[..i].iter().find(|other| is_one(&other.place, &place.place))
        else {
            continue;
        };
        let why = format!(
            "place \"{}\": `url`: \"{}\" publishes there already, and each would take the other's files away: name all feeds in one",
            place.name, other.name
        );
        add(document.tables(&PUBLISH).get(i), "url", why, faults);
    }
}

/// A CMS's database is only read, so it can't be ours.
pub(super) fn check_database(
    database: &Database,
    sources: &[Source],
    document: &Document,
    faults: &mut Faults,
) {
    let own = sqlite_file(&database.url);
    let is_own =
        |source: &&Source| own.is_some() && source.url.as_deref().and_then(sqlite_file) == own;
    if let Some(source) = sources.iter().find(is_own) {
        let why = format!(
            "`url`: this is the file of source \"{}\", which is only read: name another file for our own data",
            source.name
        );
        let table =
            document.tables(&DATABASE).first().filter(|table| table.entries.contains_key("url"));
        let theirs = sources
            .iter()
            .position(|other| other.name == source.name)
            .and_then(|i| document.tables(&SOURCES).get(i));
        add(table.or(theirs), "url", why, faults);
    }
}

fn add(table: Option<&Table>, key: &str, why: String, faults: &mut Faults) {
    if let Some(place) = table.and_then(|table| table.entries.get(key)).map(|said| &said.place) {
        faults.add(place, why);
    }
}

/// Whether two aliases are one address, whatever the order of their queries.
fn same_address(one: &str, other: &str) -> bool {
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

fn is_one(one: &Destination, other: &Destination) -> bool {
    match (one, other) {
        (Destination::Folder(one), Destination::Folder(other)) => real(one) == real(other),
        (Destination::Bucket(one), Destination::Bucket(other)) => {
            one.address == other.address && one.prefix == other.prefix
        }
        _ => false,
    }
}

/// The file of an `sqlite://` address.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://")?.split('?').next()?;
    Some(real(Path::new(percent_decode_str(path).decode_utf8().ok()?.as_ref())))
}

/// A path without links and detours, as far as it is there.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.components().collect())
}
