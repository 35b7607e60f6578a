//! Atom 1.0 (RFC 4287).

use atom_syndication::{
    Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Text,
};
use chrono::{DateTime, FixedOffset, Offset as _, Utc};
use html_escape::encode_double_quoted_attribute;

use super::element::{Element, HISTORY, MEDIA, for_atom, lead_image};
use super::feed::{Archive, Head, Item};
use super::format::{FeedError, Format, Frame, as_numbers};
use super::links;
use super::text::FeedText;
use crate::domain::time::Millis;

/// What every document declares, used or not: entries are written without knowing their document.
pub(super) const NAMESPACES: [(&str, &str); 2] = [HISTORY, MEDIA];

const START: &str = "<entry>";
const END: &str = "</feed>";

/// The document without its entries.
pub(super) fn frame(head: &Head<'_>) -> Result<Frame, FeedError> {
    let history = |name| for_atom(&[Element { prefix: HISTORY.0, name, ..Element::default() }]);
    let mut links = links::of_document(head, Format::Atom);
    links.push(page(&head.home_url, None));
    let feed = Feed {
        title: Text::plain(&head.title),
        subtitle: head.description.as_ref().map(Text::plain),
        id: (&head.id).into(),
        updated: date(head.updated),
        // RFC 4287, section 4.1.1: an entry without an author needs one here.
        authors: vec![Person { uri: Some(head.publisher_url.clone()), ..person(&head.publisher) }],
        links,
        generator: Some(Generator { value: "Courant".to_owned(), ..Generator::default() }),
        icon: head.icon.map(str::to_owned),
        logo: head.logo.map(str::to_owned),
        rights: head.rights.as_ref().map(Text::plain),
        lang: Some((&head.language).into()),
        extensions: match head.archive {
            Archive::Complete => history("complete"),
            Archive::Page { .. } => history("archive"),
            Archive::Newest { .. } => for_atom(&[]),
        },
        namespaces: NAMESPACES
            .iter()
            .map(|(prefix, uri)| ((*prefix).to_owned(), (*uri).to_owned()))
            .collect(),
        ..Feed::default()
    };
    let text = written(&feed)?;
    // Nothing in a feed without entries is anything but plain text.
    let mut before = as_numbers(text.strip_suffix(END).ok_or_else(|| Format::Atom.misshapen())?);
    before.push_str(head.extra_xml.unwrap_or_default());
    Ok(Frame { head: before.into_bytes(), tail: END.as_bytes().to_vec() })
}

/// One entry.
pub(super) fn entry(item: &Item<'_>) -> Result<Vec<u8>, FeedError> {
    let feed = Feed { entries: vec![made(item)], ..Feed::default() };
    let text = written(&feed)?;
    let cut =
        |text: &str| Some(text[text.find(START)? + START.len()..].strip_suffix(END)?.to_owned());
    let text = cut(&text).ok_or_else(|| Format::Atom.misshapen())?;
    // All is escaped, so this is the element of that name; HTML is no plain text.
    let (plain, html) = text.split_at(text.find("<content ").unwrap_or(text.len()));
    let (html, after) = html.split_at(html.find("</content>").unwrap_or(html.len()));
    // The writer's entries have no place for a language of their own.
    let language = encode_double_quoted_attribute(item.language.as_str());
    let start = format!("<entry xml:lang=\"{language}\">");
    Ok([start.as_str(), &as_numbers(plain), html, &as_numbers(after)].concat().into_bytes())
}

fn made(item: &Item<'_>) -> Entry {
    // Told on each text too: readers that know nothing of inheritance look there.
    let text =
        |value: &FeedText<'_>| Text { lang: Some((&item.language).into()), ..Text::plain(value) };
    // RFC 4287, section 4.1.2: an entry without a link to read on needs content.
    let content = match (&item.body_html, &item.url) {
        (Some(body), _) => Some(content("html", body, item)),
        (None, None) => Some(content("text", &item.summary, item)),
        (None, Some(_)) => None,
    };
    let mut links: Vec<Link> = item.url.iter().map(|url| page(url, Some(&item.language))).collect();
    links.extend(item.translations.iter().map(links::translation));
    links.extend(item.enclosure.as_ref().map(|file| Link {
        rel: "enclosure".to_owned(),
        mime_type: Some(file.media_type.clone()),
        length: (file.length > 0).then(|| file.length.to_string()),
        href: file.url.clone(),
        ..Link::default()
    }));
    let category = |name: &FeedText<'_>| Category {
        term: name.into(),
        label: Some(name.into()),
        ..Category::default()
    };
    Entry {
        title: text(&item.title),
        id: (&item.uri).into(),
        updated: date(item.updated)
            .with_timezone(&FixedOffset::east_opt(item.offset * 60).unwrap_or_else(|| Utc.fix())),
        published: Some(date(item.published)),
        authors: item.authors.iter().map(person).collect(),
        categories: item.categories.iter().map(category).collect(),
        links,
        summary: Some(text(&item.summary)),
        content,
        extensions: for_atom(&item.image.as_ref().map(lead_image).unwrap_or_default()),
        ..Entry::default()
    }
}

fn content(kind: &str, value: &FeedText<'_>, item: &Item<'_>) -> Content {
    Content {
        content_type: Some(kind.to_owned()),
        lang: Some((&item.language).into()),
        value: Some(value.into()),
        ..Content::default()
    }
}

fn person(name: &FeedText<'_>) -> Person {
    Person { name: name.into(), ..Person::default() }
}

/// A page for people, in a language where that is known.
fn page(href: &str, language: Option<&FeedText<'_>>) -> Link {
    Link {
        rel: "alternate".to_owned(),
        mime_type: Some("text/html".to_owned()),
        hreflang: language.map(Into::into),
        href: href.to_owned(),
        ..Link::default()
    }
}

/// Whole seconds in UTC; outside chrono's range the epoch.
fn date(instant: Millis) -> FixedDateTime {
    DateTime::from_timestamp_millis(instant.whole_second().0).unwrap_or_default().fixed_offset()
}

fn written(feed: &Feed) -> Result<String, FeedError> {
    // Not to_string: that turns a failure into an empty feed.
    let bytes = feed.write_to(Vec::new()).map_err(|error| Format::Atom.failed(&error))?;
    String::from_utf8(bytes).map_err(|error| Format::Atom.failed(&error))
}
