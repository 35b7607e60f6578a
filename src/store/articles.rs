//! The mirrored articles: added, changed, removed to a tombstone, selected.

use std::collections::HashMap;

use super::adoptions::first_sight::{LONGER, PROMISES, Promise, Sight, another, at_first_sight};
pub(crate) use super::article_row::{ArticleRow, COLUMNS, articles_of};
use super::changes::{Changes, Logging, log};
use super::dialect::{Column, sql};
use super::selecting::terms_of;
use super::{Store, StoreResult, json_list, list_of, reading, transaction};
use crate::domain::article::Article;
use crate::domain::time::Millis;

/// What we know of an article that a source tells again.
#[derive(Debug, Clone)]
pub struct Known {
    /// Hash of the draft it was made from.
    pub hash: String,
    /// Whether it is a tombstone.
    pub removed: bool,
    /// When it was first published.
    pub published_at: Millis,
}

/// An article cleaned on arrival, ready to be kept.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The cleaned content; its row, group and first sight are the store's to fill.
    pub article: Article,
    /// Whether the source tells its last change; without it an article whose words changed changed now.
    pub tells_update: bool,
    /// The source id of the article it translates.
    pub translation_of: Option<String>,
    /// Hash of the draft: of the source's own words in the first [`WORDS`] bytes (twice as many digits), then of how it
    /// was cleaned.
    pub hash: String,
}

/// Bytes of a hash that tell the source's own words from what we make of them.
pub const WORDS: usize = 32;

/// Ids that are looked up or listed at a time.
const ASKED: usize = 1_000;

const LIVE: &str = "SELECT source_id FROM articles WHERE source = $1 AND source_id > $2 AND removed_at IS NULL AND id <= $3 \
     ORDER BY source_id LIMIT $4";

/// What became of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is new here.
    Added,
    /// It was known and has changed, or came back.
    Changed,
    /// Its guid belongs to another article: `source/source_id`.
    Taken(String),
}

impl Store {
    /// What we know of these articles of a source, tombstones too, by the source's id.
    pub async fn known_among(
        &self,
        source: &str,
        ids: &[String],
    ) -> StoreResult<HashMap<String, Known>> {
        let text = format!(
            "SELECT source_id, content_hash, removed_at, published_at FROM articles WHERE source = $1 AND source_id IN {}",
            self.texts("$2")
        );
        let mut found = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(ASKED) {
            let rows: Vec<(String, String, Option<i64>, i64)> =
                reading!(self, |db| sqlx::query_as(sql(text.clone()))
                    .bind(source)
                    .bind(json_list(chunk))
                    .fetch_all(db)
                    .await?);
            let known = |hash, removed: Option<i64>, at| Known {
                hash,
                removed: removed.is_some(),
                published_at: Millis(at),
            };
            found.extend(
                rows.into_iter().map(|(id, hash, removed, at)| (id, known(hash, removed, at))),
            );
        }
        Ok(found)
    }

    /// The number of the newest article that we have.
    pub async fn newest_article(&self) -> StoreResult<i64> {
        let (row,): (Option<i64>,) =
            reading!(self, |db| sqlx::query_as("SELECT MAX(id) FROM articles")
                .fetch_one(db)
                .await?);
        Ok(row.unwrap_or(0))
    }

