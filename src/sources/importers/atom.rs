//! Importer for Atom 1.0 (RFC 4287).

use jiff::tz::TimeZone;

use super::entry_visibility;
use super::fields::{
    media_enclosure, media_rss_enclosure, parse_time, resolve_url, text_to_paragraphs,
};
use super::parsed::{ParsedArticle, finish};
use super::xml::Element;
use crate::domain::article::IncomingArticle;

/// Converts an entry to an article; the error is the reason why it cannot be one.
pub(super) fn parse_entry(
    entry: &Element,
    feed: &Element,
    zone: &TimeZone,
) -> Result<ParsedArticle, String> {
    let published = parse_time("date", entry.child_text("atom:published"), zone)?;
    let updated = parse_time("date of the last change", entry.child_text("atom:updated"), zone)?;
    let home_url = feed
        .attribute("xml:base")
        .map(str::to_owned)
        .or_else(|| find_link(feed, is_html_alternate));
    let base =
        entry.attribute("xml:base").map(|own| resolve_url(own, home_url.as_deref())).or(home_url);
    let absolute = |address: String| resolve_url(&address, base.as_deref());
    let authors = author_names(entry)
        .or_else(|| entry.child("atom:source").and_then(author_names))
        .or_else(|| author_names(feed));
    let content = entry.child("atom:content").map(text_to_html).unwrap_or_default();
    let summary =
        entry.child("atom:summary").map(text_to_html).filter(|text| !text.trim().is_empty());
    let article = IncomingArticle {
        guid: entry.child_text("atom:id"),
        title: entry.child("atom:title").map(text_to_html).unwrap_or_default(),
        url: find_link(entry, is_html_alternate).map(absolute),
        summary,
        body_html: content,
        sections: entry
            .children("atom:category")
            .filter(|category| !entry_visibility::is_blogger_kind(category))
            .filter_map(|c| c.attribute("label").or_else(|| c.attribute("term")))
            .map(str::to_owned)
            .collect(),
        authors: authors.unwrap_or_default(),
        language: [entry, feed].iter().find_map(|e| e.attribute("xml:lang")).map(str::to_owned),
        image_url: image_url(entry).map(absolute),
        enclosure: entry
            .children("atom:link")
            .filter(|l| l.attribute("rel") == Some("enclosure"))
            .find_map(|l| media_enclosure(l, "href", base.as_deref()))
            .or_else(|| media_rss_enclosure(entry, base.as_deref())),
        // An entry without a publication date counts as published when it last changed.
        updated_at: updated,
        ..IncomingArticle::default()
    };
    finish(article, published)
}

/// Returns a text construct of any type as HTML.
fn text_to_html(text: &Element) -> String {
    match text.attribute("type").unwrap_or("text") {
        "text" if text.name == "atom:title" => {
            html_escape::encode_text(text.text_content().trim()).into_owned()
        }
        "text" | "text/plain" => text_to_paragraphs(&text.text_content()),
        "html" | "text/html" => text.text_content(),
        "xhtml" => text.child("xhtml:div").unwrap_or(text).inner_html(),
        // Other types are embedded files, not texts.
        _ => String::new(),
    }
}

/// Returns the names of an element's authors; `None` if there are none.
fn author_names(element: &Element) -> Option<Vec<String>> {
    let names: Vec<String> =
        element.children("atom:author").filter_map(|a| a.child_text("atom:name")).collect();
    (!names.is_empty()).then_some(names)
}

/// Returns `true` if a link leads to the HTML page of an entry or feed.
fn is_html_alternate(link: &Element) -> bool {
    link.attribute("rel").is_none_or(|rel| rel == "alternate")
        && link.attribute("type").is_none_or(|kind| kind.contains("html"))
}

/// Returns the URL of the first link that the predicate accepts.
fn find_link(element: &Element, accepts: fn(&Element) -> bool) -> Option<String> {
    element
        .children("atom:link")
        .find(|l| accepts(l))
        .and_then(|l| l.attribute("href"))
        .map(str::to_owned)
}

/// Returns the URL of an entry's image: an enclosure or a Media RSS element.
fn image_url(entry: &Element) -> Option<String> {
    let enclosed = |l: &Element| {
        l.attribute("rel") == Some("enclosure")
            && l.attribute("type").is_some_and(|kind| kind.starts_with("image/"))
    };
    let media = || {
        let groups = || entry.children("media:group");
        let is_image = |m: &&Element| {
            m.attribute("medium").is_none_or(|medium| medium == "image")
                && m.attribute("type").is_none_or(|kind| kind.starts_with("image/"))
                && media_enclosure(m, "url", None).is_none()
        };
        entry
            .children("media:content")
            .chain(groups().flat_map(|group| group.children("media:content")))
            .filter(is_image)
            .chain(entry.children("media:thumbnail"))
            .chain(groups().flat_map(|group| group.children("media:thumbnail")))
            .find_map(|m| m.attribute("url"))
            .map(str::to_owned)
    };
    find_link(entry, enclosed).or_else(media)
}
