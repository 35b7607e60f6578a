//! Keys to the API: who may do what, kept as keyed hashes.

use super::{Store, StoreError, StoreResult, reading, transaction};
use crate::domain::role::Role;
use crate::domain::time::Millis;

/// A token as it is kept.
#[derive(Debug, Clone)]
pub struct KeptToken {
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Its keyed hash, in hex.
    pub hash: String,
    /// Since when.
    pub created_at: Millis,
}

impl Store {
    /// Keeps a token; gives whether its name was free.
    pub async fn add_token(&self, token: KeptToken) -> StoreResult<bool> {
        transaction!(self, |tx| {
            sqlx::query("INSERT INTO tokens (name, role, hash, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING")
                .bind(&token.name)
                .bind(token.role.word())
                .bind(&token.hash)
                .bind(token.created_at.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// Forgets a token; gives whether there was one.
    pub async fn remove_token(&self, name: &str) -> StoreResult<bool> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("DELETE FROM tokens WHERE name = $1")
                .bind(&name)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// All tokens, newest first.
    pub async fn tokens(&self, limit: Option<i64>) -> StoreResult<Vec<KeptToken>> {
        let rows: Vec<(String, String, String, i64)> = reading!(self, |db| {
            sqlx::query_as("SELECT name, role, hash, created_at FROM tokens ORDER BY created_at DESC, name LIMIT $1")
                .bind(limit.unwrap_or(i64::MAX))
                .fetch_all(db)
                .await?
        });
        rows.into_iter()
            .map(|(name, word, hash, at)| match Role::named(&word) {
                Some(role) => Ok(KeptToken { name, role, hash, created_at: Millis(at) }),
                None => Err(StoreError::Inconsistent { what: word, place: "tokens.role" }),
            })
            .collect()
    }
}
