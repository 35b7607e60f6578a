//! Importer for JSON Feed 1.0 and 1.1.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read, Seek};

use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use serde::de::{
    Deserialize as _, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::{parse_time, playable_type, resolve_url, text_to_paragraphs};
use super::parsed::{LeftOut, NumberedArticle, ParsedArticle, finish};
use super::{FileError, entry_visibility, xml_encoding};
use crate::domain::article::{Enclosure, IncomingArticle};
use crate::fs::{InvalidBytes, LineCount, Utf8Reader};
use crate::sources::limits;
use crate::sources::list_column::{ACCEPTED, json_values};

/// Maximum length of an item, and of the feed without its items, in bytes. Escapes take more bytes than
/// the text that they stand for.
const MAX_ITEM_BYTES: u64 = 64_000_000;

/// Feed without its items.
#[derive(Debug, Default)]
struct Feed {
    version: String,
    home_page_url: Option<String>,
    language: Option<String>,
    author: Option<Value>,
    authors: Option<Value>,
}

/// JSON Feed whose articles are read one by one.
pub(in crate::sources) struct JsonFeedFile<R> {
    input: R,
    encoding: &'static Encoding,
    zone: TimeZone,
    feed: Feed,
    max_item_bytes: u64,
}

impl<R: Read + Seek> JsonFeedFile<R> {
    /// Reads all of a feed except its items; the error has the line.
    pub(in crate::sources) fn open(input: R, zone: &TimeZone) -> Result<Self, FileError> {
        Self::with_limit(input, zone, MAX_ITEM_BYTES)
    }

    /// Like [`Self::open`], with another maximum length of an item.
    pub(super) fn with_limit(
        mut input: R,
        zone: &TimeZone,
        max_item_bytes: u64,
    ) -> Result<Self, FileError> {
        let mut start = Vec::new();
        let read = input.by_ref().take(xml_encoding::START_BYTES as u64).read_to_end(&mut start);
        read.map_err(|e| (1, e.to_string()))?;
        let encoding = xml_encoding::encoding_of(&start).map_err(|problem| (1, problem))?;
        let zone = zone.clone();
        let mut file = Self { input, encoding, zone, feed: Feed::default(), max_item_bytes };
        file.feed = file.read_items(&mut |_, _| true)?;
        if !file.feed.version.contains("jsonfeed.org/version/") {
            return Err((
                1,
                "this is not a valid JSON Feed: `version` must be https://jsonfeed.org/version/1.1"
                    .into(),
            ));
        }
        Ok(file)
    }

    /// Passes each article to `accept`, which returns `false` to stop; returns the numbers of items that
    /// are not public. The error has the line.
    pub(in crate::sources) fn read(
        &mut self,
        accept: &mut dyn FnMut(NumberedArticle) -> bool,
    ) -> Result<LeftOut, FileError> {
        let (feed, zone) = (std::mem::take(&mut self.feed), self.zone.clone());
        let mut is_stopped = false;
        let mut left_out = LeftOut::new();
        let read = self.read_items(&mut |line, item| {
            let item = parse_object(item);
            if let Some(reason) = item.as_ref().ok().and_then(entry_visibility::json_hidden_reason)
            {
                *left_out.entry(reason.to_owned()).or_default() += 1;
                return true;
            }
            let article = item.and_then(|item| to_article(&item, &feed, &zone));
            is_stopped = !accept((line, article));
            !is_stopped
        });
        self.feed = feed;
        match read {
            Err(error) if !is_stopped => Err(error),
            _ => Ok(left_out),
        }
    }

    /// Passes the line and text of each item to `accept`, which returns `false` to stop with an error.
    fn read_items(&mut self, accept: &mut dyn FnMut(u64, &str) -> bool) -> Result<Feed, FileError> {
        self.input.rewind().map_err(|e| (1, e.to_string()))?;
        let text = Utf8Reader::new(&mut self.input, self.encoding, InvalidBytes::Reject);
        let progress = Progress::default();
        let max = self.max_item_bytes;
        let input = ItemInput { text, progress: &progress, max };
        let mut json = serde_json::Deserializer::from_reader(input);
        let visitor = FeedVisitor { progress: &progress, accept };
        let read = json.deserialize_map(visitor).and_then(|feed| json.end().map(|()| feed));
        read.map_err(|e| {
            if e.is_io() {
                return (progress.lines.get().line(), e.to_string());
            }
            let line = u64::try_from(e.line()).unwrap_or(1).max(1);
            let advice = "a list of articles must be a .jsonl file with one object per line";
            (line, format!("this is not a valid JSON Feed: {e}; {advice}"))
        })
    }
}

/// Position of the reader of a feed.
#[derive(Debug, Default)]
struct Progress {
    lines: Cell<LineCount>,
    /// Number of bytes of the current item that were read.
    read: Cell<u64>,
}

/// Input that counts lines, and fails if an item is too long.
struct ItemInput<'a, R> {
    text: Utf8Reader<R>,
    progress: &'a Progress,
    max: u64,
}

