//! Renders documents and items in JSON Feed 1.1.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::{DocumentFrame, FeedError, Format};
use super::metadata::{ArchiveRole, FeedMetadata, Item};
use super::text::FeedText;

#[derive(Serialize)]
struct Feed<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: &'a str,
    feed_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favicon: Option<&'a str>,
    language: &'a str,
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    /// Always empty and the last field: the document is split inside the brackets.
    items: [(); 0],
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Hub<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<&'a str>,
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: String,
    date_modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    language: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
    /// Custom extension of Courant: URLs of the translations by language.
    #[serde(rename = "_translations", skip_serializing_if = "BTreeMap::is_empty")]
    translations: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    url: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
}

/// Renders the document without its items.
pub(super) fn frame(metadata: &FeedMetadata<'_>) -> Result<DocumentFrame, FeedError> {
    let with_format = |url: &str| format!("{url}.json");
    let feed_url = with_format(&metadata.self_url);
    let next_url = match metadata.archive {
        ArchiveRole::Complete => None,
        ArchiveRole::Newest { previous } | ArchiveRole::Page { previous, .. } => {
            previous.as_deref().map(with_format)
        }
    };
    let feed = Feed {
        version: "https://jsonfeed.org/version/1.1",
        title: metadata.title.as_str(),
        home_page_url: &metadata.page_url,
        // A document that links to itself would make a reader load it forever.
        next_url: next_url.filter(|next| *next != feed_url),
        feed_url: &feed_url,
        description: metadata.description.as_ref().map(FeedText::as_str),
        icon: metadata.icon,
        favicon: metadata.icon,
        language: metadata.language.as_str(),
        authors: vec![Author {
            name: metadata.publisher.as_str(),
            url: Some(&metadata.publisher_url),
        }],
        hubs: metadata.hubs.iter().map(|url| Hub { kind: "WebSub", url }).collect(),
        items: [],
    };
    let mut bytes = serialize(&feed)?;
    let tail = b"]}".to_vec();
    if !bytes.ends_with(b"[]}") {
        return Err(Format::Json.malformed());
    }
    bytes.truncate(bytes.len() - tail.len());
    Ok(DocumentFrame { prefix: bytes, suffix: tail })
}

/// Renders one item of the document.
pub(super) fn item(item: &Item<'_>) -> Result<Vec<u8>, FeedError> {
    let body = item.body_html.as_ref().map(FeedText::as_str);
    serialize(&Entry {
        id: item.id.as_str(),
        url: item.url.as_deref(),
        title: item.title.as_str(),
        content_html: body,
        // JSON Feed requires one of `content_html` and `content_text`.
        content_text: body.is_none().then(|| item.summary.as_str()),
        summary: item.summary.as_str(),
        image: item.image.as_ref().map(|image| image.url.as_str()),
        date_published: item.published.rfc3339(),
        date_modified: item.updated.rfc3339(),
        authors: item
            .authors
            .iter()
            .map(|name| Author { name: name.as_str(), url: None })
            .collect(),
        tags: item.categories.iter().map(FeedText::as_str).collect(),
        language: item.language.as_str(),
        attachments: item
            .enclosure
            .iter()
            .map(|file| Attachment {
                url: &file.url,
                mime_type: &file.media_type,
                size_in_bytes: (file.length > 0).then_some(file.length),
            })
            .collect(),
        translations: item
            .translations
            .iter()
            .map(|translation| (translation.language.as_str(), translation.url.as_str()))
            .collect(),
    })
}

fn serialize(value: &impl Serialize) -> Result<Vec<u8>, FeedError> {
    serde_json::to_vec(value).map_err(|error| Format::Json.write_error(&error))
}
