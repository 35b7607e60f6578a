//! `[[sources]]`: where articles come from.

use jiff::tz::TimeZone;

use super::names::{own_name, read_slug};
use super::places::Folder;
use super::reader::{Reader, one_of};
use super::settings::{Ids, Members, Source, SourceKind};
use super::site::{base_url, time_zone};
use crate::domain::duration;
use crate::domain::time::{DAY, HOUR, SECOND};

const KINDS: [(&str, SourceKind); 5] = [
    ("builtin", SourceKind::Builtin),
    ("wordpress", SourceKind::WordPress),
    ("ghost", SourceKind::Ghost),
    ("drupal", SourceKind::Drupal),
    ("query", SourceKind::Query),
];
const MEMBERS: [(&str, Members); 3] =
    [("hidden", Members::Hidden), ("preview", Members::Preview), ("full", Members::Full)];
/// What may stand in the braces of Ghost's permalinks.
const PERMALINK: [&str; 8] =
    ["slug", "id", "year", "month", "day", "primary_tag", "primary_author", "author"];

/// Reads one `[[sources]]`; `timezone` is the site's.
pub(super) fn read(mut reader: Reader<'_>, timezone: &TimeZone, folder: &Folder) -> Option<Source> {
    let kind = reader.or("kind", SourceKind::Builtin, one_of(&KINDS));
    // Without a sound kind nothing can be said about the keys that depend on it.
    let url = kind.and_then(|kind| url(&mut reader, kind, folder));
    let query = kind.and_then(|kind| query(&mut reader, kind));
    let ids = reader.or("ids", Ids::Ours, one_of(&[("ours", Ids::Ours), ("source", Ids::Source)]));
    // A builtin source may be filled from WordPress's export.
    if kind == Some(SourceKind::Query) && ids == Some(Ids::Source) {
        reader.fault("ids", "only kinds wordpress, ghost and drupal have ids that readers already know: write \"ours\"");
    }
    let own = kind.and_then(|kind| own_keys(&mut reader, kind));
    let poll = reader.or("poll", 30 * SECOND, span);
    let compare = reader.or("compare", HOUR, span);
    let listen =
        kind.and_then(|kind| listen(&mut reader, kind, url.as_ref().and_then(Option::as_deref)));
    let timezone = reader.or("timezone", timezone.clone(), time_zone);
    let article_url = reader.optional("article_url", article_url);
    let own = own?;
    Some(Source {
        name: own_name(&mut reader)?,
        was: reader.list("was", read_slug)?,
        kind: kind?,
        url: url?,
        poll: poll?,
        compare: compare?,
        listen: listen?,
        timezone: timezone?,
        table_prefix: own.table_prefix,
        ids: ids?,
        site_url: own.site_url,
        permalinks: own.permalinks,
        members: own.members,
        content_types: own.content_types,
        files_url: own.files_url,
        article_url: article_url?,
        query: query?,
    })
}

/// The keys that only one or two kinds have.
struct OwnKeys {
    table_prefix: String,
    site_url: String,
    permalinks: String,
    members: Members,
    content_types: Vec<String>,
    files_url: String,
}

fn own_keys(reader: &mut Reader<'_>, kind: SourceKind) -> Option<OwnKeys> {
    let (is_ghost, is_drupal) = (kind == SourceKind::Ghost, kind == SourceKind::Drupal);
    if !is_drupal && kind != SourceKind::WordPress {
        reader.refuse("table_prefix", "only kinds wordpress and drupal have one: remove the key");
    }
    for key in if is_ghost { [].as_slice() } else { &["permalinks", "members"] } {
        reader.refuse(key, "only kind = \"ghost\" has it: remove the key");
    }
    for key in if is_drupal { [].as_slice() } else { &["content_types", "files_url"] } {
        reader.refuse(key, "only kind = \"drupal\" has it: remove the key");
    }
    let prefix = if kind == SourceKind::WordPress { "wp_" } else { "" };
    let table_prefix = reader.or("table_prefix", prefix.to_owned(), table_prefix);
    let site_url = if is_ghost || is_drupal {
        reader.required("site_url", "write the site's public address, as https://college.example; it is not in its database", base_url)
    } else {
        reader.refuse("site_url", "only kinds ghost and drupal have one: remove the key");
        Some(String::new())
    };
    let permalinks = reader.or("permalinks", "/{slug}/".to_owned(), permalinks);
    let members = reader.or("members", Members::Hidden, one_of(&MEMBERS));
    let content_types = reader.list("content_types", machine_name);
    let files_url = reader.optional("files_url", base_url);
    let site_url = site_url?;
    Some(OwnKeys {
        table_prefix: table_prefix?,
        permalinks: permalinks?,
        members: members?,
        content_types: content_types
            .map(|types| if types.is_empty() { vec!["article".to_owned()] } else { types })?,
        files_url: files_url?.unwrap_or_else(|| {
            if is_drupal { format!("{site_url}/sites/default/files") } else { String::new() }
        }),
        site_url,
    })
}

