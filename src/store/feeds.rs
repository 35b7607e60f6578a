//! When the bytes of each feed last changed.

use std::collections::HashMap;

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreResult, transaction};
use crate::domain::time::{Millis, SECOND};

/// A feed's document as it is now: feed, format, entity tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// The feed's name.
    pub feed: String,
    /// The format's extension.
    pub format: &'static str,
    /// Its entity tag, without quotes.
    pub etag: String,
}

impl Store {
    /// Notes documents' entity tags and gives, in their order, when each was last changed: at least a second after the
    /// change before, and the same on every node.
    pub async fn note_feed_versions(
        &self,
        versions: &[Version],
        now: Millis,
    ) -> StoreResult<Vec<Millis>> {
        if versions.is_empty() {
            return Ok(Vec::new());
        }
        // In one order everywhere, so that two nodes do not wait for each other.
        let mut rows: Vec<&Version> = versions.iter().collect();
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
            self.rows("$1", &[Column::Text("feed"), Column::Text("format"), Column::Text("etag")])
        );
        let noted: Vec<(String, String, i64)> = transaction!(self, |tx| {
            sqlx::query_as(sql(text.clone()))
                .bind(&rows)
                .bind(now.whole_second().0)
                .bind(SECOND)
                .fetch_all(&mut *tx)
                .await?
        })?;
        let noted: HashMap<(String, String), i64> =
            noted.into_iter().map(|(feed, format, at)| ((feed, format), at)).collect();
        let at = |v: &Version| {
            noted
                .get(&(v.feed.clone(), v.format.to_owned()))
                .copied()
                .map_or(now.whole_second(), Millis)
        };
        Ok(versions.iter().map(at).collect())
    }
}
