//! Lists of articles for people: by title, source, language, section and state.

use std::fmt::Write as _;
use std::sync::Arc;

use super::StoreResult;
use super::article_row::BRIEF_ARTICLE_COLUMNS;
use super::db::{AssembledStatement, FromRow, Row, Statement};
use super::dialect::search_pattern;
use super::operations::Articles;
use crate::domain::article::Article;
use crate::domain::page::{Page, PageRequest};
use crate::domain::selection::normalize_term;
use crate::domain::time::Millis;

/// State of the articles of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ArticleState {
    /// Published and not removed.
    #[default]
    Published,
    /// Published in the future.
    Scheduled,
    /// Removed from the source.
    Removed,
}

/// Selection of articles; the default selects all that are published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArticleQuery {
    /// Part of the title, in which the case of ASCII letters does not count; empty for any.
    pub search: String,
    /// Name of the source.
    pub source: Option<String>,
    /// Language tag; `zh` includes `zh-CN`.
    pub language: Option<String>,
    /// Name of a section.
    pub section: Option<String>,
    /// State of the articles.
    pub state: ArticleState,
}

/// Edition with an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionOfArticle {
    /// Id of the edition.
    pub id: i64,
    /// Name of the digest.
    pub digest: String,
    /// Title of the digest.
    pub title: String,
    /// Scheduled time of sending.
    pub scheduled_for: Millis,
}

static EDITIONS: Statement = Statement::new(
    "
    SELECT e.id, e.digest, e.title, e.scheduled_for
      FROM edition_articles ea
      JOIN editions e ON e.id = ea.edition_id
     WHERE ea.article_id = $article
     ORDER BY e.id DESC
     LIMIT $limit",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&EDITIONS];

impl FromRow for EditionOfArticle {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            digest: row.get("digest")?,
            title: row.get("title")?,
            scheduled_for: row.time("scheduled_for")?,
        })
    }
}

impl ArticleQuery {
    /// Returns the conditions as SQL.
    fn conditions(&self) -> String {
        let mut sql = String::from(match self.state {
            ArticleState::Published => "a.removed_at IS NULL AND a.published_at <= $now",
            ArticleState::Scheduled => "a.removed_at IS NULL AND a.published_at > $now",
            ArticleState::Removed => "a.removed_at IS NOT NULL AND a.published_at <= $now",
        });
        if !self.search.is_empty() {
            sql += " AND LOWER(a.title) LIKE $search ESCAPE '!'";
        }
        if self.source.is_some() {
            sql += " AND a.source = $source";
        }
        for (kind, term) in [("language", &self.language), ("section", &self.section)] {
            if term.is_some() {
                let _ = write!(
                    sql,
                    " AND EXISTS (SELECT 1 FROM article_terms t
                                   WHERE t.article_id = a.id
                                     AND t.kind = '{kind}'
                                     AND t.term = ${kind})"
                );
            }
        }
        sql
    }
}

impl Articles<'_> {
    /// Returns a page of the articles of a query, newest first, without summaries and bodies.
    ///
    /// # Errors
    /// [`StoreError::Rejected`](super::StoreError::Rejected) if the cursor is not one of this list.
    pub async fn list_matching(
        self,
        query: &ArticleQuery,
        now: Millis,
        page: &PageRequest,
    ) -> StoreResult<Page<Article>> {
        let text = format!(
            "SELECT {{article_columns}}
               FROM articles a
              WHERE {}
                AND (a.published_at < $published_at
                     OR (a.published_at = $published_at AND a.guid > $guid))
              ORDER BY a.published_at DESC, a.guid
              LIMIT $limit",
            query.conditions()
        );
        let fragments = [("article_columns", BRIEF_ARTICLE_COLUMNS)];
        let engine = self.store.db.engine();
        let statement = AssembledStatement::new(engine, &text, &fragments);
        let (published_at, guid) = page.key_or((i64::MAX, String::new()))?;
        let mut read = self.store.read_assembled(Arc::new(statement)).bind("now", now);
        read = read.bind("published_at", published_at).bind("guid", guid);
        if !query.search.is_empty() {
            read = read.bind("search", search_pattern(&query.search.to_lowercase(), false));
        }
        if let Some(source) = &query.source {
            read = read.bind("source", source);
        }
        for (kind, term) in [("language", &query.language), ("section", &query.section)] {
            if let Some(term) = term {
                read = read.bind(kind, normalize_term(term));
            }
        }
        read.fetch_page(page, |a: &Article| (a.published_at.0, a.guid.clone())).await
    }

    /// Returns the newest editions with an article, newest first.
    pub async fn editions_with(
        self,
        article: i64,
        limit: i64,
    ) -> StoreResult<Vec<EditionOfArticle>> {
        self.store.read(&EDITIONS).bind("article", article).bind("limit", limit).fetch_all().await
    }
}
