//! Parses `[[sources]]`: the databases and tables that articles come from.

use jiff::tz::TimeZone;

use super::base_dir::BaseDir;
use super::ghost_routes;
use super::keys;
use super::names::{read_name, read_slug};
use super::reader::{Reader, one_of};
use super::settings::{Collection, Ids, Members, Source, SourceKind, UnknownEnclosing};
use super::site::{base_url, time_zone};
use crate::domain::duration;
use crate::domain::time::{DAY, HOUR, SECOND, SignedDuration};

const MEMBERS_MODES: [(&str, Members); 3] =
    [("hidden", Members::Hidden), ("preview", Members::Preview), ("full", Members::Full)];
/// Reads one `[[sources]]` table; `timezone` is the default, that of the site.
pub(super) fn read(
    mut reader: Reader<'_>,
    timezone: &TimeZone,
    base_dir: &BaseDir,
) -> Option<Source> {
    let kinds = SourceKind::ALL.map(|kind| (kind.as_str(), kind));
    let kind = reader.or_default("kind", SourceKind::Builtin, one_of(&kinds));
    // The keys that depend on the kind can only be checked if the kind is valid.
    let url = kind.and_then(|kind| url(&mut reader, kind, base_dir));
    let query = kind.and_then(|kind| query(&mut reader, kind));
    let ids = reader.or_default(
        "ids",
        Ids::Ours,
        one_of(&[("ours", Ids::Ours), ("source", Ids::SiteFeed)]),
    );
    // A built-in source may be filled from a WordPress export, which has ids.
    if kind == Some(SourceKind::Query) && ids == Some(Ids::SiteFeed) {
        reader.error("ids", "rows of kind query have no published ids; write \"ours\"");
    }
    let specific = kind.and_then(|kind| kind_specific_keys(&mut reader, kind, base_dir));
    let poll = reader.or_default("poll", 30 * SECOND, sync_interval);
    let full_sync = reader.or_default("full_sync", HOUR, sync_interval);
    let listen =
        kind.and_then(|kind| listen(&mut reader, kind, url.as_ref().and_then(Option::as_deref)));
    let timezone = reader.or_default("timezone", timezone.clone(), time_zone);
    let article_url = reader.optional("article_url", article_url);
    let specific = specific?;
    Some(Source {
        name: read_name(&mut reader)?,
        former_names: reader.list("was", read_slug)?,
        kind: kind?,
        url: url?,
        poll: poll?,
        full_sync: full_sync?,
        listen_channel: listen?,
        timezone: timezone?,
        table_prefix: specific.table_prefix,
        ids: ids?,
        site_url: specific.site_url,
        permalinks: specific.permalinks,
        collections: specific.collections,
        members: specific.members,
        unknown_enclosing: specific.unknown_enclosing,
        content_types: specific.content_types,
        text_fields: specific.text_fields,
        files_url: specific.files_url,
        article_url: article_url?,
        query: query?,
    })
}

/// Keys that apply to one or two kinds only.
struct KindSpecificKeys {
    table_prefix: String,
    site_url: String,
    permalinks: String,
    collections: Vec<Collection>,
    members: Members,
    unknown_enclosing: UnknownEnclosing,
    content_types: Vec<String>,
    text_fields: Vec<String>,
    files_url: String,
}

