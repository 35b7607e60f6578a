//! State of each digest: time of its configuration, last processed date of its schedule, and the
//! articles that it has not sent yet.

use super::articles::{ARTICLE_COLUMNS, ArticleRecord, articles_from};
use super::dialect::sql;
use super::selection_sql::selection_parameters;
use super::{Store, StoreResult, reading, transaction};
use crate::domain::article::Article;
use crate::domain::selection::Selection;
use crate::domain::time::{Millis, SignedDuration, as_millis_i64};

/// Schedule state of a digest.
#[derive(Debug, Clone, Copy)]
pub struct DigestState {
    /// Time at which it was first configured.
    pub configured_at: Millis,
    /// Last date of its schedule that was processed.
    pub processed_until: Millis,
}

impl Store {
    /// Returns the state of a digest and creates its row if it has none; a new digest starts now,
    /// with no missed dates.
    pub async fn ensure_digest(&self, name: &str, now: Millis) -> StoreResult<DigestState> {
        let known: Option<(i64, i64)> = reading!(self, |db| sqlx::query_as(
            "SELECT configured_at, processed_until FROM digests WHERE name = $1"
        )
        .bind(name)
        .fetch_optional(db)
        .await?);
        if let Some((configured, processed)) = known {
            return Ok(DigestState {
                configured_at: Millis(configured),
                processed_until: Millis(processed),
            });
        }
        let name = name.to_owned();
        let row = transaction!(self, |tx| {
            let row: (i64, i64) = sqlx::query_as(
                "INSERT INTO digests (name, configured_at, processed_until) VALUES ($1, $2, $2) \
                 ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING configured_at, processed_until",
            )
            .bind(&name)
            .bind(now.0)
            .fetch_one(&mut *tx)
            .await?;
            row
        })?;
        Ok(DigestState { configured_at: Millis(row.0), processed_until: Millis(row.1) })
    }

    /// Records that a date of the schedule was processed without an edition; returns `false` if
    /// another node did so before.
    pub async fn mark_date_skipped(&self, digest: &str, date: Millis) -> StoreResult<bool> {
        let digest = digest.to_owned();
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE digests SET processed_until = $2 WHERE name = $1 AND processed_until < $2",
            )
            .bind(&digest)
            .bind(date.0)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1
        })
    }

    /// Returns the visible articles that the next edition of a digest can contain, newest first:
    /// those selected, not too old when first imported, and of a story (translation group) that the
    /// digest has not sent. Articles without a group are left out until it is known whether they
    /// are translations of an old story.
    pub async fn unsent_articles(
        &self,
        digest: &str,
        selection: &Selection,
        max_age: SignedDuration,
        configured_at: Millis,
        now: Millis,
    ) -> StoreResult<Vec<Article>> {
        let text = format!(
            "SELECT {ARTICLE_COLUMNS} FROM articles a WHERE a.removed_at IS NULL AND a.published_at <= $1 \
             AND a.published_at >= a.first_seen_at - $2 AND a.published_at >= $3 AND a.group_id > 0 \
             AND NOT EXISTS (SELECT 1 FROM ledger l JOIN articles sent ON sent.id = l.article_id WHERE l.digest = $4 AND sent.group_id = a.group_id) \
             {} ORDER BY a.published_at DESC, a.guid",
            self.selection_conditions(5)
        );
        let [sections, tags, authors, languages, sources] = selection_parameters(selection);
        let rows: Vec<ArticleRecord> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(now.0)
            .bind(as_millis_i64(max_age))
            .bind(configured_at.plus(-max_age).0)
            .bind(digest)
            .bind(sections)
            .bind(tags)
            .bind(authors)
            .bind(languages)
            .bind(sources)
            .fetch_all(db)
            .await?);
        Ok(articles_from(rows))
    }
}
