//! Addresses that must never be mailed again, kept as keyed hashes, so that they outlive an erasure (promise 7).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::Millis;

/// One suppressed address.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// Keyed hash of the address.
    pub hash: String,
    /// Why, in one word: `admin`, `bounce`, `complaint`.
    pub reason: String,
    /// Since when.
    pub created_at: Millis,
}

/// The keyed hash of an address in its compared form.
pub fn address_hash(secret: &[u8], address_key: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(b"address:");
    mac.update(address_key.as_bytes());
    mac.finalize().into_bytes().iter().take(16).map(|b| format!("{b:02x}")).collect()
}

impl Store {
    /// Suppresses an address; gives whether it was not yet.
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

    /// Lifts a suppression; gives whether there was one.
    pub async fn unsuppress(&self, hash: &str) -> StoreResult<bool> {
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

    /// Why an address is suppressed, if it is.
    pub async fn suppression(&self, hash: &str) -> StoreResult<Option<String>> {
        let row: Option<(String,)> =
            reading!(self, |db| sqlx::query_as("SELECT reason FROM suppressions WHERE hash = $1")
                .bind(hash)
                .fetch_optional(db)
                .await?);
        Ok(row.map(|(reason,)| reason))
    }

    /// All suppressions, newest first.
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