    /// The next ids of a source's articles behind `after`, in an order that stays, without tombstones and what is newer
    /// than the article `newest`; none when there are no more.
    pub async fn live_ids(
        &self,
        source: &str,
        after: &str,
        newest: i64,
    ) -> StoreResult<Vec<String>> {
        let rows: Vec<(String,)> = reading!(self, |db| sqlx::query_as(LIVE)
            .bind(source)
            .bind(after)
            .bind(newest)
            .bind(i64::try_from(ASKED).unwrap_or(i64::MAX))
            .fetch_all(db)
            .await?);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Keeps a few arrivals in one transaction; the guid and the first sight of a known article never change.
    /// One that comes in place of another (`courant articles adopt`) takes over its guid at first sight.
    /// A new article has no group, and so is no digest's news, until [`Store::regroup`] has looked for its twins.
    #[expect(
        clippy::too_many_lines,
        reason = "one transaction, with a line for each column that is bound"
    )]
    pub async fn keep_articles(
        &self,
        arrivals: Vec<Arrival>,
        now: Millis,
    ) -> StoreResult<Vec<Kept>> {
        let terms_sql = format!(
            "INSERT INTO article_terms (article_id, kind, term, published_at, guid) \
             SELECT a.id, t.kind, t.term, a.published_at, a.guid FROM articles a, {} AS t WHERE a.id = $1",
            self.rows("$2", &[Column::Text("kind"), Column::Text("term")])
        );
        let logging = Logging::of(self);
        transaction!(self, |tx| {
            let mut kept = Vec::with_capacity(arrivals.len());
            let mut changes = Changes::default();
            for arrival in &arrivals {
                let a = &arrival.article;
                let there: Vec<(String, String)> = sqlx::query_as(THERE)
                    .bind(&a.guid)
                    .bind(&a.source)
                    .bind(&a.source_id)
                    .fetch_all(&mut *tx)
                    .await?;
                let is_known = there.iter().any(|(s, i)| (s, i) == (&a.source, &a.source_id));
                let mut guid = a.guid.clone();
                if !is_known {
                    let promises: Vec<Promise> = sqlx::query_as(PROMISES)
                        .bind(&a.source)
                        .bind(&a.source_id)
                        .bind(&a.guid)
                        .fetch_all(&mut *tx)
                        .await?;
                    match at_first_sight(a, &there, promises) {
                        Sight::New(own) => guid = own,
                        Sight::Taken(owner) => {
                            kept.push(Kept::Taken(owner));
                            continue;
                        }
                        Sight::Another => {
                            let used: Vec<(String,)> =
                                sqlx::query_as(LONGER).bind(&a.guid).fetch_all(&mut *tx).await?;
                            guid = another(&a.guid, &used);
                        }
                    }
                }
                let (row,): (i64,) = sqlx::query_as(KEEP)
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
                    .bind((!arrival.tells_update).then_some(now.0))
                    .bind(now.0)
                    .bind(&arrival.translation_of)
                    .bind(&arrival.hash)
                    .bind(&a.image_alt)
                    .bind(&a.image_type)
                    .bind(a.image_width.map(i64::from))
                    .bind(a.image_height.map(i64::from))
                    .bind(a.enclosure.as_ref().map(|file| &file.url))
                    .bind(a.enclosure.as_ref().map(|file| &file.media_type))
                    .bind(a.enclosure.as_ref().map(|file| i64::try_from(file.length).unwrap_or(0)))
                    .fetch_one(&mut *tx)
                    .await?;
                kept.push(if is_known { Kept::Changed } else { Kept::Added });
                let before: Vec<(String, String)> = sqlx::query_as(
                    "DELETE FROM article_terms WHERE article_id = $1 RETURNING kind, term",
                )
                .bind(row)
                .fetch_all(&mut *tx)
                .await?;
                changes.add(row, before, a.terms());
                sqlx::query(sql(terms_sql.clone()))
                    .bind(row)
                    .bind(terms_of(a))
                    .execute(&mut *tx)
                    .await?;
            }
            log!(tx, logging, changes);
            kept
        })
        .inspect(|_| self.announce())
    }

    /// Turns a few articles of a source into tombstones; what they were selected by stays, so that only their feeds change.
    pub async fn remove_articles(
        &self,
        source: &str,
        ids: &[String],
        now: Millis,
    ) -> StoreResult<()> {
        let (source, ids) = (source.to_owned(), json_list(ids));
        let chosen = self.texts("$2");
        let bodies = format!(
            "UPDATE articles SET removed_at = $3, changed_at = $3, title = '', url = NULL, summary = '', body_html = '', sections = '[]', \
             tags = '[]', authors = '[]', image_url = NULL, image_alt = NULL, enclosure_url = NULL, content_hash = '' \
             WHERE source = $1 AND source_id IN {chosen} AND removed_at IS NULL RETURNING id"
        );
        let terms = format!(
            "SELECT article_id, kind, term FROM article_terms WHERE article_id IN {}",
            self.numbers("$1")
        );
        // Removed before its time came: no reader ever saw it, so no archive keeps its place.
        let unseen = format!(
            "DELETE FROM article_terms WHERE article_id IN (SELECT a.id FROM articles a WHERE a.id IN {} AND a.published_at > a.removed_at)",
            self.numbers("$1")
        );
        let logging = Logging::of(self);
        transaction!(self, |tx| {
            let rows: Vec<(i64,)> = sqlx::query_as(sql(bodies.clone()))
                .bind(&source)
                .bind(&ids)
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?;
            let rows: Vec<i64> = rows.into_iter().map(|(row,)| row).collect();
            let had: Vec<(i64, String, String)> = sqlx::query_as(sql(terms.clone()))
                .bind(serde_json::Value::from(rows.clone()).to_string())
                .fetch_all(&mut *tx)
                .await?;
            let changes = Changes::of(had);
            sqlx::query(sql(unseen.clone()))
                .bind(serde_json::Value::from(rows).to_string())
                .execute(&mut *tx)
                .await?;
            log!(tx, logging, changes);
        })
        .inspect(|()| self.announce())
    }

    /// An article by our permanent id, by `source/source_id`, or by the source's id where that is clear.
    pub async fn find_article(&self, id: &str) -> StoreResult<Option<Article>> {
        let text = format!(
            "SELECT {COLUMNS} FROM articles a WHERE a.guid = $1 OR a.source || '/' || a.source_id = $1 OR a.source_id = $1 \
             ORDER BY CASE WHEN a.guid = $1 THEN 0 WHEN a.source_id = $1 THEN 2 ELSE 1 END, a.id LIMIT 1"
        );
        let row: Option<ArticleRow> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(id).fetch_optional(db).await?);
        Ok(row.map(|r| r.0))
    }

    /// All articles but tombstones published until then, newest first, without summaries and bodies.
    pub async fn list_articles(
        &self,
        until: Millis,
        limit: Option<i64>,
    ) -> StoreResult<Vec<Article>> {
        let columns = COLUMNS.replace("a.summary, a.body_html", "'' AS summary, '' AS body_html");
        let text = format!(
            "SELECT {columns} FROM articles a WHERE a.removed_at IS NULL AND a.published_at <= $1 ORDER BY a.published_at DESC, a.guid LIMIT $2"
        );
        let rows: Vec<ArticleRow> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(until.0)
            .bind(limit.unwrap_or(i64::MAX))
            .fetch_all(db)
            .await?);
        Ok(articles_of(rows))
    }

    /// The names of all sections of visible articles, in alphabetical order of their bytes.
    pub async fn sections(&self) -> StoreResult<Vec<String>> {
        let rows: Vec<(String,)> = reading!(self, |db| sqlx::query_as(
            "SELECT DISTINCT sections FROM articles WHERE removed_at IS NULL"
        )
        .fetch_all(db)
        .await?);
        let mut all = std::collections::BTreeSet::new();
        for (json,) in rows {
            all.extend(list_of(&json, "articles.sections")?);
        }
        Ok(all.into_iter().collect())
    }
}

/// The articles that have a guid or are a source's own: two if the guid is another's, or was adopted by another.
const THERE: &str =
    "SELECT source, source_id FROM articles WHERE guid = $1 OR (source = $2 AND source_id = $3)";

/// Gives the row's number.
const KEEP: &str = "INSERT INTO articles (source, source_id, guid, title, url, summary, body_html, sections, tags, authors, language, image_url, \
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
