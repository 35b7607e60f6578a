//! JSON Feed 1.1.

use serde::Serialize;

use super::feed::{FeedDocument, FeedText, Item};
use super::format::{FeedError, Format};

#[derive(Serialize)]
struct Feed<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: &'a str,
    feed_url: String,
    language: &'a str,
    authors: Vec<Author<'a>>,
    items: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
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
}

/// The feed as JSON Feed 1.1.
pub fn render(document: &FeedDocument<'_>) -> Result<Vec<u8>, FeedError> {
    let feed = Feed {
        version: "https://jsonfeed.org/version/1.1",
        title: document.title.as_str(),
        home_page_url: &document.home_url,
        feed_url: format!("{}.json", document.self_url),
        language: document.language.as_str(),
        authors: vec![Author { name: document.publisher.as_str(), url: Some(&document.publisher_url) }],
        items: document.items.iter().map(entry).collect(),
    };
    serde_json::to_vec(&feed).map_err(|error| Format::Json.failed(&error))
}

fn entry<'a>(item: &'a Item<'_>) -> Entry<'a> {
    let body = item.body_html.as_ref().map(FeedText::as_str);
    Entry {
        id: item.id.as_str(),
        url: item.url.as_deref(),
        title: item.title.as_str(),
        content_html: body,
        // One of the two contents has to be there.
        content_text: body.is_none().then(|| item.summary.as_str()),
        summary: item.summary.as_str(),
        image: item.image.as_deref(),
        date_published: item.published.rfc3339(),
        date_modified: item.updated.rfc3339(),
        authors: item.authors.iter().map(|name| Author { name: name.as_str(), url: None }).collect(),
        tags: item.categories.iter().map(FeedText::as_str).collect(),
        language: item.language.as_str(),
    }
}
