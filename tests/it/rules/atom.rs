//! Rules for Atom 1.0 (RFC 4287).

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};

use super::violations::Violations;
use super::xml::{name, text};

const FEED: &str = "atom:title atom:subtitle atom:id atom:updated atom:rights atom:icon atom:logo atom:generator fh:complete fh:archive";
const ENTRY: &str = "atom:title atom:id atom:updated atom:published atom:summary atom:content atom:rights atom:source media:content";

/// Checks an Atom document.
pub(super) fn check(source: &str, document: &Document<'_>, violations: &mut Violations) {
    violations.document(source, document);
    let feed = document.root_element();
    violations.children(
        feed,
        "atom:entry atom:author atom:contributor atom:category atom:link",
        FEED,
    );
    violations.links(feed);
    violations.self_link(feed, "application/atom+xml");
    violations.feed_history(feed);
    common_elements(feed, violations);
    let has_author = feed.children().any(|child| name(child) == "atom:author");
    let (mut ids, mut updates) = (BTreeSet::new(), BTreeMap::<_, u32>::new());
    for entry in feed.children().filter(|child| name(*child) == "atom:entry") {
        violations.children(
            entry,
            "atom:author atom:contributor atom:category atom:link media:thumbnail",
            ENTRY,
        );
        violations.links(entry);
        violations.media(entry);
        common_elements(entry, violations);
        let has_author = has_author || entry.children().any(|child| name(child) == "atom:author");
        violations.require(has_author, "MissingElement", "author");
        content(entry, violations);
        let id = violations.required_child(entry, "atom:id");
        violations.require(!ids.contains(&id), "DuplicateEntries", &id);
        ids.insert(id);
        *updates.entry(violations.required_child(entry, "atom:updated")).or_default() += 1;
    }
    for (date, _) in updates.iter().filter(|(_, entries)| **entries > 1) {
        violations.add("DuplicateUpdated", date);
    }
}

/// Checks the elements that feeds and entries have in common.
fn common_elements(node: Node<'_, '_>, violations: &mut Violations) {
    for required in ["atom:title", "atom:id", "atom:updated"] {
        violations.required_child(node, required);
    }
    for element in node.children().filter(Node::is_element) {
        let (kind, content_text) = (name(element), text(element));
        match kind.as_str() {
            "atom:title" | "atom:subtitle" | "atom:summary" | "atom:rights" => {
                text_construct(element, &kind, &content_text, violations)
            }
            "atom:generator" => violations.literal_text(element, &content_text, &kind),
            "atom:id" => violations.id(&content_text, &kind),
            "atom:updated" | "atom:published" => drop(violations.rfc3339_date(&content_text)),
            "atom:icon" | "atom:logo" => violations.url(&content_text, &kind),
            "atom:author" | "atom:contributor" => {
                violations.children(element, "", "atom:name atom:uri atom:email");
                let author_name = violations.required_child(element, "atom:name");
                violations.literal_text(element, &author_name, "atom:name");
                element
                    .children()
                    .filter(|child| name(*child) == "atom:uri")
                    .for_each(|uri| violations.url(&text(uri), "atom:uri"));
            }
            "atom:category" => {
                violations.require(
                    element.attribute("term").is_some_and(|term| !term.trim().is_empty()),
                    "MissingAttribute",
                    "term",
                );
                element
                    .attribute("label")
                    .into_iter()
                    .for_each(|label| violations.literal_text(element, label, "label"));
            }
            _ => {}
        }
    }
}

/// Checks a text construct (RFC 4287, section 3.1), which is plain text by default.
fn text_construct(
    element: Node<'_, '_>,
    kind: &str,
    content_text: &str,
    violations: &mut Violations,
) {
    match element.attribute("type") {
        None | Some("text") => violations.literal_text(element, content_text, kind),
        Some("html") => violations.html(content_text, kind),
        Some(other) => violations.add("InvalidTextType", other),
    }
}

/// Checks that an entry has content, or a link to it.
fn content(entry: Node<'_, '_>, violations: &mut Violations) {
    let Some(content) = entry.children().find(|child| name(*child) == "atom:content") else {
        let has_link = entry.children().any(|n| {
            name(n) == "atom:link" && matches!(n.attribute("rel"), None | Some("alternate"))
        });
        return violations.require(has_link, "MissingAlternateLink", "neither content nor a link");
    };
    if let Some(src) = content.attribute("src") {
        violations.url(src, "src");
        violations.required_child(entry, "atom:summary");
        return;
    }
    violations.require(!text(content).trim().is_empty(), "NotBlank", "atom:content");
    text_construct(content, "atom:content", &text(content), violations);
}
