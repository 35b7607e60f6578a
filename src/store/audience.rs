//! Audience of an edition: its groups by language and sections, and its freezing into batches of
//! consecutive deliveries.

use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::Millis;

/// Number of deliveries in a batch, which is leased and loaded as a whole.
pub const BATCH_SIZE: i64 = 256;
/// Number of batches frozen per transaction: enough to make the cost of the commit negligible, few
/// enough not to delay other writers.
const BATCHES_PER_TRANSACTION: usize = 8;

/// Subscribers with the same language who chose the same sections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AudienceGroup {
    /// Language tag of the subscribers; empty if unknown.
    pub language: String,
    /// Chosen sections as a sorted JSON list; `[]` means all sections.
    pub sections: String,
}

impl Store {
    /// Returns the distinct languages and chosen sections of the confirmed subscribers of a digest;
    /// memory use depends only on the number of groups.
    pub async fn audience_groups(&self, digest: &str) -> StoreResult<Vec<AudienceGroup>> {
        let rows: Vec<(String, String)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT DISTINCT COALESCE(p.language, ''), s.sections FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id \
             WHERE s.digest = $1 AND s.status = 'confirmed'"
        )
        .bind(digest)
        .fetch_all(db)
        .await?
        });
        let mut groups: Vec<AudienceGroup> = rows
            .into_iter()
            .map(|(language, sections)| AudienceGroup { language, sections })
            .collect();
        groups.sort();
        Ok(groups)
    }

    /// Freezes the next batches of the audience, ordered by subscription, in one short transaction,
    /// and returns the number of deliveries created; 0 means that the audience is complete. After a
    /// crash, freezing continues where it stopped.
    pub async fn freeze_batches(&self, edition: i64, now: Millis) -> StoreResult<i64> {
        let bulk_settings = self.bulk_settings();
        transaction!(self, |tx| {
            // Batches lost in a power failure are frozen again. The later commit that starts
            // sending waits until all of them are on disk.
            if let Some(settings) = bulk_settings {
                sqlx::query(settings).execute(&mut *tx).await?;
            }
            // Locks the row first, so that a second node waits instead of freezing the same
            // batches.
            let progress: Option<(i64, String)> = sqlx::query_as(
                "UPDATE editions SET frozen_through = frozen_through WHERE id = $1 AND state = 'preparing' RETURNING frozen_through, digest",
            )
            .bind(edition)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((mut frozen_through, digest)) = progress else { return Ok(0) };
            let mut frozen = 0;
            for _ in 0..BATCHES_PER_TRANSACTION {
                let (batch,): (i64,) = sqlx::query_as(
                    "INSERT INTO delivery_batches (edition_id) VALUES ($1) RETURNING id",
                )
                .bind(edition)
                .fetch_one(&mut *tx)
                .await?;
                let rows = sqlx::query(FREEZE)
                    .bind(edition)
                    .bind(batch)
                    .bind(now.0)
                    .bind(&digest)
                    .bind(frozen_through)
                    .bind(BATCH_SIZE)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if rows == 0 {
                    sqlx::query("DELETE FROM delivery_batches WHERE id = $1")
                        .bind(batch)
                        .execute(&mut *tx)
                        .await?;
                    break;
                }
                frozen += i64::try_from(rows).unwrap_or(i64::MAX);
                (frozen_through,) = sqlx::query_as(
                    "SELECT MAX(subscription_id) FROM deliveries WHERE batch_id = $1",
                )
                .bind(batch)
                .fetch_one(&mut *tx)
                .await?;
            }
            sqlx::query("UPDATE editions SET frozen_through = $2 WHERE id = $1")
                .bind(edition)
                .bind(frozen_through)
                .execute(&mut *tx)
                .await?;
            frozen
        })
    }

    /// Starts sending a frozen edition; returns `true` if it was in state `preparing`.
    pub async fn start_sending(&self, edition: i64) -> StoreResult<bool> {
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE editions SET state = 'sending' WHERE id = $1 AND state = 'preparing'",
            )
            .bind(edition)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1
        })
    }
}

/// Creates the deliveries of one batch.
const FREEZE: &str = "INSERT INTO deliveries (kind, edition_id, batch_id, variant_id, subscriber_id, subscription_id, address, address_hash, \
     name, state, created_at) \
     SELECT 'edition', $1, $2, COALESCE(c.variant_id, (SELECT whole.variant_id FROM variant_assignments whole WHERE whole.edition_id = $1 \
     AND whole.language = '*' AND whole.sections = '[]')), p.id, s.id, p.address, p.address_hash, p.name, 'queued', $3 \
     FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id \
     LEFT JOIN variant_assignments c ON c.edition_id = $1 AND c.language = COALESCE(p.language, '') AND c.sections = s.sections \
     WHERE s.digest = $4 AND s.status = 'confirmed' AND s.id > $5 AND (c.edition_id IS NULL OR c.variant_id IS NOT NULL) \
     AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.hash = p.address_hash) ORDER BY s.id LIMIT $6";
