//! What articles are filed under, for people who choose a feed.

use super::{Store, StoreResult, reading};
use crate::domain::selection::Kind;
use crate::domain::time::Millis;

/// A section, tag, author, language or source that articles have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// As it is compared.
    pub term: String,
    /// As the newest of its articles writes it; a language's own name for itself.
    pub name: String,
    /// How many visible articles have it.
    pub articles: i64,
}

impl Store {
    /// The terms of a kind that visible articles have, those of the most articles first, at most so many.
    pub async fn terms(&self, kind: Kind, most: i64, now: Millis) -> StoreResult<Vec<Term>> {
        let text = "SELECT t.term, COUNT(*) AS articles FROM article_terms t JOIN articles a ON a.id = t.article_id \
                    WHERE t.kind = $1 AND t.published_at <= $2 AND a.removed_at IS NULL GROUP BY t.term ORDER BY articles DESC, t.term LIMIT $3";
        let rows: Vec<(String, i64)> = reading!(self, |db| sqlx::query_as(text)
            .bind(kind.name())
            .bind(now.0)
            .bind(most)
            .fetch_all(db)
            .await?);
        let mut terms = Vec::with_capacity(rows.len());
        for (term, articles) in rows {
            // One that vanished between the two questions is not offered.
            if let Some(name) = self.name_of_term(kind, &term, now).await? {
                terms.push(Term { term, name, articles });
            }
        }
        Ok(terms)
    }
}
