//! Sync state of each source: schedule, last result and watermark.

use serde_json::json;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement};
use super::operations::Sources;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

/// Sync state of a source.
#[derive(Debug, Clone, Default)]
pub struct SourceState {
    /// Name of the source.
    pub name: String,
    /// Time of the next scheduled sync.
    pub due_at: Millis,
    /// Time of the last successful sync.
    pub succeeded_at: Option<Millis>,
    /// Number of consecutive failed syncs.
    pub failures: i64,
    /// Time of the first of them.
    pub failing_since: Option<Millis>,
    /// Error of the last sync, if it failed.
    pub error: Option<String>,
    /// Number of removals that an admin must accept first.
    pub blocked_removals: i64,
    /// Largest number of removals that an admin has accepted for the next full sync.
    pub accepted_removals: i64,
    /// Number of rows that could not be imported.
    pub rejected: i64,
    /// Progress of the last successful sync.
    pub progress: SyncProgress,
}

/// Progress of incremental syncs of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncProgress {
    /// Time of the last full sync.
    pub full_sync_at: Option<Millis>,
    /// Watermark: the newest change read, by the clock of the source, but not later than the start
    /// of the sync by our clock.
    pub watermark_at: Option<Millis>,
    /// Hash of the settings for which the watermark is valid.
    pub watermark_settings_hash: String,
}

/// Creates the row of a source; a source that has one keeps it.
static ENSURE: Statement = Statement::new(
    "
    INSERT INTO sources (name, due_at)
    VALUES ($name, $now)
    ON CONFLICT (name) DO NOTHING",
);

static REQUEST_SYNC: Statement = Statement::new(
    "
    UPDATE sources
       SET sync_requested_at = $now
     WHERE name = $name
       AND sync_requested_at IS NULL",
);

static ACCEPT_REMOVALS: Statement = Statement::new(
    "
    UPDATE sources
       SET accepted_removals = $count, sync_requested_at = $now
     WHERE name = $name
       AND blocked_removals = $count",
);

/// Changes the row for one of the nodes that run it at the same time.
static START_SYNC: Statement = Statement::new(
    "
    UPDATE sources
       SET due_at = $next, attempted_at = $now, sync_requested_at = NULL
     WHERE name = $name
       AND (due_at <= $now OR sync_requested_at IS NOT NULL)",
);

static FAILURES: Statement = Statement::new("SELECT failures FROM sources WHERE name = $name");

/// Without `due_by` the comparison is NULL, and the source stays due when it was.
static RECORD_SUCCESS: Statement = Statement::new(
    "
    UPDATE sources
       SET succeeded_at = $now,
           due_at = CASE WHEN due_at > $due_by THEN $due_by ELSE due_at END,
           failures = 0,
           failing_since = NULL,
           error = NULL,
           blocked_removals = $blocked_removals,
           accepted_removals =
               CASE WHEN accepted_removals = $accepted_removals THEN 0 ELSE accepted_removals END,
           full_sync_at = $full_sync_at,
           watermark_at = $watermark_at,
           watermark_settings = $watermark_settings
     WHERE name = $name",
);

static RECORD_FAILURE: Statement = Statement::new(
    "
       UPDATE sources
          SET failures = failures + 1,
              failing_since = COALESCE(failing_since, $now),
              error = $error
        WHERE name = $name
    RETURNING failures",
);

static DELAY: Statement = Statement::new(
    "
    UPDATE sources
       SET due_at = $next
     WHERE name = $name",
);

/// Selects the state of all sources.
const SELECT_STATE: &str = "
    SELECT name, due_at, succeeded_at, failures, failing_since, error, blocked_removals,
           accepted_removals, full_sync_at, watermark_at, watermark_settings,
           (SELECT COUNT(*) FROM rejected_rows r WHERE r.source = sources.name AND NOT r.is_note) AS rejected
      FROM sources";

static STATES: Statement = Statement::with(
    "
    {select_state}
     ORDER BY name",
    &[("select_state", SELECT_STATE)],
);