impl<R: Read> Read for ItemInput<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.text.read(buffer)?;
        let mut lines = self.progress.lines.get();
        lines.add(&buffer[..length]);
        self.progress.lines.set(lines);
        self.progress.read.set(self.progress.read.get() + length as u64);
        if self.progress.read.get() > self.max {
            let max = self.max;
            return Err(io::Error::other(format!("an item is longer than {max} bytes")));
        }
        Ok(length)
    }
}

/// Visitor of the object that a feed is.
struct FeedVisitor<'a> {
    progress: &'a Progress,
    accept: &'a mut dyn FnMut(u64, &str) -> bool,
}

impl<'de> Visitor<'de> for FeedVisitor<'_> {
    type Value = Feed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Feed, A::Error> {
        let (mut feed, mut has_items) = (Feed::default(), false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => feed.version = map.next_value()?,
                "home_page_url" => feed.home_page_url = map.next_value()?,
                "language" => feed.language = map.next_value()?,
                "author" => feed.author = map.next_value()?,
                "authors" => feed.authors = map.next_value()?,
                "items" if has_items => return Err(A::Error::duplicate_field("items")),
                "items" => {
                    has_items = true;
                    let (progress, accept) = (self.progress, &mut *self.accept);
                    map.next_value_seed(ItemList { progress, accept })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if has_items { Ok(feed) } else { Err(A::Error::missing_field("items")) }
    }
}

/// List of items, each of which is passed on.
struct ItemList<'a> {
    progress: &'a Progress,
    accept: &'a mut dyn FnMut(u64, &str) -> bool,
}

impl<'de> DeserializeSeed<'de> for ItemList<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ItemList<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let progress = self.progress;
        while let Some((line, item)) = list.next_element_seed(ItemSeed { progress })? {
            progress.read.set(0);
            if !(self.accept)(line, item.get()) {
                return Err(A::Error::custom("the import was stopped"));
            }
        }
        Ok(())
    }
}

/// Item as text, with its line number.
struct ItemSeed<'a> {
    progress: &'a Progress,
}

impl<'de> DeserializeSeed<'de> for ItemSeed<'_> {
    type Value = (u64, Box<RawValue>);

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        // The parser has read the first byte of the item, and no more.
        let line = self.progress.lines.get().line();
        Ok((line, Box::<RawValue>::deserialize(input)?))
    }
}

/// Parses an item; the error is the reason why it cannot be an article.
fn parse_object(item: &str) -> Result<Value, String> {
    limits::check_json(item).map_err(|problem| format!("the item {problem}"))?;
    let item: Value = serde_json::from_str(item)
        .map_err(|e| format!("this is not a valid item of a JSON Feed: {e}"))?;
    if !item.is_object() {
        return Err("the item is not a JSON object".into());
    }
    Ok(item)
}

/// Converts an item to an article; the error is the reason why it cannot be one.
fn to_article(item: &Value, feed: &Feed, zone: &TimeZone) -> Result<ParsedArticle, String> {
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
