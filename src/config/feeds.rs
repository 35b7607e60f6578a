//! `[[feeds]]`, and the selection of articles that feeds and digests share.

use super::names::{Names, own_name, read_slug};
use super::reader::{Reader, one_line, one_of};
use super::settings::{Content, Feed, Selection};
use crate::domain::time::{DAY, MINUTE};
use crate::domain::{duration, language, xml};

/// More would make every reader fetch megabytes at each poll.
const MOST_ITEMS: i64 = 1_000;

/// Reads one `[[feeds]]`; `site_title` stands in for its own, and `sources` are the names it may refer to.
pub(super) fn read(mut reader: Reader<'_>, site_title: &str, sources: &Names) -> Option<Feed> {
    let title = reader.or("title", site_title.to_owned(), one_line);
    let selection = selection(&mut reader, sources);
    let languages = reader.list("languages", language::canonical);
    let items = reader.count("items", 50, 1..=MOST_ITEMS);
    let content = reader.or("content", Content::Full, one_of(&[("full", Content::Full), ("summary", Content::Summary)]));
    let description = reader.optional("description", one_line);
    let max_age = reader.or("max_age", 5 * MINUTE, max_age);
    let extra_xml = reader.optional("extra_xml", extra_xml);
    Some(Feed {
        name: own_name(&mut reader)?,
        was: reader.list("was", read_slug)?,
        title: title?,
        selection: Selection { languages: languages?, ..selection? },
        items: items?,
        content: content?,
        description: description?,
        max_age: max_age?,
        extra_xml: extra_xml?,
    })
}

/// A minute to a day: what readers and caches can be told.
fn max_age(text: &str) -> Result<i64, String> {
    let ms = duration::parse(text)?;
    if (MINUTE..=DAY).contains(&ms) { Ok(ms) } else { Err(format!("`{text}` is not from 1m to 1d")) }
}

/// XML that may stand in a feed, in either of its XML formats.
fn extra_xml(text: &str) -> Result<String, String> {
    let text = text.trim();
    xml::fragment(text, &xml::SHARED_PREFIXES).map_err(|why| format!("this can't stand in a feed: {why}"))?;
    Ok(text.to_owned())
}

/// Sections, tags, authors and sources; languages mean another thing in a digest and are left empty.
pub(super) fn selection(reader: &mut Reader<'_>, sources: &Names) -> Option<Selection> {
    let sections = reader.list("sections", one_line);
    let tags = reader.list("tags", one_line);
    let authors = reader.list("authors", one_line);
    let sources = reader.list("sources", |name| sources.refer(name));
    Some(Selection { sections: sections?, tags: tags?, authors: authors?, languages: Vec::new(), sources: sources? })
}
