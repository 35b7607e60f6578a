//! Second factors of users: encrypted secrets, accepted time steps and recovery codes.

use serde_json::json;

use super::StoreResult;
use super::db::{Statement, Tx};
use super::operations::SecondFactors;
use super::user_audit::record_change;
use crate::domain::actor::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::time::Millis;

static SET_PENDING: Statement =
    Statement::new("UPDATE users SET totp_pending = $secret WHERE name = $name");

/// Makes the pending secret the second factor, unless another one was stored meanwhile.
static ENABLE: Statement = Statement::new(
    "
    UPDATE users
       SET totp_secret = totp_pending, totp_pending = NULL, totp_step = $step
     WHERE name = $name AND totp_pending = $secret",
);

static DISABLE: Statement = Statement::new(
    "
    UPDATE users
       SET totp_secret = NULL, totp_pending = NULL, totp_step = NULL
     WHERE name = $name AND totp_secret IS NOT NULL",
);

/// Accepts a time step once, and none before it.
static USE_STEP: Statement = Statement::new(
    "
    UPDATE users
       SET totp_step = $step
     WHERE name = $name AND (totp_step IS NULL OR totp_step < $step)",
);

static ADD_CODE: Statement =
    Statement::new("INSERT INTO recovery_codes (user_name, hash) VALUES ($user_name, $hash)");

static REMOVE_CODES: Statement =
    Statement::new("DELETE FROM recovery_codes WHERE user_name = $user_name");

static USE_CODE: Statement =
    Statement::new("DELETE FROM recovery_codes WHERE user_name = $user_name AND hash = $hash");

static COUNT_CODES: Statement =
    Statement::new("SELECT count(*) FROM recovery_codes WHERE user_name = $user_name");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &SET_PENDING,
    &ENABLE,
    &DISABLE,
    &USE_STEP,
    &ADD_CODE,
    &REMOVE_CODES,
    &USE_CODE,
    &COUNT_CODES,
];

async fn remove_codes(tx: &mut Tx, name: &str) -> StoreResult<()> {
    tx.query(&REMOVE_CODES).bind("user_name", name).execute().await.map(drop)
}

impl SecondFactors<'_> {
    /// Stores an encrypted secret that its owner has yet to confirm.
    pub async fn set_pending(self, name: &str, secret: &str) -> StoreResult<()> {
        let query = self.store.write(&SET_PENDING).bind("name", name);
        query.bind("secret", secret).execute().await.map(drop)
    }

    /// Switches the second factor on with the pending `secret`, whose code of `step` was confirmed, and
    /// with new recovery codes, given as hashes; returns `false` if another secret is pending.
    pub async fn enable(
        self,
        name: &str,
        secret: &str,
        step: i64,
        recovery_hashes: &[String],
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let query = tx.query(&ENABLE).bind("name", name).bind("secret", secret);
        if query.bind("step", step).execute().await? == 0 {
            return Ok(false);
        }
        remove_codes(&mut tx, name).await?;
        for hash in recovery_hashes {
            tx.query(&ADD_CODE).bind("user_name", name).bind("hash", hash).execute().await?;
        }
        let detail = json!({"second_factor": "on"});
        record_change(&mut tx, name, AuditAction::Change, detail, actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Switches the second factor off; returns `false` if it is not on.
    pub async fn disable(self, name: &str, actor: &Actor, now: Millis) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        if tx.query(&DISABLE).bind("name", name).execute().await? == 0 {
            return Ok(false);
        }
        remove_codes(&mut tx, name).await?;
        let detail = json!({"second_factor": "off"});
        record_change(&mut tx, name, AuditAction::Change, detail, actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Accepts a time step; returns `false` if it or a later one was accepted before.
    pub async fn use_step(self, name: &str, step: i64) -> StoreResult<bool> {
        let query = self.store.write(&USE_STEP).bind("name", name).bind("step", step);
        Ok(query.execute().await? == 1)
    }

    /// Uses up a recovery code, given as a hash; returns `false` if there is no such code.
    pub async fn use_recovery_code(self, name: &str, hash: &str) -> StoreResult<bool> {
        let query = self.store.write(&USE_CODE).bind("user_name", name).bind("hash", hash);
        Ok(query.execute().await? == 1)
    }

    /// Returns the number of recovery codes that are not used.
    pub async fn count_recovery_codes(self, name: &str) -> StoreResult<i64> {
        self.store.read(&COUNT_CODES).bind("user_name", name).fetch_scalar().await
    }
}
