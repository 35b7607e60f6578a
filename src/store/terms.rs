//! Terms that visible articles have, for the choice of a feed.

use super::StoreResult;
use super::article_row::BRIEF_ARTICLE_COLUMNS;
use super::db::Statement;
use super::operations::Terms;
use crate::domain::article::Article;
use crate::domain::language;
use crate::domain::selection::{TermKind, normalize_term};
use crate::domain::time::Millis;

/// A section, tag, author, language or source that articles have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Normalized form, used for comparisons.
    pub term: String,
    /// Spelling in the newest article that has it; the native name of a language.
    pub name: String,
    /// Number of visible articles that have it.
    pub articles: i64,
}

static MOST_FREQUENT: Statement = Statement::new(
    "
    SELECT t.term, COUNT(*) AS articles
      FROM article_terms t
      JOIN articles a ON a.id = t.article_id
     WHERE t.kind = $kind
       AND t.published_at <= $now
       AND a.removed_at IS NULL
     GROUP BY t.term
     ORDER BY articles DESC, t.term
     LIMIT $limit",
);

/// Articles with a term that were published, for the end of a FROM clause.
const WITH_TERM: &str = "article_terms t
      JOIN articles a ON a.id = t.article_id
     WHERE t.kind = $kind
       AND t.term = $term
       AND t.published_at <= $now";

static NEWEST_WITH_TERM: Statement = Statement::with(
    "
    SELECT {article_columns}
      FROM {with_term}
       AND a.removed_at IS NULL
     ORDER BY t.published_at DESC, t.guid
     LIMIT 1",
    &[("article_columns", BRIEF_ARTICLE_COLUMNS), ("with_term", WITH_TERM)],
);

static ANY_REMOVED_WITH_TERM: Statement = Statement::with(
    "
    SELECT t.article_id
      FROM {with_term}
       AND a.published_at <= a.removed_at
     LIMIT 1",
    &[("with_term", WITH_TERM)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&MOST_FREQUENT, &NEWEST_WITH_TERM, &ANY_REMOVED_WITH_TERM];

impl Terms<'_> {
    /// Returns up to `limit` terms of a kind that visible articles have, the most frequent first.
    pub async fn list(self, kind: TermKind, limit: i64, now: Millis) -> StoreResult<Vec<Term>> {
        let rows: Vec<(String, i64)> = self
            .store
            .read(&MOST_FREQUENT)
            .bind("kind", kind.as_str())
            .bind("now", now)
            .bind("limit", limit)
            .fetch_with(|row| Ok((row.get("term")?, row.get("articles")?)))
            .await?;
        let mut terms = Vec::with_capacity(rows.len());
        for (term, articles) in rows {
            // A term that disappeared between the two queries is left out.
            if let Some(name) = self.name_of(kind, &term, now).await? {
                terms.push(Term { term, name, articles });
            }
        }
        Ok(terms)
    }

    /// Returns the spelling of a term in the newest published article that has it, or the native
    /// name of a language; `None` if no published article ever had it.
    pub async fn name_of(
        self,
        kind: TermKind,
        name: &str,
        now: Millis,
    ) -> StoreResult<Option<String>> {
        let plain = || {
            if kind == TermKind::Language { language::autonym(name) } else { normalize_term(name) }
        };
        let newest: Option<Article> = self
            .store
            .read(&NEWEST_WITH_TERM)
            .bind("kind", kind.as_str())
            .bind("term", normalize_term(name))
            .bind("now", now)
            .fetch_optional()
            .await?;
        let Some(article) = newest else {
            // All articles with the term were removed: subscribers get an empty feed, not an error.
            let was_used = self
                .store
                .read(&ANY_REMOVED_WITH_TERM)
                .bind("kind", kind.as_str())
                .bind("term", normalize_term(name))
                .bind("now", now)
                .exists()
                .await?;
            return Ok(was_used.then(plain));
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
                .find(|other| normalize_term(other) == normalize_term(name))
                .unwrap_or_else(plain),
        ))
    }
}
