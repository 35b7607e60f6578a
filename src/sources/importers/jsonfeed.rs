//! Importer for JSON Feed 1.0 and 1.1.

use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::{parse_time, playable_type, resolve_url, text_to_paragraphs};
use super::parsed::{NumberedArticle, ParsedArticle, finish};
use crate::domain::article::{Enclosure, IncomingArticle};
use crate::fs::LineIndex;
use crate::sources::list_column::{ACCEPTED, json_values};

/// Feed with unparsed items, whose position in the text gives their line numbers.
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

/// Returns the articles of a feed with their line numbers; the error has the line.
pub(super) fn parse_feed(
    text: &str,
    zone: &TimeZone,
) -> Result<Vec<NumberedArticle>, (u64, String)> {
    let feed: Feed<'_> = serde_json::from_str(text).map_err(|e| {
        let line = u64::try_from(e.line()).unwrap_or(1).max(1);
        (
            line,
            format!(
                "this is not a valid JSON Feed: {e}; a list of articles must be a .jsonl file with one object per line"
            ),
        )
    })?;
    if !feed.version.contains("jsonfeed.org/version/") {
        return Err((
            1,
            "this is not a valid JSON Feed: `version` must be https://jsonfeed.org/version/1.1"
                .into(),
        ));
    }
    let mut lines = LineIndex::new(text.as_bytes());
    let mut articles = Vec::with_capacity(feed.items.len());
    for item in &feed.items {
        // Raw items are slices of `text`, so the pointers differ by the item's byte offset.
        let offset = (item.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        articles.push((lines.line_at(offset), parse_item(item.get(), &feed, zone)));
    }
    Ok(articles)
}

/// Converts an item to an article; the error is the reason why it cannot be one.
fn parse_item(item: &str, feed: &Feed<'_>, zone: &TimeZone) -> Result<ParsedArticle, String> {
    let item: Value = serde_json::from_str(item)
        .map_err(|e| format!("this is not a valid item of a JSON Feed: {e}"))?;
    if !item.is_object() {
        return Err("the item is not a JSON object".into());
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
    let absolute = |address: String| resolve_url(&address, home);
    let published = parse_time("date_published", text("date_published"), zone)?;
    let own = author_names(item.get("authors")).or_else(|| author_names(item.get("author")));
    let authors = own
        .or_else(|| author_names(feed.authors.as_ref()))
        .or_else(|| author_names(feed.author.as_ref()));
    let article = IncomingArticle {
        guid: text("id"),
        title: text("title").map(|t| html_escape::encode_text(&t).into_owned()).unwrap_or_default(),
        url: text("url").or_else(|| text("external_url")).map(absolute),
        summary: text("summary").map(|t| html_escape::encode_text(&t).into_owned()),
        body_html: text("content_html")
            .or_else(|| text("content_text").map(|t| text_to_paragraphs(&t)))
            .unwrap_or_default(),
        tags: json_values(item.get("tags").unwrap_or(&Value::Null))
            .ok_or_else(|| format!("`tags` must be {ACCEPTED}"))?,
        authors: authors.unwrap_or_default(),
        language: text("language").or_else(|| feed.language.clone()),
        image_url: text("image").or_else(|| text("banner_image")).map(absolute),
        enclosure: item
            .get("attachments")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find_map(|file| media_attachment(file, home)),
        updated_at: parse_time("date_modified", text("date_modified"), zone)?,
        ..IncomingArticle::default()
    };
    finish(article, published)
}

/// Returns an attachment as an enclosure if it is audio or video.
fn media_attachment(file: &Value, home: Option<&str>) -> Option<Enclosure> {
    let text = |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let url = text("url");
    let media_type = playable_type(&text("mime_type"), &url).filter(|_| !url.is_empty())?;
    let length = file.get("size_in_bytes").and_then(Value::as_u64).unwrap_or_default();
    Some(Enclosure { url: resolve_url(&url, home), media_type, length })
}

/// Returns the names in an author object or a list of them; `None` if there are none.
fn author_names(authors: Option<&Value>) -> Option<Vec<String>> {
    let list = match authors? {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    let names: Vec<String> = list
        .iter()
        .filter_map(|author| author.as_str().or_else(|| author.get("name")?.as_str()))
        .map(str::to_owned)
        .filter(|n| !n.is_empty())
        .collect();
    (!names.is_empty()).then_some(names)
}
