//! `[[sources]]`: where articles come from.

use jiff::tz::TimeZone;

use super::names::{own_name, read_slug};
use super::places::Folder;
use super::reader::{Reader, one_of};
use super::settings::{Ids, Source, SourceKind};
use super::site::time_zone;
use crate::domain::duration;
use crate::domain::time::{DAY, SECOND};

const KINDS: [(&str, SourceKind); 3] =
    [("builtin", SourceKind::Builtin), ("wordpress", SourceKind::WordPress), ("query", SourceKind::Query)];

/// Reads one `[[sources]]`; `timezone` is the site's.
pub(super) fn read(mut reader: Reader<'_>, timezone: &TimeZone, folder: &Folder) -> Option<Source> {
    let kind = reader.or("kind", SourceKind::Builtin, one_of(&KINDS));
    // Without a sound kind nothing can be said about the keys that depend on it.
    let url = kind.and_then(|kind| url(&mut reader, kind, folder));
    let query = kind.and_then(|kind| query(&mut reader, kind));
    let ids = reader.or("ids", Ids::Ours, one_of(&[("ours", Ids::Ours), ("source", Ids::Source)]));
    if kind.is_some_and(|kind| kind != SourceKind::WordPress) {
        reader.refuse("table_prefix", "only kind = \"wordpress\" has one: remove the key");
        // A builtin source may be filled from WordPress's export.
        if ids == Some(Ids::Source) && kind != Some(SourceKind::Builtin) {
            reader.fault("ids", "only kind = \"wordpress\" has ids that readers already know: write \"ours\"");
        }
    }
    let table_prefix = reader.or("table_prefix", "wp_".to_owned(), table_prefix);
    let poll = reader.or("poll", 30 * SECOND, poll);
    let timezone = reader.or("timezone", timezone.clone(), time_zone);
    let article_url = reader.optional("article_url", article_url);
    Some(Source {
        name: own_name(&mut reader)?,
        was: reader.list("was", read_slug)?,
        kind: kind?,
        url: url?,
        poll: poll?,
        timezone: timezone?,
        table_prefix: table_prefix?,
        ids: ids?,
        article_url: article_url?,
        query: query?,
    })
}

fn url(reader: &mut Reader<'_>, kind: SourceKind, folder: &Folder) -> Option<Option<String>> {
    match kind {
        SourceKind::Builtin => {
            reader.refuse("url", "kind = \"builtin\" is kept in our own database: remove the key, or name another kind");
            Some(None)
        }
        SourceKind::WordPress => {
            let remedy = "write WordPress's database, as mysql://user:password@host/name";
            let read = |text: &str| folder.database_url(text, &["mysql"]).and_then(with_database);
            reader.required("url", remedy, read).map(Some)
        }
        SourceKind::Query => {
            let remedy = "write the database to read, as postgres://user:password@host/name";
            reader.required("url", remedy, |text| folder.database_url(text, &["mysql", "postgres", "sqlite"])).map(Some)
        }
    }
}

/// An address that names its database too: WordPress's tables are read by their bare names.
fn with_database(url: String) -> Result<String, String> {
    let path = url.split(['?', '#']).next().and_then(|address| address.splitn(4, '/').nth(3));
    if path.is_none_or(str::is_empty) {
        return Err("it names no database: write mysql://user:password@host/name".to_owned());
    }
    Ok(url)
}

fn query(reader: &mut Reader<'_>, kind: SourceKind) -> Option<Option<String>> {
    if kind == SourceKind::Query {
        let remedy = "write the SELECT that gives one row an article, with the columns id, title and published_at at least";
        let query = |text: &str| match text.trim() {
            "" => Err("it is blank".to_owned()),
            query => Ok(query.to_owned()),
        };
        return reader.required("query", remedy, query).map(Some);
    }
    reader.refuse("query", "only kind = \"query\" has one: remove the key, or write that kind");
    Some(None)
}

/// It becomes part of table names, so nothing but what such names are made of is taken.
fn table_prefix(text: &str) -> Result<String, String> {
    if text.len() <= 48 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no table prefix: it has letters, digits and underscores, 48 at most"))
}

fn poll(text: &str) -> Result<i64, String> {
    let poll = duration::parse(text)?;
    if (SECOND..=DAY).contains(&poll) { Ok(poll) } else { Err(format!("`{text}` is not between 1s and 1d")) }
}

/// A pattern that begins as a web address and whose braces hold names of columns.
fn article_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let refusal = |why: &str| Err(format!("`{text}` {why}; write it as https://news.example.edu/{{section}}/{{id}}.html"));
    let after_scheme = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if after_scheme.is_none_or(str::is_empty) {
        return refusal("begins neither with https:// nor with http://");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refusal("has a space");
    }
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((column, next)) = after.split_once('}') else { return refusal("has a { without its }") };
        if before.contains('}') {
            return refusal("has a } without its {");
        }
        if column.is_empty() || !column.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return refusal("has braces without the name of a column");
        }
        rest = next;
    }
    if rest.contains('}') { refusal("has a } without its {") } else { Ok(text.to_owned()) }
}
