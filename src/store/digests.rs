//! What we know of each digest: since when it is configured, which of its dates were handled, which stories it told.

use super::articles::{ArticleRow, COLUMNS, articles_of};
use super::dialect::sql;
use super::selecting::lists_of;
use super::{Store, StoreResult, reading, transaction};
use crate::domain::article::Article;
use crate::domain::selection::Selection;
use crate::domain::time::Millis;

/// A digest's state.
#[derive(Debug, Clone, Copy)]
pub struct DigestState {
    /// When it was first configured.
    pub configured_at: Millis,
    /// The last date of its schedule that was decided about.
    pub handled_until: Millis,
}

impl Store {
    /// Makes sure that a digest has a row: a new one begins now, with no date behind it.
    pub async fn ensure_digest(&self, name: &str, now: Millis) -> StoreResult<DigestState> {
        let known: Option<(i64, i64)> = reading!(self, |db| sqlx::query_as(
            "SELECT configured_at, handled_until FROM digests WHERE name = $1"
        )
        .bind(name)
        .fetch_optional(db)
        .await?);
        if let Some((configured, handled)) = known {
            return Ok(DigestState {
                configured_at: Millis(configured),
                handled_until: Millis(handled),
            });
        }
        let name = name.to_owned();
        let row = transaction!(self, |tx| {
            let row: (i64, i64) = sqlx::query_as(
                "INSERT INTO digests (name, configured_at, handled_until) VALUES ($1, $2, $2) \
                 ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING configured_at, handled_until",
            )
            .bind(&name)
            .bind(now.0)
            .fetch_one(&mut *tx)
            .await?;
            row
        })?;
        Ok(DigestState { configured_at: Millis(row.0), handled_until: Millis(row.1) })
    }

    /// Notes that a date was decided about without an edition; gives whether nobody else had.
    pub async fn pass_over(&self, digest: &str, slot: Millis) -> StoreResult<bool> {
        let digest = digest.to_owned();
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE digests SET handled_until = $2 WHERE name = $1 AND handled_until < $2",
            )
            .bind(&digest)
            .bind(slot.0)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1
        })
    }

    /// The visible articles that would be news in a digest: selected, not too old when first seen here, and of a story
    /// (translation group) that the digest never told; newest first. What was not grouped yet may be an old story's twin and waits.
    pub async fn news_for(
        &self,
        digest: &str,
        selection: &Selection,
        max_age: i64,
        begun: Millis,
        now: Millis,
    ) -> StoreResult<Vec<Article>> {
        let text = format!(
            "SELECT {COLUMNS} FROM articles a WHERE a.removed_at IS NULL AND a.published_at <= $1 \
             AND a.published_at >= a.first_seen_at - $2 AND a.published_at >= $3 AND a.group_id > 0 \
             AND NOT EXISTS (SELECT 1 FROM ledger l JOIN articles told ON told.id = l.article_id WHERE l.digest = $4 AND told.group_id = a.group_id) \
             {} ORDER BY a.published_at DESC, a.guid",
            self.selecting(5)
        );
        let [sections, tags, authors, languages, sources] = lists_of(selection);
        let rows: Vec<ArticleRow> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(now.0)
            .bind(max_age)
            .bind(begun.0 - max_age)
            .bind(digest)
            .bind(sections)
            .bind(tags)
            .bind(authors)
            .bind(languages)
            .bind(sources)
            .fetch_all(db)
            .await?);
        Ok(articles_of(rows))
    }
}
