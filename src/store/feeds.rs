//! When the bytes of each feed last changed.

use super::{Store, StoreResult, transaction};
use crate::domain::time::{Millis, SECOND};

impl Store {
    /// Notes a feed's entity tag and gives when it was last changed, at least a second after the change before.
    pub async fn note_feed_version(&self, feed: &str, format: &str, etag: &str, now: Millis) -> StoreResult<Millis> {
        let (feed, format, etag) = (feed.to_owned(), format.to_owned(), etag.to_owned());
        transaction!(self, |tx| {
            let row: (i64,) = sqlx::query_as(
                "INSERT INTO feed_versions (feed, format, etag, modified_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (feed, format) DO UPDATE SET etag = excluded.etag, modified_at = CASE \
                 WHEN feed_versions.etag = excluded.etag THEN feed_versions.modified_at \
                 WHEN excluded.modified_at >= feed_versions.modified_at + $5 THEN excluded.modified_at \
                 ELSE feed_versions.modified_at + $5 END RETURNING modified_at",
            )
            .bind(&feed)
            .bind(&format)
            .bind(&etag)
            .bind(now.whole_second().0)
            .bind(SECOND)
            .fetch_one(&mut *tx)
            .await?;
            Millis(row.0)
        })
    }
}
