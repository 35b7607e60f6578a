//! Sign-ins that wait for the answer of the OpenID provider; each is answered once.

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::OidcRequests;
use crate::domain::time::Millis;

/// Secrets of a sign-in that waits for the answer of the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcRequest {
    /// Value that the ID token must contain.
    pub nonce: String,
    /// Secret of the code challenge (RFC 7636).
    pub verifier: String,
}

static ADD: Statement = Statement::new(
    "
    INSERT INTO oidc_requests (hash, nonce, verifier, created_at)
    VALUES ($hash, $nonce, $verifier, $now)",
);

static REMOVE_EXPIRED: Statement =
    Statement::new("DELETE FROM oidc_requests WHERE created_at <= $created_after");

static TAKE: Statement = Statement::new(
    "
    DELETE FROM oidc_requests
     WHERE hash = $hash AND created_at > $created_after
    RETURNING nonce, verifier",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&ADD, &REMOVE_EXPIRED, &TAKE];

impl FromRow for OidcRequest {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self { nonce: row.get("nonce")?, verifier: row.get("verifier")? })
    }
}

impl OidcRequests<'_> {
    /// Stores a request under a hash of its state, and deletes those that began before `created_after`.
    pub async fn add(
        self,
        hash: &str,
        request: &OidcRequest,
        created_after: Millis,
        now: Millis,
    ) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        tx.query(&REMOVE_EXPIRED).bind("created_after", created_after).execute().await?;
        tx.query(&ADD)
            .bind("hash", hash)
            .bind("nonce", &request.nonce)
            .bind("verifier", &request.verifier)
            .bind("now", now)
            .execute()
            .await?;
        tx.commit().await
    }

    /// Removes and returns the request with this hash, if it began after `created_after`.
    pub async fn take(self, hash: &str, created_after: Millis) -> StoreResult<Option<OidcRequest>> {
        let query = self.store.write(&TAKE).bind("hash", hash);
        query.bind("created_after", created_after).fetch_optional().await
    }
}
