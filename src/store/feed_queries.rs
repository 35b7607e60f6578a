//! Queries of feeds: the newest articles of a selection, and the months of its archive.

use std::sync::Arc;

use super::StoreResult;
use super::article_row::ARTICLE_COLUMNS;
use super::db::{AssembledStatement, FromRow, Row, Statement};
use super::operations::FeedItems;
use super::selection_sql::{IndexedTerms, SELECTION_CONDITIONS, bind_selection};
use crate::domain::article::Article;
use crate::domain::selection::Selection;
use crate::domain::time::Millis;

/// Article in a feed document, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItemSummary {
    /// Id of the row.
    pub row_id: i64,
    /// Permanent id of the article.
    pub guid: String,
    /// Time of first publication.
    pub published_at: Millis,
    /// Time of the last significant change.
    pub updated_at: Millis,
    /// Story, as the id of its first article; 0 if not determined yet.
    pub story: i64,
    /// Hash of the content, to detect changes.
    pub content_hash: String,
    /// Time of the last change of the row, of any kind.
    pub changed_at: Millis,
    /// Time of its removal, if removed.
    pub removed_at: Option<Millis>,
}

impl FromRow for FeedItemSummary {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            row_id: row.get("id")?,
            guid: row.get("guid")?,
            published_at: row.time("published_at")?,
            updated_at: row.time("updated_at")?,
            story: row.get("story_id")?,
            content_hash: row.get("content_hash")?,
            changed_at: row.time("changed_at")?,
            removed_at: row.optional_time("removed_at")?,
        })
    }
}

/// Story, row, language and URL of a visible article of a story.
pub type TranslationRow = (i64, i64, String, Option<String>);

const FEED_ITEM_SUMMARY_COLUMNS: &str = "a.id, a.guid, a.published_at, a.updated_at, a.story_id,
       a.content_hash, a.changed_at, a.removed_at";

/// Condition on articles that were published by `$now`, whether or not they were removed later;
/// these are the entries of an archive.
const WAS_PUBLISHED: &str =
    "a.published_at <= $now AND (a.removed_at IS NULL OR a.published_at <= a.removed_at)";

static IN_ROWS: Statement = Statement::with(
    "
    SELECT {article_columns}
      FROM articles a
     WHERE a.id IN {json_ids $rows}",
    &[("article_columns", ARTICLE_COLUMNS)],
);

static TRANSLATIONS_IN: Statement = Statement::new(
    "
    SELECT a.story_id, a.id, a.language, a.url
      FROM articles a
     WHERE a.removed_at IS NULL
       AND a.published_at <= $now
       AND a.story_id > 0
       AND a.story_id IN {json_ids $stories}
     ORDER BY a.language, a.guid",
);

static LATEST_REMOVAL: Statement = Statement::with(
    "
    SELECT MAX(a.removed_at) AS removed_at
      FROM articles a
     WHERE a.removed_at IS NOT NULL
       AND a.published_at <= a.removed_at
       AND a.published_at >= $oldest {selected}",
    &[("selected", SELECTION_CONDITIONS)],
);

static ARCHIVE_BETWEEN: Statement = Statement::with(
    "
    SELECT {item_key}
      FROM articles a
     WHERE {was_published}
       AND a.published_at >= $from
       AND a.published_at < $until {selected}
     ORDER BY a.published_at, a.guid DESC",
    &[
        ("item_key", FEED_ITEM_SUMMARY_COLUMNS),
        ("was_published", WAS_PUBLISHED),
        ("selected", SELECTION_CONDITIONS),
    ],
);

/// The index suffices, because articles that were never published have no terms.
static COUNT_ARCHIVED_WITH_TERM: Statement = Statement::new(
    "
    SELECT COUNT(*) AS articles
      FROM article_terms
     WHERE kind = $kind
       AND term = $term
       AND published_at >= $from
       AND published_at < $until
       AND published_at <= $now",
);

