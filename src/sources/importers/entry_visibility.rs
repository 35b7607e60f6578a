//! Entries of feeds and exports that are not public posts: drafts, comments, pages, templates.

use serde_json::Value;

use super::stated_visibility::{SCHEDULED, stated_reason};
use super::xml::Element;

/// Category scheme and term prefix of the kinds of entries in exports of Blogger.
const BLOGGER_KIND: (&str, &str) =
    ("http://schemas.google.com/g/2005#kind", "http://schemas.google.com/blogger/2008/kind#");

/// Returns the reason why an item of RSS or an Atom entry is not a public post; `None` if it is.
pub(super) fn hidden_reason(entry: &Element) -> Option<&'static str> {
    if let Some(kind) = entry.children("atom:category").find_map(blogger_kind)
        && kind != "post"
    {
        return Some(kind_reason(kind));
    }
    if let Some(kind) = entry.child_text("blogger:type")
        && !kind.eq_ignore_ascii_case("post")
    {
        return Some(kind_reason(&kind.to_ascii_lowercase()));
    }
    if entry.child("thr:in-reply-to").is_some() || entry.child("blogger:parent").is_some() {
        return Some("comments");
    }
    if entry.child("blogger:trashed").is_some_and(|e| !e.text_content().trim().is_empty()) {
        return Some("in the trash");
    }
    if let Some(status) = entry.child("blogger:status") {
        match status.text_content().trim().to_ascii_uppercase().as_str() {
            "LIVE" => {}
            "DRAFT" => return Some("drafts"),
            "SCHEDULED" => return Some(SCHEDULED),
            "SOFT_TRASHED" | "TRASHED" => return Some("in the trash"),
            _ => return Some("other status"),
        }
    }
    // RFC 5023, section 13.1.1; a draft element without a value also marks a draft.
    let controls = ["app:control", "app05:control"].into_iter().flat_map(|n| entry.children(n));
    let mut drafts = controls
        .flat_map(|control| control.children("app:draft").chain(control.children("app05:draft")))
        .chain(entry.children("app:draft"))
        .chain(entry.children("app05:draft"));
    if drafts.any(|draft| !draft.text_content().trim().eq_ignore_ascii_case("no")) {
        return Some("drafts");
    }
    if entry.child("gd:deleted").is_some() {
        return Some("in the trash");
    }
    entry.elements().find_map(|element| match element.attribute("state") {
        Some(state) if element.name == "media:status" => stated_reason("state", state),
        _ => stated_reason(&element.name, element.text_content().trim()),
    })
}

/// Returns the reason why an item of a JSON Feed is not a public post; `None` if it is. Extensions,
/// whose names begin with `_`, may state it, too.
pub(super) fn json_hidden_reason(item: &Value) -> Option<&'static str> {
    item.as_object().into_iter().flatten().find_map(|(name, value)| match value {
        Value::Bool(is_on) => stated_reason(name, if *is_on { "true" } else { "false" }),
        Value::String(text) => stated_reason(name, text),
        Value::Object(_) if name.starts_with('_') => json_hidden_reason(value),
        _ => None,
    })
}

/// Returns the kind of an entry in an export of Blogger, from one of its categories.
fn blogger_kind(category: &Element) -> Option<&str> {
    is_blogger_kind(category)
        .then(|| category.attribute("term").unwrap_or_default())
        .map(|term| term.strip_prefix(BLOGGER_KIND.1).unwrap_or(term))
}

/// Returns `true` if a category states the kind of an entry, not a section.
pub(super) fn is_blogger_kind(category: &Element) -> bool {
    category.attribute("scheme") == Some(BLOGGER_KIND.0)
        || category.attribute("term").is_some_and(|term| term.starts_with(BLOGGER_KIND.1))
}

fn kind_reason(kind: &str) -> &'static str {
    match kind {
        "comment" => "comments",
        "page" => "pages",
        "template" => "templates",
        "settings" => "settings",
        _ => "other entries",
    }
}

/// Returns `true` if an item of RSS has an element that only exports of WordPress contain.
pub(super) fn is_exported_by_wordpress(item: &Element) -> bool {
    ["wp:status", "wp:post_type", "wp:post_id", "wp:post_password"]
        .iter()
        .any(|name| item.child(name).is_some())
}
