//! Work on imports: leases of nodes, results of checks, and the transaction of each chunk.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::changes;
use super::conflicts::Conflicts;
use super::job::{COLUMNS, CheckedFile, ImportJob, record};
use super::rows::{ImportChunk, to_json};
use crate::domain::actor::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::import_changes::add_changed_people;
use crate::domain::subscriber_import::ImportCounts;
use crate::domain::time::{Millis, SignedDuration, as_millis_i64};
use crate::store::StoreResult;
use crate::store::db::Statement;
use crate::store::leases::{RELEASED, UNLEASED};
use crate::store::operations::Imports;

/// Duration of a lease without renewal; another node then continues the import.
const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(30);

/// Leases an import that waits for a node, or whose node has died. Imports of the command line have no
/// content in the database.
static LEASE: Statement = Statement::with(
    "
    UPDATE imports
       SET lease_node = $node,
           lease_until = {now} + $duration,
           state = CASE state WHEN 'queued' THEN 'checking' ELSE state END
     WHERE id = (
           SELECT i.id
             FROM imports i
            WHERE i.state IN ('queued', 'checking', 'storing')
              AND i.fingerprint = ''
              AND {unleased}
            ORDER BY i.id
            LIMIT 1
            {skip_locked})
    RETURNING {columns}",
    &[("columns", COLUMNS), ("unleased", UNLEASED), ("row", "i")],
);

/// Renews a lease while the file is checked; no row if a person has cancelled the import.
static RENEW: Statement = Statement::new(
    "
    UPDATE imports
       SET lease_until = {now} + $duration
     WHERE id = $id
       AND lease_node = $node
       AND state IN ('checking', 'storing')
    RETURNING id",
);

static SAVE_CHECK: Statement = Statement::with(
    "
    UPDATE imports
       SET state = $state,
           form = $form,
           valid = $valid,
           rejected = $rejected,
           counts = $counts,
           changed_people = $people,
           attribute_types = $types,
           lease_until = CASE $state WHEN 'storing' THEN lease_until ELSE 0 END
     WHERE id = $id
       AND state IN ('checking', 'storing')
    RETURNING {columns}",
    &[("columns", COLUMNS)],
);

static FAIL: Statement = Statement::with(
    "
    UPDATE imports
       SET state = 'failed',
           error = $error,
           error_detail = $detail,
           {released}
     WHERE id = $id
       AND state IN ('checking', 'storing')",
    &[("released", RELEASED)],
);

/// Locks an import, unless another process has continued or cancelled it.
static LOCK: Statement = Statement::new(
    "
    UPDATE imports
       SET done_through = $through,
           lease_until = CASE WHEN lease_node IS NULL THEN 0 ELSE {now} + $duration END
     WHERE id = $id
       AND done_through = $done_through
       AND state = 'storing'
    RETURNING id",
);

static SAVE_COUNTS: Statement =
    Statement::new("UPDATE imports SET counts = $counts, changed_people = $people WHERE id = $id");

static FINISH: Statement = Statement::with(
    "
    UPDATE imports
       SET state = 'finished',
           finished_at = $now,
           {released}
     WHERE id = $id
       AND state = 'storing'
    RETURNING {columns}",
    &[("columns", COLUMNS), ("released", RELEASED)],
);

static RELEASE: Statement = Statement::with(
    "UPDATE imports SET {released} WHERE lease_node = $node",
    &[("released", RELEASED)],
);

static RELEASE_ALL: Statement = Statement::with(
    "UPDATE imports SET {released} WHERE lease_node IS NOT NULL",
    &[("released", RELEASED)],
);

/// A node or process that sends an edition has leased one of its batches.
static IS_SENDING: Statement = Statement::new(
    "
    SELECT CAST(1 AS BIGINT) AS found
      FROM delivery_batches
     WHERE lease_node IS NOT NULL
       AND lease_until > {now}
     LIMIT 1",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[
    &LEASE,
    &RENEW,
    &SAVE_CHECK,
    &FAIL,
    &LOCK,
    &SAVE_COUNTS,
    &FINISH,
    &RELEASE,
    &RELEASE_ALL,
    &IS_SENDING,
];

