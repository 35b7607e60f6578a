//! `[[feeds]]`, and the selection of articles that feeds and digests share.

use super::names::{Names, own_name, read_slug};
use super::reader::{Reader, one_line, one_of};
use super::settings::{Config, Content, Feed, Selection};
use crate::domain::selection::Kind;
use crate::domain::time::{DAY, MINUTE};
use crate::domain::{duration, language, xml};

/// More would make every reader fetch megabytes at each poll.
const MOST_ITEMS: i64 = 1_000;
/// How long a reader may keep a feed that says nothing else.
const MAX_AGE: i64 = 5 * MINUTE;

/// Reads one `[[feeds]]`; `site_title` stands in for its own, and `sources` are the names it may refer to.
pub(super) fn read(mut reader: Reader<'_>, site_title: &str, sources: &Names) -> Option<Feed> {
    let title = reader.or("title", site_title.to_owned(), one_line);
    let selection = selection(&mut reader, sources);
    let languages = reader.list("languages", language::canonical);
    let items = reader.count("items", 50, 1..=MOST_ITEMS);
    let content = reader.or(
        "content",
        Content::Full,
        one_of(&[("full", Content::Full), ("summary", Content::Summary)]),
    );
    let aliases = reader.list("aliases", alias);
    let private = reader.optional("private", secret);
    let name = own_name(&mut reader);
    if let (Some(Some(_)), Some(name)) =
        (&private, name.as_deref().filter(|name| Kind::named(name).is_some()))
    {
        reader.fault("name", &format!("`{name}/…` leads to feeds on demand, so a private feed can't be there: choose another name"));
    }
    let description = reader.optional("description", one_line);
    let max_age = reader.or("max_age", MAX_AGE, max_age);
    let extra_xml = reader.optional("extra_xml", extra_xml);
    Some(Feed {
        name: name?,
        was: reader.list("was", read_slug)?,
        title: title?,
        selection: Selection { languages: languages?, ..selection? },
        items: items?,
        content: content?,
        description: description?,
        max_age: max_age?,
        extra_xml: extra_xml?,
        aliases: aliases?,
        private: private?,
    })
}

impl Config {
    /// The feeds that may be listed, in the configuration's order.
    pub fn public_feeds(&self) -> impl Iterator<Item = &Feed> {
        self.feeds.iter().filter(|feed| feed.private.is_none())
    }
}

impl Feed {
    /// A feed that nobody declared.
    pub fn on_demand(name: String, selection: Selection, items: usize, content: Content) -> Self {
        Self {
            name,
            was: Vec::new(),
            title: String::new(),
            description: None,
            selection,
            items,
            content,
            max_age: MAX_AGE,
            extra_xml: None,
            aliases: Vec::new(),
            private: None,
        }
    }

    /// What stands behind `/feeds/` in its address, without a format; a private feed's secret comes before what is chosen of it.
    pub fn path(&self) -> String {
        let Some(secret) = &self.private else { return self.name.clone() };
        match self.name.split_once('/') {
            Some((name, chosen)) => format!("{name}/{secret}/{chosen}"),
            None => format!("{}/{secret}", self.name),
        }
    }

    /// The name in its id, which no renaming changes: the first that it had, and what is chosen of it.
    pub fn first_name(&self) -> String {
        let Some(first) = self.was.first() else { return self.name.clone() };
        match self.name.split_once('/') {
            Some((_, chosen)) => format!("{first}/{chosen}"),
            None => first.clone(),
        }
    }
}

/// First segments of paths that are ours.
const OWN: [&str; 18] = [
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
    "readyz",
    "hub",
    "assets",
    "mailbox",
    "demo",
];

/// A path that readers know from before.
fn alias(text: &str) -> Result<String, String> {
    let text = text.trim();
    let first = text.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    if !text.starts_with('/')
        || text.chars().any(|c| c.is_whitespace() || c.is_control())
        || text.contains('#')
    {
        return Err(format!(
            "`{text}` is no path: write one as it stood behind the host, as /feed/ or /?feed=rss2"
        ));
    }
    if text == "/" || OWN.contains(&first) {
        return Err(format!(
            "`{text}` is an address of our own: an alias is one that this service does not have"
        ));
    }
    Ok(text.to_owned())
}

/// What nobody guesses: long, and of characters that need no encoding in an address.
fn secret(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_plain && (16..=100).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err("it is part of the feed's address and must not be guessed: write 16 to 100 letters and digits, as `openssl rand -hex 16` makes them".to_owned())
}

/// A minute to a day: what readers and caches can be told.
fn max_age(text: &str) -> Result<i64, String> {
    let ms = duration::parse(text)?;
    if (MINUTE..=DAY).contains(&ms) {
        Ok(ms)
    } else {
        Err(format!("`{text}` is not from 1m to 1d"))
    }
}

/// XML that may stand in a feed, in either of its XML formats.
fn extra_xml(text: &str) -> Result<String, String> {
    let text = text.trim();
    xml::fragment(text, &xml::SHARED_PREFIXES)
        .map_err(|why| format!("this can't stand in a feed: {why}"))?;
    Ok(text.to_owned())
}

/// Sections, tags, authors and sources; languages mean another thing in a digest and are left empty.
pub(super) fn selection(reader: &mut Reader<'_>, sources: &Names) -> Option<Selection> {
    let sections = reader.list("sections", one_line);
    let tags = reader.list("tags", one_line);
    let authors = reader.list("authors", one_line);
    let sources = reader.list("sources", |name| sources.refer(name));
    Some(Selection {
        sections: sections?,
        tags: tags?,
        authors: authors?,
        languages: Vec::new(),
        sources: sources?,
    })
}
