//! Atom 1.0 (RFC 4287).

use jiff::tz::TimeZone;

use super::xml::Element;
use super::{Exported, Read, enclosed, finished, paragraphs, resolved, time};
use crate::domain::article::Draft;

/// The articles of a feed.
pub(super) fn read(feed: &Element, zone: &TimeZone) -> Vec<Read> {
    feed.all("atom:entry").map(|entry| (entry.line, article(entry, feed, zone))).collect()
}

fn article(entry: &Element, feed: &Element, zone: &TimeZone) -> Result<Exported, String> {
    let published = time("date", entry.text("atom:published"), zone)?;
    let updated = time("date of change", entry.text("atom:updated"), zone)?;
    let home = feed.attribute("xml:base").map(str::to_owned).or_else(|| link(feed, is_page));
    let base = entry.attribute("xml:base").map(|own| resolved(own, home.as_deref())).or(home);
    let absolute = |address: String| resolved(&address, base.as_deref());
    let authors =
        names(entry).or_else(|| entry.child("atom:source").and_then(names)).or_else(|| names(feed));
    let content = entry.child("atom:content").map(html).unwrap_or_default();
    let summary = entry.child("atom:summary").map(html).filter(|text| !text.trim().is_empty());
    let draft = Draft {
        guid: entry.text("atom:id"),
        title: entry.child("atom:title").map(html).unwrap_or_default(),
        url: link(entry, is_page).map(absolute),
        summary,
        body_html: content,
        sections: entry
            .all("atom:category")
            .filter_map(|c| c.attribute("label").or_else(|| c.attribute("term")))
            .map(str::to_owned)
            .collect(),
        authors: authors.unwrap_or_default(),
        language: [entry, feed].iter().find_map(|e| e.attribute("xml:lang")).map(str::to_owned),
        image_url: picture(entry).map(absolute),
        enclosure: entry
            .all("atom:link")
            .filter(|l| l.attribute("rel") == Some("enclosure"))
            .find_map(|l| enclosed(l, "href")),
        // Without a date of its own an entry was published when it last changed.
        updated_at: updated,
        ..Draft::default()
    };
    finished(draft, published)
}

/// A text of whatever type as HTML.
fn html(text: &Element) -> String {
    match text.attribute("type").unwrap_or("text") {
        "text" if text.name == "atom:title" => {
            html_escape::encode_text(text.content().trim()).into_owned()
        }
        "text" | "text/plain" => paragraphs(&text.content()),
        "html" | "text/html" => text.content(),
        "xhtml" => text.child("xhtml:div").unwrap_or(text).html(),
        // Anything else is a file, not a text.
        _ => String::new(),
    }
}

fn names(of: &Element) -> Option<Vec<String>> {
    let names: Vec<String> = of.all("atom:author").filter_map(|a| a.text("atom:name")).collect();
    (!names.is_empty()).then_some(names)
}

fn is_page(link: &Element) -> bool {
    link.attribute("rel").is_none_or(|rel| rel == "alternate")
        && link.attribute("type").is_none_or(|kind| kind.contains("html"))
}

fn link(of: &Element, wanted: fn(&Element) -> bool) -> Option<String> {
    of.all("atom:link").find(|l| wanted(l)).and_then(|l| l.attribute("href")).map(str::to_owned)
}

fn picture(entry: &Element) -> Option<String> {
    let enclosed = |l: &Element| {
        l.attribute("rel") == Some("enclosure")
            && l.attribute("type").is_some_and(|kind| kind.starts_with("image/"))
    };
    let media = || {
        entry
            .all("media:content")
            .chain(entry.all("media:thumbnail"))
            .find_map(|m| m.attribute("url"))
            .map(str::to_owned)
    };
    link(entry, enclosed).or_else(media)
}
