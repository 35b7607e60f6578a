//! RSS 2.0, with the extensions readers know: content, Dublin Core, Atom links, Media RSS.

use std::collections::BTreeMap;

use html_escape::encode_text;
use rss::extension::atom::{AtomExtension, Link};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Guid};

use super::feed::{FeedDocument, Item};
use super::format::{FeedError, Format};

/// Media RSS: for the lead image.
pub(super) const MEDIA: (&str, &str) = ("media", "http://search.yahoo.com/mrss/");

/// The feed as RSS 2.0.
pub fn render(document: &FeedDocument<'_>) -> Result<Vec<u8>, FeedError> {
    let mut namespaces = BTreeMap::new();
    if document.items.iter().any(|item| item.image.is_some()) {
        // The writer declares the other prefixes itself, but would use this one undeclared.
        namespaces.insert(MEDIA.0.to_owned(), MEDIA.1.to_owned());
    }
    let channel = Channel {
        title: (&document.title).into(),
        link: document.home_url.clone(),
        description: (&document.publisher).into(),
        language: Some((&document.language).into()),
        last_build_date: Some(document.updated.rfc822()),
        generator: Some("Courant".to_owned()),
        items: document.items.iter().map(item).collect(),
        atom_ext: Some(AtomExtension {
            links: vec![Link {
                href: format!("{}.rss", document.self_url),
                rel: "self".to_owned(),
                mime_type: Some(Format::Rss.media_type().to_owned()),
                ..Link::default()
            }],
        }),
        namespaces,
        ..Channel::default()
    };
    // Not to_string: that turns a failure into an empty feed.
    channel.write_to(Vec::new()).map_err(|error| Format::Rss.failed(&error))
}

fn item(item: &Item<'_>) -> rss::Item {
    let mut extensions = ExtensionMap::new();
    if let Some(image) = &item.image {
        let (prefix, content) = lead_image(image);
        extensions.insert(prefix, content);
    }
    if item.updated > item.published {
        let updated = Extension { name: "atom:updated".to_owned(), value: Some(item.updated.rfc3339()), ..Extension::default() };
        extensions.insert("atom".to_owned(), BTreeMap::from([("updated".to_owned(), vec![updated])]));
    }
    rss::Item {
        title: Some((&item.title).into()),
        link: item.url.clone(),
        // A description is HTML: plain text has to be escaped once for that, and again for XML.
        description: Some(encode_text(item.summary.as_str()).into_owned()),
        categories: item.categories.iter().map(|name| Category { name: name.into(), domain: None }).collect(),
        guid: Some(Guid { value: (&item.id).into(), permalink: item.id_is_url }),
        pub_date: Some(item.published.rfc822()),
        content: item.body_html.as_ref().map(Into::into),
        extensions,
        dublin_core_ext: Some(DublinCoreExtension {
            creators: item.authors.iter().map(Into::into).collect(),
            languages: vec![(&item.language).into()],
            ..DublinCoreExtension::default()
        }),
        ..rss::Item::default()
    }
}

/// The `media:content` of an article's image: its prefix, and the element under its local name.
fn lead_image(url: &str) -> (String, BTreeMap<String, Vec<Extension>>) {
    let content = Extension {
        name: "media:content".to_owned(),
        attrs: BTreeMap::from([("medium".to_owned(), "image".to_owned()), ("url".to_owned(), url.to_owned())]),
        ..Extension::default()
    };
    (MEDIA.0.to_owned(), BTreeMap::from([("content".to_owned(), vec![content])]))
}
