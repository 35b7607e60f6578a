//! API tokens: their names, roles, digests and keyed hashes.

use std::collections::HashMap;

use serde_json::json;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement};
use super::operations::ApiTokens;
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::digest_scope::DigestScope;
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
    /// Digests that the token may see and change.
    pub digests: DigestScope,
    /// Keyed hash of the token, in hexadecimal.
    pub hash: String,
    /// Time of its creation.
    pub created_at: Millis,
    /// Time from which on it is refused; `None` if it does not expire.
    pub expires_at: Option<Millis>,
    /// Time of a use, at most some minutes before the last one; `None` if it was never used.
    pub last_used_at: Option<Millis>,
}

/// Stores a token unless its name is taken.
static ADD: Statement = Statement::new(
    "
    INSERT INTO api_tokens (name, role, hash, created_at, expires_at, is_limited)
    VALUES ($name, $role, $hash, $created_at, $expires_at, $is_limited)
    ON CONFLICT (name) DO NOTHING",
);

static ADD_DIGEST: Statement =
    Statement::new("INSERT INTO api_token_digests (token, digest) VALUES ($token, $digest)");

static REMOVE: Statement = Statement::new("DELETE FROM api_tokens WHERE name = $name");

/// A later token with the name must not get the answers of this one.
static REMOVE_KEYS: Statement = Statement::new("DELETE FROM idempotency_keys WHERE actor = $actor");

const COLUMNS: &str =
    "t.name, t.role, t.hash, t.created_at, t.expires_at, t.last_used_at, t.is_limited";

static LIST: Statement = Statement::with(
    "
    SELECT {columns}
      FROM api_tokens t
     WHERE t.created_at < $created_at OR (t.created_at = $created_at AND t.name > $name)
     ORDER BY t.created_at DESC, t.name
     LIMIT $limit",
    &[("columns", COLUMNS)],
);

static LIST_EXPIRING: Statement = Statement::new(
    "
    SELECT name, expires_at
      FROM api_tokens
     WHERE expires_at > $now
       AND expires_at <= $until
     ORDER BY expires_at, name",
);

static DIGESTS_OF: Statement = Statement::new(
    "
    SELECT token, digest
      FROM api_token_digests
     WHERE token IN {json_texts $tokens}",
);

/// One row for each digest of the token, and one without a digest if it has none.
static WITH_HASH: Statement = Statement::with(
    "
    SELECT {columns}, d.digest
      FROM api_tokens t
      LEFT JOIN api_token_digests d ON d.token = t.name
     WHERE t.hash = $hash",
    &[("columns", COLUMNS)],
);

static WITH_NAME: Statement = Statement::with(
    "
    SELECT {columns}, d.digest
      FROM api_tokens t
      LEFT JOIN api_token_digests d ON d.token = t.name
     WHERE t.name = $name",
    &[("columns", COLUMNS)],
);

static RECORD_USE: Statement =
    Statement::new("UPDATE api_tokens SET last_used_at = $now WHERE hash = $hash");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &ADD,
    &ADD_DIGEST,
    &REMOVE,
    &REMOVE_KEYS,
    &LIST_EXPIRING,
    &LIST,
    &DIGESTS_OF,
    &WITH_HASH,
    &WITH_NAME,
    &RECORD_USE,
];

impl FromRow for ApiToken {
    /// A limited token is read without its digests.
    fn from_row(row: &Row) -> StoreResult<Self> {
        let is_limited: bool = row.get("is_limited")?;
        Ok(Self {
            name: row.get("name")?,
            role: row.enum_value("api_tokens.role", Role::parse)?,
            digests: DigestScope::new(is_limited.then(Vec::new)),
            hash: row.get("hash")?,
            created_at: row.time("created_at")?,
            expires_at: row.optional_time("expires_at")?,
            last_used_at: row.optional_time("last_used_at")?,
        })
    }
}

/// Adds a digest to a limited token.
fn add_digest(token: &mut ApiToken, digest: Option<String>) {
    if let (DigestScope::Only(names), Some(digest)) = (&mut token.digests, digest) {
        names.insert(digest);
    }
}

