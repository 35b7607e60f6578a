//! JSON Feed 1.1.

use std::collections::BTreeSet;

use serde_json::Value;

use super::findings::Findings;

const FEED: &str = " version title home_page_url feed_url description user_comment next_url icon favicon authors language expired hubs items ";
const ITEM: &str = " id url external_url title content_html content_text summary image banner_image date_published date_modified authors tags language attachments ";

/// Judges a document.
pub(super) fn judge(source: &str, findings: &mut Findings) {
    let feed: Value = match serde_json::from_str(source) {
        Ok(feed) => feed,
        Err(error) => return findings.say("NotJson", error),
    };
    findings.characters(source);
    findings.expect(
        feed["version"] == "https://jsonfeed.org/version/1.1",
        "Version",
        &feed["version"],
    );
    keys(&feed, FEED, findings);
    findings.plain(feed["title"].as_str().unwrap_or_default(), "title");
    feed["description"].as_str().into_iter().for_each(|text| findings.plain(text, "description"));
    for name in ["home_page_url", "feed_url"] {
        findings.address(feed[name].as_str().unwrap_or_default(), name);
    }
    for name in ["icon", "favicon", "next_url"] {
        feed[name].as_str().into_iter().for_each(|url| findings.address(url, name));
    }
    findings.expect(feed["next_url"] != feed["feed_url"], "Loop", "next_url");
    feed["language"].as_str().into_iter().for_each(|tag| findings.language(tag));
    authors(&feed, findings);
    for hub in feed["hubs"].as_array().into_iter().flatten() {
        findings.expect(hub["type"].is_string(), "Hub", hub);
        findings.address(hub["url"].as_str().unwrap_or_default(), "hub");
    }
    findings.expect(feed["items"].is_array(), "MissingElement", "items");
    let mut ids = BTreeSet::new();
    for entry in feed["items"].as_array().into_iter().flatten() {
        item(entry, findings);
        let id = entry["id"].as_str().unwrap_or_default();
        findings.expect(!id.trim().is_empty() && ids.insert(id), "DuplicateItem", &entry["id"]);
    }
}

fn item(item: &Value, findings: &mut Findings) {
    keys(item, ITEM, findings);
    findings.expect(
        item["content_html"].is_string() || item["content_text"].is_string(),
        "MissingElement",
        "content",
    );
    item["content_html"].as_str().into_iter().for_each(|body| findings.html(body, "content_html"));
    for name in ["title", "summary"] {
        item[name].as_str().into_iter().for_each(|text| findings.plain(text, name));
    }
    for name in ["url", "external_url", "image", "banner_image"] {
        item[name].as_str().into_iter().for_each(|url| findings.address(url, name));
    }
    for name in ["date_published", "date_modified"] {
        findings.date(item[name].as_str().unwrap_or_default());
    }
    item["language"].as_str().into_iter().for_each(|tag| findings.language(tag));
    authors(item, findings);
    let tags: Vec<&str> = item["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| tag.as_str().unwrap_or_default())
        .collect();
    findings.expect(
        tags.iter().collect::<BTreeSet<_>>().len() == tags.len(),
        "DuplicateTag",
        format!("{tags:?}"),
    );
    tags.iter().for_each(|tag| findings.plain(tag, "tags"));
    for file in item["attachments"].as_array().into_iter().flatten() {
        findings.address(file["url"].as_str().unwrap_or_default(), "attachments");
        findings.media_type(file["mime_type"].as_str().unwrap_or_default());
        findings.expect(
            file["size_in_bytes"].is_null() || file["size_in_bytes"].is_u64(),
            "InvalidInteger",
            file,
        );
    }
}

/// Nothing but what 1.1 knows, and extensions by their underscore.
fn keys(value: &Value, known: &str, findings: &mut Findings) {
    for (key, value) in value.as_object().into_iter().flatten() {
        findings.expect(
            key.starts_with('_') || known.contains(&format!(" {key} ")),
            "UndefinedElement",
            key,
        );
        findings.expect(!value.is_null(), "Null", key);
    }
}

fn authors(value: &Value, findings: &mut Findings) {
    for author in value["authors"].as_array().into_iter().flatten() {
        findings.plain(author["name"].as_str().unwrap_or_default(), "authors");
        author["url"].as_str().into_iter().for_each(|url| findings.address(url, "authors"));
    }
}
