//! Current version of each feed document and the time of its last change.

use std::collections::HashMap;

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreResult, transaction};
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

impl Store {
    /// Records the entity tags of documents and returns, in the same order, the time of the last
    /// change of each: at least one second after its previous change, and equal on all nodes.
    pub async fn record_feed_versions(
        &self,
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
        let rows = serde_json::Value::from(rows).to_string();
        let text = format!(
            "INSERT INTO feed_versions (feed, format, etag, modified_at) SELECT v.feed, v.format, v.etag, $2 FROM {} AS v WHERE TRUE \
             ON CONFLICT (feed, format) DO UPDATE SET etag = excluded.etag, modified_at = CASE \
             WHEN feed_versions.etag = excluded.etag THEN feed_versions.modified_at \
             WHEN excluded.modified_at >= feed_versions.modified_at + $3 THEN excluded.modified_at \
             ELSE feed_versions.modified_at + $3 END RETURNING feed, format, modified_at",
            self.json_rows(
                "$1",
                &[Column::Text("feed"), Column::Text("format"), Column::Text("etag")]
            )
        );
        let recorded: Vec<(String, String, i64)> = transaction!(self, |tx| {
            sqlx::query_as(sql(text.clone()))
                .bind(&rows)
                .bind(now.whole_second().0)
                .bind(as_millis_i64(SECOND))
                .fetch_all(&mut *tx)
                .await?
        })?;
        let recorded: HashMap<(String, String), i64> =
            recorded.into_iter().map(|(feed, format, at)| ((feed, format), at)).collect();
        let at = |v: &FeedVersion| {
            recorded
                .get(&(v.feed.clone(), v.format.to_owned()))
                .copied()
                .map_or(now.whole_second(), Millis)
        };
        Ok(versions.iter().map(at).collect())
    }
}
