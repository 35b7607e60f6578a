//! Renders documents and items in RSS 2.0 with common extensions: content, Dublin Core, Atom links,
//! Media RSS, syndication and feed history.

use html_escape::encode_text;
use rss::extension::atom::{AtomExtension, Link};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::syndication::{SyndicationExtension, UpdatePeriod};
use rss::{Category, Channel, Enclosure, Guid, Image};

use super::extensions::{ExtensionElement, HISTORY, MEDIA, for_rss, lead_image};
use super::format::{DocumentFrame, FeedError, Format, numeric_references};
use super::links;
use super::metadata::{ArchiveRole, FeedMetadata, Item};

/// Namespaces that every document declares, because items are rendered independently of their
/// document.
pub(super) const NAMESPACES: [(&str, &str); 6] = [
    ("atom", "http://www.w3.org/2005/Atom"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    HISTORY,
    MEDIA,
    ("sy", "http://purl.org/rss/1.0/modules/syndication/"),
];

const END: &str = "</channel></rss>";
/// URL of the format's specification.
const DOCS: &str = "https://www.rssboard.org/rss-specification";
/// Start of the polling periods; any instant is valid.
const UPDATE_BASE: &str = "2000-01-01T00:00:00Z";

/// Renders the document without its items.
pub(super) fn frame(metadata: &FeedMetadata<'_>) -> Result<DocumentFrame, FeedError> {
    let (is_daily, frequency) = metadata.update_frequency();
    let history = |name| {
        for_rss(&[ExtensionElement { prefix: HISTORY.0, name, ..ExtensionElement::default() }])
    };
    let channel = Channel {
        title: (&metadata.title).into(),
        link: metadata.page_url.clone(),
        description: metadata.description.as_ref().unwrap_or(&metadata.publisher).into(),
        language: Some((&metadata.language).into()),
        copyright: metadata.rights.as_ref().map(Into::into),
        last_build_date: Some(metadata.updated.rfc822()),
        generator: Some("Courant".to_owned()),
        docs: Some(DOCS.to_owned()),
        ttl: Some(metadata.ttl_minutes().to_string()),
        image: image(metadata),
        extensions: match metadata.archive {
            ArchiveRole::Complete => history("complete"),
            ArchiveRole::Page { .. } => history("archive"),
            ArchiveRole::Newest { .. } => for_rss(&[]),
        },
        atom_ext: Some(AtomExtension { links: links::document_links(metadata, Format::Rss) }),
        syndication_ext: Some(SyndicationExtension {
            period: if is_daily { UpdatePeriod::Daily } else { UpdatePeriod::Hourly },
            frequency,
            base: UPDATE_BASE.to_owned(),
        }),
        namespaces: NAMESPACES
            .iter()
            .map(|(prefix, uri)| ((*prefix).to_owned(), (*uri).to_owned()))
            .collect(),
        ..Channel::default()
    };
    let text = serialize(&channel)?;
    // A channel without items contains only plain text.
    let mut head_xml =
        numeric_references(text.strip_suffix(END).ok_or_else(|| Format::Rss.malformed())?);
    head_xml.push_str(metadata.extra_xml.unwrap_or_default());
    Ok(DocumentFrame { prefix: head_xml.into_bytes(), suffix: END.as_bytes().to_vec() })
}

/// Returns the publisher's image if RSS supports its file type. It has no size, because RSS limits
/// sizes to less than those in use.
fn image(metadata: &FeedMetadata<'_>) -> Option<Image> {
    let extensions = ["jpg", "jpeg", "gif", "png"];
    let is_supported = |url: &&str| {
        url.rsplit_once('.')
            .is_some_and(|(_, end)| extensions.contains(&end.to_ascii_lowercase().as_str()))
    };
    let url = metadata.logo.into_iter().chain(metadata.icon).find(is_supported)?;
    Some(Image {
        url: url.to_owned(),
        title: (&metadata.title).into(),
        link: metadata.page_url.clone(),
        ..Image::default()
    })
}

/// Renders one item of the document.
pub(super) fn item(item: &Item<'_>) -> Result<Vec<u8>, FeedError> {
    let channel = Channel { items: vec![build_item(item)], ..Channel::default() };
    let text = serialize(&channel)?;
    let inner = |text: &str| Some(text[text.find("<item>")?..].strip_suffix(END)?.to_owned());
    let text = inner(&text).ok_or_else(|| Format::Rss.malformed())?;
    // Only the description and the encoded content are HTML. All other text is escaped, so the
    // first start tag and the last end tag belong to the content element.
    let (plain, html) = text.split_at(text.find("<content:encoded>").unwrap_or(text.len()));
    let (html, last) = html.split_at(html.rfind("</content:encoded>").unwrap_or(html.len()));
    let (before, rest) = plain.split_at(plain.find("<description>").unwrap_or(plain.len()));
    let (description, after) = rest.split_at(rest.find("</description>").unwrap_or_default());
    Ok([
        numeric_references(before).as_str(),
        description,
        &numeric_references(after),
        html,
        &numeric_references(last),
    ]
    .concat()
    .into_bytes())
}

fn build_item(item: &Item<'_>) -> rss::Item {
    let mut elements = item.image.as_ref().map(lead_image).unwrap_or_default();
    if item.updated > item.published {
        elements.push(ExtensionElement {
            prefix: "atom",
            name: "updated",
            text: Some(item.updated.rfc3339()),
            ..ExtensionElement::default()
        });
    }
    let translations: Vec<Link> = item.translations.iter().map(links::translation_link).collect();
    rss::Item {
        title: Some((&item.title).into()),
        link: item.url.clone(),
        // A description is HTML, so plain text is escaped for HTML, and the writer escapes it for
        // XML.
        description: Some(encode_text(item.summary.as_str()).into_owned()),
        categories: item
            .categories
            .iter()
            .map(|name| Category { name: name.into(), domain: None })
            .collect(),
        // RSS requires a length; 0 stands for an unknown one.
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

fn serialize(channel: &Channel) -> Result<String, FeedError> {
    // Not `to_string`, which returns an empty feed on failure.
    let bytes = channel.write_to(Vec::new()).map_err(|error| Format::Rss.write_error(&error))?;
    String::from_utf8(bytes).map_err(|error| Format::Rss.write_error(&error))
}
