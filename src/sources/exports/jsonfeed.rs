//! JSON Feed 1.0 and 1.1.

use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Exported, Read, finished, paragraphs, resolved, time};
use crate::domain::article::{Draft, Enclosure};
use crate::sources::lines::Lines;

/// A feed whose items are left as they stand, so that each has its line.
#[derive(serde::Deserialize)]
struct Feed<'a> {
    #[serde(default)]
    version: String,
    #[serde(default)]
    home_page_url: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    author: Option<Value>,
    #[serde(default)]
    authors: Option<Value>,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// The articles of a feed; the error names the line.
pub(super) fn read(text: &str, zone: &TimeZone) -> Result<Vec<Read>, (u64, String)> {
    let feed: Feed<'_> = serde_json::from_str(text).map_err(|e| {
        let line = u64::try_from(e.line()).unwrap_or(1).max(1);
        (
            line,
            format!(
                "this is no JSON Feed: {e}; lists of articles end in .jsonl, one object a line"
            ),
        )
    })?;
    if !feed.version.contains("jsonfeed.org/version/") {
        return Err((
            1,
            "this is no JSON Feed: its version does not say https://jsonfeed.org/version/1.1"
                .into(),
        ));
    }
    let mut lines = Lines::of(text.as_bytes());
    let mut articles = Vec::with_capacity(feed.items.len());
    for item in &feed.items {
        // Where it stands within the text: the parser hands out pieces of it.
        let here = (item.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        articles.push((lines.at(here), article(item.get(), &feed, zone)));
    }
    Ok(articles)
}

fn article(item: &str, feed: &Feed<'_>, zone: &TimeZone) -> Result<Exported, String> {
    let item: Value =
        serde_json::from_str(item).map_err(|e| format!("this is no item of a JSON Feed: {e}"))?;
    if !item.is_object() {
        return Err("an item must be a JSON object".into());
    }
    let text = |name: &str| -> Option<String> {
        let value = match item.get(name)? {
            Value::String(s) => s.trim().to_owned(),
            Value::Number(n) => n.to_string(),
            _ => return None,
        };
        (!value.is_empty()).then_some(value)
    };
    let home = feed.home_page_url.as_deref();
    let absolute = |address: String| resolved(&address, home);
    let published = time("date_published", text("date_published"), zone)?;
    let own = names(item.get("authors")).or_else(|| names(item.get("author")));
    let authors =
        own.or_else(|| names(feed.authors.as_ref())).or_else(|| names(feed.author.as_ref()));
    let draft = Draft {
        guid: text("id"),
        title: text("title").map(|t| html_escape::encode_text(&t).into_owned()).unwrap_or_default(),
        url: text("url").or_else(|| text("external_url")).map(absolute),
        summary: text("summary").map(|t| html_escape::encode_text(&t).into_owned()),
        body_html: text("content_html")
            .or_else(|| text("content_text").map(|t| paragraphs(&t)))
            .unwrap_or_default(),
        tags: item
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|t| t.as_str().map(str::to_owned))
            .collect(),
        authors: authors.unwrap_or_default(),
        language: text("language").or_else(|| feed.language.clone()),
        image_url: text("image").or_else(|| text("banner_image")).map(absolute),
        enclosure: item
            .get("attachments")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find_map(attached),
        updated_at: time("date_modified", text("date_modified"), zone)?,
        ..Draft::default()
    };
    finished(draft, published)
}

/// A sound or a film.
fn attached(file: &Value) -> Option<Enclosure> {
    let text = |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (url, media_type) = (text("url"), text("mime_type"));
    let is_played = media_type.starts_with("audio/") || media_type.starts_with("video/");
    let length = file.get("size_in_bytes").and_then(Value::as_u64).unwrap_or_default();
    (is_played && !url.is_empty()).then_some(Enclosure { url, media_type, length })
}

/// The names of one author or of several.
fn names(of: Option<&Value>) -> Option<Vec<String>> {
    let list = match of? {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    let names: Vec<String> = list
        .iter()
        .filter_map(|a| a.get("name")?.as_str().map(str::to_owned))
        .filter(|n| !n.is_empty())
        .collect();
    (!names.is_empty()).then_some(names)
}
