//! Parses `[[feeds]]`, and the selection of articles that feeds and digests have in common.

use super::names::{Names, read_name, read_slug};
use super::reader::{Reader, one_of, parse_line};
use super::settings::{Config, Content, Feed, Selection};
use super::site::SiteDefaults;
use super::titles::titles;
use crate::domain::selection::TermKind;
use crate::domain::time::{DAY, MINUTE, SignedDuration};
use crate::domain::translations::Translations;
use crate::domain::{duration, language, xml};

/// Maximum of `items`; larger feeds would cost megabytes per poll.
const MAX_ITEMS: i64 = 1_000;
/// Default of `max_age`, the cache lifetime of a feed.
const DEFAULT_MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

/// Reads one `[[feeds]]` table; `site` has the default title, and `sources` are the names it may
/// refer to.
pub(super) fn read(
    mut reader: Reader<'_>,
    site: &SiteDefaults<'_>,
    sources: &Names,
) -> Option<Feed> {
    let (title, titles) = titles(&mut reader, site.title, &site.titles, site.language);
    let selection = selection(&mut reader, sources);
    let languages = reader.list("languages", |tag| language::canonical(tag).map_err(String::from));
    let items = reader.integer("items", 50, 1..=MAX_ITEMS);
    let content = reader.or_default(
        "content",
        Content::Full,
        one_of(&[("full", Content::Full), ("summary", Content::Summary)]),
    );
    let aliases = reader.list("aliases", alias);
    let private = reader.optional("private", parse_secret);
    let name = read_name(&mut reader);
    if let (Some(Some(_)), Some(name)) =
        (&private, name.as_deref().filter(|name| TermKind::parse(name).is_some()))
    {
        reader.error("name", &format!("`{name}/…` is the path of on-demand feeds, so a private feed cannot use it; choose another name"));
    }
    let description = reader.optional("description", parse_line);
    let descriptions = reader.translations("descriptions", site.language, parse_line);
    let max_age = reader.or_default("max_age", DEFAULT_MAX_AGE, max_age);
    let extra_xml = reader.optional("extra_xml", extra_xml);
    Some(Feed {
        name: name?,
        former_names: reader.list("was", read_slug)?,
        title: title?,
        titles: titles?,
        selection: Selection { languages: languages?, ..selection? },
        items: items?,
        content: content?,
        description: description?,
        descriptions: descriptions?,
        max_age: max_age?,
        extra_xml: extra_xml?,
        aliases: aliases?,
        secret: private?,
    })
}

impl Config {
    /// Returns the public feeds, in the order of the configuration.
    pub fn public_feeds(&self) -> impl Iterator<Item = &Feed> {
        self.feeds.iter().filter(|feed| feed.secret.is_none())
    }
}

impl Feed {
    /// Creates an on-demand feed, which is not in the configuration.
    pub fn on_demand(name: String, selection: Selection, items: usize, content: Content) -> Self {
        Self {
            name,
            former_names: Vec::new(),
            title: String::new(),
            titles: Translations::default(),
            description: None,
            descriptions: Translations::default(),
            selection,
            items,
            content,
            max_age: DEFAULT_MAX_AGE,
            extra_xml: None,
            aliases: Vec::new(),
            secret: None,
        }
    }

    /// Returns the path below `/feeds/` without the format; the secret of a private feed precedes
    /// the terms chosen from it.
    pub fn path(&self) -> String {
        let Some(secret) = &self.secret else { return self.name.clone() };
        match self.name.split_once('/') {
            Some((name, chosen)) => format!("{name}/{secret}/{chosen}"),
            None => format!("{}/{secret}", self.name),
        }
    }

    /// Returns the name in the id of the feed, which renaming does not change: its first name, and
    /// the terms chosen from it.
    pub fn id_name(&self) -> String {
        let Some(first) = self.former_names.first() else { return self.name.clone() };
        match self.name.split_once('/') {
            Some((_, chosen)) => format!("{first}/{chosen}"),
            None => first.clone(),
        }
    }
}

/// First path segments that this service uses, or reserves for later versions.
const RESERVED_PATHS: [&str; 23] = [
    "feeds",
    "feeds.opml",
    "feeds.rss",
    "feeds.atom",
    "feeds.json",
    "subscribe",
    "confirm",
    "preferences",
    "unsubscribe",
    "editions",
    "admin",
    "api",
    "healthz",
    "metrics",
    "robots.txt",
    "mailbox.json",
    "readyz",
    "hub",
    "assets",
    "favicon.ico",
    "favicon.svg",
    "mailbox",
    "demo",
];

/// Parses an alias: a former path of the feed.
fn alias(text: &str) -> Result<String, String> {
    let text = text.trim();
    let first = text.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    if !text.starts_with('/')
        || text.chars().any(|c| c.is_whitespace() || c.is_control())
        || text.contains('#')
    {
        return Err(format!(
            "`{text}` is not a valid path; write the former path and query, for example /feed/ or /?feed=rss2"
        ));
    }
    if text == "/" || RESERVED_PATHS.contains(&first) {
        return Err(format!(
            "`{text}` is a path of this service itself; an alias must be a path that it does not use"
        ));
    }
    Ok(text.to_owned())
}

/// Parses the secret of a private feed: long, and of characters that a URL needs no encoding for.
fn parse_secret(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_plain && (16..=100).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err("the secret is part of the feed URL and must be hard to guess; write 16 to 100 letters and digits, for example the output of `openssl rand -hex 16`".to_owned())
}

/// Parses a cache lifetime from one minute to one day.
fn max_age(text: &str) -> Result<SignedDuration, String> {
    let max_age = duration::parse(text)?;
    if (MINUTE..=DAY).contains(&max_age) {
        Ok(max_age)
    } else {
        Err(format!("must be between 1m and 1d (found {text})"))
    }
}

/// Parses custom XML that is well-formed in both RSS and Atom.
fn extra_xml(text: &str) -> Result<String, String> {
    let text = text.trim();
    xml::validate_fragment(text, &xml::SHARED_PREFIXES)
        .map_err(|reason| format!("not valid in a feed: {reason}"))?;
    Ok(text.to_owned())
}

/// Reads sections, tags, authors and sources. Languages stay empty, because `languages` of a digest
/// is not a filter on articles.
pub(super) fn selection(reader: &mut Reader<'_>, sources: &Names) -> Option<Selection> {
    let sections = reader.list("sections", parse_line);
    let tags = reader.list("tags", parse_line);
    let authors = reader.list("authors", parse_line);
    let sources = reader.list("sources", |name| sources.resolve(name));
    Some(Selection {
        sections: sections?,
        tags: tags?,
        authors: authors?,
        languages: Vec::new(),
        sources: sources?,
    })
}
