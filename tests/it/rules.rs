//! What validators of feeds ask, written down again: RSS 2.0 with its best practices, Atom, JSON Feed 1.1. The collection of
//! nasty articles is judged by it, in a feed that has everything a feed can have.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::fmt::{rfc2822, strtime};
use roxmltree::{Document, Node};
use serde_json::Value;

use crate::support::Shell;

const MORE: &str = r#"[[feeds]]
name = "news"
title = "News & <notices>"
description = "What happens at the college & around it"
max_age = "1h"
extra_xml = "<note xmlns='https://college.example/ns'>ours</note>"
"#;

fn built() -> [String; 3] {
    let shell = Shell::with("[[feeds]]\nname = \"news\"\n", MORE);
    let site = "[site]\nrights = \"© College\"\nicon = \"https://college.example/icon.png\"\nlogo = \"https://college.example/logo.png\"";
    shell.replace("[site]", site);
    let articles = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus/articles.jsonl");
    shell.write("articles.jsonl", std::fs::read(articles).unwrap());
    shell.does(&["articles", "import", "articles.jsonl"]);
    shell.does(&["feeds", "build", "--out", "out"]);
    ["rss", "atom", "json"].map(|format| std::fs::read_to_string(shell.path(&format!("out/news.{format}"))).unwrap())
}

fn children<'a>(node: Node<'a, 'a>, name: &str) -> Vec<Node<'a, 'a>> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let namespace = match prefix {
        "atom" => Some("http://www.w3.org/2005/Atom"),
        "content" => Some("http://purl.org/rss/1.0/modules/content/"),
        "dc" => Some("http://purl.org/dc/elements/1.1/"),
        "media" => Some("http://search.yahoo.com/mrss/"),
        _ => None,
    };
    node.children().filter(|n| n.is_element() && n.tag_name().name() == local && n.tag_name().namespace() == namespace).collect()
}

fn text(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text()).collect()
}

/// The text of the only child of a name, in the parent's namespace or in any but Atom's.
fn one(node: Node<'_, '_>, name: &str) -> String {
    let of_atom = |n: &Node<'_, '_>| n.tag_name().namespace() == Some("http://www.w3.org/2005/Atom");
    let found: Vec<String> =
        node.children().filter(|n| n.tag_name().name() == name && (!of_atom(n) || of_atom(&node))).map(|n| text(n)).collect();
    assert_eq!(found.len(), 1, "{name} stands once in {}", node.tag_name().name());
    found[0].clone()
}

/// An absolute address as RFC 3986 writes it, in ASCII.
fn address(url: &str) {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%[]".contains(c);
    assert!(url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) && url.chars().all(fine), "{url}");
}

/// Plain text: neither entities nor end tags, which would make it look like HTML, and no stray control characters.
fn plain(text: &str) {
    let has_end_tag = text.match_indices("</").any(|(at, _)| text[at + 2..].starts_with(|c: char| c.is_ascii_alphabetic()));
    assert!(!has_end_tag && !text.chars().any(|c| ('\u{7f}'..='\u{9f}').contains(&c)), "{text}");
}

/// HTML that a feed may hold: known elements and attributes, absolute addresses, nothing that runs.
fn harmless(html: &str) {
    const REFUSED: &str = "applet bdo embed frame iframe link meta object script style base svg math noscript";
    const KNOWN: &str = "align alt cite colspan datetime dir height href hreflang lang media open poster reversed rowspan scope sizes span src srcset \
                         start title type value width";
    for tag in html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(!REFUSED.split(' ').any(|refused| refused == name.trim_start_matches('/')), "{tag}");
        for (before, value) in attributes.split("=\"").zip(attributes.split("=\"").skip(1)) {
            let attribute = before.rsplit([' ', '"']).next().unwrap();
            assert!(KNOWN.split_whitespace().any(|known| known == attribute), "{attribute} in {tag}");
            if matches!(attribute, "href" | "src" | "poster" | "cite") {
                let value = value.split('"').next().unwrap().replace("&amp;", "&");
                assert!(value.starts_with("mailto:") || url::Url::parse(&value).is_ok(), "{value}");
            }
        }
    }
}

