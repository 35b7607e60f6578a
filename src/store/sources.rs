//! Sync state of each source: schedule, last result, watermark and rejected rows.

use std::collections::HashSet;

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::Millis;

/// Number of rejected rows written per transaction, which keeps write transactions short.
const REJECTED_ROWS_PER_TRANSACTION: usize = 500;

const RECORD_SUCCESS: &str = "UPDATE sources SET succeeded_at = $2, failures = 0, error = NULL, blocked_removals = $3, full_sync_at = $4, \
     watermark_at = $5, watermark_settings = $6 WHERE name = $1";

const SELECT_STATE: &str = "SELECT name, due_at, succeeded_at, failures, error, blocked_removals, full_sync_at, watermark_at, watermark_settings, \
     (SELECT COUNT(*) FROM rejected_rows r WHERE r.source = sources.name) AS rejected FROM sources";

type StateRow = (
    String,
    i64,
    Option<i64>,
    i64,
    Option<String>,
    i64,
    Option<i64>,
    Option<i64>,
    Option<String>,
    i64,
);

impl From<StateRow> for SourceState {
    fn from(
        (
            name,
            due,
            succeeded,
            failures,
            error,
            blocked_removals,
            full_sync,
            watermark,
            watermark_settings,
            rejected,
        ): StateRow,
    ) -> Self {
        let progress = SyncProgress {
            full_sync_at: full_sync.map(Millis),
            watermark_at: watermark.map(Millis),
            watermark_settings: watermark_settings.unwrap_or_default(),
        };
        Self {
            name,
            due_at: Millis(due),
            succeeded_at: succeeded.map(Millis),
            failures,
            error,
            blocked_removals,
            rejected,
            progress,
        }
    }
}

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
    /// Error of the last sync, if it failed.
    pub error: Option<String>,
    /// Number of removals that an admin must accept first.
    pub blocked_removals: i64,
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
    pub watermark_settings: String,
}

