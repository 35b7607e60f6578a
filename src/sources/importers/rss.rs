//! Importer for RSS 2.0 and 1.0 with common extensions: `content:encoded`, Dublin Core, Media RSS,
//! iTunes.

use jiff::tz::TimeZone;

use super::fields::{
    alternate_enclosure, media_enclosure, media_rss_enclosure, parse_time, resolve_url,
};
use super::parsed::{ParsedArticle, finish};
use super::xml::Element;
use crate::domain::article::{Enclosure, IncomingArticle};

/// Values that items inherit from their channel.
#[derive(Debug, Default)]
pub(super) struct Channel {
    language: Option<String>,
    /// URL of the site.
    home: Option<String>,
}

impl Channel {
    /// Reads the values of a channel element.
    pub(super) fn new(channel: &Element) -> Self {
        let language = channel.child_text("language");
        Self {
            language: language.or_else(|| channel.child_text("dc:language")),
            home: channel.child_text("link"),
        }
    }
}

/// Converts an item to an article; the error is the reason why it cannot be one.
pub(super) fn parse_item(
    item: &Element,
    channel: &Channel,
    zone: &TimeZone,
) -> Result<ParsedArticle, String> {
    let (language, home) = (channel.language.as_deref(), channel.home.as_deref());
    let first = |names: &[&str]| names.iter().find_map(|name| item.child_text(name));
    let published = parse_time(
        "date",
        first(&["pubDate", "dc:date", "dcterms:issued", "dcterms:created", "atom:published"]),
        zone,
    )?;
    let updated_at =
        parse_time("date of the last change", first(&["atom:updated", "dcterms:modified"]), zone)?;
    let guid =
        item.child("guid").map(|g| g.text_content().trim().to_owned()).filter(|g| !g.is_empty());
    let is_url = |text: &&String| text.starts_with("http://") || text.starts_with("https://");
    let is_link = item
        .child("guid")
        .and_then(|g| g.attribute("isPermaLink"))
        .is_none_or(|v| !v.eq_ignore_ascii_case("false"));
    let link = item
        .child_text("link")
        .or_else(|| alternate_link(item))
        .or_else(|| guid.as_ref().filter(is_url).filter(|_| is_link).cloned());
    let description =
        item.child("description").map(Element::text_content).filter(|text| !text.trim().is_empty());
    let content = item
        .child("content:encoded")
        .map(Element::text_content)
        .filter(|text| !text.trim().is_empty());
    // A single text is the article's body, not its summary.
    let (body_html, summary) = match content {
        Some(content) => (content, description),
        None => (description.unwrap_or_default(), None),
    };
    let categories = |wants_tags: bool| {
        item.children("category")
            .filter(move |c| wants_tags == is_tag(c))
            .map(|c| c.text_content().trim().to_owned())
    };
    let article = IncomingArticle {
        guid: guid.or_else(|| item.attribute("rdf:about").map(str::to_owned)),
        title: item.child_text("title").unwrap_or_default(),
        url: link.map(|link| resolve_url(&link, home)),
        summary,
        body_html,
        sections: categories(false)
            .chain(item.child_texts("dc:subject"))
            .filter(|name| !name.is_empty())
            .collect(),
        tags: categories(true).filter(|name| !name.is_empty()).collect(),
        authors: author_names(item),
        language: item
            .child_text("dc:language")
            .or_else(|| item.attribute("xml:lang").map(str::to_owned))
            .or_else(|| language.map(str::to_owned)),
        image_url: image_url(item).map(|url| resolve_url(&url, home)),
        enclosure: enclosure(item, home),
        updated_at,
        ..IncomingArticle::default()
    };
    finish(article, published)
}

/// Returns the audio or video file of an item: its own, that of an Atom link, that of Media
/// RSS, or an alternate one of a podcast.
fn enclosure(item: &Element, home: Option<&str>) -> Option<Enclosure> {
    let mut links =
        item.children("atom:link").filter(|link| link.attribute("rel") == Some("enclosure"));
    item.children("enclosure")
        .find_map(|e| media_enclosure(e, "url", home))
        .or_else(|| links.find_map(|link| media_enclosure(link, "href", home)))
        .or_else(|| media_rss_enclosure(item, home))
        .or_else(|| alternate_enclosure(item, home))
}

/// Returns the URL of an item's Atom link to its page.
fn alternate_link(item: &Element) -> Option<String> {
    let is_page = |link: &&Element| link.attribute("rel").is_none_or(|rel| rel == "alternate");
    item.children("atom:link")
        .find(is_page)
        .and_then(|link| link.attribute("href"))
        .map(str::to_owned)
}

/// Returns `true` if the `domain` of a category declares it to be a tag.
fn is_tag(category: &Element) -> bool {
    category
        .attribute("domain")
        .is_some_and(|domain| domain.ends_with("tag") || domain.ends_with("tags"))
}

/// Returns the names of the authors. RSS's own `author` element contains an address with the name
/// in parentheses.
fn author_names(item: &Element) -> Vec<String> {
    let named: Vec<String> = item
        .child_texts("dc:creator")
        .chain(item.children("atom:author").filter_map(|a| a.child_text("atom:name")))
        .collect();
    if !named.is_empty() {
        return named;
    }
    let own = item.child_texts("author").map(|text| match text.split_once('(') {
        Some((_, name)) => name.trim_end_matches(')').trim().to_owned(),
        None => text,
    });
    own.chain(item.child_texts("itunes:author"))
        .filter(|name| !name.is_empty() && !name.contains('@'))
        .take(1)
        .collect()
}

/// Returns the URL of an item's image: Media RSS, an enclosure, a thumbnail or iTunes.
fn image_url(item: &Element) -> Option<String> {
    let media = || {
        item.children("media:content")
            .chain(item.children("media:group").flat_map(|group| group.children("media:content")))
    };
    let is_image = |e: &&Element| {
        e.attribute("medium") == Some("image")
            || e.attribute("type").is_some_and(|kind| kind.starts_with("image/"))
    };
    let thumbnails = || {
        let within =
            item.children("media:group").flat_map(|group| group.children("media:thumbnail"));
        item.children("media:thumbnail")
            .chain(within)
            .chain(media().flat_map(|m| m.children("media:thumbnail")))
    };
    let url = |e: &Element| e.attribute("url").map(str::to_owned);
    let enclosed = || item.children("enclosure").find(is_image).and_then(url);
    let itunes = || item.child("itunes:image").and_then(|e| e.attribute("href")).map(str::to_owned);
    media()
        .find(is_image)
        .and_then(url)
        .or_else(enclosed)
        .or_else(|| thumbnails().find_map(url))
        .or_else(itunes)
}