static COUNT_ARCHIVED: Statement = Statement::with(
    "
    SELECT COUNT(*) AS articles
      FROM articles a
     WHERE {was_published}
       AND a.published_at >= $from
       AND a.published_at < $until {selected}",
    &[("was_published", WAS_PUBLISHED), ("selected", SELECTION_CONDITIONS)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &IN_ROWS,
    &TRANSLATIONS_IN,
    &LATEST_REMOVAL,
    &ARCHIVE_BETWEEN,
    &COUNT_ARCHIVED_WITH_TERM,
    &COUNT_ARCHIVED,
];

impl FeedItems<'_> {
    /// Returns the newest visible articles of a selection; ties are broken by permanent id, so that
    /// the order is the same on all nodes.
    pub async fn newest_summaries(
        self,
        selection: &Selection,
        now: Millis,
        limit: usize,
    ) -> StoreResult<Vec<FeedItemSummary>> {
        let indexed_terms = IndexedTerms::new(selection);
        let text = format!(
            "SELECT {{item_key}}
               FROM articles a
               JOIN ({}) AS chosen ON chosen.id = a.id
              ORDER BY a.published_at DESC, a.guid
              LIMIT $limit",
            indexed_terms.newest_rows_sql()
        );
        let statement = AssembledStatement::new(
            self.store.db.engine(),
            &text,
            &[("item_key", FEED_ITEM_SUMMARY_COLUMNS), ("selected", SELECTION_CONDITIONS)],
        );
        let query = bind_selection(self.store.read_assembled(Arc::new(statement)), selection);
        indexed_terms.bind_terms(query).bind("now", now).bind("limit", limit).fetch_all().await
    }

    /// Returns the newest visible articles of a selection with their content.
    pub async fn newest_articles(
        self,
        selection: &Selection,
        now: Millis,
        limit: usize,
    ) -> StoreResult<Vec<Article>> {
        let keys = self.newest_summaries(selection, now, limit).await?;
        let mut articles =
            self.articles_in(&keys.iter().map(|key| key.row_id).collect::<Vec<_>>()).await?;
        articles
            .sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.guid.cmp(&b.guid)));
        Ok(articles)
    }

    /// Returns the articles of these rows, in no particular order.
    pub async fn articles_in(self, rows: &[i64]) -> StoreResult<Vec<Article>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.store.read(&IN_ROWS).bind("rows", rows).fetch_all().await
    }

    /// Returns the visible articles of these stories, ordered by language.
    pub async fn translations_in(
        self,
        stories: &[i64],
        now: Millis,
    ) -> StoreResult<Vec<TranslationRow>> {
        self.store
            .read(&TRANSLATIONS_IN)
            .bind("now", now)
            .bind("stories", stories)
            .fetch_with(|row| {
                Ok((row.get("story_id")?, row.get("id")?, row.get("language")?, row.get("url")?))
            })
            .await
    }

    /// Returns the time of the last removal of an article of a selection published since `oldest`,
    /// ignoring articles that were removed before their publication.
    pub async fn latest_removal(
        self,
        selection: &Selection,
        oldest: Millis,
    ) -> StoreResult<Option<Millis>> {
        let removed: Option<i64> = bind_selection(self.store.read(&LATEST_REMOVAL), selection)
            .bind("oldest", oldest)
            .fetch_scalar()
            .await?;
        Ok(removed.map(Millis))
    }

    /// Returns the archive of a selection in `[from, until)`, oldest first, including removed
    /// articles.
    pub async fn archive_between(
        self,
        selection: &Selection,
        from: Millis,
        until: Millis,
        now: Millis,
    ) -> StoreResult<Vec<FeedItemSummary>> {
        bind_selection(self.store.read(&ARCHIVE_BETWEEN), selection)
            .bind("now", now)
            .bind("from", from)
            .bind("until", until)
            .fetch_all()
            .await
    }

    /// Returns the number of articles in the archive of a selection in `[from, until)`, including
    /// removed ones.
    pub async fn count_archived(
        self,
        selection: &Selection,
        from: Millis,
        until: Millis,
        now: Millis,
    ) -> StoreResult<usize> {
        let query = match IndexedTerms::single_term(selection) {
            Some((kind, term)) => self
                .store
                .read(&COUNT_ARCHIVED_WITH_TERM)
                .bind("kind", kind.as_str())
                .bind("term", term),
            None => bind_selection(self.store.read(&COUNT_ARCHIVED), selection),
        };
        let count: i64 =
            query.bind("now", now).bind("from", from).bind("until", until).fetch_scalar().await?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Returns the publication time of the last article in the archive of a selection before
    /// `time`, or of the first one at or after it.
    pub async fn nearest_archived(
        self,
        selection: &Selection,
        time: Millis,
        direction: Direction,
        now: Millis,
    ) -> StoreResult<Option<Millis>> {
        let (comparison, order) = match direction {
            Direction::Backward => ("<", "DESC"),
            Direction::Forward => (">=", ""),
        };
        let indexed_terms = IndexedTerms::new(selection);
        let text = indexed_terms.nearest_sql(
            &format!("{{was_published}} AND a.published_at {comparison} $time {{selected}}"),
            comparison,
            order,
        );
        let statement = AssembledStatement::new(
            self.store.db.engine(),
            &text,
            &[("was_published", WAS_PUBLISHED), ("selected", SELECTION_CONDITIONS)],
        );
        let query = bind_selection(self.store.read_assembled(Arc::new(statement)), selection);
        let at: Option<i64> = indexed_terms
            .bind_terms(query)
            .bind("now", now)
            .bind("time", time)
            .fetch_optional_scalar()
            .await?;
        Ok(at.map(Millis))
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
