//! `[[feeds]]`, and the selection of articles that feeds and digests share.

use super::names::{Names, own_name, read_slug};
use super::reader::{Reader, one_line, one_of};
use super::settings::{Content, Feed, Selection};
use crate::domain::language;

/// More would make every reader fetch megabytes at each poll.
const MOST_ITEMS: i64 = 1_000;

/// Reads one `[[feeds]]`; `site_title` stands in for its own, and `sources` are the names it may refer to.
pub(super) fn read(mut reader: Reader<'_>, site_title: &str, sources: &Names) -> Option<Feed> {
    let title = reader.or("title", site_title.to_owned(), one_line);
    let selection = selection(&mut reader, sources);
    let languages = reader.list("languages", language::canonical);
    let items = reader.count("items", 50, 1..=MOST_ITEMS);
    let content = reader.or("content", Content::Full, one_of(&[("full", Content::Full), ("summary", Content::Summary)]));
    Some(Feed {
        name: own_name(&mut reader)?,
        was: reader.list("was", read_slug)?,
        title: title?,
        selection: Selection { languages: languages?, ..selection? },
        items: items?,
        content: content?,
    })
}

/// Sections, tags, authors and sources; languages mean another thing in a digest and are left empty.
pub(super) fn selection(reader: &mut Reader<'_>, sources: &Names) -> Option<Selection> {
    let sections = reader.list("sections", one_line);
    let tags = reader.list("tags", one_line);
    let authors = reader.list("authors", one_line);
    let sources = reader.list("sources", |name| sources.refer(name));
    Some(Selection { sections: sections?, tags: tags?, authors: authors?, languages: Vec::new(), sources: sources? })
}
