//! Mirrored articles: inserts, updates, removals to tombstones, and lookups.

use std::collections::HashMap;

pub(crate) use super::article_row::{ARTICLE_COLUMNS, ArticleRecord, articles_from};
use super::change_log::{ChangeLog, Changes, log};
use super::dialect::{Column, sql};
use super::id_mappings::guid_assignment::{
    GuidDecision, MappedGuid, SELECT_MAPPINGS_FOR_ARTICLE, SELECT_SUFFIXED_GUIDS, decide_guid,
    suffixed_guid,
};
use super::selection_sql::term_rows;
use super::{Store, StoreResult, json_list, parse_json_list, reading, transaction};
use crate::domain::article::Article;
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
    /// Normalized content; the store fills in row id, group and time of the first import.
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

const SELECT_LIVE_IDS: &str = "SELECT source_id FROM articles WHERE source = $1 AND source_id > $2 AND removed_at IS NULL AND id <= $3 \
     ORDER BY source_id LIMIT $4";

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

impl Store {
    /// Returns the stored state of these articles of a source, including tombstones, by source id.
    pub async fn known_among(
        &self,
        source: &str,
        ids: &[String],
    ) -> StoreResult<HashMap<String, KnownArticle>> {
        let text = format!(
            "SELECT source_id, content_hash, removed_at, published_at FROM articles WHERE source = $1 AND source_id IN {}",
            self.json_texts("$2")
        );
        let mut found = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_QUERY) {
            let rows: Vec<(String, String, Option<i64>, i64)> =
                reading!(self, |db| sqlx::query_as(sql(text.clone()))
                    .bind(source)
                    .bind(json_list(chunk))
                    .fetch_all(db)
                    .await?);
            let known = |hash, removed: Option<i64>, at| KnownArticle {
                content_hash: hash,
                is_removed: removed.is_some(),
                published_at: Millis(at),
            };
            found.extend(
                rows.into_iter().map(|(id, hash, removed, at)| (id, known(hash, removed, at))),
            );
        }
        Ok(found)
    }

    /// Returns the id of the newest article row.
    pub async fn newest_article_id(&self) -> StoreResult<i64> {
        let (row,): (Option<i64>,) =
            reading!(self, |db| sqlx::query_as("SELECT MAX(id) FROM articles")
                .fetch_one(db)
                .await?);
        Ok(row.unwrap_or(0))
    }

    /// Returns the next source ids after `after` in a stable order, without tombstones and rows
    /// newer than `newest`; empty at the end.
    pub async fn live_ids(
        &self,
        source: &str,
        after: &str,
        newest: i64,
    ) -> StoreResult<Vec<String>> {
        let rows: Vec<(String,)> = reading!(self, |db| sqlx::query_as(SELECT_LIVE_IDS)
            .bind(source)
            .bind(after)
            .bind(newest)
            .bind(i64::try_from(IDS_PER_QUERY).unwrap_or(i64::MAX))
            .fetch_all(db)
            .await?);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Stores a few articles in one transaction; guid and time of the first import of a known
    /// article never change. A new article with an id mapping (`courant articles remap-ids`) gets
    /// the mapped guid. A new article has no group until [`Store::regroup`] has looked for its
    /// translations, and no digest includes it before.
    #[expect(
        clippy::too_many_lines,
        reason = "one transaction that binds each column on a line of its own"
    )]
    pub async fn save_articles(
        &self,
        articles: Vec<NormalizedArticle>,
        now: Millis,
    ) -> StoreResult<Vec<SaveOutcome>> {
        let terms_sql = format!(
            "INSERT INTO article_terms (article_id, kind, term, published_at, guid) \
             SELECT a.id, t.kind, t.term, a.published_at, a.guid FROM articles a, {} AS t WHERE a.id = $1",
            self.json_rows("$2", &[Column::Text("kind"), Column::Text("term")])
        );
        let change_log = ChangeLog::new(self);
        transaction!(self, |tx| {
            let mut outcomes = Vec::with_capacity(articles.len());
            let mut changes = Changes::default();
            for incoming in &articles {
                let a = &incoming.article;
                let owners: Vec<(String, String)> = sqlx::query_as(SELECT_OWNERS)
                    .bind(&a.guid)
                    .bind(&a.source)
                    .bind(&a.source_id)
                    .fetch_all(&mut *tx)
                    .await?;
                let is_known = owners.iter().any(|(s, i)| (s, i) == (&a.source, &a.source_id));
                let mut guid = a.guid.clone();
                if !is_known {
                    let mappings: Vec<MappedGuid> = sqlx::query_as(SELECT_MAPPINGS_FOR_ARTICLE)
                        .bind(&a.source)
                        .bind(&a.source_id)
                        .bind(&a.guid)
                        .fetch_all(&mut *tx)
                        .await?;
                    match decide_guid(a, &owners, mappings) {
                        GuidDecision::Assign(own) => guid = own,
                        GuidDecision::Conflict(owner) => {
                            outcomes.push(SaveOutcome::GuidTaken(owner));
                            continue;
                        }
                        GuidDecision::AssignSuffixed => {
                            let used: Vec<(String,)> = sqlx::query_as(SELECT_SUFFIXED_GUIDS)
                                .bind(&a.guid)
                                .fetch_all(&mut *tx)
                                .await?;
                            guid = suffixed_guid(&a.guid, &used);
                        }
                    }
                }
                let (row,): (i64,) = sqlx::query_as(UPSERT_ARTICLE)
                    .bind(&a.source)
                    .bind(&a.source_id)
                    .bind(&guid)
                    .bind(&a.title)
                    .bind(&a.url)
                    .bind(&a.summary)
                    .bind(&a.body_html)
                    .bind(json_list(&a.sections))
                    .bind(json_list(&a.tags))
                    .bind(json_list(&a.authors))
                    .bind(&a.language)
                    .bind(&a.image_url)
                    .bind(a.published_at.0)
                    .bind(a.updated_at.0)
                    .bind((!incoming.has_update_time).then_some(now.0))
                    .bind(now.0)
                    .bind(&incoming.translation_of)
                    .bind(&incoming.content_hash)
                    .bind(&a.image_alt)
                    .bind(&a.image_type)
                    .bind(a.image_width.map(i64::from))
                    .bind(a.image_height.map(i64::from))
                    .bind(a.enclosure.as_ref().map(|file| &file.url))
                    .bind(a.enclosure.as_ref().map(|file| &file.media_type))
                    .bind(a.enclosure.as_ref().map(|file| i64::try_from(file.length).unwrap_or(0)))
                    .fetch_one(&mut *tx)
                    .await?;
                outcomes.push(if is_known { SaveOutcome::Changed } else { SaveOutcome::Added });
                let before: Vec<(String, String)> = sqlx::query_as(
                    "DELETE FROM article_terms WHERE article_id = $1 RETURNING kind, term",
                )
                .bind(row)
                .fetch_all(&mut *tx)
                .await?;
                changes.add(row, before, a.terms());
                sqlx::query(sql(terms_sql.clone()))
                    .bind(row)
                    .bind(term_rows(a))
                    .execute(&mut *tx)
                    .await?;
            }
            log!(tx, change_log, changes);
            outcomes
        })
        .inspect(|_| self.notify_article_changes())
    }

    /// Turns a few articles of a source into tombstones; their terms are kept, so that only the
    /// feeds that contained them change.
    pub async fn remove_articles(
        &self,
        source: &str,
        ids: &[String],
        now: Millis,
    ) -> StoreResult<()> {
        let (source, ids) = (source.to_owned(), json_list(ids));
        let chosen = self.json_texts("$2");
        let tombstones = format!(
            "UPDATE articles SET removed_at = $3, changed_at = $3, title = '', url = NULL, summary = '', body_html = '', sections = '[]', \
             tags = '[]', authors = '[]', image_url = NULL, image_alt = NULL, enclosure_url = NULL, content_hash = '' \
             WHERE source = $1 AND source_id IN {chosen} AND removed_at IS NULL RETURNING id"
        );
        let terms = format!(
            "SELECT article_id, kind, term FROM article_terms WHERE article_id IN {}",
            self.json_ids("$1")
        );
        // Articles removed before their publication were never visible, so no archive lists them.
        let unpublished = format!(
            "DELETE FROM article_terms WHERE article_id IN (SELECT a.id FROM articles a WHERE a.id IN {} AND a.published_at > a.removed_at)",
            self.json_ids("$1")
        );
        let change_log = ChangeLog::new(self);
        transaction!(self, |tx| {
            let rows: Vec<(i64,)> = sqlx::query_as(sql(tombstones.clone()))
                .bind(&source)
                .bind(&ids)
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?;
            let rows: Vec<i64> = rows.into_iter().map(|(row,)| row).collect();
            let old_terms: Vec<(i64, String, String)> = sqlx::query_as(sql(terms.clone()))
                .bind(serde_json::Value::from(rows.clone()).to_string())
                .fetch_all(&mut *tx)
                .await?;
            let changes = Changes::from_rows(old_terms);
            sqlx::query(sql(unpublished.clone()))
                .bind(serde_json::Value::from(rows).to_string())
                .execute(&mut *tx)
                .await?;
            log!(tx, change_log, changes);
        })
        .inspect(|()| self.notify_article_changes())
    }

    /// Returns an article by permanent id, by `source/source_id`, or by source id.
    pub async fn find_article(&self, id: &str) -> StoreResult<Option<Article>> {
        let text = format!(
            "SELECT {ARTICLE_COLUMNS} FROM articles a WHERE a.guid = $1 OR a.source || '/' || a.source_id = $1 OR a.source_id = $1 \
             ORDER BY CASE WHEN a.guid = $1 THEN 0 WHEN a.source_id = $1 THEN 2 ELSE 1 END, a.id LIMIT 1"
        );
        let row: Option<ArticleRecord> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(id).fetch_optional(db).await?);
        Ok(row.map(|r| r.0))
    }

    /// Returns the articles published until `until`, newest first, without tombstones, summaries
    /// and bodies.
    pub async fn list_articles(
        &self,
        until: Millis,
        limit: Option<i64>,
    ) -> StoreResult<Vec<Article>> {
        let columns =
            ARTICLE_COLUMNS.replace("a.summary, a.body_html", "'' AS summary, '' AS body_html");
        let text = format!(
            "SELECT {columns} FROM articles a WHERE a.removed_at IS NULL AND a.published_at <= $1 ORDER BY a.published_at DESC, a.guid LIMIT $2"
        );
        let rows: Vec<ArticleRecord> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(until.0)
            .bind(limit.unwrap_or(i64::MAX))
            .fetch_all(db)
            .await?);
        Ok(articles_from(rows))
    }

    /// Returns the names of all sections of visible articles, sorted by bytes.
    pub async fn sections(&self) -> StoreResult<Vec<String>> {
        let rows: Vec<(String,)> = reading!(self, |db| sqlx::query_as(
            "SELECT DISTINCT sections FROM articles WHERE removed_at IS NULL"
        )
        .fetch_all(db)
        .await?);
        let mut all = std::collections::BTreeSet::new();
        for (json,) in rows {
            all.extend(parse_json_list(&json, "articles.sections")?);
        }
        Ok(all.into_iter().collect())
    }
}

