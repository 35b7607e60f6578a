//! RSS 2.0, with the extensions readers know: content, Dublin Core, Atom links, Media RSS, syndication, feed history.

use html_escape::encode_text;
use rss::extension::atom::{AtomExtension, Link};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::syndication::{SyndicationExtension, UpdatePeriod};
use rss::{Category, Channel, Enclosure, Guid, Image};

use super::element::{Element, HISTORY, MEDIA, for_rss, lead_image};
use super::feed::{Archive, Head, Item};
use super::format::{FeedError, Format, Frame, as_numbers};
use super::links;

/// What every document declares, used or not: items are written without knowing their document.
pub(super) const NAMESPACES: [(&str, &str); 6] = [
    ("atom", "http://www.w3.org/2005/Atom"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    HISTORY,
    MEDIA,
    ("sy", "http://purl.org/rss/1.0/modules/syndication/"),
];

const END: &str = "</channel></rss>";
/// Where readers learn what the elements mean.
const DOCS: &str = "https://www.rssboard.org/rss-specification";
/// Any instant will do: the rhythm is counted from it.
const BASE: &str = "2000-01-01T00:00:00Z";

/// The document without its items.
pub(super) fn frame(head: &Head<'_>) -> Result<Frame, FeedError> {
    let (is_daily, frequency) = head.rhythm();
    let history = |name| for_rss(&[Element { prefix: HISTORY.0, name, ..Element::default() }]);
    let channel = Channel {
        title: (&head.title).into(),
        link: head.home_url.clone(),
        description: head.description.as_ref().unwrap_or(&head.publisher).into(),
        language: Some((&head.language).into()),
        copyright: head.rights.as_ref().map(Into::into),
        last_build_date: Some(head.updated.rfc822()),
        generator: Some("Courant".to_owned()),
        docs: Some(DOCS.to_owned()),
        ttl: Some(head.minutes().to_string()),
        image: image(head),
        extensions: match head.archive {
            Archive::Complete => history("complete"),
            Archive::Page { .. } => history("archive"),
            Archive::Newest { .. } => for_rss(&[]),
        },
        atom_ext: Some(AtomExtension { links: links::of_document(head, Format::Rss) }),
        syndication_ext: Some(SyndicationExtension {
            period: if is_daily { UpdatePeriod::Daily } else { UpdatePeriod::Hourly },
            frequency,
            base: BASE.to_owned(),
        }),
        namespaces: NAMESPACES
            .iter()
            .map(|(prefix, uri)| ((*prefix).to_owned(), (*uri).to_owned()))
            .collect(),
        ..Channel::default()
    };
    let text = written(&channel)?;
    // Nothing in a channel without items is anything but plain text.
    let mut before = as_numbers(text.strip_suffix(END).ok_or_else(|| Format::Rss.misshapen())?);
    before.push_str(head.extra_xml.unwrap_or_default());
    Ok(Frame { head: before.into_bytes(), tail: END.as_bytes().to_vec() })
}

/// The publisher's picture; without its size, for RSS allows none as large as those in use, and of the kinds RSS knows.
fn image(head: &Head<'_>) -> Option<Image> {
    let kinds = ["jpg", "jpeg", "gif", "png"];
    let is_known = |url: &&str| {
        url.rsplit_once('.')
            .is_some_and(|(_, end)| kinds.contains(&end.to_ascii_lowercase().as_str()))
    };
    let url = head.logo.into_iter().chain(head.icon).find(is_known)?;
    Some(Image {
        url: url.to_owned(),
        title: (&head.title).into(),
        link: head.home_url.clone(),
        ..Image::default()
    })
}

/// One item.
pub(super) fn item(item: &Item<'_>) -> Result<Vec<u8>, FeedError> {
    let channel = Channel { items: vec![made(item)], ..Channel::default() };
    let text = written(&channel)?;
    let cut = |text: &str| Some(text[text.find("<item>")?..].strip_suffix(END)?.to_owned());
    let text = cut(&text).ok_or_else(|| Format::Rss.misshapen())?;
    // Only these two are HTML. All but the second is escaped, so its first tag and its last one are the element's.
    let (plain, html) = text.split_at(text.find("<content:encoded>").unwrap_or(text.len()));
    let (html, last) = html.split_at(html.rfind("</content:encoded>").unwrap_or(html.len()));
    let (before, rest) = plain.split_at(plain.find("<description>").unwrap_or(plain.len()));
    let (description, after) = rest.split_at(rest.find("</description>").unwrap_or_default());
    Ok([as_numbers(before).as_str(), description, &as_numbers(after), html, &as_numbers(last)]
        .concat()
        .into_bytes())
}

fn made(item: &Item<'_>) -> rss::Item {
    let mut elements = item.image.as_ref().map(lead_image).unwrap_or_default();
    if item.updated > item.published {
        elements.push(Element {
            prefix: "atom",
            name: "updated",
            text: Some(item.updated.rfc3339()),
            ..Element::default()
        });
    }
    let translations: Vec<Link> = item.translations.iter().map(links::translation).collect();
    rss::Item {
        title: Some((&item.title).into()),
        link: item.url.clone(),
        // A description is HTML: plain text has to be escaped once for that, and again for XML.
        description: Some(encode_text(item.summary.as_str()).into_owned()),
        categories: item
            .categories
            .iter()
            .map(|name| Category { name: name.into(), domain: None })
            .collect(),
        // A length has to be told; 0 says that it is not known.
        enclosure: item.enclosure.as_ref().map(|file| Enclosure {
            url: file.url.clone(),
            length: file.length.to_string(),
            mime_type: file.media_type.clone(),
        }),
        guid: Some(Guid { value: (&item.id).into(), permalink: item.id_is_url }),
        pub_date: Some(item.published.rfc822()),
        content: item.body_html.as_ref().map(Into::into),
        extensions: for_rss(&elements),
        atom_ext: (!translations.is_empty()).then_some(AtomExtension { links: translations }),
        dublin_core_ext: Some(DublinCoreExtension {
            creators: item.authors.iter().map(Into::into).collect(),
            languages: vec![(&item.language).into()],
            ..DublinCoreExtension::default()
        }),
        ..rss::Item::default()
    }
}

fn written(channel: &Channel) -> Result<String, FeedError> {
    // Not to_string: that turns a failure into an empty feed.
    let bytes = channel.write_to(Vec::new()).map_err(|error| Format::Rss.failed(&error))?;
    String::from_utf8(bytes).map_err(|error| Format::Rss.failed(&error))
}
