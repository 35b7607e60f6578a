//! API tokens: their names, roles and keyed hashes.

use super::{Store, StoreError, StoreResult, reading, transaction};
use crate::domain::role::Role;
use crate::domain::time::Millis;

/// An API token as stored in the database.
#[derive(Debug, Clone)]
pub struct ApiToken {
    /// Unique name of the token.
    pub name: String,
    /// Role that determines the permissions.
    pub role: Role,
    /// Keyed hash of the token, in hexadecimal.
    pub hash: String,
    /// Time of its creation.
    pub created_at: Millis,
}

impl Store {
    /// Stores a token; returns `false` if its name is taken.
    pub async fn add_api_token(&self, token: ApiToken) -> StoreResult<bool> {
        transaction!(self, |tx| {
            sqlx::query("INSERT INTO api_tokens (name, role, hash, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING")
                .bind(&token.name)
                .bind(token.role.as_str())
                .bind(&token.hash)
                .bind(token.created_at.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// Deletes a token; returns `true` if it existed.
    pub async fn remove_api_token(&self, name: &str) -> StoreResult<bool> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("DELETE FROM api_tokens WHERE name = $1")
                .bind(&name)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// Returns tokens, newest first.
    pub async fn api_tokens(&self, limit: Option<i64>) -> StoreResult<Vec<ApiToken>> {
        let rows: Vec<(String, String, String, i64)> = reading!(self, |db| {
            sqlx::query_as("SELECT name, role, hash, created_at FROM api_tokens ORDER BY created_at DESC, name LIMIT $1")
                .bind(limit.unwrap_or(i64::MAX))
                .fetch_all(db)
                .await?
        });
        rows.into_iter()
            .map(|(name, word, hash, at)| match Role::parse(&word) {
                Some(role) => Ok(ApiToken { name, role, hash, created_at: Millis(at) }),
                None => Err(StoreError::InvalidValue { value: word, column: "api_tokens.role" }),
            })
            .collect()
    }
}
