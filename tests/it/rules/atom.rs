//! Atom 1.0, as RFC 4287 says.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};

use super::findings::Findings;
use super::xml::{name, text};

const FEED: &str = "atom:title atom:subtitle atom:id atom:updated atom:rights atom:icon atom:logo atom:generator fh:complete fh:archive";
const ENTRY: &str = "atom:title atom:id atom:updated atom:published atom:summary atom:content atom:rights atom:source media:content";

/// Judges a document.
pub(super) fn judge(source: &str, document: &Document<'_>, findings: &mut Findings) {
    findings.document(source, document);
    let feed = document.root_element();
    findings.children(
        feed,
        "atom:entry atom:author atom:contributor atom:category atom:link",
        FEED,
    );
    findings.links(feed);
    findings.itself(feed, "application/atom+xml");
    findings.history(feed);
    common(feed, findings);
    let has_author = feed.children().any(|child| name(child) == "atom:author");
    let (mut ids, mut updates) = (BTreeSet::new(), BTreeMap::<_, u32>::new());
    for entry in feed.children().filter(|child| name(*child) == "atom:entry") {
        findings.children(
            entry,
            "atom:author atom:contributor atom:category atom:link media:thumbnail",
            ENTRY,
        );
        findings.links(entry);
        findings.media(entry);
        common(entry, findings);
        let is_signed = has_author || entry.children().any(|child| name(child) == "atom:author");
        findings.expect(is_signed, "MissingElement", "author");
        content(entry, findings);
        let id = findings.one(entry, "atom:id");
        findings.expect(!ids.contains(&id), "DuplicateEntries", &id);
        ids.insert(id);
        *updates.entry(findings.one(entry, "atom:updated")).or_default() += 1;
    }
    for (date, _) in updates.iter().filter(|(_, entries)| **entries > 1) {
        findings.say("DuplicateUpdated", date);
    }
}

/// What stands in feeds and in entries.
fn common(node: Node<'_, '_>, findings: &mut Findings) {
    for required in ["atom:title", "atom:id", "atom:updated"] {
        findings.one(node, required);
    }
    for element in node.children().filter(Node::is_element) {
        let (kind, told) = (name(element), text(element));
        match kind.as_str() {
            "atom:title" | "atom:subtitle" | "atom:summary" | "atom:rights" => {
                construct(element, &kind, &told, findings)
            }
            "atom:generator" => findings.told(element, &told, &kind),
            "atom:id" => findings.id(&told, &kind),
            "atom:updated" | "atom:published" => drop(findings.date(&told)),
            "atom:icon" | "atom:logo" => findings.address(&told, &kind),
            "atom:author" | "atom:contributor" => {
                findings.children(element, "", "atom:name atom:uri atom:email");
                let name_of = findings.one(element, "atom:name");
                findings.told(element, &name_of, "atom:name");
                element
                    .children()
                    .filter(|child| name(*child) == "atom:uri")
                    .for_each(|uri| findings.address(&text(uri), "atom:uri"));
            }
            "atom:category" => {
                findings.expect(
                    element.attribute("term").is_some_and(|term| !term.trim().is_empty()),
                    "MissingAttribute",
                    "term",
                );
                element
                    .attribute("label")
                    .into_iter()
                    .for_each(|label| findings.told(element, label, "label"));
            }
            _ => {}
        }
    }
}

/// Text of a declared kind; without one it is plain.
fn construct(element: Node<'_, '_>, kind: &str, told: &str, findings: &mut Findings) {
    match element.attribute("type") {
        None | Some("text") => findings.told(element, told, kind),
        Some("html") => findings.html(told, kind),
        Some(other) => findings.say("InvalidTextType", other),
    }
}

/// Each entry can be read here, or has an address where it can.
fn content(entry: Node<'_, '_>, findings: &mut Findings) {
    let Some(content) = entry.children().find(|child| name(*child) == "atom:content") else {
        let leads_on = entry.children().any(|n| {
            name(n) == "atom:link" && matches!(n.attribute("rel"), None | Some("alternate"))
        });
        return findings.expect(leads_on, "MissingAlternateLink", "neither content nor a link");
    };
    if let Some(elsewhere) = content.attribute("src") {
        findings.address(elsewhere, "src");
        findings.one(entry, "atom:summary");
        return;
    }
    findings.expect(!text(content).trim().is_empty(), "NotBlank", "atom:content");
    construct(content, "atom:content", &text(content), findings);
}