#[test]
fn rss_is_as_its_best_practices_ask() {
    let [rss, ..] = built();
    assert!(rss.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\""));
    let xml = Document::parse(&rss).unwrap();
    let channel = children(xml.root_element(), "channel")[0];
    for name in ["title", "description", "copyright", "generator", "docs", "language"] {
        plain(&one(channel, name));
    }
    assert_eq!(
        (one(channel, "ttl"), one(channel, "updatePeriod"), one(channel, "updateFrequency")),
        ("60".into(), "hourly".into(), "1".into())
    );
    rfc2822::parse(&one(channel, "lastBuildDate")).unwrap();
    let image = children(channel, "image")[0];
    assert_eq!((one(image, "title"), one(image, "link")), (one(channel, "title"), one(channel, "link")));
    assert!(children(image, "width").is_empty() && one(image, "url").ends_with(".png"));
    let itself = children(channel, "atom:link").into_iter().find(|link| link.attribute("rel") == Some("self")).unwrap();
    assert_eq!(
        (itself.attribute("href"), itself.attribute("type")),
        (Some("https://news.example.edu/feeds/news.rss"), Some("application/rss+xml"))
    );
    let mut ids = BTreeSet::new();
    for item in children(channel, "item") {
        plain(&one(item, "title"));
        assert!(!one(item, "title").is_empty() && ids.insert(one(item, "guid")));
        let date = one(item, "pubDate");
        let parsed = rfc2822::parse(&date).unwrap();
        assert_eq!(strtime::format("%a", &parsed).unwrap(), date[..3], "the weekday of {date}");
        let guid = children(item, "guid")[0];
        if guid.attribute("isPermaLink") != Some("false") {
            address(&text(guid));
        }
        children(item, "link").into_iter().for_each(|link| address(&text(link)));
        let order: Vec<&str> = item.children().map(|n| n.tag_name().name()).collect();
        let at = |name| order.iter().position(|n| *n == name);
        assert!(at("encoded").is_none() || at("description") < at("encoded"), "{order:?}");
        harmless(&one(item, "description"));
        children(item, "content:encoded").into_iter().for_each(|body| harmless(&text(body)));
        assert!(children(item, "author").is_empty() && children(item, "enclosure").len() <= 1);
        for file in children(item, "enclosure") {
            address(file.attribute("url").unwrap());
            assert!(file.attribute("length").unwrap().parse::<u64>().is_ok() && file.attribute("type").unwrap().contains('/'));
        }
        for picture in children(item, "media:content") {
            address(picture.attribute("url").unwrap());
            assert_eq!(picture.attribute("medium"), Some("image"));
        }
    }
    assert!(ids.len() > 15);
}

#[test]
fn atom_is_as_rfc_4287_says() {
    let [_, atom, _] = built();
    let xml = Document::parse(&atom).unwrap();
    let feed = xml.root_element();
    for name in ["title", "subtitle", "id", "updated", "rights", "icon", "logo", "generator"] {
        plain(&one(feed, name));
    }
    let mut ids = BTreeSet::new();
    for entry in children(feed, "atom:entry") {
        for name in ["title", "summary"] {
            assert!(!one(entry, name).is_empty());
        }
        let id = one(entry, "id");
        assert!(id.contains(':') && id.is_ascii() && !id.contains(' ') && ids.insert(id));
        for name in ["updated", "published"] {
            let date = one(entry, name);
            assert!(date.parse::<jiff::Timestamp>().is_ok() && date.contains('T') && !date.contains('.'), "{date}");
        }
        let mut pages = BTreeSet::new();
        for link in children(entry, "atom:link") {
            address(link.attribute("href").unwrap());
            let kind = (link.attribute("rel"), link.attribute("type"), link.attribute("hreflang"));
            assert!(pages.insert(kind), "no two alternates of one type and language: {kind:?}");
        }
        assert!(children(entry, "atom:content").len() == 1 || link_to_read_on(entry));
        for body in children(entry, "atom:content").into_iter().filter(|body| body.attribute("type") == Some("html")) {
            harmless(&text(body));
        }
        for category in children(entry, "atom:category") {
            assert!(category.attribute("term").is_some_and(|term| !term.is_empty()));
        }
    }
    assert!(ids.len() > 15);
}

fn link_to_read_on(entry: Node<'_, '_>) -> bool {
    entry.children().any(|n| n.tag_name().name() == "link" && n.attribute("rel") == Some("alternate"))
}

#[test]
fn json_is_as_version_1_1_says() {
    let [_, _, json] = built();
    let feed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    for name in ["home_page_url", "feed_url", "icon", "favicon"] {
        address(feed[name].as_str().unwrap());
    }
    assert!(feed["next_url"] != feed["feed_url"] && feed["title"].is_string() && feed["description"].is_string());
    let known =
        "id url title content_html content_text summary image date_published date_modified authors tags language attachments _translations";
    let mut ids = BTreeSet::new();
    for item in feed["items"].as_array().unwrap() {
        let unknown: Vec<&String> = item.as_object().unwrap().keys().filter(|key| !known.split(' ').any(|k| k == *key)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(item["id"].as_str().is_some_and(|id| !id.trim().is_empty() && ids.insert(id.to_owned())));
        assert!(item["content_html"].is_string() != item["content_text"].is_string(), "one of the two contents");
        item["content_html"].as_str().into_iter().for_each(harmless);
        for name in ["date_published", "date_modified"] {
            item[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        }
        item["url"].as_str().into_iter().chain(item["image"].as_str()).for_each(address);
        for file in item["attachments"].as_array().into_iter().flatten() {
            address(file["url"].as_str().unwrap());
            assert!(
                file["mime_type"].as_str().unwrap().contains('/') && (file["size_in_bytes"].is_null() || file["size_in_bytes"].is_u64())
            );
        }
        let tags: Vec<&str> = item["tags"].as_array().into_iter().flatten().map(|tag| tag.as_str().unwrap()).collect();
        assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), tags.len());
        assert!(item["authors"].as_array().into_iter().flatten().all(|author| author["name"].is_string()));
        assert!(item["language"].as_str().is_some_and(|tag| tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')));
    }
    assert!(ids.len() > 15);
}
