//! Pauses of digests by admins: from pause to resumption, a digest creates no edition and sends none.

use std::collections::BTreeMap;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::edition_commands::apply_command;
use super::operations::Digests;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::edition::EditionCommand;
use crate::domain::time::Millis;

static PAUSE: Statement = Statement::new(
    "
    UPDATE digests
       SET paused_since = $now
     WHERE name = $name
       AND paused_since IS NULL",
);

/// The dates during the pause count as processed: their articles are in the next edition.
static RESUME: Statement = Statement::new(
    "
    UPDATE digests
       SET paused_since = NULL,
           processed_until = CASE WHEN processed_until < $now THEN $now ELSE processed_until END
     WHERE name = $name
       AND paused_since IS NOT NULL",
);

static LIST_PAUSED: Statement = Statement::new(
    "
    SELECT name, paused_since
      FROM digests
     WHERE paused_since IS NOT NULL
     ORDER BY name",
);

/// Locks the editions, so that none ends before it is paused.
static LOCK_SENDING: Statement = Statement::new(
    "
    UPDATE editions
       SET follows_pause = FALSE
     WHERE digest = $name
       AND state = 'sending'
    RETURNING id",
);

static FOLLOW_PAUSE: Statement = Statement::new(
    "
    UPDATE editions
       SET follows_pause = TRUE
     WHERE id IN {json_ids $editions}",
);

static LOCK_FOLLOWING: Statement = Statement::new(
    "
    UPDATE editions
       SET follows_pause = FALSE
     WHERE digest = $name
       AND state = 'paused'
       AND follows_pause
    RETURNING id",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&PAUSE, &RESUME, &LIST_PAUSED, &LOCK_SENDING, &FOLLOW_PAUSE, &LOCK_FOLLOWING];

async fn lock_editions(tx: &mut Tx, statement: &Statement, name: &str) -> StoreResult<Vec<i64>> {
    let mut editions: Vec<i64> = tx.query(statement).bind("name", name).fetch_scalars().await?;
    editions.sort_unstable();
    Ok(editions)
}

async fn record(
    tx: &mut Tx,
    name: &str,
    action: AuditAction,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    audit_log::record(tx, NewAuditEntry::new(actor, action, AuditObject::Digest, name), now).await
}

impl Digests<'_> {
    /// Pauses a digest, together with its editions that are being sent, and returns the ids of these;
    /// `None` if it was paused before.
    pub async fn pause(
        self,
        name: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<Vec<i64>>> {
        self.ensure(name, now).await?;
        let mut tx = self.store.begin().await?;
        if tx.query(&PAUSE).bind("name", name).bind("now", now).execute().await? == 0 {
            return Ok(None);
        }
        let editions = lock_editions(&mut tx, &LOCK_SENDING, name).await?;
        for edition in &editions {
            apply_command(&mut tx, *edition, EditionCommand::Pause, None, actor, now).await?;
        }
        tx.query(&FOLLOW_PAUSE).bind("editions", editions.as_slice()).execute().await?;
        record(&mut tx, name, AuditAction::Pause, actor, now).await?;
        tx.commit().await?;
        Ok(Some(editions))
    }

    /// Resumes a digest, together with the editions that were paused with it, and returns the ids of
    /// these; `None` if it was not paused.
    pub async fn resume(
        self,
        name: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<Vec<i64>>> {
        let mut tx = self.store.begin().await?;
        if tx.query(&RESUME).bind("name", name).bind("now", now).execute().await? == 0 {
            return Ok(None);
        }
        let editions = lock_editions(&mut tx, &LOCK_FOLLOWING, name).await?;
        for edition in &editions {
            apply_command(&mut tx, *edition, EditionCommand::Resume, None, actor, now).await?;
        }
        record(&mut tx, name, AuditAction::Resume, actor, now).await?;
        tx.commit().await?;
        Ok(Some(editions))
    }

    /// Returns the paused digests with the times of their pauses, by name.
    pub async fn paused(self) -> StoreResult<BTreeMap<String, Millis>> {
        let rows: Vec<(String, Millis)> = self
            .store
            .read(&LIST_PAUSED)
            .fetch_with(|row| Ok((row.get("name")?, row.time("paused_since")?)))
            .await?;
        Ok(rows.into_iter().collect())
    }
}
