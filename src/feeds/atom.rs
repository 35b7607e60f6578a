//! Atom 1.0 (RFC 4287).

use std::collections::BTreeMap;

use atom_syndication::extension::{Extension, ExtensionMap};
use atom_syndication::{Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Text};
use chrono::DateTime;
use html_escape::encode_double_quoted_attribute;

use super::feed::{FeedDocument, FeedText, Item};
use super::format::{FeedError, Format};
use super::rss::MEDIA;
use crate::domain::time::Millis;

/// The feed as Atom 1.0.
pub fn render(document: &FeedDocument<'_>) -> Result<Vec<u8>, FeedError> {
    let mut namespaces = BTreeMap::new();
    if document.items.iter().any(|item| item.image.is_some()) {
        namespaces.insert(MEDIA.0.to_owned(), MEDIA.1.to_owned());
    }
    let feed = Feed {
        title: Text::plain(&document.title),
        id: (&document.id).into(),
        updated: date(document.updated),
        // RFC 4287, section 4.1.1: an entry without an author needs one here.
        authors: vec![Person { uri: Some(document.publisher_url.clone()), ..person(&document.publisher) }],
        links: vec![
            link("self", Format::Atom.media_type(), format!("{}.atom", document.self_url)),
            link("alternate", "text/html", document.home_url.clone()),
        ],
        generator: Some(Generator { value: "Courant".to_owned(), ..Generator::default() }),
        lang: Some((&document.language).into()),
        entries: document.items.iter().map(entry).collect(),
        namespaces,
        ..Feed::default()
    };
    // Not to_string: that turns a failure into an empty feed.
    feed.write_to(Vec::new()).map_err(|error| Format::Atom.failed(&error))
}

fn entry(item: &Item<'_>) -> Entry {
    // An entry has no place for a language of its own, so each of its texts tells it.
    let text = |value: &FeedText<'_>| Text { lang: Some((&item.language).into()), ..Text::plain(value) };
    let mut extensions = ExtensionMap::new();
    if let Some(image) = &item.image {
        // This writer escapes an extension's text but not its attributes.
        let url = encode_double_quoted_attribute(image).into_owned();
        let content = Extension {
            name: "media:content".to_owned(),
            attrs: BTreeMap::from([("medium".to_owned(), "image".to_owned()), ("url".to_owned(), url)]),
            ..Extension::default()
        };
        extensions.insert(MEDIA.0.to_owned(), BTreeMap::from([("content".to_owned(), vec![content])]));
    }
    // RFC 4287, section 4.1.2: an entry without a link to read on needs content.
    let content = match (&item.body_html, &item.url) {
        (Some(body), _) => Some(content("html", body, item)),
        (None, None) => Some(content("text", &item.summary, item)),
        (None, Some(_)) => None,
    };
    Entry {
        title: text(&item.title),
        id: (&item.id).into(),
        updated: date(item.updated),
        published: Some(date(item.published)),
        authors: item.authors.iter().map(person).collect(),
        categories: item.categories.iter().map(|name| Category { term: name.into(), ..Category::default() }).collect(),
        links: item.url.iter().map(|url| link("alternate", "text/html", url.clone())).collect(),
        summary: Some(text(&item.summary)),
        content,
        extensions,
        ..Entry::default()
    }
}

fn content(kind: &str, value: &FeedText<'_>, item: &Item<'_>) -> Content {
    Content { content_type: Some(kind.to_owned()), lang: Some((&item.language).into()), value: Some(value.into()), ..Content::default() }
}

fn person(name: &FeedText<'_>) -> Person {
    Person { name: name.into(), ..Person::default() }
}

fn link(rel: &str, media_type: &str, href: String) -> Link {
    Link { rel: rel.to_owned(), mime_type: Some(media_type.to_owned()), href, ..Link::default() }
}

/// Whole seconds in UTC; outside chrono's range the epoch.
fn date(instant: Millis) -> FixedDateTime {
    DateTime::from_timestamp_millis(instant.whole_second().0).unwrap_or_default().fixed_offset()
}
