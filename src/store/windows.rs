//! The windows through which feeds see articles: the newest of a selection, and each month of its archive.

use super::articles::{ArticleRow, COLUMNS, articles_of};
use super::dialect::sql;
use super::selecting::{Lead, lists_of};
use super::{Store, StoreResult, reading};
use crate::domain::article::Article;
use crate::domain::language;
use crate::domain::selection::{Kind, Selection, term};
use crate::domain::time::Millis;

/// An article in a window, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Our row's number.
    pub row: i64,
    /// The permanent id.
    pub guid: String,
    /// First publication.
    pub published_at: Millis,
    /// Last significant change.
    pub updated_at: Millis,
    /// The translation group; 0 until it was looked for.
    pub group: i64,
    /// What tells whether the article changed.
    pub hash: String,
    /// When it last changed here, in whatever way.
    pub changed_at: Millis,
    /// When it was removed.
    pub removed_at: Option<Millis>,
}

type KeyRow = (i64, String, i64, i64, i64, String, i64, Option<i64>);

const KEY: &str = "SELECT a.id, a.guid, a.published_at, a.updated_at, a.group_id, a.content_hash, a.changed_at, \
     a.removed_at FROM articles a";

impl From<KeyRow> for Key {
    fn from((row, guid, published, updated, group, hash, changed, removed): KeyRow) -> Self {
        let (published_at, updated_at) = (Millis(published), Millis(updated));
        Self {
            row,
            guid,
            published_at,
            updated_at,
            group,
            hash,
            changed_at: Millis(changed),
            removed_at: removed.map(Millis),
        }
    }
}

/// A visible article of a translation group: its group, row, language and address.
pub type TwinRow = (i64, i64, String, Option<String>);

/// What had been published by then, whether it is still there or not: the places of an archive.
const PLACES: &str =
    "a.published_at <= $1 AND (a.removed_at IS NULL OR a.published_at <= a.removed_at)";

