//! State of each digest: time of its configuration, last processed date of its schedule, and the
//! articles that it has not sent yet.

use super::article_row::ARTICLE_COLUMNS;
use super::db::{FromRow, Row, Statement};
use super::operations::Digests;
use super::selection_sql::{SELECTION_CONDITIONS, bind_selection};
use super::{StoreError, StoreResult};
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

static STATE: Statement = Statement::new(
    "
    SELECT configured_at, processed_until
      FROM digests
     WHERE name = $name",
);

/// Creates the row of a digest; the update without a change returns the row of another node.
static ENSURE: Statement = Statement::new(
    "
    INSERT INTO digests (name, configured_at, processed_until)
    VALUES ($name, $now, $now)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name
    RETURNING configured_at, processed_until",
);

static MARK_PROCESSED: Statement = Statement::new(
    "
    UPDATE digests
       SET processed_until = $date
     WHERE name = $name
       AND processed_until < $date",
);

static UNSENT_ARTICLES: Statement = Statement::with(
    "
    SELECT {article_columns}
      FROM articles a
     WHERE a.removed_at IS NULL
       AND a.published_at <= $now
       AND a.published_at >= a.first_seen_at - $max_age
       AND a.published_at >= $oldest
       AND a.story_id > 0
       AND NOT EXISTS (
           SELECT 1
             FROM ledger l
             JOIN articles sent ON sent.id = l.article_id
            WHERE l.digest = $digest
              AND sent.story_id = a.story_id)
       {selection_conditions}
     ORDER BY a.published_at DESC, a.guid",
    &[("article_columns", ARTICLE_COLUMNS), ("selection_conditions", SELECTION_CONDITIONS)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&STATE, &ENSURE, &MARK_PROCESSED, &UNSENT_ARTICLES];

impl FromRow for DigestState {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            configured_at: row.time("configured_at")?,
            processed_until: row.time("processed_until")?,
        })
    }
}

impl Digests<'_> {
    /// Returns the state of a digest and creates its row if it has none; a new digest starts now,
    /// with no missed dates.
    pub async fn ensure(self, name: &str, now: Millis) -> StoreResult<DigestState> {
        if let Some(state) = self.store.read(&STATE).bind("name", name).fetch_optional().await? {
            return Ok(state);
        }
        let created =
            self.store.write(&ENSURE).bind("name", name).bind("now", now).fetch_optional().await?;
        created.ok_or(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    /// Records that a date of the schedule was processed without an edition; returns `false` if
    /// another node did so before.
    pub async fn mark_date_skipped(self, digest: &str, date: Millis) -> StoreResult<bool> {
        let marked = self
            .store
            .write(&MARK_PROCESSED)
            .bind("name", digest)
            .bind("date", date)
            .execute()
            .await?;
        Ok(marked == 1)
    }

    /// Returns the visible articles that the next edition of a digest can contain, newest first:
    /// those selected, not too old when first imported, and of a story that the
    /// digest has not sent. Articles without a story are left out until it is known whether they
    /// are translations of an old story.
    pub async fn unsent_articles(
        self,
        digest: &str,
        selection: &Selection,
        max_age: SignedDuration,
        configured_at: Millis,
        now: Millis,
    ) -> StoreResult<Vec<Article>> {
        let query = self
            .store
            .read(&UNSENT_ARTICLES)
            .bind("now", now)
            .bind("max_age", as_millis_i64(max_age))
            .bind("oldest", configured_at.plus(-max_age))
            .bind("digest", digest);
        bind_selection(query, selection).fetch_all().await
    }
}
