//! Conversion of database rows to articles.

use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use super::parse_json_list;
use crate::domain::article::{Article, Enclosure};
use crate::domain::time::Millis;

pub(crate) const ARTICLE_COLUMNS: &str = "a.id, a.guid, a.source, a.source_id, a.title, a.url, a.summary, a.body_html, a.sections, a.tags, \
     a.authors, a.language, a.image_url, a.image_alt, a.image_type, a.image_width, a.image_height, a.enclosure_url, a.enclosure_type, \
     a.enclosure_length, a.published_at, a.updated_at, a.first_seen_at, a.group_id, a.removed_at";

pub(crate) struct ArticleRecord(pub(super) Article);

impl<'r, R: Row> FromRow<'r, R> for ArticleRecord
where
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let list = |column: &'static str| -> Result<Vec<String>, sqlx::Error> {
            let text: String = row.try_get(column)?;
            parse_json_list(&text, "articles").map_err(|e| sqlx::Error::ColumnDecode {
                index: column.into(),
                source: Box::new(e),
            })
        };
        let pixels = |column: &'static str| -> Result<Option<u32>, sqlx::Error> {
            let number: Option<i64> = row.try_get(column)?;
            Ok(number.and_then(|pixels| u32::try_from(pixels).ok()))
        };
        let enclosure = match row.try_get::<Option<String>, _>("enclosure_url")? {
            Some(url) => Some(Enclosure {
                url,
                media_type: row.try_get::<Option<String>, _>("enclosure_type")?.unwrap_or_default(),
                length: row
                    .try_get::<Option<i64>, _>("enclosure_length")?
                    .and_then(|length| u64::try_from(length).ok())
                    .unwrap_or_default(),
            }),
            None => None,
        };
        Ok(Self(Article {
            row: row.try_get("id")?,
            guid: row.try_get("guid")?,
            source: row.try_get("source")?,
            source_id: row.try_get("source_id")?,
            title: row.try_get("title")?,
            url: row.try_get("url")?,
            summary: row.try_get("summary")?,
            body_html: row.try_get("body_html")?,
            sections: list("sections")?,
            tags: list("tags")?,
            authors: list("authors")?,
            language: row.try_get("language")?,
            image_url: row.try_get("image_url")?,
            image_alt: row.try_get("image_alt")?,
            image_type: row.try_get("image_type")?,
            image_width: pixels("image_width")?,
            image_height: pixels("image_height")?,
            enclosure,
            published_at: Millis(row.try_get("published_at")?),
            updated_at: Millis(row.try_get("updated_at")?),
            first_seen_at: Millis(row.try_get("first_seen_at")?),
            group: row.try_get("group_id")?,
            removed_at: row.try_get::<Option<i64>, _>("removed_at")?.map(Millis),
        }))
    }
}

pub(crate) fn articles_from(rows: Vec<ArticleRecord>) -> Vec<Article> {
    rows.into_iter().map(|r| r.0).collect()
}
