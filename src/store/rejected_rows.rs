//! Issues of the rows of sources: the reasons why some could not be imported, and notes on
//! imported ones.

use std::collections::HashSet;

use serde_json::json;

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Sources;
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::Millis;

/// Number of rejected rows written per transaction, which keeps write transactions short.
const ROWS_PER_TRANSACTION: usize = 500;

static LIST: Statement = Statement::new(
    "
    SELECT source_id, reason
      FROM rejected_rows
     WHERE source = $source",
);

static LIST_PAGE: Statement = Statement::new(
    "
    SELECT r.source_id, r.reason, r.since, COALESCE(a.title, '') AS title
      FROM rejected_rows r
      LEFT JOIN articles a ON a.source = r.source AND a.source_id = r.source_id
     WHERE r.source = $source
       AND r.is_note = $is_note
       AND r.source_id > $after
     ORDER BY r.source_id
     LIMIT $limit",
);

static NOTE_ON: Statement = Statement::new(
    "
    SELECT reason
      FROM rejected_rows
     WHERE source = $source
       AND source_id = $source_id
       AND is_note",
);

static DELETE: Statement = Statement::new(
    "
    DELETE FROM rejected_rows
     WHERE source = $source
       AND source_id IN {json_texts $source_ids}",
);

/// Adds rejected rows; a row that was rejected before keeps the time of its first rejection.
static ADD: Statement = Statement::new(
    "
    INSERT INTO rejected_rows (source, source_id, reason, since)
    SELECT $source, r.source_id, r.reason, $now
      FROM {json_rows $rows source_id TEXT, reason TEXT} AS r
     WHERE TRUE
    ON CONFLICT (source, source_id) DO UPDATE SET reason = excluded.reason",
);

static SET_IS_NOTE: Statement = Statement::new(
    "
    UPDATE rejected_rows
       SET is_note = $is_note
     WHERE source = $source
       AND source_id IN {json_texts $source_ids}",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&LIST, &LIST_PAGE, &NOTE_ON, &DELETE, &ADD, &SET_IS_NOTE];

/// Row of a source that could not be imported, or a note on one that was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowIssue {
    /// Id of the row in the source.
    pub source_id: String,
    /// Title of the imported article; empty if there is none.
    pub title: String,
    /// Reason or note as a sentence.
    pub reason: String,
    /// Time at which it was first found.
    pub since: Millis,
}

impl FromRow for RowIssue {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            source_id: row.get("source_id")?,
            title: row.get("title")?,
            reason: row.get("reason")?,
            since: row.time("since")?,
        })
    }
}

impl Sources<'_> {
    /// Returns a page of the rejected rows of a source, or of the notes on imported ones, by id.
    pub async fn issues(
        self,
        source: &str,
        is_note: bool,
        page: &PageRequest,
    ) -> StoreResult<Page<RowIssue>> {
        self.store
            .read(&LIST_PAGE)
            .bind("source", source)
            .bind("is_note", is_note)
            .bind("after", page.key_or(String::new())?)
            .fetch_page(page, |issue: &RowIssue| issue.source_id.clone())
            .await
    }

    /// Returns the note on an imported row, if there is one.
    pub async fn note_on(self, source: &str, source_id: &str) -> StoreResult<Option<String>> {
        let query = self.store.read(&NOTE_ON).bind("source", source);
        let notes: Vec<String> = query.bind("source_id", source_id).fetch_scalars().await?;
        Ok(notes.into_iter().next())
    }

    /// Replaces the issues of a source among the rows that were read, and returns the new ones, so
    /// that each is logged only once. [`Sources::set_note_flags`] tells rejections and notes apart.
    pub async fn record_issues(
        self,
        source: &str,
        issues: Vec<(String, String)>,
        was_read: impl Fn(&str) -> bool,
        now: Millis,
    ) -> StoreResult<Vec<(String, String)>> {
        let old: Vec<(String, String)> = self
            .store
            .read(&LIST)
            .bind("source", source)
            .fetch_with(|row| Ok((row.get("source_id")?, row.get("reason")?)))
            .await?;
        let old_rows: HashSet<_> = old.iter().collect();
        let new_ids: HashSet<&str> = issues.iter().map(|(id, _)| id.as_str()).collect();
        let added: Vec<_> = issues.iter().filter(|r| !old_rows.contains(r)).cloned().collect();
        let gone: Vec<&str> = old
            .iter()
            .map(|(id, _)| id.as_str())
            .filter(|id| !new_ids.contains(id) && was_read(id))
            .collect();
        for chunk in gone.chunks(ROWS_PER_TRANSACTION) {
            self.store
                .write(&DELETE)
                .bind("source", source)
                .bind("source_ids", json!(chunk))
                .execute()
                .await?;
        }
        for chunk in added.chunks(ROWS_PER_TRANSACTION) {
            let rows: Vec<_> = chunk
                .iter()
                .map(|(id, reason)| json!({"source_id": id, "reason": reason}))
                .collect();
            self.store
                .write(&ADD)
                .bind("source", source)
                .bind("rows", json!(rows))
                .bind("now", now)
                .execute()
                .await?;
        }
        Ok(added)
    }

    /// Records which of these rows are notes on imported articles, so that they do not count as
    /// rejected.
    pub async fn set_note_flags(
        self,
        source: &str,
        source_ids: &[String],
        is_note: bool,
    ) -> StoreResult<()> {
        for chunk in source_ids.chunks(ROWS_PER_TRANSACTION) {
            self.store
                .write(&SET_IS_NOTE)
                .bind("is_note", is_note)
                .bind("source", source)
                .bind("source_ids", chunk)
                .execute()
                .await?;
        }
        Ok(())
    }
}