impl Imports<'_> {
    /// Leases the next import that waits for a node, until its lease ends.
    pub async fn lease_next(self, node: &str) -> StoreResult<Option<ImportJob>> {
        let query = self.store.write(&LEASE).bind("node", node);
        query.bind("duration", as_millis_i64(LEASE_DURATION)).fetch_optional().await
    }

    /// Renews the lease of an import that is being checked; returns `false` if it was cancelled.
    pub async fn renew_lease(self, id: i64, node: &str) -> StoreResult<bool> {
        let query = self.store.write(&RENEW).bind("id", id).bind("node", node);
        query.bind("duration", as_millis_i64(LEASE_DURATION)).exists().await
    }

    /// Saves the result of checking the file; `None` if the import was cancelled.
    pub async fn save_check(
        self,
        id: i64,
        checked: CheckedFile<'_>,
    ) -> StoreResult<Option<ImportJob>> {
        let types: BTreeMap<&str, &str> = checked
            .attribute_types
            .iter()
            .map(|(name, kind)| (name.as_str(), kind.as_str()))
            .collect();
        self.store
            .write(&SAVE_CHECK)
            .bind("id", id)
            .bind("state", checked.state.as_str())
            .bind("form", checked.form.to_string())
            .bind("valid", checked.valid)
            .bind("rejected", checked.rejected)
            .bind("counts", json!(checked.counts).to_string())
            .bind("people", to_json(checked.changed_people))
            .bind("types", json!(types).to_string())
            .fetch_optional()
            .await
    }

    /// Ends the work on an import whose file cannot be read; `detail` has the code of the reason and its values.
    pub async fn fail(self, id: i64, error: &str, detail: Option<&Json>) -> StoreResult<()> {
        let detail = detail.map(Json::to_string);
        let fail = self.store.write(&FAIL).bind("id", id).bind("error", error);
        fail.bind("detail", detail).execute().await?;
        Ok(())
    }

    /// Stores the lines of a chunk and the progress, in one transaction. Returns `None` if another
    /// process has continued or cancelled the import.
    pub async fn apply_chunk(
        self,
        job: &ImportJob,
        chunk: &ImportChunk,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<ImportJob>> {
        match self.try_chunk(job, chunk, Conflicts::Unexpected, actor, now).await {
            Err(e) if Conflicts::caused(&e) => {
                self.try_chunk(job, chunk, Conflicts::Skipped, actor, now).await
            }
            result => result,
        }
    }

    async fn try_chunk(
        self,
        job: &ImportJob,
        chunk: &ImportChunk,
        conflicts: Conflicts,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<ImportJob>> {
        let mut tx = self.store.begin().await?;
        tx.query(&changes::SETTINGS).execute().await?;
        let lock = tx
            .query(&LOCK)
            .bind("id", job.id)
            .bind("done_through", job.done_through)
            .bind("through", chunk.through)
            .bind("duration", as_millis_i64(LEASE_DURATION));
        if !lock.exists().await? {
            return Ok(None);
        }
        let mut next = ImportJob { done_through: chunk.through, ..job.clone() };
        let mut counts = ImportCounts::default();
        for slice in chunk.slices() {
            let (some, people) = changes::apply(&mut tx, slice, conflicts, actor, now).await?;
            counts.add_all(&some);
            add_changed_people(&mut next.changed_people, people);
        }
        next.counts.add_all(&counts);
        let save = tx.query(&SAVE_COUNTS).bind("id", job.id);
        let save = save.bind("people", to_json(&next.changed_people));
        save.bind("counts", json!(next.counts).to_string()).execute().await?;
        let detail = json!({
            "lines": chunk.rows.len(),
            "new": counts.new,
            "changed": counts.changed,
            "suppressed": counts.suppressions_added,
        });
        record(&mut tx, job.id, AuditAction::Import, detail, actor, now).await?;
        tx.commit().await?;
        Ok(Some(next))
    }

    /// Finishes an import whose lines are all stored; `None` if it was cancelled.
    pub async fn finish(self, id: i64, now: Millis) -> StoreResult<Option<ImportJob>> {
        let query = self.store.write(&FINISH).bind("id", id).bind("now", now);
        let job = query.fetch_optional().await?;
        if job.is_some() {
            self.delete_content(id).await?;
        }
        Ok(job)
    }

    /// Releases the leases of a node that stops.
    pub async fn release_leases(self, node: &str) -> StoreResult<()> {
        self.store.write(&RELEASE).bind("node", node).execute().await?;
        Ok(())
    }

    /// Releases all leases, when the only process that has any starts.
    pub async fn release_all(self) -> StoreResult<()> {
        self.store.write(&RELEASE_ALL).execute().await?;
        Ok(())
    }

    /// Returns `true` while an edition is being sent, so that other writes should leave time for it.
    pub async fn is_sending(self) -> StoreResult<bool> {
        self.store.read(&IS_SENDING).exists().await
    }
}
