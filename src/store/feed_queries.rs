//! Queries of feeds: the newest articles of a selection, and the months of its archive.

use super::articles::{ARTICLE_COLUMNS, ArticleRecord, articles_from};
use super::dialect::sql;
use super::selection_sql::{IndexedTerms, selection_parameters};
use super::{Store, StoreResult, reading};
use crate::domain::article::Article;
use crate::domain::language;
use crate::domain::selection::{Selection, TermKind, normalize};
use crate::domain::time::Millis;

/// Article in a feed document, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageKey {
    /// Id of the row.
    pub row: i64,
    /// Permanent id of the article.
    pub guid: String,
    /// Time of first publication.
    pub published_at: Millis,
    /// Time of the last significant change.
    pub updated_at: Millis,
    /// Translation group; 0 if not determined yet.
    pub group: i64,
    /// Hash of the content, to detect changes.
    pub content_hash: String,
    /// Time of the last change of the row, of any kind.
    pub changed_at: Millis,
    /// Time of its removal, if removed.
    pub removed_at: Option<Millis>,
}

type PageKeyRow = (i64, String, i64, i64, i64, String, i64, Option<i64>);

const SELECT_PAGE_KEY: &str = "SELECT a.id, a.guid, a.published_at, a.updated_at, a.group_id, a.content_hash, a.changed_at, \
     a.removed_at FROM articles a";

impl From<PageKeyRow> for PageKey {
    fn from((row, guid, published, updated, group, hash, changed, removed): PageKeyRow) -> Self {
        let (published_at, updated_at) = (Millis(published), Millis(updated));
        Self {
            row,
            guid,
            published_at,
            updated_at,
            group,
            content_hash: hash,
            changed_at: Millis(changed),
            removed_at: removed.map(Millis),
        }
    }
}

/// Group, row, language and URL of a visible article of a translation group.
pub type TranslationRow = (i64, i64, String, Option<String>);

/// Condition on articles that were published by `$1`, whether or not they were removed later; these
/// are the entries of an archive.
const WAS_PUBLISHED: &str =
    "a.published_at <= $1 AND (a.removed_at IS NULL OR a.published_at <= a.removed_at)";

