//! Current version of each feed document and the time of its last change.

use std::collections::HashMap;

use serde_json::json;

use super::StoreResult;
use super::db::Statement;
use super::operations::FeedItems;
use crate::domain::time::{Millis, SECOND, as_millis_i64};

/// Current version of a feed document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FeedVersion {
    /// Name of the feed.
    pub feed: String,
    /// File extension of the format.
    pub format: &'static str,
    /// Entity tag without quotes (RFC 9110).
    pub etag: String,
}

/// Stores versions in the order of the rows; a version that has not changed keeps its time.
static RECORD: Statement = Statement::new(
    "
    INSERT INTO feed_versions (feed, format, etag, modified_at)
    SELECT v.feed, v.format, v.etag, $now
      FROM {json_rows $versions feed TEXT, format TEXT, etag TEXT} AS v
     WHERE TRUE
    ON CONFLICT (feed, format) DO UPDATE
       SET etag = excluded.etag,
           modified_at = CASE
               WHEN feed_versions.etag = excluded.etag
               THEN feed_versions.modified_at
               WHEN excluded.modified_at >= feed_versions.modified_at + $interval
               THEN excluded.modified_at
               ELSE feed_versions.modified_at + $interval
           END
    RETURNING feed, format, modified_at",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&RECORD];

impl FeedItems<'_> {
    /// Records the entity tags of documents and returns, in the same order, the time of the last
    /// change of each: at least one second after its previous change, and equal on all nodes.
    pub async fn record_feed_versions(
        self,
        versions: &[FeedVersion],
        now: Millis,
    ) -> StoreResult<Vec<Millis>> {
        if versions.is_empty() {
            return Ok(Vec::new());
        }
        // All nodes lock the rows in the same order, which prevents deadlocks.
        let mut rows: Vec<&FeedVersion> = versions.iter().collect();
        rows.sort_by(|a, b| (&a.feed, a.format).cmp(&(&b.feed, b.format)));
        let rows: Vec<_> = rows
            .iter()
            .map(|v| json!({"feed": v.feed, "format": v.format, "etag": v.etag}))
            .collect();
        let recorded: HashMap<(String, String), Millis> = self
            .store
            .write(&RECORD)
            .bind("versions", json!(rows))
            .bind("now", now.whole_second())
            .bind("interval", as_millis_i64(SECOND))
            .fetch_with(|row| {
                Ok(((row.get("feed")?, row.get("format")?), row.time("modified_at")?))
            })
            .await?
            .into_iter()
            .collect();
        let at = |v: &FeedVersion| {
            recorded
                .get(&(v.feed.clone(), v.format.to_owned()))
                .copied()
                .unwrap_or(now.whole_second())
        };
        Ok(versions.iter().map(at).collect())
    }
}