/// Returns the token of rows that differ in their digest only.
fn merge(rows: Vec<(ApiToken, Option<String>)>) -> Option<ApiToken> {
    let mut token = rows.first().map(|(token, _)| token.clone())?;
    rows.into_iter().for_each(|(_, digest)| add_digest(&mut token, digest));
    Some(token)
}

fn with_digest(row: &Row) -> StoreResult<(ApiToken, Option<String>)> {
    Ok((ApiToken::from_row(row)?, row.get("digest")?))
}

impl ApiTokens<'_> {
    /// Stores a token; returns `false` if its name is taken.
    pub async fn add(self, token: &ApiToken, actor: &Actor) -> StoreResult<bool> {
        let digests = token.digests.names();
        let mut tx = self.store.begin().await?;
        let added = tx
            .query(&ADD)
            .bind("name", &token.name)
            .bind("role", token.role.as_str())
            .bind("hash", &token.hash)
            .bind("created_at", token.created_at)
            .bind("expires_at", token.expires_at)
            .bind("is_limited", digests.is_some())
            .execute()
            .await?;
        if added == 0 {
            return Ok(false);
        }
        for digest in digests.iter().flatten() {
            tx.query(&ADD_DIGEST)
                .bind("token", &token.name)
                .bind("digest", digest)
                .execute()
                .await?;
        }
        let mut detail = json!({"role": token.role.as_str()});
        if let Some(digests) = digests {
            detail["digests"] = digests.into();
        }
        if let Some(time) = token.expires_at {
            detail["expires_at"] = time.rfc3339().into();
        }
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
        let client = format!("{}:{name}", ActorKind::Token.as_str());
        tx.query(&REMOVE_KEYS).bind("actor", client).execute().await?;
        let entry = NewAuditEntry::new(actor, AuditAction::Delete, AuditObject::Token, name);
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns a page of the tokens, newest first.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<ApiToken>> {
        let (created_at, name) = page.key_or((i64::MAX, String::new()))?;
        let mut tokens = self
            .store
            .read(&LIST)
            .bind("created_at", created_at)
            .bind("name", name)
            .fetch_page(page, |t: &ApiToken| (t.created_at.0, t.name.clone()))
            .await?;
        let names: Vec<String> = tokens.items.iter().map(|token| token.name.clone()).collect();
        let digests: Vec<(String, String)> = self
            .store
            .read(&DIGESTS_OF)
            .bind("tokens", names.as_slice())
            .fetch_with(|row| Ok((row.get("token")?, row.get("digest")?)))
            .await?;
        let mut by_name: HashMap<String, &mut ApiToken> =
            tokens.items.iter_mut().map(|token| (token.name.clone(), token)).collect();
        for (name, digest) in digests {
            if let Some(token) = by_name.get_mut(&name) {
                add_digest(token, Some(digest));
            }
        }
        Ok(tokens)
    }

    /// Returns the names of the tokens that expire between two times, with their expiry, soonest first.
    pub async fn list_expiring(
        self,
        now: Millis,
        until: Millis,
    ) -> StoreResult<Vec<(String, Millis)>> {
        let query = self.store.read(&LIST_EXPIRING).bind("now", now).bind("until", until);
        query.fetch_with(|row| Ok((row.get("name")?, row.time("expires_at")?))).await
    }

    /// Returns the token with this hash.
    pub async fn find_by_hash(self, hash: &str) -> StoreResult<Option<ApiToken>> {
        self.store.read(&WITH_HASH).bind("hash", hash).fetch_with(with_digest).await.map(merge)
    }

    /// Returns the token with this name.
    pub async fn find(self, name: &str) -> StoreResult<Option<ApiToken>> {
        self.store.read(&WITH_NAME).bind("name", name).fetch_with(with_digest).await.map(merge)
    }

    /// Stores the time of a use of a token.
    pub async fn record_use(self, hash: &str, now: Millis) -> StoreResult<()> {
        self.store.write(&RECORD_USE).bind("now", now).bind("hash", hash).execute().await.map(drop)
    }
}
