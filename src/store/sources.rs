//! What we know of each source: when it was read, when it is due, what went wrong, what was refused.

use std::collections::HashSet;

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::Millis;

/// Refusals that are noted at a time: a write transaction stays short.
const CHUNK: usize = 500;

/// A source's state.
#[derive(Debug, Clone, Default)]
pub struct SourceState {
    /// Its name.
    pub name: String,
    /// When it is read next.
    pub due_at: Millis,
    /// When it was last read in full.
    pub succeeded_at: Option<Millis>,
    /// How often in a row it could not be read.
    pub failures: i64,
    /// Why it could not be read last time.
    pub error: Option<String>,
    /// How many removals wait for an admin.
    pub held_removals: i64,
}

impl Store {
    /// Makes sure that a source has a row; a new one is due at once.
    pub async fn ensure_source(&self, name: &str, now: Millis) -> StoreResult<()> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("INSERT INTO sources (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .bind(&name)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Takes a source for reading if it is due: one node gets it, the others find it due at `next`.
    pub async fn claim_source(&self, name: &str, now: Millis, next: Millis) -> StoreResult<bool> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("UPDATE sources SET due_at = $3, attempted_at = $2 WHERE name = $1 AND due_at <= $2")
                .bind(&name)
                .bind(now.0)
                .bind(next.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// Notes that a source was read in full; gives whether it had failed before.
    pub async fn source_succeeded(&self, name: &str, held_removals: i64, now: Millis) -> StoreResult<bool> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            let before: Option<(i64,)> =
                sqlx::query_as("SELECT failures FROM sources WHERE name = $1").bind(&name).fetch_optional(&mut *tx).await?;
            sqlx::query("UPDATE sources SET succeeded_at = $2, failures = 0, error = NULL, held_removals = $3 WHERE name = $1")
                .bind(&name)
                .bind(now.0)
                .bind(held_removals)
                .execute(&mut *tx)
                .await?;
            before.is_some_and(|(failures,)| failures > 0)
        })
    }

    /// Notes that a source could not be read; gives how often in a row.
    pub async fn source_failed(&self, name: &str, error: &str) -> StoreResult<i64> {
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

    /// Puts the next reading of a source off.
    pub async fn delay_source(&self, name: &str, next: Millis) -> StoreResult<()> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("UPDATE sources SET due_at = $2 WHERE name = $1").bind(&name).bind(next.0).execute(&mut *tx).await?;
        })
    }

    /// All sources ever read, by name.
    pub async fn source_states(&self) -> StoreResult<Vec<SourceState>> {
        type Row = (String, i64, Option<i64>, i64, Option<String>, i64);
        let rows: Vec<Row> = reading!(self, |db| sqlx::query_as(
            "SELECT name, due_at, succeeded_at, failures, error, held_removals FROM sources ORDER BY name"
        )
        .fetch_all(db)
        .await?);
        Ok(rows
            .into_iter()
            .map(|(name, due, succeeded, failures, error, held_removals)| SourceState {
                name,
                due_at: Millis(due),
                succeeded_at: succeeded.map(Millis),
                failures,
                error,
                held_removals,
            })
            .collect())
    }

    /// Replaces the refusals of a source; gives those that are new, so that each is logged once.
    pub async fn note_refusals(&self, source: &str, refused: Vec<(String, String)>, now: Millis) -> StoreResult<Vec<(String, String)>> {
        let source = source.to_owned();
        let old: Vec<(String, String)> = reading!(self, |db| sqlx::query_as("SELECT source_id, reason FROM refusals WHERE source = $1")
            .bind(&source)
            .fetch_all(db)
            .await?);
        let (before, after): (HashSet<_>, HashSet<_>) = (old.iter().collect(), refused.iter().collect());
        let fresh: Vec<_> = refused.iter().filter(|r| !before.contains(r)).cloned().collect();
        let gone: Vec<&str> = old.iter().filter(|r| !after.contains(r)).map(|(id, _)| id.as_str()).collect();
        let delete = format!("DELETE FROM refusals WHERE source = $1 AND source_id IN {}", self.texts("$2"));
        let insert = format!(
            "INSERT INTO refusals (source, source_id, reason, since) SELECT $1, source_id, reason, $3 FROM {} AS t WHERE TRUE \
             ON CONFLICT (source, source_id) DO UPDATE SET reason = excluded.reason",
            self.rows("$2", &[Column::Text("source_id"), Column::Text("reason")])
        );
        for chunk in gone.chunks(CHUNK) {
            let (source, delete, chunk) = (source.clone(), delete.clone(), json!(chunk).to_string());
            transaction!(self, |tx| {
                sqlx::query(sql(delete.clone())).bind(&source).bind(&chunk).execute(&mut *tx).await?;
            })?;
        }
        for chunk in fresh.chunks(CHUNK) {
            let rows: Vec<_> = chunk.iter().map(|(id, reason)| json!({"source_id": id, "reason": reason})).collect();
            let (source, insert, rows) = (source.clone(), insert.clone(), json!(rows).to_string());
            transaction!(self, |tx| {
                sqlx::query(sql(insert.clone())).bind(&source).bind(&rows).bind(now.0).execute(&mut *tx).await?;
            })?;
        }
        Ok(fresh)
    }
}
