//! Sessions of signed-in users: only a hash of each id is stored.

use serde_json::json;

use super::StoreResult;
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::Sessions;
use super::user_audit::record_change;
use crate::domain::actor::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::time::Millis;

/// Length of the public id of a session, the beginning of its hash.
const PUBLIC_ID_LENGTH: usize = 16;

/// A session as stored in the database.
#[derive(Debug, Clone)]
pub struct Session {
    /// Hash of the id in the cookie, in hexadecimal.
    pub hash: String,
    /// Name of the user.
    pub user_name: String,
    /// `true` while only the password was verified, and the second factor is missing.
    pub needs_code: bool,
    /// Browser and system, as a person knows them.
    pub browser: String,
    /// Time of the sign-in.
    pub created_at: Millis,
    /// Time of a request, at most a minute before the last one.
    pub used_at: Millis,
}

impl Session {
    /// Returns the id with which the owner can end the session; it does not reveal the cookie.
    pub fn public_id(&self) -> &str {
        self.hash.get(..PUBLIC_ID_LENGTH).unwrap_or(&self.hash)
    }
}

/// Times before which a session is over.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// Sessions that began before are over.
    pub created_after: Millis,
    /// Sessions without a request since then are over.
    pub used_after: Millis,
    /// Sessions that wait for a second factor since before are over.
    pub waiting_after: Millis,
}

static ADD: Statement = Statement::new(
    "
    INSERT INTO sessions (hash, user_name, needs_code, browser, created_at, used_at)
    SELECT $hash, name, $needs_code, $browser, $created_at, $used_at
      FROM users
     WHERE name = $user_name",
);

static FIND: Statement = Statement::new(
    "
    SELECT hash, user_name, needs_code, browser, created_at, used_at
      FROM sessions
     WHERE hash = $hash",
);

static LIST: Statement = Statement::new(
    "
    SELECT hash, user_name, needs_code, browser, created_at, used_at
      FROM sessions
     WHERE user_name = $user_name
       AND needs_code = FALSE
       AND created_at > $created_after
       AND used_at > $used_after
     ORDER BY used_at DESC, hash",
);

static TOUCH: Statement = Statement::new("UPDATE sessions SET used_at = $now WHERE hash = $hash");

static REMOVE: Statement = Statement::new("DELETE FROM sessions WHERE hash = $hash");

static REMOVE_OWN: Statement = Statement::new(
    "DELETE FROM sessions WHERE user_name = $user_name AND substr(hash, 1, 16) = $public_id",
);

static REMOVE_OF: Statement = Statement::new("DELETE FROM sessions WHERE user_name = $user_name");

static REMOVE_EXPIRED: Statement = Statement::new(
    "
    DELETE FROM sessions
     WHERE created_at <= $created_after
        OR used_at <= $used_after
        OR (needs_code AND created_at <= $waiting_after)",
);

static SIGNED_IN: Statement =
    Statement::new("UPDATE users SET signed_in_at = $now WHERE name = $name");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ADD, &FIND, &LIST, &TOUCH, &REMOVE, &REMOVE_OWN, &REMOVE_OF, &REMOVE_EXPIRED, &SIGNED_IN];

impl FromRow for Session {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            hash: row.get("hash")?,
            user_name: row.get("user_name")?,
            needs_code: row.get("needs_code")?,
            browser: row.get("browser")?,
            created_at: row.time("created_at")?,
            used_at: row.time("used_at")?,
        })
    }
}

/// Ends all sessions of a user, in the transaction of the change that requires it.
pub(super) async fn end_sessions_of(tx: &mut Tx, user_name: &str) -> StoreResult<u64> {
    tx.query(&REMOVE_OF).bind("user_name", user_name).execute().await
}

/// Stores a session in place of `replaced`, and records the sign-in once it is complete.
pub(super) async fn start(
    tx: &mut Tx,
    session: &Session,
    replaced: Option<&str>,
    method: &str,
    actor: &Actor,
) -> StoreResult<()> {
    if let Some(hash) = replaced {
        tx.query(&REMOVE).bind("hash", hash).execute().await?;
    }
    tx.query(&ADD)
        .bind("hash", &session.hash)
        .bind("user_name", &session.user_name)
        .bind("needs_code", session.needs_code)
        .bind("browser", &session.browser)
        .bind("created_at", session.created_at)
        .bind("used_at", session.used_at)
        .execute()
        .await?;
    if session.needs_code {
        return Ok(());
    }
    let (name, now) = (session.user_name.as_str(), session.created_at);
    tx.query(&SIGNED_IN).bind("name", name).bind("now", now).execute().await?;
    record_change(tx, name, AuditAction::SignIn, json!({"method": method}), actor, now).await
}

impl Sessions<'_> {
    /// Stores a session in place of `replaced`; `method` tells how the user signed in.
    pub async fn start(
        self,
        session: &Session,
        replaced: Option<&str>,
        method: &str,
        actor: &Actor,
    ) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        start(&mut tx, session, replaced, method, actor).await?;
        tx.commit().await
    }

    /// Returns the session with this hash; the caller checks its times.
    pub async fn find(self, hash: &str) -> StoreResult<Option<Session>> {
        self.store.read(&FIND).bind("hash", hash).fetch_optional().await
    }

    /// Returns the complete sessions of a user, the last used one first.
    pub async fn list(self, user_name: &str, limits: SessionLimits) -> StoreResult<Vec<Session>> {
        self.store
            .read(&LIST)
            .bind("user_name", user_name)
            .bind("created_after", limits.created_after)
            .bind("used_after", limits.used_after)
            .fetch_all()
            .await
    }

    /// Stores the time of a request.
    pub async fn touch(self, hash: &str, now: Millis) -> StoreResult<()> {
        self.store.write(&TOUCH).bind("hash", hash).bind("now", now).execute().await.map(drop)
    }

    /// Ends one session of a user by its public id; returns `true` if it existed.
    pub async fn end(
        self,
        user_name: &str,
        public_id: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let query = tx.query(&REMOVE_OWN).bind("user_name", user_name);
        if query.bind("public_id", public_id).execute().await? == 0 {
            return Ok(false);
        }
        let (action, detail) = (AuditAction::SignOut, json!({"session": public_id}));
        record_change(&mut tx, user_name, action, detail, actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends all sessions of a user; returns their number.
    pub async fn end_all(self, user_name: &str, actor: &Actor, now: Millis) -> StoreResult<u64> {
        let mut tx = self.store.begin().await?;
        let ended = end_sessions_of(&mut tx, user_name).await?;
        if ended == 0 {
            return Ok(0);
        }
        let (action, detail) = (AuditAction::SignOut, json!({"sessions": ended}));
        record_change(&mut tx, user_name, action, detail, actor, now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Deletes the sessions that are over; returns their number.
    pub async fn delete_expired(self, limits: SessionLimits) -> StoreResult<u64> {
        self.store
            .write(&REMOVE_EXPIRED)
            .bind("created_after", limits.created_after)
            .bind("used_after", limits.used_after)
            .bind("waiting_after", limits.waiting_after)
            .execute()
            .await
    }
}
