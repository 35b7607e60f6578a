//! Terms that visible articles have, for the choice of a feed.

use super::{Store, StoreResult, reading};
use crate::domain::selection::TermKind;
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

impl Store {
    /// Returns up to `limit` terms of a kind that visible articles have, the most frequent first.
    pub async fn terms(&self, kind: TermKind, limit: i64, now: Millis) -> StoreResult<Vec<Term>> {
        let text = "SELECT t.term, COUNT(*) AS articles FROM article_terms t JOIN articles a ON a.id = t.article_id \
                    WHERE t.kind = $1 AND t.published_at <= $2 AND a.removed_at IS NULL GROUP BY t.term ORDER BY articles DESC, t.term LIMIT $3";
        let rows: Vec<(String, i64)> = reading!(self, |db| sqlx::query_as(text)
            .bind(kind.as_str())
            .bind(now.0)
            .bind(limit)
            .fetch_all(db)
            .await?);
        let mut terms = Vec::with_capacity(rows.len());
        for (term, articles) in rows {
            // A term that disappeared between the two queries is left out.
            if let Some(name) = self.name_of_term(kind, &term, now).await? {
                terms.push(Term { term, name, articles });
            }
        }
        Ok(terms)
    }
}
