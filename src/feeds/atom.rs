//! Renders documents and entries in Atom 1.0 (RFC 4287).

use atom_syndication::{
    Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Text,
};
use chrono::{DateTime, FixedOffset, Offset as _, Utc};
use html_escape::encode_double_quoted_attribute;

use super::extensions::{ExtensionElement, HISTORY, MEDIA, for_atom, lead_image};
use super::format::{DocumentFrame, FeedError, Format, numeric_references};
use super::links;
use super::metadata::{ArchiveRole, FeedMetadata, Item};
use super::text::FeedText;
use crate::domain::time::Millis;

/// Namespaces that every document declares, because entries are rendered independently of their
/// document.
pub(super) const NAMESPACES: [(&str, &str); 2] = [HISTORY, MEDIA];

const START: &str = "<entry>";
const END: &str = "</feed>";

/// Renders the document without its entries.
pub(super) fn frame(metadata: &FeedMetadata<'_>) -> Result<DocumentFrame, FeedError> {
    let history = |name| {
        for_atom(&[ExtensionElement { prefix: HISTORY.0, name, ..ExtensionElement::default() }])
    };
    let mut links = links::document_links(metadata, Format::Atom);
    links.push(html_link(&metadata.page_url, None));
    let feed = Feed {
        title: Text::plain(&metadata.title),
        subtitle: metadata.description.as_ref().map(Text::plain),
        id: (&metadata.id).into(),
        updated: date(metadata.updated),
        // RFC 4287, section 4.1.1: an entry without an author needs one here.
        authors: vec![Person {
            uri: Some(metadata.publisher_url.clone()),
            ..person(&metadata.publisher)
        }],
        links,
        generator: Some(Generator { value: "Courant".to_owned(), ..Generator::default() }),
        icon: metadata.icon.map(str::to_owned),
        logo: metadata.logo.map(str::to_owned),
        rights: metadata.rights.as_ref().map(Text::plain),
        lang: Some((&metadata.language).into()),
        extensions: match metadata.archive {
            ArchiveRole::Complete => history("complete"),
            ArchiveRole::Page { .. } => history("archive"),
            ArchiveRole::Newest { .. } => for_atom(&[]),
        },
        namespaces: NAMESPACES
            .iter()
            .map(|(prefix, uri)| ((*prefix).to_owned(), (*uri).to_owned()))
            .collect(),
        ..Feed::default()
    };
    let text = serialize(&feed)?;
    // A feed without entries contains only plain text.
    let mut head_xml =
        numeric_references(text.strip_suffix(END).ok_or_else(|| Format::Atom.malformed())?);
    head_xml.push_str(metadata.extra_xml.unwrap_or_default());
    Ok(DocumentFrame { prefix: head_xml.into_bytes(), suffix: END.as_bytes().to_vec() })
}

/// Renders one entry of the document.
pub(super) fn entry(item: &Item<'_>) -> Result<Vec<u8>, FeedError> {
    let feed = Feed { entries: vec![build_entry(item)], ..Feed::default() };
    let text = serialize(&feed)?;
    let inner =
        |text: &str| Some(text[text.find(START)? + START.len()..].strip_suffix(END)?.to_owned());
    let text = inner(&text).ok_or_else(|| Format::Atom.malformed())?;
    // All text is escaped, so this match is the element. Its content is HTML, not plain text.
    let (plain, html) = text.split_at(text.find("<content ").unwrap_or(text.len()));
    let (html, after) = html.split_at(html.find("</content>").unwrap_or(html.len()));
    // The writer does not support a language on entries.
    let language = encode_double_quoted_attribute(item.language.as_str());
    let start = format!("<entry xml:lang=\"{language}\">");
    Ok([start.as_str(), &numeric_references(plain), html, &numeric_references(after)]
        .concat()
        .into_bytes())
}

fn build_entry(item: &Item<'_>) -> Entry {
    // Repeated on each text, because some readers do not support inherited languages.
    let text =
        |value: &FeedText<'_>| Text { lang: Some((&item.language).into()), ..Text::plain(value) };
    // RFC 4287, section 4.1.2: an entry without an alternate link needs content.
    let content = match (&item.body_html, &item.url) {
        (Some(body), _) => Some(content("html", body, item)),
        (None, None) => Some(content("text", &item.summary, item)),
        (None, Some(_)) => None,
    };
    let mut links: Vec<Link> =
        item.url.iter().map(|url| html_link(url, Some(&item.language))).collect();
    links.extend(item.translations.iter().map(links::translation_link));
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
        updated: date(item.updated).with_timezone(
            &FixedOffset::east_opt(item.utc_offset_minutes * 60).unwrap_or_else(|| Utc.fix()),
        ),
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

/// Returns a link to an HTML page, with its language if known.
fn html_link(href: &str, language: Option<&FeedText<'_>>) -> Link {
    Link {
        rel: "alternate".to_owned(),
        mime_type: Some("text/html".to_owned()),
        hreflang: language.map(Into::into),
        href: href.to_owned(),
        ..Link::default()
    }
}

/// Returns an instant in whole seconds in UTC; the Unix epoch if it is outside chrono's range.
fn date(instant: Millis) -> FixedDateTime {
    DateTime::from_timestamp_millis(instant.whole_second().0).unwrap_or_default().fixed_offset()
}

fn serialize(feed: &Feed) -> Result<String, FeedError> {
    // Not `to_string`, which returns an empty feed on failure.
    let bytes = feed.write_to(Vec::new()).map_err(|error| Format::Atom.write_error(&error))?;
    String::from_utf8(bytes).map_err(|error| Format::Atom.write_error(&error))
}
