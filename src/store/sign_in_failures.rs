//! Failed sign-ins by account, which determine the wait before the next attempt, and their entries in the
//! audit log, of which a flood causes only a few.

use serde_json::json;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::SignInFailures;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::sign_in_delay::{
    FAILURES_EXPIRE_AFTER, MAX_SIGN_IN_DELAY, REFUSALS_RECORDED_EVERY, delay_after,
};
use crate::domain::time::Millis;

/// Maximum number of accounts without a user whose attempts are counted; the oldest are forgotten.
const MAX_UNKNOWN_ACCOUNTS: i64 = 10_000;
/// Object of audit entries about names that no user has, which may be passwords in the wrong field.
const UNKNOWN_USER: &str = "?";

/// Account whose attempts are counted.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// Keyed hash of the name that was entered, or a word for what is not an account.
    pub key: &'a str,
    /// Name of the user; `None` if no user has the name.
    pub user: Option<&'a str>,
    /// Check that failed, in one word for the audit log.
    pub check: &'a str,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    attempts: i64,
    refused: i64,
    blocked_until: Millis,
    attempted_at: Millis,
    recorded_at: Option<Millis>,
}

impl FromRow for Failures {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            attempts: row.get("attempts")?,
            refused: row.get("refused")?,
            blocked_until: row.time("blocked_until")?,
            attempted_at: row.time("attempted_at")?,
            recorded_at: row.optional_time("recorded_at")?,
        })
    }
}

static ADD: Statement = Statement::new(
    "
    INSERT INTO sign_in_failures (account, is_user, attempts, refused, blocked_until, attempted_at)
    VALUES ($account, $is_user, 0, 0, 0, $now)
    ON CONFLICT (account) DO NOTHING",
);

static READ: Statement = Statement::new(
    "
    SELECT attempts, refused, blocked_until, attempted_at, recorded_at
      FROM sign_in_failures
     WHERE account = $account {lock_rows}",
);

static UPDATE: Statement = Statement::new(
    "
    UPDATE sign_in_failures
       SET attempts = $attempts,
           refused = $refused,
           blocked_until = $blocked_until,
           attempted_at = $attempted_at,
           recorded_at = $recorded_at
     WHERE account = $account",
);

static CLEAR: Statement = Statement::new(
    "UPDATE sign_in_failures SET attempts = 0, blocked_until = 0 WHERE account = $account",
);

static FORGET: Statement =
    Statement::new("DELETE FROM sign_in_failures WHERE attempted_at <= $before AND refused = 0");

static FORGET_OLDEST: Statement = Statement::new(
    "
    DELETE FROM sign_in_failures
     WHERE account IN (
           SELECT account
             FROM sign_in_failures
            WHERE is_user = FALSE
            ORDER BY attempted_at DESC
            LIMIT 1000 OFFSET $maximum)",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ADD, &READ, &UPDATE, &CLEAR, &FORGET, &FORGET_OLDEST];

async fn read(tx: &mut Tx, account: Account<'_>, now: Millis) -> StoreResult<Failures> {
    tx.query(&ADD)
        .bind("account", account.key)
        .bind("is_user", account.user.is_some())
        .bind("now", now)
        .execute()
        .await?;
    let found = tx.query(&READ).bind("account", account.key).fetch_all::<Failures>().await?;
    let unknown = Failures {
        attempts: 0,
        refused: 0,
        blocked_until: Millis(0),
        attempted_at: now,
        recorded_at: None,
    };
    Ok(found.first().copied().unwrap_or(unknown))
}

async fn write(tx: &mut Tx, account: Account<'_>, failures: Failures) -> StoreResult<()> {
    tx.query(&UPDATE)
        .bind("account", account.key)
        .bind("attempts", failures.attempts)
        .bind("refused", failures.refused)
        .bind("blocked_until", failures.blocked_until)
        .bind("attempted_at", failures.attempted_at)
        .bind("recorded_at", failures.recorded_at)
        .execute()
        .await
        .map(drop)
}

/// Counts a refusal, and records it unless an entry about the account is recent.
async fn count_refusal(
    tx: &mut Tx,
    account: Account<'_>,
    failures: &mut Failures,
    now: Millis,
) -> StoreResult<()> {
    failures.refused += 1;
    // An entry from a clock that was ahead does not prevent new ones.
    let is_recent = |at: Millis| at <= now && now.since(at) < REFUSALS_RECORDED_EVERY;
    if failures.recorded_at.is_some_and(is_recent) {
        return Ok(());
    }
    let name = account.user.unwrap_or(UNKNOWN_USER);
    let detail = json!({"refused": failures.refused, "check": account.check});
    let (action, object) = (AuditAction::RefuseSignIn, AuditObject::User);
    let entry = NewAuditEntry::new(&Actor::System, action, object, name);
    audit_log::record(tx, entry.with(detail), now).await?;
    (failures.refused, failures.recorded_at) = (0, Some(now));
    Ok(())
}

/// Counts a refusal for the account, or for all names together that no user has, under the word of the
/// check.
async fn refuse(
    tx: &mut Tx,
    account: Account<'_>,
    failures: &mut Failures,
    now: Millis,
) -> StoreResult<()> {
    if account.user.is_some() || account.key == account.check {
        return count_refusal(tx, account, failures, now).await;
    }
    let all = Account { key: account.check, ..account };
    let mut together = read(tx, all, now).await?;
    together.attempted_at = now;
    count_refusal(tx, all, &mut together, now).await?;
    write(tx, all, together).await
}

impl SignInFailures<'_> {
    /// Counts an attempt before it is checked, so that attempts at the same time are counted as well;
    /// returns the time until which the account is blocked, if it is.
    pub async fn start_attempt(
        self,
        account: Account<'_>,
        now: Millis,
    ) -> StoreResult<Option<Millis>> {
        let mut tx = self.store.begin().await?;
        let mut failures = read(&mut tx, account, now).await?;
        let until = failures.blocked_until;
        // A clock that was ahead blocks nobody longer than the longest wait.
        if until > now && until <= now.plus(MAX_SIGN_IN_DELAY) {
            refuse(&mut tx, account, &mut failures, now).await?;
            write(&mut tx, account, failures).await?;
            tx.commit().await?;
            return Ok(Some(until));
        }
        if now.since(failures.attempted_at) > FAILURES_EXPIRE_AFTER {
            failures.attempts = 0;
        }
        failures.attempts += 1;
        failures.blocked_until = now.plus(delay_after(failures.attempts));
        failures.attempted_at = now;
        write(&mut tx, account, failures).await?;
        let before = now.plus(-FAILURES_EXPIRE_AFTER);
        tx.query(&FORGET).bind("before", before).execute().await?;
        // The keys are keyed hashes, so that one in 256 attempts looks for old rows.
        if account.user.is_none() && account.key.starts_with("00") {
            tx.query(&FORGET_OLDEST).bind("maximum", MAX_UNKNOWN_ACCOUNTS).execute().await?;
        }
        tx.commit().await?;
        Ok(None)
    }

    /// Counts a refusal, and records it in the audit log unless an entry about the account is recent.
    pub async fn refuse(self, account: Account<'_>, now: Millis) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        let mut failures = read(&mut tx, account, now).await?;
        refuse(&mut tx, account, &mut failures, now).await?;
        write(&mut tx, account, failures).await?;
        tx.commit().await
    }

    /// Forgets the failures of an account after a success.
    pub async fn clear(self, key: &str) -> StoreResult<()> {
        self.store.write(&CLEAR).bind("account", key).execute().await.map(drop)
    }
}