impl Store {
    /// The newest visible articles of a selection; ties are broken by id, so that the order is the same everywhere.
    pub async fn newest_keys(
        &self,
        selection: &Selection,
        now: Millis,
        limit: usize,
    ) -> StoreResult<Vec<Key>> {
        let lead = Lead::of(selection);
        let text = format!(
            "{KEY} JOIN ({}) AS chosen ON chosen.id = a.id ORDER BY a.published_at DESC, a.guid LIMIT $2",
            self.newest_rows(&lead)
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<KeyRow> = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(now.0).bind(limit);
            for list in lists_of(selection) {
                query = query.bind(list);
            }
            for term in lead.terms {
                query = query.bind(term);
            }
            query.fetch_all(db).await?
        });
        Ok(rows.into_iter().map(Key::from).collect())
    }

    /// The newest visible articles of a selection with their content.
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

    /// The articles of these rows, in no order.
    pub async fn articles_in(&self, rows: &[i64]) -> StoreResult<Vec<Article>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!("SELECT {COLUMNS} FROM articles a WHERE a.id IN {}", self.numbers("$1"));
        let rows = serde_json::Value::from(rows.to_vec()).to_string();
        let rows: Vec<ArticleRow> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(rows).fetch_all(db).await?);
        Ok(articles_of(rows))
    }

    /// The visible members of these translation groups, in the order of their languages.
    pub async fn twins_in(&self, groups: &[i64], now: Millis) -> StoreResult<Vec<TwinRow>> {
        let text = format!(
            "SELECT a.group_id, a.id, a.language, a.url FROM articles a WHERE a.removed_at IS NULL AND a.published_at <= $1 \
             AND a.group_id > 0 AND a.group_id IN {} ORDER BY a.language, a.guid",
            self.numbers("$2")
        );
        let groups = serde_json::Value::from(groups.to_vec()).to_string();
        Ok(reading!(self, |db| sqlx::query_as(sql(text))
            .bind(now.0)
            .bind(groups)
            .fetch_all(db)
            .await?))
    }

    /// When an article of a selection, published since `oldest`, was last taken away from readers: one that was removed
    /// before its time had come was never there.
    pub async fn latest_removal(
        &self,
        selection: &Selection,
        oldest: Millis,
    ) -> StoreResult<Option<Millis>> {
        let text = format!(
            "SELECT MAX(a.removed_at) FROM articles a WHERE a.removed_at IS NOT NULL AND a.published_at <= a.removed_at \
             AND a.published_at >= $1 {}",
            self.selecting(2)
        );
        let row: (Option<i64>,) = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(oldest.0);
            for list in lists_of(selection) {
                query = query.bind(list);
            }
            query.fetch_one(db).await?
        });
        Ok(row.0.map(Millis))
    }

    /// The places of a selection's archive in `[from, until)`, oldest first: its articles, and those that were removed.
    pub async fn places_between(
        &self,
        selection: &Selection,
        from: Millis,
        until: Millis,
        now: Millis,
    ) -> StoreResult<Vec<Key>> {
        let text = format!(
            "{KEY} WHERE {PLACES} AND a.published_at >= $2 AND a.published_at < $3 {} ORDER BY a.published_at, a.guid DESC",
            self.selecting(4)
        );
        let rows: Vec<KeyRow> = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(now.0).bind(from.0).bind(until.0);
            for list in lists_of(selection) {
                query = query.bind(list);
            }
            query.fetch_all(db).await?
        });
        Ok(rows.into_iter().map(Key::from).collect())
    }

    /// How many places a selection's archive has in `[from, until)`.
    pub async fn count_places(
        &self,
        selection: &Selection,
        from: Millis,
        until: Millis,
        now: Millis,
    ) -> StoreResult<usize> {
        if let Some((kind, term)) = Lead::only(selection) {
            // The index alone knows: what readers never saw has no terms.
            let text = "SELECT COUNT(*) FROM article_terms WHERE kind = $1 AND term = $2 AND published_at >= $3 AND published_at < $4 \
                 AND published_at <= $5";
            let row: (i64,) = reading!(self, |db| {
                sqlx::query_as(text)
                    .bind(kind.name())
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
            "SELECT COUNT(*) FROM articles a WHERE {PLACES} AND a.published_at >= $2 AND a.published_at < $3 {}",
            self.selecting(4)
        );
        let row: (i64,) = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(now.0).bind(from.0).bind(until.0);
            for list in lists_of(selection) {
                query = query.bind(list);
            }
            query.fetch_one(db).await?
        });
        Ok(usize::try_from(row.0).unwrap_or_default())
    }

    /// The time of the last place of a selection's archive before `before`, or of the first at or after it.
    pub async fn nearest_place(
        &self,
        selection: &Selection,
        before: Millis,
        side: Side,
        now: Millis,
    ) -> StoreResult<Option<Millis>> {
        let (comparison, order) = match side {
            Side::Before => ("<", "DESC"),
            Side::From => (">=", ""),
        };
        let lead = Lead::of(selection);
        let conditions = self.selecting(3);
        let text = lead.nearest(
            &format!("{PLACES} AND a.published_at {comparison} $2 {conditions}"),
            comparison,
            order,
        );
        let row: Option<(i64,)> = reading!(self, |db| {
            let mut query = sqlx::query_as(sql(text)).bind(now.0).bind(before.0);
            for list in lists_of(selection) {
                query = query.bind(list);
            }
            for term in lead.terms {
                query = query.bind(term);
            }
            query.fetch_optional(db).await?
        });
        Ok(row.map(|(at,)| Millis(at)))
    }

    /// How a term is written in the newest published article that has it, a language's own name for itself; `None` if no article
    /// ever had it.
    pub async fn name_of_term(
        &self,
        kind: Kind,
        name: &str,
        now: Millis,
    ) -> StoreResult<Option<String>> {
        let plain = || if kind == Kind::Language { language::autonym(name) } else { term(name) };
        let having = "FROM article_terms t JOIN articles a ON a.id = t.article_id WHERE t.kind = $1 AND t.term = $2 AND t.published_at <= $3";
        let columns = COLUMNS.replace("a.summary, a.body_html", "'' AS summary, '' AS body_html");
        let text = format!(
            "SELECT {columns} {having} AND a.removed_at IS NULL ORDER BY t.published_at DESC, t.guid LIMIT 1"
        );
        let row: Option<ArticleRow> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(kind.name())
            .bind(term(name))
            .bind(now.0)
            .fetch_optional(db)
            .await?);
        let Some(article) = articles_of(row.into_iter().collect()).pop() else {
            // Whoever subscribed to it gets an empty feed, not an error.
            let text =
                format!("SELECT t.article_id {having} AND a.published_at <= a.removed_at LIMIT 1");
            let gone: Option<(i64,)> = reading!(self, |db| sqlx::query_as(sql(text))
                .bind(kind.name())
                .bind(term(name))
                .bind(now.0)
                .fetch_optional(db)
                .await?);
            return Ok(gone.map(|_| plain()));
        };
        let names = match kind {
            Kind::Section => article.sections,
            Kind::Tag => article.tags,
            Kind::Author => article.authors,
            Kind::Language | Kind::Source => Vec::new(),
        };
        Ok(Some(names.into_iter().find(|other| term(other) == term(name)).unwrap_or_else(plain)))
    }
}

/// On which side of an instant to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The last one before it.
    Before,
    /// The first one at or after it.
    From,
}
