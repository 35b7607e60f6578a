//! API tokens: their names, roles and keyed hashes.

use super::db::{FromRow, Row, Statement};
use super::{Store, StoreResult};
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

/// Stores a token unless its name is taken.
static ADD: Statement = Statement::new(
    "
    INSERT INTO api_tokens (name, role, hash, created_at)
    VALUES ($name, $role, $hash, $created_at)
    ON CONFLICT (name) DO NOTHING",
);

static REMOVE: Statement = Statement::new("DELETE FROM api_tokens WHERE name = $name");

static LIST: Statement = Statement::new(
    "
    SELECT name, role, hash, created_at
      FROM api_tokens
     ORDER BY created_at DESC, name
     LIMIT $limit",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&ADD, &REMOVE, &LIST];

impl FromRow for ApiToken {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            name: row.get("name")?,
            role: row.word("api_tokens.role", Role::parse)?,
            hash: row.get("hash")?,
            created_at: row.time("created_at")?,
        })
    }
}

impl Store {
    /// Stores a token; returns `false` if its name is taken.
    pub async fn add_api_token(&self, token: &ApiToken) -> StoreResult<bool> {
        let added = self
            .write(&ADD)
            .bind("name", &token.name)
            .bind("role", token.role.as_str())
            .bind("hash", &token.hash)
            .bind("created_at", token.created_at)
            .execute()
            .await?;
        Ok(added == 1)
    }

    /// Deletes a token; returns `true` if it existed.
    pub async fn remove_api_token(&self, name: &str) -> StoreResult<bool> {
        Ok(self.write(&REMOVE).bind("name", name).execute().await? == 1)
    }

    /// Returns tokens, newest first.
    pub async fn api_tokens(&self, limit: Option<i64>) -> StoreResult<Vec<ApiToken>> {
        self.read(&LIST).bind("limit", limit.unwrap_or(i64::MAX)).fetch_all().await
    }
}