/// A path of Ghost's routes: names it knows in braces, and something in it that tells posts apart.
fn permalinks(text: &str) -> Result<String, String> {
    let refusal = |why: &str| {
        Err(format!("`{text}` {why}; write it as in Ghost's routes.yaml, as /{{year}}/{{slug}}/"))
    };
    if !text.starts_with('/')
        || text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#'))
    {
        return refusal("is no path that begins with a slash");
    }
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, next)) = after.split_once('}') else {
            return refusal("has a { without its }");
        };
        if before.contains('}') || !PERMALINK.contains(&name) {
            return refusal(&format!("has more in braces than {}", PERMALINK.join(", ")));
        }
        rest = next;
    }
    if !text.contains("{slug}") && !text.contains("{id}") {
        return refusal("has neither {slug} nor {id}, so all posts would share an address");
    }
    Ok(text.to_owned())
}

/// A content type as Drupal names it inside.
fn machine_name(text: &str) -> Result<String, String> {
    if (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is no machine name of a content type: lower-case letters, digits and underscores, as in news_item"
    ))
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
        SourceKind::Ghost => {
            let remedy = "write Ghost's database, as mysql://user:password@host/name or sqlite:///path/of/ghost.db";
            reader
                .required("url", remedy, |text| {
                    folder.database_url(text, &["mysql", "sqlite"]).and_then(with_database)
                })
                .map(Some)
        }
        SourceKind::Drupal => {
            let remedy = "write Drupal's database, as mysql://user:password@host/name or postgres://user:password@host/name";
            let read = |text: &str| {
                folder.database_url(text, &["mysql", "postgres", "sqlite"]).and_then(with_database)
            };
            reader.required("url", remedy, read).map(Some)
        }
        SourceKind::Query => {
            let remedy = "write the database to read, as postgres://user:password@host/name";
            reader
                .required("url", remedy, |text| {
                    folder.database_url(text, &["mysql", "postgres", "sqlite"])
                })
                .map(Some)
        }
    }
}

/// An address that names its database too: such systems' tables are read by their bare names.
fn with_database(url: String) -> Result<String, String> {
    let path = url.split(['?', '#']).next().and_then(|address| address.splitn(4, '/').nth(3));
    if path.is_none_or(str::is_empty) {
        let scheme = url.split("://").next().unwrap_or_default();
        return Err(format!("it names no database: write {scheme}://user:password@host/name"));
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

fn span(text: &str) -> Result<i64, String> {
    let span = duration::parse(text)?;
    if (SECOND..=DAY).contains(&span) {
        Ok(span)
    } else {
        Err(format!("`{text}` is not between 1s and 1d"))
    }
}

/// A channel of NOTIFY's, which only PostgreSQL has.
fn listen(reader: &mut Reader<'_>, kind: SourceKind, url: Option<&str>) -> Option<Option<String>> {
    if !matches!(kind, SourceKind::Query | SourceKind::Drupal) {
        reader.refuse(
            "listen",
            "only kinds query and drupal can have a PostgreSQL that notifies: remove the key",
        );
        return Some(None);
    }
    if url.is_some_and(|url| !url.starts_with("postgres")) {
        reader.refuse("listen", "only PostgreSQL notifies: remove the key, and let the site POST to /api/v1/sources/NAME/sync instead");
    }
    reader.optional("listen", |text| match text.trim() {
        // PostgreSQL cuts longer names, and would listen on another channel than was meant.
        channel if (1..=63).contains(&channel.len()) && !channel.chars().any(char::is_control) => {
            Ok(channel.to_owned())
        }
        _ => Err("a channel's name has 1 to 63 bytes, none of them a control character".to_owned()),
    })
}

/// A pattern that begins as a web address and whose braces hold names of columns.
fn article_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let refusal = |why: &str| {
        Err(format!("`{text}` {why}; write it as https://news.example.edu/{{section}}/{{id}}.html"))
    };
    let after_scheme = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if after_scheme.is_none_or(str::is_empty) {
        return refusal("begins neither with https:// nor with http://");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refusal("has a space");
    }
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((column, next)) = after.split_once('}') else {
            return refusal("has a { without its }");
        };
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
