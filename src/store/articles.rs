//! Mirrored articles: their types and lookups.

use std::collections::{BTreeSet, HashMap};

use super::StoreResult;
use super::article_row::{ARTICLE_COLUMNS, BRIEF_ARTICLE_COLUMNS};
use super::db::{FromRow, Row, Statement};
use super::operations::Articles;
use crate::domain::article::Article;
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::Millis;

/// Stored state of an article that a source delivers again.
#[derive(Debug, Clone)]
pub struct KnownArticle {
    /// Hash of the incoming article and of its normalization.
    pub content_hash: String,
    /// `true` if the article is a tombstone.
    pub is_removed: bool,
    /// Time of first publication.
    pub published_at: Millis,
}

/// A normalized incoming article, ready to be stored.
#[derive(Debug, Clone)]
pub struct NormalizedArticle {
    /// Normalized content; the store fills in row id, story and time of the first import.
    pub article: Article,
    /// `true` if the source gives the time of the last change; otherwise the current time is used
    /// when the content of the source changed.
    pub has_update_time: bool,
    /// Source id of the article that it is a translation of.
    pub translation_of: Option<String>,
    /// Hash of the incoming article: the first [`SOURCE_HASH_BYTES`] bytes (as twice as many
    /// hexadecimal digits) cover the content of the source, the rest covers the result of the
    /// normalization.
    pub content_hash: String,
}

/// Length in bytes of the part of a content hash that covers the content of the source.
pub const SOURCE_HASH_BYTES: usize = 32;

/// Maximum number of ids that are looked up or listed per query.
const IDS_PER_QUERY: usize = 1_000;

/// Result of storing an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveOutcome {
    /// The article is new.
    Added,
    /// The article was known and has changed, or was restored.
    Changed,
    /// The guid belongs to another article, given as `source/source_id`.
    GuidTaken(String),
}

impl SaveOutcome {
    /// Returns `true` if the article was stored.
    pub fn is_stored(&self) -> bool {
        matches!(self, Self::Added | Self::Changed)
    }
}

static KNOWN_AMONG: Statement = Statement::new(
    "
    SELECT source_id, content_hash, removed_at, published_at
      FROM articles
     WHERE source = $source
       AND source_id IN {json_texts $ids}",
);

static NEWEST_ID: Statement = Statement::new("SELECT MAX(id) AS id FROM articles");

static LIVE_IDS: Statement = Statement::new(
    "
    SELECT source_id
      FROM articles
     WHERE source = $source
       AND source_id > $after
       AND removed_at IS NULL
       AND id <= $newest
     ORDER BY source_id
     LIMIT $limit",
);

static FIND: Statement = Statement::with(
    "
    SELECT {article_columns}
      FROM articles a
     WHERE a.guid = $id
        OR a.source || '/' || a.source_id = $id
        OR a.source_id = $id
     ORDER BY CASE WHEN a.guid = $id THEN 0 WHEN a.source_id = $id THEN 2 ELSE 1 END, a.id
     LIMIT 1",
    &[("article_columns", ARTICLE_COLUMNS)],
);

static LIST: Statement = Statement::with(
    "
    SELECT {article_columns}
      FROM articles a
     WHERE a.removed_at IS NULL
       AND a.published_at <= $until
       AND (a.published_at < $published_at OR (a.published_at = $published_at AND a.guid > $guid))
     ORDER BY a.published_at DESC, a.guid
     LIMIT $limit",
    &[("article_columns", BRIEF_ARTICLE_COLUMNS)],
);

static SECTION_LISTS: Statement =
    Statement::new("SELECT DISTINCT sections FROM articles WHERE removed_at IS NULL");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&KNOWN_AMONG, &NEWEST_ID, &LIVE_IDS, &FIND, &LIST, &SECTION_LISTS];

impl FromRow for KnownArticle {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            content_hash: row.get("content_hash")?,
            is_removed: row.optional_time("removed_at")?.is_some(),
            published_at: row.time("published_at")?,
        })
    }
}

impl Articles<'_> {
    /// Returns the stored state of these articles of a source, including tombstones, by source id.
    pub async fn known_among(
        self,
        source: &str,
        ids: &[String],
    ) -> StoreResult<HashMap<String, KnownArticle>> {
        let mut found = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_QUERY) {
            let known: Vec<(String, KnownArticle)> = self
                .store
                .read(&KNOWN_AMONG)
                .bind("source", source)
                .bind("ids", chunk)
                .fetch_with(|row| Ok((row.get("source_id")?, KnownArticle::from_row(row)?)))
                .await?;
            found.extend(known);
        }
        Ok(found)
    }

    /// Returns the id of the newest article row.
    pub async fn newest_id(self) -> StoreResult<i64> {
        let newest: Option<i64> = self.store.read(&NEWEST_ID).fetch_scalar().await?;
        Ok(newest.unwrap_or(0))
    }

    /// Returns the next source ids after `after` in a stable order, without tombstones and rows
    /// newer than `newest`; empty at the end.
    pub async fn live_ids(
        self,
        source: &str,
        after: &str,
        newest: i64,
    ) -> StoreResult<Vec<String>> {
        self.store
            .read(&LIVE_IDS)
            .bind("source", source)
            .bind("after", after)
            .bind("newest", newest)
            .bind("limit", IDS_PER_QUERY)
            .fetch_scalars()
            .await
    }

    /// Returns an article by permanent id, by `source/source_id`, or by source id.
    pub async fn find(self, id: &str) -> StoreResult<Option<Article>> {
        self.store.read(&FIND).bind("id", id).fetch_optional().await
    }

    /// Returns the articles published until `until`, newest first, without tombstones, summaries
    /// and bodies.
    pub async fn list(self, until: Millis, page: &PageRequest) -> StoreResult<Page<Article>> {
        let (published_at, guid) = page.key_or((i64::MAX, String::new()))?;
        self.store
            .read(&LIST)
            .bind("until", until)
            .bind("published_at", published_at)
            .bind("guid", guid)
            .fetch_page(page, |a: &Article| (a.published_at.0, a.guid.clone()))
            .await
    }

    /// Returns the names of all sections of articles that are not removed, sorted by bytes.
    pub async fn sections(self) -> StoreResult<Vec<String>> {
        let lists = self
            .store
            .read(&SECTION_LISTS)
            .fetch_with(|row| row.text_list("articles.sections"))
            .await?;
        Ok(lists.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect())
    }
}
