//! What we know of each source: when it was read, when it is due, what went wrong, what was refused.

use std::collections::HashSet;

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreResult, reading, transaction};
use crate::domain::time::Millis;

/// Refusals that are noted at a time: a write transaction stays short.
const CHUNK: usize = 500;

const SUCCEEDED: &str = "UPDATE sources SET succeeded_at = $2, failures = 0, error = NULL, held_removals = $3, compared_at = $4, \
     marked_at = $5, marked_for = $6 WHERE name = $1";

const STATE: &str = "SELECT name, due_at, succeeded_at, failures, error, held_removals, compared_at, marked_at, marked_for, \
     (SELECT COUNT(*) FROM refusals r WHERE r.source = sources.name) AS refused FROM sources";

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
            held_removals,
            compared,
            marked,
            marked_for,
            refused,
        ): StateRow,
    ) -> Self {
        let progress = Progress {
            compared_at: compared.map(Millis),
            marked_at: marked.map(Millis),
            marked_for: marked_for.unwrap_or_default(),
        };
        Self {
            name,
            due_at: Millis(due),
            succeeded_at: succeeded.map(Millis),
            failures,
            error,
            held_removals,
            refused,
            progress,
        }
    }
}

/// A source's state.
#[derive(Debug, Clone, Default)]
pub struct SourceState {
    /// Its name.
    pub name: String,
    /// When it is read next.
    pub due_at: Millis,
    /// When it was last read.
    pub succeeded_at: Option<Millis>,
    /// How often in a row it could not be read.
    pub failures: i64,
    /// Why it could not be read last time.
    pub error: Option<String>,
    /// How many removals wait for an admin.
    pub held_removals: i64,
    /// How many of its rows can't be used.
    pub refused: i64,
    /// How far it was read.
    pub progress: Progress,
}

/// How far a source was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// When all of it was last compared with what we have.
    pub compared_at: Option<Millis>,
    /// The newest change in it that was read, by its own clock, and never later than the reading began by ours.
    pub marked_at: Option<Millis>,
    /// A hash of the settings that it was read with.
    pub marked_for: String,
}

impl Store {
    /// Makes sure that a source has a row; a new one is due at once.
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

    /// Asks for a reading of a source as soon as possible, after one that is under way.
    pub async fn ask_source(&self, name: &str, now: Millis) -> StoreResult<()> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("UPDATE sources SET asked_at = $2 WHERE name = $1")
                .bind(&name)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Takes a source for reading if it is due or asked for: one node gets it, the others find it due at `next`.
    pub async fn claim_source(&self, name: &str, now: Millis, next: Millis) -> StoreResult<bool> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            sqlx::query("UPDATE sources SET due_at = $3, attempted_at = $2, asked_at = NULL WHERE name = $1 AND (due_at <= $2 OR asked_at IS NOT NULL)")
                .bind(&name)
                .bind(now.0)
                .bind(next.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        })
    }

    /// Notes that a source was read and all of it kept; gives whether it had failed before.
    pub async fn source_succeeded(
        &self,
        name: &str,
        held_removals: i64,
        progress: Progress,
        now: Millis,
    ) -> StoreResult<bool> {
        let name = name.to_owned();
        transaction!(self, |tx| {
            let before: Option<(i64,)> =
                sqlx::query_as("SELECT failures FROM sources WHERE name = $1")
                    .bind(&name)
                    .fetch_optional(&mut *tx)
                    .await?;
            sqlx::query(SUCCEEDED)
                .bind(&name)
                .bind(now.0)
                .bind(held_removals)
                .bind(progress.compared_at.map(|at| at.0))
                .bind(progress.marked_at.map(|at| at.0))
                .bind(&progress.marked_for)
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
            sqlx::query("UPDATE sources SET due_at = $2 WHERE name = $1")
                .bind(&name)
                .bind(next.0)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// All sources ever read, by name.
    pub async fn source_states(&self) -> StoreResult<Vec<SourceState>> {
        let text = format!("{STATE} ORDER BY name");
        let rows: Vec<StateRow> =
            reading!(self, |db| sqlx::query_as(sql(text)).fetch_all(db).await?);
        Ok(rows.into_iter().map(SourceState::from).collect())
    }

    /// One source, if it has a row.
    pub async fn source_state(&self, name: &str) -> StoreResult<Option<SourceState>> {
        let text = format!("{STATE} WHERE name = $1");
        let row: Option<StateRow> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(name).fetch_optional(db).await?);
        Ok(row.map(SourceState::from))
    }

    /// Replaces the refusals of those articles of a source that were read; gives those that are new, so that each is logged
    /// once.
    pub async fn note_refusals(
        &self,
        source: &str,
        refused: Vec<(String, String)>,
        was_read: impl Fn(&str) -> bool,
        now: Millis,
    ) -> StoreResult<Vec<(String, String)>> {
        let source = source.to_owned();
        let old: Vec<(String, String)> = reading!(self, |db| sqlx::query_as(
            "SELECT source_id, reason FROM refusals WHERE source = $1"
        )
        .bind(&source)
        .fetch_all(db)
        .await?);
        let (before, after): (HashSet<_>, HashSet<_>) =
            (old.iter().collect(), refused.iter().collect());
        let fresh: Vec<_> = refused.iter().filter(|r| !before.contains(r)).cloned().collect();
        let gone: Vec<&str> = old
            .iter()
            .filter(|r| !after.contains(r) && was_read(&r.0))
            .map(|(id, _)| id.as_str())
            .collect();
        let delete =
            format!("DELETE FROM refusals WHERE source = $1 AND source_id IN {}", self.texts("$2"));
        let insert = format!(
            "INSERT INTO refusals (source, source_id, reason, since) SELECT $1, source_id, reason, $3 FROM {} AS t WHERE TRUE \
             ON CONFLICT (source, source_id) DO UPDATE SET reason = excluded.reason",
            self.rows("$2", &[Column::Text("source_id"), Column::Text("reason")])
        );
        for chunk in gone.chunks(CHUNK) {
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
        for chunk in fresh.chunks(CHUNK) {
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
        Ok(fresh)
    }
}