fn kind_specific_keys(
    reader: &mut Reader<'_>,
    kind: SourceKind,
    base_dir: &BaseDir,
) -> Option<KindSpecificKeys> {
    reject_keys_of_other_kinds(reader, kind);
    let (is_ghost, is_drupal) = (kind == SourceKind::Ghost, kind == SourceKind::Drupal);
    let prefix = if kind == SourceKind::WordPress { "wp_" } else { "" };
    let table_prefix = reader.or_default("table_prefix", prefix.to_owned(), table_prefix);
    let site_url = if is_ghost || is_drupal {
        reader.required("site_url", "write the public URL of the site, for example https://college.example; it is not in its database", base_url)
    } else if kind == SourceKind::WordPress {
        reader.optional("site_url", base_url).map(Option::unwrap_or_default)
    } else {
        reader.reject(
            "site_url",
            "applies only to kinds wordpress, ghost and drupal; remove the key",
        );
        Some(String::new())
    };
    let permalinks =
        reader.or_default("permalinks", "/{slug}/".to_owned(), ghost_routes::permalinks);
    let collections = collections(reader, permalinks.as_deref(), base_dir);
    let members = reader.or_default("members", Members::Hidden, one_of(&MEMBERS_MODES));
    let unknown_enclosing = reader.or_default(
        "unknown_enclosing",
        UnknownEnclosing::Hide,
        one_of(&[("hide", UnknownEnclosing::Hide), ("show", UnknownEnclosing::Show)]),
    );
    let content_types = reader.list("content_types", machine_name);
    let text_fields = reader.list("text_fields", machine_name);
    let files_url = reader.optional("files_url", base_url);
    let site_url = site_url?;
    Some(KindSpecificKeys {
        table_prefix: table_prefix?,
        permalinks: permalinks?,
        collections: collections?,
        members: members?,
        unknown_enclosing: unknown_enclosing?,
        content_types: content_types
            .map(|types| if types.is_empty() { vec!["article".to_owned()] } else { types })?,
        text_fields: text_fields?,
        files_url: files_url?.unwrap_or_else(|| {
            if is_drupal { format!("{site_url}/sites/default/files") } else { String::new() }
        }),
        site_url,
    })
}

/// Reads the collections of the keys or of Ghost's own file; an explicit `permalinks` is that of all
/// other posts.
fn collections(
    reader: &mut Reader<'_>,
    permalinks: Option<&str>,
    base_dir: &BaseDir,
) -> Option<Vec<Collection>> {
    let has_permalinks = reader.has("permalinks");
    let listed = reader.tables("collections", &keys::COLLECTIONS, ghost_routes::collection);
    let routes = reader.optional("routes", |text| ghost_routes::read(&base_dir.join(text)?));
    let (mut collections, routes) = (listed?, routes?);
    if let Some(routes) = routes {
        if !collections.is_empty() {
            reader.error(
                "routes",
                "the file contains the collections; remove [[sources.collections]]",
            );
            return None;
        }
        collections = routes;
    }
    if has_permalinks && !collections.is_empty() {
        collections.push(Collection { filter: None, permalink: permalinks?.to_owned() });
    }
    Some(collections)
}

fn reject_keys_of_other_kinds(reader: &mut Reader<'_>, kind: SourceKind) {
    let (is_ghost, is_drupal) = (kind == SourceKind::Ghost, kind == SourceKind::Drupal);
    if !is_drupal && kind != SourceKind::WordPress {
        for key in ["table_prefix", "files_url"] {
            reader.reject(key, "applies only to kinds wordpress and drupal; remove the key");
        }
    }
    for key in
        if is_ghost { [].as_slice() } else { &["permalinks", "members", "routes", "collections"] }
    {
        reader.reject(key, "applies only to kind = \"ghost\"; remove the key");
    }
    if !is_drupal {
        for key in ["content_types", "text_fields"] {
            reader.reject(key, "applies only to kind = \"drupal\"; remove the key");
        }
    }
    if !matches!(kind, SourceKind::Query | SourceKind::Builtin) {
        reader.reject(
            "article_url",
            "applies only to kinds query and builtin, because this CMS gives every article its URL; remove the key, and set site_url if the site has another public URL",
        );
    }
    // A built-in source may be filled from a WordPress export.
    if !matches!(kind, SourceKind::WordPress | SourceKind::Builtin) {
        reader.reject(
            "unknown_enclosing",
            "applies only to kinds wordpress and builtin; remove the key",
        );
    }
}

/// Parses the machine name of a Drupal content type or field.
fn machine_name(text: &str) -> Result<String, String> {
    if (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is not a valid machine name of a content type or field; use lower-case letters, digits and underscores, for example news_item"
    ))
}