impl Store {
    /// Returns the newest visible articles of a selection; ties are broken by permanent id, so that
    /// the order is the same on all nodes.
    pub async fn newest_keys(
        &self,
        selection: &Selection,
        now: Millis,
        limit: usize,
    ) -> StoreResult<Vec<PageKey>> {
        let driving_term = IndexedTerms::new(selection);
        let text = format!(
            "{SELECT_PAGE_KEY} JOIN ({}) AS chosen ON chosen.id = a.id ORDER BY a.published_at DESC, a.guid LIMIT $2",
            self.newest_rows_sql(&driving_term)
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<PageKeyRow> = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(now.0).bind(limit);
            for list in selection_parameters(selection) {
                query = query.bind(list);
            }
            for term in driving_term.terms {
                query = query.bind(term);
            }
            query.fetch_all(db).await?
        });
        Ok(rows.into_iter().map(PageKey::from).collect())
    }

    /// Returns the newest visible articles of a selection with their content.
    pub async fn newest_articles(
        &self,
        selection: &Selection,
        now: Millis,
        limit: usize,
    ) -> StoreResult<Vec<Article>> {
        let keys = self.newest_keys(selection, now, limit).await?;
        let mut articles =
            self.articles_in(&keys.iter().map(|key| key.row).collect::<Vec<_>>()).await?;
        articles
            .sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.guid.cmp(&b.guid)));
        Ok(articles)
    }

    /// Returns the articles of these rows, in no particular order.
    pub async fn articles_in(&self, rows: &[i64]) -> StoreResult<Vec<Article>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT {ARTICLE_COLUMNS} FROM articles a WHERE a.id IN {}",
            self.json_ids("$1")
        );
        let rows = serde_json::Value::from(rows.to_vec()).to_string();
        let rows: Vec<ArticleRecord> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(rows).fetch_all(db).await?);
        Ok(articles_from(rows))
    }

    /// Returns the visible members of these translation groups, ordered by language.
    pub async fn translations_in(
        &self,
        groups: &[i64],
        now: Millis,
    ) -> StoreResult<Vec<TranslationRow>> {
        let text = format!(
            "SELECT a.group_id, a.id, a.language, a.url FROM articles a WHERE a.removed_at IS NULL AND a.published_at <= $1 \
             AND a.group_id > 0 AND a.group_id IN {} ORDER BY a.language, a.guid",
            self.json_ids("$2")
        );
        let groups = serde_json::Value::from(groups.to_vec()).to_string();
        Ok(reading!(self, |db| sqlx::query_as(sql(text))
            .bind(now.0)
            .bind(groups)
            .fetch_all(db)
            .await?))
    }

    /// Returns the time of the last removal of an article of a selection published since `oldest`,
    /// ignoring articles that were removed before their publication.
    pub async fn latest_removal(
        &self,
        selection: &Selection,
        oldest: Millis,
    ) -> StoreResult<Option<Millis>> {
        let text = format!(
            "SELECT MAX(a.removed_at) FROM articles a WHERE a.removed_at IS NOT NULL AND a.published_at <= a.removed_at \
             AND a.published_at >= $1 {}",
            self.selection_conditions(2)
        );
        let row: (Option<i64>,) = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(oldest.0);
            for list in selection_parameters(selection) {
                query = query.bind(list);
            }
            query.fetch_one(db).await?
        });
        Ok(row.0.map(Millis))
    }

    /// Returns the archive of a selection in `[from, until)`, oldest first, including removed
    /// articles.
    pub async fn archive_between(
        &self,
        selection: &Selection,
        from: Millis,
        until: Millis,
        now: Millis,
    ) -> StoreResult<Vec<PageKey>> {
        let text = format!(
            "{SELECT_PAGE_KEY} WHERE {WAS_PUBLISHED} AND a.published_at >= $2 AND a.published_at < $3 {} ORDER BY a.published_at, a.guid DESC",
            self.selection_conditions(4)
        );
        let rows: Vec<PageKeyRow> = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(now.0).bind(from.0).bind(until.0);
            for list in selection_parameters(selection) {
                query = query.bind(list);
            }
            query.fetch_all(db).await?
        });
        Ok(rows.into_iter().map(PageKey::from).collect())
    }

    /// Returns the number of articles in the archive of a selection in `[from, until)`, including
    /// removed ones.
    pub async fn count_archived(
        &self,
        selection: &Selection,
        from: Millis,
        until: Millis,
        now: Millis,
    ) -> StoreResult<usize> {
        if let Some((kind, term)) = IndexedTerms::single_term(selection) {
            // The index suffices, because articles that were never published have no terms.
            let text = "SELECT COUNT(*) FROM article_terms WHERE kind = $1 AND term = $2 AND published_at >= $3 AND published_at < $4 \
                 AND published_at <= $5";
            let row: (i64,) = reading!(self, |db| {
                sqlx::query_as(text)
                    .bind(kind.as_str())
                    .bind(term)
                    .bind(from.0)
                    .bind(until.0)
                    .bind(now.0)
                    .fetch_one(db)
                    .await?
            });
            return Ok(usize::try_from(row.0).unwrap_or_default());
        }
        let text = format!(
            "SELECT COUNT(*) FROM articles a WHERE {WAS_PUBLISHED} AND a.published_at >= $2 AND a.published_at < $3 {}",
            self.selection_conditions(4)
        );
        let row: (i64,) = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(now.0).bind(from.0).bind(until.0);
            for list in selection_parameters(selection) {
                query = query.bind(list);
            }
            query.fetch_one(db).await?
        });
        Ok(usize::try_from(row.0).unwrap_or_default())
    }

    /// Returns the publication time of the last article in the archive of a selection before
    /// `time`, or of the first one at or after it.
    pub async fn nearest_archived(
        &self,
        selection: &Selection,
        time: Millis,
        direction: Direction,
        now: Millis,
    ) -> StoreResult<Option<Millis>> {
        let (comparison, order) = match direction {
            Direction::Backward => ("<", "DESC"),
            Direction::Forward => (">=", ""),
        };
        let driving_term = IndexedTerms::new(selection);
        let conditions = self.selection_conditions(3);
        let text = driving_term.nearest_sql(
            &format!("{WAS_PUBLISHED} AND a.published_at {comparison} $2 {conditions}"),
            comparison,
            order,
        );
        let row: Option<(i64,)> = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(now.0).bind(time.0);
            for list in selection_parameters(selection) {
                query = query.bind(list);
            }
            for term in driving_term.terms {
                query = query.bind(term);
            }
            query.fetch_optional(db).await?
        });
        Ok(row.map(|(at,)| Millis(at)))
    }

    /// Returns the spelling of a term in the newest published article that has it, or the native
    /// name of a language; `None` if no published article ever had it.
    pub async fn name_of_term(
        &self,
        kind: TermKind,
        name: &str,
        now: Millis,
    ) -> StoreResult<Option<String>> {
        let plain =
            || if kind == TermKind::Language { language::autonym(name) } else { normalize(name) };
        let with_term = "FROM article_terms t JOIN articles a ON a.id = t.article_id WHERE t.kind = $1 AND t.term = $2 AND t.published_at <= $3";
        let columns =
            ARTICLE_COLUMNS.replace("a.summary, a.body_html", "'' AS summary, '' AS body_html");
        let text = format!(
            "SELECT {columns} {with_term} AND a.removed_at IS NULL ORDER BY t.published_at DESC, t.guid LIMIT 1"
        );
        let row: Option<ArticleRecord> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(kind.as_str())
            .bind(normalize(name))
            .bind(now.0)
            .fetch_optional(db)
            .await?);
        let Some(article) = articles_from(row.into_iter().collect()).pop() else {
            // All articles with the term were removed: subscribers get an empty feed, not an error.
            let text = format!(
                "SELECT t.article_id {with_term} AND a.published_at <= a.removed_at LIMIT 1"
            );
            let removed: Option<(i64,)> = reading!(self, |db| sqlx::query_as(sql(text))
                .bind(kind.as_str())
                .bind(normalize(name))
                .bind(now.0)
                .fetch_optional(db)
                .await?);
            return Ok(removed.map(|_| plain()));
        };
        let names = match kind {
            TermKind::Section => article.sections,
            TermKind::Tag => article.tags,
            TermKind::Author => article.authors,
            TermKind::Language | TermKind::Source => Vec::new(),
        };
        Ok(Some(
            names
                .into_iter()
                .find(|other| normalize(other) == normalize(name))
                .unwrap_or_else(plain),
        ))
    }
}

/// Direction of a search from a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The last article before it.
    Backward,
    /// The first article at or after it.
    Forward,
}
