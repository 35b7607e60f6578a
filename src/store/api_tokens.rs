//! API tokens: their names, roles and keyed hashes.

use serde_json::json;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement};
use super::operations::ApiTokens;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::page::{Page, PageRequest};
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
     WHERE created_at < $created_at OR (created_at = $created_at AND name > $name)
     ORDER BY created_at DESC, name
     LIMIT $limit",
);

static FIND: Statement =
    Statement::new("SELECT name, role, hash, created_at FROM api_tokens WHERE hash = $hash");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&ADD, &REMOVE, &LIST, &FIND];

impl FromRow for ApiToken {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            name: row.get("name")?,
            role: row.enum_value("api_tokens.role", Role::parse)?,
            hash: row.get("hash")?,
            created_at: row.time("created_at")?,
        })
    }
}

impl ApiTokens<'_> {
    /// Stores a token; returns `false` if its name is taken.
    pub async fn add(self, token: &ApiToken, actor: &Actor) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let added = tx
            .query(&ADD)
            .bind("name", &token.name)
            .bind("role", token.role.as_str())
            .bind("hash", &token.hash)
            .bind("created_at", token.created_at)
            .execute()
            .await?;
        if added == 0 {
            return Ok(false);
        }
        let detail = json!({"role": token.role.as_str()});
        let entry = NewAuditEntry::new(actor, AuditAction::Create, AuditObject::Token, &token.name);
        audit_log::record(&mut tx, entry.with(detail), token.created_at).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a token; returns `true` if it existed.
    pub async fn remove(self, name: &str, actor: &Actor, now: Millis) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        if tx.query(&REMOVE).bind("name", name).execute().await? == 0 {
            return Ok(false);
        }
        let entry = NewAuditEntry::new(actor, AuditAction::Delete, AuditObject::Token, name);
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns a page of the tokens, newest first.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<ApiToken>> {
        let (created_at, name) = page.key_or((i64::MAX, String::new()))?;
        self.store
            .read(&LIST)
            .bind("created_at", created_at)
            .bind("name", name)
            .fetch_page(page, |t: &ApiToken| (t.created_at.0, t.name.clone()))
            .await
    }

    /// Returns the token with this hash.
    pub async fn find_by_hash(self, hash: &str) -> StoreResult<Option<ApiToken>> {
        self.store.read(&FIND).bind("hash", hash).fetch_optional().await
    }
}
