//! Uploaded files of imports, in pieces, and the lines of them that were rejected.

use serde::Serialize;
use serde_json::Value as Json;

use super::rows::to_json;
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::db::{FromRow, Row, Statement};
use crate::store::operations::Imports;

/// Number of rejected lines that are stored of each file.
pub const MAX_STORED_REJECTIONS: usize = 10_000;
/// Number of pieces deleted per transaction.
const DELETED_PARTS: i64 = 16;

static ADD_PART: Statement = Statement::new(
    "
    INSERT INTO import_parts (import_id, number, content)
    VALUES ($id, $number, $content)",
);

static COMPLETE: Statement = Statement::new(
    "
    UPDATE imports
       SET state = $state,
           bytes = $bytes
     WHERE id = $id
       AND state = 'uploading'
    RETURNING id",
);

static PART: Statement = Statement::new(
    "
    SELECT content
      FROM import_parts
     WHERE import_id = $id
       AND number = $number",
);

static DELETE_PARTS: Statement = Statement::new(
    "
    DELETE FROM import_parts
     WHERE import_id = $id
       AND number IN (
           SELECT p.number
             FROM import_parts p
            WHERE p.import_id = $id
            ORDER BY p.number
            LIMIT $limit)",
);

static ADD_REJECTIONS: Statement = Statement::new(
    "
    INSERT INTO import_rejections (import_id, line, reason, detail)
    SELECT $id, line, reason, detail
      FROM {json_rows $rows line INTEGER, reason TEXT, detail TEXT} AS r
     WHERE TRUE
    ON CONFLICT (import_id, line) DO NOTHING",
);

static REJECTIONS: Statement = Statement::new(
    "
    SELECT line, reason, detail
      FROM import_rejections
     WHERE import_id = $id
       AND line > $after
     ORDER BY line
     LIMIT $limit",
);

static DELETE_REJECTIONS: Statement =
    Statement::new("DELETE FROM import_rejections WHERE import_id = $id");

static DELETE_OLD_REJECTIONS: Statement = Statement::new(
    "
    DELETE FROM import_rejections
     WHERE import_id IN (SELECT i.id FROM imports i WHERE i.finished_at < $before)",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[
    &ADD_PART,
    &COMPLETE,
    &PART,
    &DELETE_PARTS,
    &ADD_REJECTIONS,
    &REJECTIONS,
    &DELETE_REJECTIONS,
    &DELETE_OLD_REJECTIONS,
];

/// Rejected line of an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRejection {
    /// Number of the line, from 1.
    pub line: i64,
    /// Reason of the rejection as a sentence.
    pub reason: String,
    /// Code of the reason and its values as a JSON object.
    pub detail: Json,
}

/// Rejected line to store.
#[derive(Debug, Clone, Serialize)]
pub struct NewRejection {
    /// Number of the line, from 1.
    pub line: u64,
    /// Reason of the rejection as a sentence.
    pub reason: String,
    /// Code of the reason and its values as a JSON object.
    pub detail: String,
}

impl FromRow for ImportRejection {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let detail: String = row.get("detail")?;
        Ok(Self {
            line: row.get("line")?,
            reason: row.get("reason")?,
            detail: serde_json::from_str(&detail).unwrap_or_default(),
        })
    }
}

impl Imports<'_> {
    /// Appends a piece to an uploaded file; the first one has the number 0.
    pub async fn add_part(self, id: i64, number: i64, content: Vec<u8>) -> StoreResult<()> {
        let query = self.store.write(&ADD_PART).bind("id", id).bind("number", number);
        query.bind("content", content).execute().await?;
        Ok(())
    }

    /// Marks an upload as complete, with its length in bytes; returns `false` if it was cancelled.
    pub async fn complete_upload(self, id: i64, bytes: i64, is_started: bool) -> StoreResult<bool> {
        let state = if is_started { "queued" } else { "ready" };
        let query = self.store.write(&COMPLETE).bind("id", id).bind("bytes", bytes);
        query.bind("state", state).exists().await
    }

    /// Returns a piece of an uploaded file; `None` after the last one.
    pub async fn part(self, id: i64, number: i64) -> StoreResult<Option<Vec<u8>>> {
        let query = self.store.read(&PART).bind("id", id).bind("number", number);
        query.fetch_optional_scalar().await
    }

    /// Deletes the uploaded file of an import, in short transactions.
    pub async fn delete_content(self, id: i64) -> StoreResult<()> {
        loop {
            let query = self.store.write(&DELETE_PARTS).bind("id", id);
            if query.bind("limit", DELETED_PARTS).execute().await? == 0 {
                return Ok(());
            }
        }
    }

    /// Stores rejected lines of an uploaded file.
    pub async fn add_rejections(self, id: i64, rejections: &[NewRejection]) -> StoreResult<()> {
        let rows = to_json(rejections);
        self.store.write(&ADD_REJECTIONS).bind("id", id).bind("rows", rows).execute().await?;
        Ok(())
    }

    /// Deletes the rejected lines of an earlier check of the same file.
    pub async fn clear_rejections(self, id: i64) -> StoreResult<()> {
        self.store.write(&DELETE_REJECTIONS).bind("id", id).execute().await?;
        Ok(())
    }

    /// Returns a page of the rejected lines, in the order of the file.
    pub async fn rejections(
        self,
        id: i64,
        page: &PageRequest,
    ) -> StoreResult<Page<ImportRejection>> {
        let query = self.store.read(&REJECTIONS).bind("id", id).bind("after", page.key_or(0_i64)?);
        query.fetch_page(page, |rejection: &ImportRejection| rejection.line).await
    }

    /// Deletes the rejected lines of imports that ended before a time, because they contain addresses.
    pub async fn delete_old_rejections(self, before: Millis) -> StoreResult<u64> {
        self.store.write(&DELETE_OLD_REJECTIONS).bind("before", before).execute().await
    }
}