/// Selects the articles with a guid or with a source id; two if the guid belongs to another
/// article.
const SELECT_OWNERS: &str =
    "SELECT source, source_id FROM articles WHERE guid = $1 OR (source = $2 AND source_id = $3)";

/// Inserts or updates an article and returns its row id.
const UPSERT_ARTICLE: &str = "INSERT INTO articles (source, source_id, guid, title, url, summary, body_html, sections, tags, authors, language, image_url, \
     published_at, updated_at, first_seen_at, changed_at, translation_of, content_hash, group_id, image_alt, image_type, image_width, \
     image_height, enclosure_url, enclosure_type, enclosure_length) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $16, $16, $17, $18, 0, $19, $20, $21, $22, $23, $24, $25) \
     ON CONFLICT (source, source_id) DO UPDATE SET title = excluded.title, url = excluded.url, summary = excluded.summary, \
     body_html = excluded.body_html, sections = excluded.sections, tags = excluded.tags, authors = excluded.authors, \
     language = excluded.language, image_url = excluded.image_url, image_alt = excluded.image_alt, \
     image_type = excluded.image_type, image_width = excluded.image_width, image_height = excluded.image_height, \
     enclosure_url = excluded.enclosure_url, enclosure_type = excluded.enclosure_type, enclosure_length = excluded.enclosure_length, \
     published_at = excluded.published_at, \
     updated_at = CASE WHEN $15 IS NOT NULL AND substr(articles.content_hash, 1, 64) = substr(excluded.content_hash, 1, 64) \
     THEN articles.updated_at ELSE COALESCE($15, excluded.updated_at) END, \
     changed_at = excluded.changed_at, translation_of = excluded.translation_of, content_hash = excluded.content_hash, removed_at = NULL, \
     is_ungrouped = articles.is_ungrouped OR articles.language <> excluded.language \
     OR COALESCE(articles.translation_of, '') <> COALESCE(excluded.translation_of, '') \
     RETURNING id";
