//! Rules for RSS 2.0 with the best practices of the RSS Advisory Board.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};

use super::violations::Violations;
use super::xml::{children, name, text};

const CHANNEL: &str = "title link description language copyright lastBuildDate pubDate generator docs ttl image managingEditor webMaster cloud rating \
    textInput skipHours skipDays fh:complete fh:archive sy:updatePeriod sy:updateFrequency sy:updateBase";
const ITEM: &str = "title link description author comments guid pubDate source enclosure content:encoded dc:language atom:updated media:content";

/// Checks an RSS document.
pub(super) fn check(source: &str, document: &Document<'_>, violations: &mut Violations) {
    violations.document(source, document);
    let root = document.root_element();
    violations.require(root.attribute("version") == Some("2.0"), "InvalidRSSVersion", "version");
    let Some(&channel) = children(root, "channel").first() else {
        return violations.add("MissingElement", "channel");
    };
    violations.children(root, "", "channel");
    violations.children(channel, "item category atom:link dc:creator", CHANNEL);
    violations.links(channel);
    violations.self_link(channel, "application/rss+xml");
    violations.feed_history(channel);
    channel_metadata(channel, violations);
    let mut ids = BTreeSet::new();
    for entry in children(channel, "item") {
        item(entry, violations);
        let id = violations.required_child(entry, "guid");
        violations.require(!ids.contains(&id), "DuplicateItem", &id);
        ids.insert(id);
    }
}

/// Checks the metadata of a channel.
fn channel_metadata(channel: Node<'_, '_>, violations: &mut Violations) {
    for required in ["title", "description"] {
        violations.required_child(channel, required);
    }
    let home = violations.required_child(channel, "link");
    violations.url(&home, "link");
    for element in channel.children().filter(Node::is_element) {
        let value = text(element);
        match name(element).as_str() {
            "title" | "description" | "copyright" | "generator" | "category" => {
                violations.literal_text(element, &value, &name(element))
            }
            "docs" => violations.url(&value, "docs"),
            "language" => violations.language(&value),
            "lastBuildDate" | "pubDate" => violations.rfc822_date(&value),
            "managingEditor" | "webMaster" => {
                violations.require(value.contains('@'), "InvalidContact", value)
            }
            "ttl" | "sy:updateFrequency" => violations.integer(&value, 1),
            "sy:updatePeriod" => violations.require(
                ["hourly", "daily", "weekly", "monthly", "yearly"].contains(&value.as_str()),
                "InvalidUpdatePeriod",
                value,
            ),
            "sy:updateBase" => violations.require(
                value.parse::<jiff::Timestamp>().is_ok(),
                "InvalidW3CDTFDate",
                value,
            ),
            "image" => image(element, channel, violations),
            _ => {}
        }
    }
}

/// Checks the image of a channel: it must have the title and link of the channel, and a size that
/// RSS allows.
fn image(image: Node<'_, '_>, channel: Node<'_, '_>, violations: &mut Violations) {
    violations.children(image, "", "url title link width height description");
    let url = violations.required_child(image, "url");
    violations.url(&url, "image");
    let end = url.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    violations.require(
        ["jpg", "jpeg", "png", "gif"].contains(&end.as_str()),
        "ImageUrlFormat",
        &url,
    );
    for (part, rule) in [("title", "ImageTitleDoesntMatch"), ("link", "ImageLinkDoesntMatch")] {
        let (image_value, channel_value) =
            (violations.required_child(image, part), violations.required_child(channel, part));
        violations.require(
            image_value == channel_value,
            rule,
            format!("{image_value} is not {channel_value}"),
        );
    }
    for (side, maximum) in [("width", 144), ("height", 400)] {
        let value = image.children().find(|child| name(*child) == side).map(text);
        violations.require(
            value.is_none_or(|value| {
                value.parse::<u32>().is_ok_and(|pixels| pixels > 0 && pixels <= maximum)
            }),
            "InvalidImageSize",
            side,
        );
    }
}

fn item(item: Node<'_, '_>, violations: &mut Violations) {
    violations.children(item, "category dc:creator atom:link media:thumbnail", ITEM);
    violations.links(item);
    violations.media(item);
    let order: Vec<String> = item.children().filter(Node::is_element).map(name).collect();
    let position = |wanted: &str| order.iter().position(|name| name == wanted);
    violations.require(
        position("content:encoded").is_none()
            || position("description") < position("content:encoded"),
        "EncodedBeforeDescription",
        "description",
    );
    violations.require(
        position("author").is_none() || position("dc:creator").is_none(),
        "DuplicateSemantics",
        "author and dc:creator",
    );
    for required in ["title", "pubDate", "description"] {
        violations.required_child(item, required);
    }
    for element in item.children().filter(Node::is_element) {
        let value = text(element);
        match name(element).as_str() {
            "title" | "category" | "dc:creator" => {
                violations.literal_text(element, &value, &name(element))
            }
            "link" | "comments" => violations.url(&value, "link"),
            "description" | "content:encoded" => {
                violations.require(!value.trim().is_empty(), "NotBlank", name(element));
                violations.html(&value, &name(element));
            }
            "author" => violations.require(value.contains('@'), "InvalidContact", value),
            "pubDate" => violations.rfc822_date(&value),
            "atom:updated" => drop(violations.rfc3339_date(&value)),
            "dc:language" => violations.language(&value),
            "guid" => guid(element, &value, violations),
            "enclosure" => {
                violations.url(element.attribute("url").unwrap_or_default(), "enclosure");
                violations.integer(element.attribute("length").unwrap_or_default(), 0);
                violations.media_type(element.attribute("type").unwrap_or_default());
            }
            _ => {}
        }
    }
}

/// Checks a guid: a URL if it is a permalink, and long enough to be unique.
fn guid(element: Node<'_, '_>, value: &str, violations: &mut Violations) {
    violations.require(value.trim() == value && !value.is_empty(), "NotBlank", "guid");
    violations.require(
        !(value.len() < 5 || value.bytes().all(|b| b.is_ascii_digit())),
        "NotSufficientlyUnique",
        value,
    );
    match element.attribute("isPermaLink") {
        Some("false") => {}
        None | Some("true") => violations.url(value, "guid"),
        Some(other) => violations.add("InvalidBooleanAttribute", other),
    }
    if value.starts_with("tag:") || value.starts_with("urn:") {
        violations.id(value, "guid");
    }
}