impl Store {
    /// Creates the row of a source if it has none; a new source is due at once.
    pub async fn ensure_source(&self, name: &str, now: Millis) -> StoreResult<()> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query(
                "INSERT INTO sources (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            )
            .bind(&name)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Requests a sync of a source as soon as possible, after a sync in progress.
    pub async fn request_sync(&self, name: &str, now: Millis) -> StoreResult<()> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("UPDATE sources SET sync_requested_at = $2 WHERE name = $1")
                .bind(&name)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Claims a source for a sync if it is due or a sync was requested; returns `true` for one
    /// node, the others find it due at `next`.
    pub async fn claim_source(&self, name: &str, now: Millis, next: Millis) -> StoreResult<bool> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("UPDATE sources SET due_at = $3, attempted_at = $2, sync_requested_at = NULL WHERE name = $1 AND (due_at <= $2 OR sync_requested_at IS NOT NULL)")
                .bind(&name)
                .bind(now.0)
                .bind(next.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// Records a successful sync; returns `true` if the previous sync had failed.
    pub async fn record_sync_success(
        &self,
        name: &str,
        blocked_removals: i64,
        progress: SyncProgress,
        now: Millis,
    ) -> StoreResult<bool> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            let before: Option<(i64,)> =
                sqlx::query_as("SELECT failures FROM sources WHERE name = $1")
                    .bind(&name)
                    .fetch_optional(&mut *tx)
                    .await?;
            sqlx::query(RECORD_SUCCESS)
                .bind(&name)
                .bind(now.0)
                .bind(blocked_removals)
                .bind(progress.full_sync_at.map(|at| at.0))
                .bind(progress.watermark_at.map(|at| at.0))
                .bind(&progress.watermark_settings)
                .execute(&mut *tx)
                .await?;
            before.is_some_and(|(failures,)| failures > 0)
        })
    }

    /// Records a failed sync and returns the number of consecutive failures.
    pub async fn record_sync_failure(&self, name: &str, error: &str) -> StoreResult<i64> {
        let (name, error) = (name.to_owned(), error.replace('\0', ""));
        transaction!(self, |tx| {
            let row: (i64,) = sqlx::query_as("UPDATE sources SET failures = failures + 1, error = $2 WHERE name = $1 RETURNING failures")
                .bind(&name)
                .bind(&error)
                .fetch_one(&mut *tx)
                .await?;
            row.0
        })
    }

    /// Postpones the next sync of a source to `next`.
    pub async fn delay_source(&self, name: &str, next: Millis) -> StoreResult<()> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("UPDATE sources SET due_at = $2 WHERE name = $1")
                .bind(&name)
                .bind(next.0)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Returns all sources that were ever synced, ordered by name.
    pub async fn source_states(&self) -> StoreResult<Vec<SourceState>> {
        let text = format!("{SELECT_STATE} ORDER BY name");
        let rows: Vec<StateRow> =
            reading!(self, |db| sqlx::query_as(sql(text)).fetch_all(db).await?);
        Ok(rows.into_iter().map(SourceState::from).collect())
    }

    /// Returns the state of one source, if it has a row.
    pub async fn source_state(&self, name: &str) -> StoreResult<Option<SourceState>> {
        let text = format!("{SELECT_STATE} WHERE name = $1");
        let row: Option<StateRow> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(name).fetch_optional(db).await?);
        Ok(row.map(SourceState::from))
    }

    /// Replaces the rejected rows of a source among those that were read, and returns the new ones,
    /// so that each is logged only once.
    pub async fn record_rejected_rows(
        &self,
        source: &str,
        rejected: Vec<(String, String)>,
        was_read: impl Fn(&str) -> bool,
        now: Millis,
    ) -> StoreResult<Vec<(String, String)>> {
        let source = source.to_owned();
        let old: Vec<(String, String)> = reading!(self, |db| sqlx::query_as(
            "SELECT source_id, reason FROM rejected_rows WHERE source = $1"
        )
        .bind(&source)
        .fetch_all(db)
        .await?);
        let (old_set, new_set): (HashSet<_>, HashSet<_>) =
            (old.iter().collect(), rejected.iter().collect());
        let added: Vec<_> = rejected.iter().filter(|r| !old_set.contains(r)).cloned().collect();
        let gone: Vec<&str> = old
            .iter()
            .filter(|r| !new_set.contains(r) && was_read(&r.0))
            .map(|(id, _)| id.as_str())
            .collect();
        let delete = format!(
            "DELETE FROM rejected_rows WHERE source = $1 AND source_id IN {}",
            self.json_texts("$2")
        );
        let insert = format!(
            "INSERT INTO rejected_rows (source, source_id, reason, since) SELECT $1, source_id, reason, $3 FROM {} AS t WHERE TRUE \
             ON CONFLICT (source, source_id) DO UPDATE SET reason = excluded.reason",
            self.json_rows("$2", &[Column::Text("source_id"), Column::Text("reason")])
        );
        for chunk in gone.chunks(REJECTED_ROWS_PER_TRANSACTION) {
            let (source, delete, chunk) =
                (source.clone(), delete.clone(), json!(chunk).to_string());
            transaction!(self, |tx| {
                sqlx::query(sql(delete.clone()))
                    .bind(&source)
                    .bind(&chunk)
                    .execute(&mut *tx)
                    .await?;
            })?;
        }
        for chunk in added.chunks(REJECTED_ROWS_PER_TRANSACTION) {
            let rows: Vec<_> = chunk
                .iter()
                .map(|(id, reason)| json!({"source_id": id, "reason": reason}))
                .collect();
            let (source, insert, rows) = (source.clone(), insert.clone(), json!(rows).to_string());
            transaction!(self, |tx| {
                sqlx::query(sql(insert.clone()))
                    .bind(&source)
                    .bind(&rows)
                    .bind(now.0)
                    .execute(&mut *tx)
                    .await?;
            })?;
        }
        Ok(added)
    }
}
