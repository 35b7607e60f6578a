//! Suppressed addresses, which must never receive mail again; stored as keyed hashes, so that they
//! outlive the erasure of personal data (guarantee 7).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::Millis;

/// Suppression of one address.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// Keyed hash of the address.
    pub hash: String,
    /// Reason in one word: `admin`, `bounce` or `complaint`.
    pub reason: String,
    /// Time of the suppression.
    pub created_at: Millis,
}

/// Returns the keyed hash of an address in its normalized form.
pub fn address_hash(secret: &[u8], address_key: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(b"address:");
    mac.update(address_key.as_bytes());
    mac.finalize().into_bytes().iter().take(16).map(|b| format!("{b:02x}")).collect()
}

impl Store {
    /// Suppresses an address; returns `false` if it was suppressed already.
    pub async fn suppress(&self, hash: &str, reason: &str, now: Millis) -> StoreResult<bool> {
        let (hash, reason) = (hash.to_owned(), reason.to_owned());
        transaction!(self, |tx| {
            sqlx::query("INSERT INTO suppressions (hash, reason, created_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING")
                .bind(&hash)
                .bind(&reason)
                .bind(now.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// Removes a suppression; returns `true` if there was one.
    pub async fn remove_suppression(&self, hash: &str) -> StoreResult<bool> {
        let hash = hash.to_owned();
        transaction!(self, |tx| {
            sqlx::query("DELETE FROM suppressions WHERE hash = $1")
                .bind(&hash)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// Returns the reason for the suppression of an address, if it is suppressed.
    pub async fn suppression(&self, hash: &str) -> StoreResult<Option<String>> {
        let row: Option<(String,)> =
            reading!(self, |db| sqlx::query_as("SELECT reason FROM suppressions WHERE hash = $1")
                .bind(hash)
                .fetch_optional(db)
                .await?);
        Ok(row.map(|(reason,)| reason))
    }

    /// Returns suppressions, newest first.
    pub async fn suppressions(&self, limit: Option<i64>) -> StoreResult<Vec<Suppression>> {
        let rows: Vec<(String, String, i64)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT hash, reason, created_at FROM suppressions ORDER BY created_at DESC, hash LIMIT $1"
        )
        .bind(limit.unwrap_or(i64::MAX))
        .fetch_all(db)
        .await?
        });
        Ok(rows
            .into_iter()
            .map(|(hash, reason, at)| Suppression { hash, reason, created_at: Millis(at) })
            .collect())
    }
}
