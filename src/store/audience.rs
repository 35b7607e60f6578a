//! An edition's audience: who it is for, and its freezing in blocks of consecutive deliveries.

use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::Millis;

/// Deliveries in a block: one lease, one load.
pub const BLOCK: i64 = 256;
/// Blocks frozen in one transaction: long enough for its commit not to count, short enough for others not to wait.
const AT_ONCE: usize = 8;

/// The readers of a language who chose the same sections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// Language tag; empty if unknown.
    pub language: String,
    /// Chosen sections as a sorted JSON list; `[]` for all.
    pub sections: String,
}

impl Store {
    /// The languages and chosen sections that occur among the confirmed subscribers of a digest; however many they are, only
    /// what differs is held in memory.
    pub async fn choices(&self, digest: &str) -> StoreResult<Vec<Choice>> {
        let rows: Vec<(String, String)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT DISTINCT COALESCE(p.language, ''), s.sections FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id \
             WHERE s.digest = $1 AND s.status = 'confirmed'"
        )
        .bind(digest)
        .fetch_all(db)
        .await?
        });
        let mut choices: Vec<Choice> =
            rows.into_iter().map(|(language, sections)| Choice { language, sections }).collect();
        choices.sort();
        Ok(choices)
    }

    /// Freezes the next blocks of an edition's audience, in the order of their subscriptions, in one short transaction; gives
    /// how many deliveries they hold, 0 when the audience is complete. Begun again after a crash, it goes on where it stopped.
    pub async fn freeze_blocks(&self, edition: i64, now: Millis) -> StoreResult<i64> {
        let in_bulk = self.in_bulk();
        transaction!(self, |tx| {
            // What a power cut takes is frozen again; the commit that lets the edition go out comes after and waits for all.
            if let Some(in_bulk) = in_bulk {
                sqlx::query(in_bulk).execute(&mut *tx).await?;
            }
            // Taking the row first makes a second node wait for these blocks instead of freezing them again.
            let at: Option<(i64, String)> = sqlx::query_as(
                "UPDATE editions SET frozen_to = frozen_to WHERE id = $1 AND state = 'preparing' RETURNING frozen_to, digest",
            )
            .bind(edition)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((mut frozen_to, digest)) = at else { return Ok(0) };
            let mut frozen = 0;
            for _ in 0..AT_ONCE {
                let (block,): (i64,) =
                    sqlx::query_as("INSERT INTO blocks (edition_id) VALUES ($1) RETURNING id")
                        .bind(edition)
                        .fetch_one(&mut *tx)
                        .await?;
                let rows = sqlx::query(FREEZE)
                    .bind(edition)
                    .bind(block)
                    .bind(now.0)
                    .bind(&digest)
                    .bind(frozen_to)
                    .bind(BLOCK)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if rows == 0 {
                    sqlx::query("DELETE FROM blocks WHERE id = $1")
                        .bind(block)
                        .execute(&mut *tx)
                        .await?;
                    break;
                }
                frozen += i64::try_from(rows).unwrap_or(i64::MAX);
                (frozen_to,) = sqlx::query_as(
                    "SELECT MAX(subscription_id) FROM deliveries WHERE block_id = $1",
                )
                .bind(block)
                .fetch_one(&mut *tx)
                .await?;
            }
            sqlx::query("UPDATE editions SET frozen_to = $2 WHERE id = $1")
                .bind(edition)
                .bind(frozen_to)
                .execute(&mut *tx)
                .await?;
            frozen
        })
    }

    /// Lets a frozen edition go out; gives whether it was waiting for that.
    pub async fn release_edition(&self, edition: i64) -> StoreResult<bool> {
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

const FREEZE: &str = "INSERT INTO deliveries (kind, edition_id, block_id, variant_id, subscriber_id, subscription_id, address, address_hash, \
     name, state, created_at) \
     SELECT 'edition', $1, $2, COALESCE(c.variant_id, (SELECT whole.variant_id FROM variant_choices whole WHERE whole.edition_id = $1 \
     AND whole.language = '*' AND whole.sections = '[]')), p.id, s.id, p.address, p.address_hash, p.name, 'queued', $3 \
     FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id \
     LEFT JOIN variant_choices c ON c.edition_id = $1 AND c.language = COALESCE(p.language, '') AND c.sections = s.sections \
     WHERE s.digest = $4 AND s.status = 'confirmed' AND s.id > $5 AND (c.edition_id IS NULL OR c.variant_id IS NOT NULL) \
     AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.hash = p.address_hash) ORDER BY s.id LIMIT $6";
