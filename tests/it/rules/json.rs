//! Rules for JSON Feed 1.1.

use std::collections::BTreeSet;

use serde_json::Value;

use super::violations::Violations;

const FEED: &str = " version title home_page_url feed_url description user_comment next_url icon favicon authors language expired hubs items ";
const ITEM: &str = " id url external_url title content_html content_text summary image banner_image date_published date_modified authors tags language attachments ";

/// Checks a JSON Feed document.
pub(super) fn check(source: &str, violations: &mut Violations) {
    let feed: Value = match serde_json::from_str(source) {
        Ok(feed) => feed,
        Err(error) => return violations.add("NotJson", error),
    };
    violations.characters(source);
    violations.require(
        feed["version"] == "https://jsonfeed.org/version/1.1",
        "Version",
        &feed["version"],
    );
    keys(&feed, FEED, violations);
    violations.plain_text(feed["title"].as_str().unwrap_or_default(), "title");
    feed["description"]
        .as_str()
        .into_iter()
        .for_each(|text| violations.plain_text(text, "description"));
    for name in ["home_page_url", "feed_url"] {
        violations.url(feed[name].as_str().unwrap_or_default(), name);
    }
    for name in ["icon", "favicon", "next_url"] {
        feed[name].as_str().into_iter().for_each(|url| violations.url(url, name));
    }
    violations.require(feed["next_url"] != feed["feed_url"], "Loop", "next_url");
    feed["language"].as_str().into_iter().for_each(|tag| violations.language(tag));
    authors(&feed, violations);
    for hub in feed["hubs"].as_array().into_iter().flatten() {
        violations.require(hub["type"].is_string(), "Hub", hub);
        violations.url(hub["url"].as_str().unwrap_or_default(), "hub");
    }
    violations.require(feed["items"].is_array(), "MissingElement", "items");
    let mut ids = BTreeSet::new();
    for entry in feed["items"].as_array().into_iter().flatten() {
        item(entry, violations);
        let id = entry["id"].as_str().unwrap_or_default();
        violations.require(!id.trim().is_empty() && ids.insert(id), "DuplicateItem", &entry["id"]);
    }
}

fn item(item: &Value, violations: &mut Violations) {
    keys(item, ITEM, violations);
    violations.require(
        item["content_html"].is_string() || item["content_text"].is_string(),
        "MissingElement",
        "content",
    );
    item["content_html"]
        .as_str()
        .into_iter()
        .for_each(|body| violations.html(body, "content_html"));
    for name in ["title", "summary"] {
        item[name].as_str().into_iter().for_each(|text| violations.plain_text(text, name));
    }
    for name in ["url", "external_url", "image", "banner_image"] {
        item[name].as_str().into_iter().for_each(|url| violations.url(url, name));
    }
    for name in ["date_published", "date_modified"] {
        violations.rfc3339_date(item[name].as_str().unwrap_or_default());
    }
    item["language"].as_str().into_iter().for_each(|tag| violations.language(tag));
    authors(item, violations);
    let tags: Vec<&str> = item["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| tag.as_str().unwrap_or_default())
        .collect();
    violations.require(
        tags.iter().collect::<BTreeSet<_>>().len() == tags.len(),
        "DuplicateTag",
        format!("{tags:?}"),
    );
    tags.iter().for_each(|tag| violations.plain_text(tag, "tags"));
    for file in item["attachments"].as_array().into_iter().flatten() {
        violations.url(file["url"].as_str().unwrap_or_default(), "attachments");
        violations.media_type(file["mime_type"].as_str().unwrap_or_default());
        violations.require(
            file["size_in_bytes"].is_null() || file["size_in_bytes"].is_u64(),
            "InvalidInteger",
            file,
        );
    }
}

/// Checks that all keys are defined by version 1.1, or are extensions with an underscore.
fn keys(value: &Value, known: &str, violations: &mut Violations) {
    for (key, value) in value.as_object().into_iter().flatten() {
        violations.require(
            key.starts_with('_') || known.contains(&format!(" {key} ")),
            "UndefinedElement",
            key,
        );
        violations.require(!value.is_null(), "Null", key);
    }
}

fn authors(value: &Value, violations: &mut Violations) {
    for author in value["authors"].as_array().into_iter().flatten() {
        violations.plain_text(author["name"].as_str().unwrap_or_default(), "authors");
        author["url"].as_str().into_iter().for_each(|url| violations.url(url, "authors"));
    }
}
