//! Conversion of database rows to articles.

use super::StoreResult;
use super::db::{FromRow, Row};
use crate::domain::article::{Article, Enclosure};

/// Columns of an article other than its content.
macro_rules! columns_without_content {
    () => {
        "a.id, a.guid, a.source, a.source_id, a.title, a.url, a.sections, a.tags, a.authors,
         a.language, a.image_url, a.image_alt, a.image_type, a.image_width, a.image_height,
         a.enclosure_url, a.enclosure_type, a.enclosure_length, a.published_at, a.updated_at,
         a.first_seen_at, a.story_id, a.removed_at"
    };
}

/// Columns of an article `a`.
pub(crate) const ARTICLE_COLUMNS: &str =
    concat!(columns_without_content!(), ", a.summary, a.body_html");

/// Columns of an article `a` with an empty summary and body.
pub(super) const BRIEF_ARTICLE_COLUMNS: &str =
    concat!(columns_without_content!(), ", '' AS summary, '' AS body_html");

impl FromRow for Article {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            row_id: row.get("id")?,
            guid: row.get("guid")?,
            source: row.get("source")?,
            source_id: row.get("source_id")?,
            title: row.get("title")?,
            url: row.get("url")?,
            summary: row.get("summary")?,
            body_html: row.get("body_html")?,
            sections: row.text_list("articles.sections")?,
            tags: row.text_list("articles.tags")?,
            authors: row.text_list("articles.authors")?,
            language: row.get("language")?,
            image_url: row.get("image_url")?,
            image_alt: row.get("image_alt")?,
            image_type: row.get("image_type")?,
            image_width: pixels(row, "image_width")?,
            image_height: pixels(row, "image_height")?,
            enclosure: enclosure(row)?,
            published_at: row.time("published_at")?,
            updated_at: row.time("updated_at")?,
            first_seen_at: row.time("first_seen_at")?,
            story: row.get("story_id")?,
            removed_at: row.optional_time("removed_at")?,
        })
    }
}

fn pixels(row: &Row, column: &str) -> StoreResult<Option<u32>> {
    let number: Option<i64> = row.get(column)?;
    Ok(number.and_then(|pixels| u32::try_from(pixels).ok()))
}

fn enclosure(row: &Row) -> StoreResult<Option<Enclosure>> {
    let Some(url) = row.get("enclosure_url")? else { return Ok(None) };
    let media_type: Option<String> = row.get("enclosure_type")?;
    let length: Option<i64> = row.get("enclosure_length")?;
    Ok(Some(Enclosure {
        url,
        media_type: media_type.unwrap_or_default(),
        length: length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
    }))
}
