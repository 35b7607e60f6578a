//! RSS 2.0 with the best practices of the RSS Advisory Board.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};

use super::findings::Findings;
use super::xml::{children, name, text};

const CHANNEL: &str = "title link description language copyright lastBuildDate pubDate generator docs ttl image managingEditor webMaster cloud rating \
    textInput skipHours skipDays fh:complete fh:archive sy:updatePeriod sy:updateFrequency sy:updateBase";
const ITEM: &str = "title link description author comments guid pubDate source enclosure content:encoded dc:language atom:updated media:content";

/// Judges a document.
pub(super) fn judge(source: &str, document: &Document<'_>, findings: &mut Findings) {
    findings.document(source, document);
    let root = document.root_element();
    findings.expect(root.attribute("version") == Some("2.0"), "InvalidRSSVersion", "version");
    let Some(&channel) = children(root, "channel").first() else {
        return findings.say("MissingElement", "channel");
    };
    findings.children(root, "", "channel");
    findings.children(channel, "item category atom:link dc:creator", CHANNEL);
    findings.links(channel);
    findings.itself(channel, "application/rss+xml");
    findings.history(channel);
    about(channel, findings);
    let mut ids = BTreeSet::new();
    for entry in children(channel, "item") {
        item(entry, findings);
        let id = findings.one(entry, "guid");
        findings.expect(!ids.contains(&id), "DuplicateItem", &id);
        ids.insert(id);
    }
}

/// What the channel says of itself.
fn about(channel: Node<'_, '_>, findings: &mut Findings) {
    for required in ["title", "description"] {
        findings.one(channel, required);
    }
    let home = findings.one(channel, "link");
    findings.address(&home, "link");
    for element in channel.children().filter(Node::is_element) {
        let told = text(element);
        match name(element).as_str() {
            "title" | "description" | "copyright" | "generator" | "category" => {
                findings.told(element, &told, &name(element))
            }
            "docs" => findings.address(&told, "docs"),
            "language" => findings.language(&told),
            "lastBuildDate" | "pubDate" => findings.date_of_mail(&told),
            "managingEditor" | "webMaster" => {
                findings.expect(told.contains('@'), "InvalidContact", told)
            }
            "ttl" | "sy:updateFrequency" => findings.number(&told, 1),
            "sy:updatePeriod" => findings.expect(
                ["hourly", "daily", "weekly", "monthly", "yearly"].contains(&told.as_str()),
                "InvalidUpdatePeriod",
                told,
            ),
            "sy:updateBase" => {
                findings.expect(told.parse::<jiff::Timestamp>().is_ok(), "InvalidW3CDTFDate", told)
            }
            "image" => image(element, channel, findings),
            _ => {}
        }
    }
}

/// The publisher's picture: called as the channel is, leading where it leads, and no larger than RSS allows.
fn image(image: Node<'_, '_>, channel: Node<'_, '_>, findings: &mut Findings) {
    findings.children(image, "", "url title link width height description");
    let url = findings.one(image, "url");
    findings.address(&url, "image");
    let end = url.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    findings.expect(["jpg", "jpeg", "png", "gif"].contains(&end.as_str()), "ImageUrlFormat", &url);
    for (part, rule) in [("title", "ImageTitleDoesntMatch"), ("link", "ImageLinkDoesntMatch")] {
        let (own, channels) = (findings.one(image, part), findings.one(channel, part));
        findings.expect(own == channels, rule, format!("{own} is not {channels}"));
    }
    for (side, most) in [("width", 144), ("height", 400)] {
        let told = image.children().find(|child| name(*child) == side).map(text);
        findings.expect(
            told.is_none_or(|told| {
                told.parse::<u32>().is_ok_and(|pixels| pixels > 0 && pixels <= most)
            }),
            "InvalidImageSize",
            side,
        );
    }
}

fn item(item: Node<'_, '_>, findings: &mut Findings) {
    findings.children(item, "category dc:creator atom:link media:thumbnail", ITEM);
    findings.links(item);
    findings.media(item);
    let order: Vec<String> = item.children().filter(Node::is_element).map(name).collect();
    let place = |wanted: &str| order.iter().position(|name| name == wanted);
    findings.expect(
        place("content:encoded").is_none() || place("description") < place("content:encoded"),
        "EncodedBeforeDescription",
        "description",
    );
    findings.expect(
        place("author").is_none() || place("dc:creator").is_none(),
        "DuplicateSemantics",
        "author and dc:creator",
    );
    for required in ["title", "pubDate", "description"] {
        findings.one(item, required);
    }
    for element in item.children().filter(Node::is_element) {
        let told = text(element);
        match name(element).as_str() {
            "title" | "category" | "dc:creator" => findings.told(element, &told, &name(element)),
            "link" | "comments" => findings.address(&told, "link"),
            "description" | "content:encoded" => {
                findings.expect(!told.trim().is_empty(), "NotBlank", name(element));
                findings.html(&told, &name(element));
            }
            "author" => findings.expect(told.contains('@'), "InvalidContact", told),
            "pubDate" => findings.date_of_mail(&told),
            "atom:updated" => drop(findings.date(&told)),
            "dc:language" => findings.language(&told),
            "guid" => guid(element, &told, findings),
            "enclosure" => {
                findings.address(element.attribute("url").unwrap_or_default(), "enclosure");
                findings.number(element.attribute("length").unwrap_or_default(), 0);
                findings.media_type(element.attribute("type").unwrap_or_default());
            }
            _ => {}
        }
    }
}

/// An id: an address where it says so, and long enough to be the only one of its kind.
fn guid(element: Node<'_, '_>, told: &str, findings: &mut Findings) {
    findings.expect(told.trim() == told && !told.is_empty(), "NotBlank", "guid");
    findings.expect(
        !(told.len() < 5 || told.bytes().all(|b| b.is_ascii_digit())),
        "NotSufficientlyUnique",
        told,
    );
    match element.attribute("isPermaLink") {
        Some("false") => {}
        None | Some("true") => findings.address(told, "guid"),
        Some(other) => findings.say("InvalidBooleanAttribute", other),
    }
    if told.starts_with("tag:") || told.starts_with("urn:") {
        findings.id(told, "guid");
    }
}