fn url(reader: &mut Reader<'_>, kind: SourceKind, base_dir: &BaseDir) -> Option<Option<String>> {
    match kind {
        SourceKind::Builtin => {
            reader.reject("url", "kind = \"builtin\" is stored in Courant's own database; remove the key or choose another kind");
            Some(None)
        }
        SourceKind::WordPress => {
            let remedy = "write the URL of the WordPress database, for example mysql://user:password@host/name";
            let read = |text: &str| {
                base_dir.database_url(text, &["mysql"]).and_then(require_database_name)
            };
            reader.required("url", remedy, read).map(Some)
        }
        SourceKind::Ghost => {
            let remedy = "write the URL of the Ghost database, for example mysql://user:password@host/name or sqlite:///path/to/ghost.db";
            reader
                .required("url", remedy, |text| {
                    base_dir
                        .database_url(text, &["mysql", "sqlite"])
                        .and_then(require_database_name)
                })
                .map(Some)
        }
        SourceKind::Drupal => {
            let remedy = "write the URL of the Drupal database, for example mysql://user:password@host/name or postgres://user:password@host/name";
            let read = |text: &str| {
                base_dir
                    .database_url(text, &["mysql", "postgres", "sqlite"])
                    .and_then(require_database_name)
            };
            reader.required("url", remedy, read).map(Some)
        }
        SourceKind::Query => {
            let remedy = "write the URL of the database to read, for example postgres://user:password@host/name";
            reader
                .required("url", remedy, |text| {
                    base_dir.database_url(text, &["mysql", "postgres", "sqlite"])
                })
                .map(Some)
        }
    }
}

/// Requires a database name in a URL, because the tables are read by unqualified names.
fn require_database_name(url: String) -> Result<String, String> {
    let path = url.split(['?', '#']).next().and_then(|address| address.splitn(4, '/').nth(3));
    if path.is_none_or(str::is_empty) {
        let scheme = url.split("://").next().unwrap_or_default();
        return Err(format!(
            "the URL has no database name; write {scheme}://user:password@host/name"
        ));
    }
    Ok(url)
}

fn query(reader: &mut Reader<'_>, kind: SourceKind) -> Option<Option<String>> {
    if kind == SourceKind::Query {
        let remedy = "write a SELECT that returns one row per article, with at least the columns id, title and published_at";
        let query = |text: &str| match text.trim() {
            "" => Err("must not be blank".to_owned()),
            query => Ok(query.to_owned()),
        };
        return reader.required("query", remedy, query).map(Some);
    }
    reader.reject("query", "applies only to kind = \"query\"; remove the key or choose that kind");
    Some(None)
}

/// Parses a table prefix; it becomes part of SQL, so only characters of table names are accepted.
fn table_prefix(text: &str) -> Result<String, String> {
    if text.len() <= 48 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is not a valid table prefix; use at most 48 letters, digits and underscores"
    ))
}

fn sync_interval(text: &str) -> Result<SignedDuration, String> {
    let interval = duration::parse(text)?;
    if (SECOND..=DAY).contains(&interval) {
        Ok(interval)
    } else {
        Err(format!("must be between 1s and 1d (found {text})"))
    }
}

/// Reads the channel for LISTEN, which only PostgreSQL supports.
fn listen(reader: &mut Reader<'_>, kind: SourceKind, url: Option<&str>) -> Option<Option<String>> {
    if !matches!(kind, SourceKind::Query | SourceKind::Drupal) {
        reader.reject("listen", "applies only to kinds query and drupal; remove the key");
        return Some(None);
    }
    if url.is_some_and(|url| !url.starts_with("postgres")) {
        reader.reject("listen", "only PostgreSQL sends notifications; remove the key and let the site POST to /api/v1/sources/NAME/sync instead");
    }
    reader.optional("listen", |text| match text.trim() {
        // PostgreSQL truncates longer names and would listen on another channel.
        channel if (1..=63).contains(&channel.len()) && !channel.chars().any(char::is_control) => {
            Ok(channel.to_owned())
        }
        _ => Err("a channel name must have 1 to 63 bytes and no control characters".to_owned()),
    })
}

/// Parses a URL template whose braces contain column names.
fn article_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let error = |reason: &str| {
        Err(format!(
            "`{text}` {reason}; write it like https://news.example.edu/{{section}}/{{id}}.html"
        ))
    };
    let after_scheme = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if after_scheme.is_none_or(str::is_empty) {
        return error("does not start with https:// or http://");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return error("contains a space");
    }
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((column, next)) = after.split_once('}') else {
            return error("has a { without a matching }");
        };
        if before.contains('}') {
            return error("has a } without a matching {");
        }
        if column.is_empty() || !column.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return error("has braces without a column name");
        }
        rest = next;
    }
    if rest.contains('}') { error("has a } without a matching {") } else { Ok(text.to_owned()) }
}
