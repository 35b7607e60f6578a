//! Passwords of users, and the links with which they set one.

use serde_json::json;

use super::StoreResult;
use super::db::{Statement, Tx};
use super::operations::Users;
use super::sessions::end_sessions_of;
use super::user_audit::record_change;
use super::users::find_in;
use crate::domain::actor::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::time::Millis;

static ADD_LINK: Statement = Statement::new(
    "
    INSERT INTO password_links (hash, user_name, expires_at)
    SELECT $hash, name, $expires_at FROM users WHERE name = $user_name",
);

static REMOVE_LINKS: Statement =
    Statement::new("DELETE FROM password_links WHERE user_name = $user_name OR expires_at <= $now");

static LINK_USER: Statement =
    Statement::new("SELECT user_name FROM password_links WHERE hash = $hash AND expires_at > $now");

/// Deletes a link and returns its user, so that it is used once.
static USE_LINK: Statement = Statement::new(
    "DELETE FROM password_links WHERE hash = $hash AND expires_at > $now RETURNING user_name",
);

static SET_PASSWORD: Statement =
    Statement::new("UPDATE users SET password_hash = $password_hash WHERE name = $name");

static REPLACE_HASH: Statement = Statement::new(
    "
    UPDATE users
       SET password_hash = $new_hash
     WHERE name = $name AND password_hash = $old_hash",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ADD_LINK, &REMOVE_LINKS, &LINK_USER, &USE_LINK, &SET_PASSWORD, &REPLACE_HASH];

/// Stores a new password, deletes the other links to set one, and ends all sessions.
async fn set_password(
    tx: &mut Tx,
    name: &str,
    password_hash: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let query = tx.query(&SET_PASSWORD).bind("name", name);
    query.bind("password_hash", password_hash).execute().await?;
    tx.query(&REMOVE_LINKS).bind("user_name", name).bind("now", now).execute().await?;
    end_sessions_of(tx, name).await?;
    let detail = json!({"changed": "password"});
    record_change(tx, name, AuditAction::Change, detail, actor, now).await
}

impl Users<'_> {
    /// Stores a link to set a password, in place of earlier ones; returns `false` if there is no such
    /// user.
    pub async fn add_password_link(
        self,
        name: &str,
        hash: &str,
        expires_at: Millis,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        tx.query(&REMOVE_LINKS).bind("user_name", name).bind("now", now).execute().await?;
        let query = tx.query(&ADD_LINK).bind("hash", hash).bind("user_name", name);
        if query.bind("expires_at", expires_at).execute().await? == 0 {
            return Ok(false);
        }
        let detail = json!({"created": "password_link"});
        record_change(&mut tx, name, AuditAction::Change, detail, actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns the name of the user to whom a link belongs, unless it was used or has expired.
    pub async fn find_password_link(self, hash: &str, now: Millis) -> StoreResult<Option<String>> {
        let query = self.store.read(&LINK_USER).bind("hash", hash).bind("now", now);
        query.fetch_optional_scalar().await
    }

    /// Sets the password of the user to whom a link belongs, and deletes the link; returns `false` if the
    /// link was used or has expired.
    pub async fn set_password_by_link(
        self,
        hash: &str,
        password_hash: &str,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let query = tx.query(&USE_LINK).bind("hash", hash).bind("now", now);
        let Some(name) = query.fetch_optional_scalar::<String>().await? else { return Ok(false) };
        let Some(user) = find_in(&mut tx, &name).await? else { return Ok(false) };
        set_password(&mut tx, &name, password_hash, &user.actor(), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Changes the password of a user.
    pub async fn set_password(
        self,
        name: &str,
        password_hash: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        set_password(&mut tx, name, password_hash, actor, now).await?;
        tx.commit().await
    }

    /// Replaces the hash of an unchanged password by one with other parameters.
    pub async fn replace_password_hash(
        self,
        name: &str,
        old_hash: &str,
        new_hash: &str,
    ) -> StoreResult<()> {
        let query = self.store.write(&REPLACE_HASH).bind("name", name);
        query.bind("old_hash", old_hash).bind("new_hash", new_hash).execute().await.map(drop)
    }
}