static STATE: Statement = Statement::with(
    "
    {select_state}
     WHERE name = $name",
    &[("select_state", SELECT_STATE)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &ENSURE,
    &REQUEST_SYNC,
    &ACCEPT_REMOVALS,
    &START_SYNC,
    &FAILURES,
    &RECORD_SUCCESS,
    &RECORD_FAILURE,
    &DELAY,
    &STATES,
    &STATE,
];

impl SourceState {
    /// Returns the error of the last sync without the name of the source at its beginning; empty if it
    /// succeeded.
    pub fn error_without_name(&self) -> &str {
        let error = self.error.as_deref().unwrap_or_default();
        error.strip_prefix(&format!("source {}: ", self.name)).unwrap_or(error)
    }
}

impl FromRow for SourceState {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            name: row.get("name")?,
            due_at: row.time("due_at")?,
            succeeded_at: row.optional_time("succeeded_at")?,
            failures: row.get("failures")?,
            failing_since: row.optional_time("failing_since")?,
            error: row.get("error")?,
            blocked_removals: row.get("blocked_removals")?,
            accepted_removals: row.get("accepted_removals")?,
            rejected: row.get("rejected")?,
            progress: SyncProgress {
                full_sync_at: row.optional_time("full_sync_at")?,
                watermark_at: row.optional_time("watermark_at")?,
                watermark_settings_hash: row
                    .get::<Option<String>>("watermark_settings")?
                    .unwrap_or_default(),
            },
        })
    }
}

impl Sources<'_> {
    /// Creates the row of a source if it has none; a new source is due at once.
    pub async fn ensure(self, name: &str, now: Millis) -> StoreResult<()> {
        self.store.write(&ENSURE).bind("name", name).bind("now", now).execute().await?;
        Ok(())
    }

    /// Requests a sync of a source as soon as possible, after a sync in progress. A request that waits
    /// already is not repeated.
    pub async fn request_sync(self, name: &str, actor: &Actor, now: Millis) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        if tx.query(&REQUEST_SYNC).bind("name", name).bind("now", now).execute().await? == 0 {
            return Ok(());
        }
        let entry = NewAuditEntry::new(actor, AuditAction::Sync, AuditObject::Source, name);
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await
    }

    /// Accepts the blocked removals of a source, and requests a sync that makes them; returns `false` if
    /// their number is another one by now.
    pub async fn accept_removals(
        self,
        name: &str,
        count: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let query = tx.query(&ACCEPT_REMOVALS).bind("name", name).bind("count", count);
        if query.bind("now", now).execute().await? == 0 {
            return Ok(false);
        }
        let (action, object) = (AuditAction::AcceptRemovals, AuditObject::Source);
        let entry = NewAuditEntry::new(actor, action, object, name);
        audit_log::record(&mut tx, entry.with(json!({"removals": count})), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Starts a sync of a source if it is due or a sync was requested; returns `true` for one
    /// node, the others find it due at `next`.
    pub async fn start_sync(self, name: &str, now: Millis, next: Millis) -> StoreResult<bool> {
        let started = self
            .store
            .write(&START_SYNC)
            .bind("name", name)
            .bind("now", now)
            .bind("next", next)
            .execute()
            .await?;
        Ok(started == 1)
    }

    /// Records a successful sync, which used up `accepted_removals`, and after which the source is due at
    /// `due_by` at the latest; returns `true` if the previous sync had failed.
    pub async fn record_sync_success(
        self,
        name: &str,
        blocked_removals: i64,
        accepted_removals: i64,
        progress: SyncProgress,
        due_by: Option<Millis>,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let failures: Option<i64> =
            tx.query(&FAILURES).bind("name", name).fetch_optional_scalar().await?;
        tx.query(&RECORD_SUCCESS)
            .bind("name", name)
            .bind("now", now)
            .bind("blocked_removals", blocked_removals)
            .bind("accepted_removals", accepted_removals)
            .bind("due_by", due_by)
            .bind("full_sync_at", progress.full_sync_at)
            .bind("watermark_at", progress.watermark_at)
            .bind("watermark_settings", progress.watermark_settings_hash)
            .execute()
            .await?;
        tx.commit().await?;
        Ok(failures.is_some_and(|failures| failures > 0))
    }

    /// Records a failed sync and returns the number of consecutive failures.
    pub async fn record_sync_failure(
        self,
        name: &str,
        error: &str,
        now: Millis,
    ) -> StoreResult<i64> {
        self.store
            .write(&RECORD_FAILURE)
            .bind("name", name)
            .bind("now", now)
            .bind("error", error.replace('\0', ""))
            .fetch_scalar()
            .await
    }

    /// Postpones the next sync of a source to `next`.
    pub async fn delay(self, name: &str, next: Millis) -> StoreResult<()> {
        self.store.write(&DELAY).bind("name", name).bind("next", next).execute().await?;
        Ok(())
    }

    /// Returns all sources that have a state: those that were synced or triggered, ordered by name.
    pub async fn states(self) -> StoreResult<Vec<SourceState>> {
        self.store.read(&STATES).fetch_all().await
    }

    /// Returns the state of one source, if it has a row.
    pub async fn state(self, name: &str) -> StoreResult<Option<SourceState>> {
        self.store.read(&STATE).bind("name", name).fetch_optional().await
    }
}
