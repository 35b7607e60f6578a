//! RSS 2.0 and 1.0, with what is common beside them: `content:encoded`, Dublin Core, Media RSS, iTunes.

use jiff::tz::TimeZone;

use super::xml::Element;
use super::{Exported, Read, enclosed, finished, resolved, time};
use crate::domain::article::Draft;

/// The articles of a channel.
pub(super) fn read<'a>(
    channel: &Element,
    items: impl Iterator<Item = &'a Element>,
    zone: &TimeZone,
) -> Vec<Read> {
    let language = channel.text("language").or_else(|| channel.text("dc:language"));
    let home = channel.text("link");
    items
        .map(|item| (item.line, article(item, language.as_deref(), home.as_deref(), zone)))
        .collect()
}

fn article(
    item: &Element,
    language: Option<&str>,
    home: Option<&str>,
    zone: &TimeZone,
) -> Result<Exported, String> {
    let first = |names: &[&str]| names.iter().find_map(|name| item.text(name));
    let published = time(
        "date",
        first(&["pubDate", "dc:date", "dcterms:issued", "dcterms:created", "atom:published"]),
        zone,
    )?;
    let updated_at = time("date of change", first(&["atom:updated", "dcterms:modified"]), zone)?;
    let guid = item.child("guid").map(|g| g.content().trim().to_owned()).filter(|g| !g.is_empty());
    let is_address = |text: &&String| text.starts_with("http://") || text.starts_with("https://");
    let is_link = item
        .child("guid")
        .and_then(|g| g.attribute("isPermaLink"))
        .is_none_or(|v| !v.eq_ignore_ascii_case("false"));
    let link = item
        .text("link")
        .or_else(|| alternate(item))
        .or_else(|| guid.as_ref().filter(is_address).filter(|_| is_link).cloned());
    let description =
        item.child("description").map(Element::content).filter(|text| !text.trim().is_empty());
    let content =
        item.child("content:encoded").map(Element::content).filter(|text| !text.trim().is_empty());
    // Where there is but one text, it is the article's.
    let (body_html, summary) = match content {
        Some(content) => (content, description),
        None => (description.unwrap_or_default(), None),
    };
    let categories = |is_tag: bool| {
        item.all("category")
            .filter(move |c| is_tag == says_tag(c))
            .map(|c| c.content().trim().to_owned())
    };
    let draft = Draft {
        guid: guid.or_else(|| item.attribute("rdf:about").map(str::to_owned)),
        title: item.text("title").unwrap_or_default(),
        url: link.map(|link| resolved(&link, home)),
        summary,
        body_html,
        sections: categories(false)
            .chain(item.texts("dc:subject"))
            .filter(|name| !name.is_empty())
            .collect(),
        tags: categories(true).filter(|name| !name.is_empty()).collect(),
        authors: authors(item),
        language: item
            .text("dc:language")
            .or_else(|| item.attribute("xml:lang").map(str::to_owned))
            .or_else(|| language.map(str::to_owned)),
        image_url: image(item),
        enclosure: item.all("enclosure").find_map(|e| enclosed(e, "url")),
        updated_at,
        ..Draft::default()
    };
    finished(draft, published)
}

fn alternate(item: &Element) -> Option<String> {
    let is_page = |link: &&Element| link.attribute("rel").is_none_or(|rel| rel == "alternate");
    item.all("atom:link").find(is_page).and_then(|link| link.attribute("href")).map(str::to_owned)
}

/// Whether a category says of itself that it is a tag.
fn says_tag(category: &Element) -> bool {
    category
        .attribute("domain")
        .is_some_and(|domain| domain.ends_with("tag") || domain.ends_with("tags"))
}

/// Names; RSS's own element holds an address with the name in brackets.
fn authors(item: &Element) -> Vec<String> {
    let named: Vec<String> = item
        .texts("dc:creator")
        .chain(item.all("atom:author").filter_map(|a| a.text("atom:name")))
        .collect();
    if !named.is_empty() {
        return named;
    }
    let own = item.texts("author").map(|text| match text.split_once('(') {
        Some((_, name)) => name.trim_end_matches(')').trim().to_owned(),
        None => text,
    });
    own.chain(item.texts("itunes:author"))
        .filter(|name| !name.is_empty() && !name.contains('@'))
        .take(1)
        .collect()
}

fn image(item: &Element) -> Option<String> {
    let media = || {
        item.all("media:content")
            .chain(item.all("media:group").flat_map(|group| group.all("media:content")))
    };
    let is_image = |e: &&Element| {
        e.attribute("medium") == Some("image")
            || e.attribute("type").is_some_and(|kind| kind.starts_with("image/"))
    };
    let thumbnails = || {
        let within = item.all("media:group").flat_map(|group| group.all("media:thumbnail"));
        item.all("media:thumbnail")
            .chain(within)
            .chain(media().flat_map(|m| m.all("media:thumbnail")))
    };
    let address = |e: &Element| e.attribute("url").map(str::to_owned);
    let enclosed = || item.all("enclosure").find(is_image).and_then(address);
    let itunes = || item.child("itunes:image").and_then(|e| e.attribute("href")).map(str::to_owned);
    media()
        .find(is_image)
        .and_then(address)
        .or_else(enclosed)
        .or_else(|| thumbnails().find_map(address))
        .or_else(itunes)
}
