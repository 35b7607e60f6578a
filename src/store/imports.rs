//! Imports of subscribers: durable jobs with their settings, progress and results. Each chunk of lines is
//! one short transaction, in which the progress is saved as well.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement, Tx};
use super::leases::{RELEASED, UNLEASED};
use super::operations::Imports;
use super::{StoreError, StoreResult};
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::attribute::AttributeType;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::digest_scope::DigestScope;
use crate::domain::page::{Page, PageRequest};
use crate::domain::role::Role;
use crate::domain::subscriber_import::{ImportCounts, ImportState};
use crate::domain::time::{Millis, SignedDuration, as_millis_i64};

pub(super) mod changes;
pub(super) mod content;
pub(super) mod current;
mod plan;
mod rows;

pub use content::{ImportRejection, MAX_STORED_REJECTIONS};
pub use rows::{ImportChunk, ImportPerson, ImportRow};

/// Duration of a lease without renewal; another node then continues the import.
const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(30);

/// An import with its progress.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportJob {
    /// Id of the import.
    pub id: i64,
    /// State of the import.
    pub state: ImportState,
    /// Name of the digest.
    pub digest: String,
    /// Name of the file.
    pub file_name: String,
    /// Identity of the file and the settings on the command line; empty for an uploaded file.
    pub fingerprint: String,
    /// Length of the uploaded file in bytes.
    pub bytes: i64,
    /// Settings of a person as JSON.
    pub settings: Json,
    /// Recognized properties of the file as JSON, once it was checked.
    pub form: Option<Json>,
    /// Number of valid lines, once the file was checked.
    pub valid: i64,
    /// Number of rejected lines.
    pub rejected: i64,
    /// Numbers of lines by outcome: of the whole file after a dry run, otherwise of the stored lines.
    pub counts: ImportCounts,
    /// Types of the new attributes of the file.
    pub attribute_types: BTreeMap<String, AttributeType>,
    /// Line up to which the file is stored.
    pub done_through: i64,
    /// Reason for which the import failed, as a sentence.
    pub error: Option<String>,
    /// Actor that created the import, without its role.
    pub actor: Actor,
    /// Time of the creation.
    pub created_at: Millis,
    /// Time of the end.
    pub finished_at: Option<Millis>,
}

/// An import to create.
#[derive(Debug, Clone)]
pub struct NewImport<'a> {
    /// First state of the import.
    pub state: ImportState,
    /// Name of the digest.
    pub digest: &'a str,
    /// Name of the file.
    pub file_name: &'a str,
    /// Identity of the file and the settings on the command line; empty for an upload.
    pub fingerprint: &'a str,
    /// Settings of a person as JSON.
    pub settings: &'a Json,
}

/// Result of checking a file.
#[derive(Debug, Clone)]
pub struct CheckedFile<'a> {
    /// Next state of the import.
    pub state: ImportState,
    /// Recognized properties of the file as JSON.
    pub form: &'a Json,
    /// Number of valid lines.
    pub valid: i64,
    /// Number of rejected lines.
    pub rejected: i64,
    /// Numbers of lines by outcome, of a dry run.
    pub counts: ImportCounts,
    /// Types of the new attributes of the file.
    pub attribute_types: &'a BTreeMap<String, AttributeType>,
}

const COLUMNS: &str = "id, state, digest, file_name, fingerprint, bytes, settings, form, valid, rejected,
           counts, attribute_types, done_through, error, actor_kind, actor_name, created_at, finished_at";

static ADD: Statement = Statement::with(
    "
    INSERT INTO imports (
           state, digest, file_name, fingerprint, settings, actor_kind, actor_name, created_at)
    VALUES ($state, $digest, $file_name, $fingerprint, $settings, $actor_kind, $actor_name, $now)
    RETURNING {columns}",
    &[("columns", COLUMNS)],
);

static FIND: Statement =
    Statement::with("SELECT {columns} FROM imports WHERE id = $id", &[("columns", COLUMNS)]);

static FIND_UNFINISHED: Statement = Statement::with(
    "
    SELECT {columns}
      FROM imports
     WHERE fingerprint = $fingerprint
       AND state = 'storing'
     ORDER BY id DESC
     LIMIT 1",
    &[("columns", COLUMNS)],
);

static LIST: Statement = Statement::with(
    "
    SELECT {columns}
      FROM imports
     WHERE id < $before
     ORDER BY id DESC
     LIMIT $limit",
    &[("columns", COLUMNS)],
);

/// Starts an import that a person may start, with new settings.
static START: Statement = Statement::with(
    "
    UPDATE imports
       SET state = 'queued',
           digest = $digest,
           settings = $settings,
           error = NULL
     WHERE id = $id
       AND state IN ('ready', 'checked', 'rejected', 'failed')
    RETURNING {columns}",
    &[("columns", COLUMNS)],
);

static CANCEL: Statement = Statement::with(
    "
    UPDATE imports
       SET state = 'cancelled',
           finished_at = $now,
           {released}
     WHERE id = $id
       AND state NOT IN ('finished', 'cancelled')
    RETURNING {columns}",
    &[("columns", COLUMNS), ("released", RELEASED)],
);

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
    Statement::new("UPDATE imports SET counts = $counts WHERE id = $id");

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

/// Imports that nobody started, and those of the command line that nobody continued.
static ABANDONED: Statement = Statement::new(
    "
    SELECT id
      FROM imports
     WHERE finished_at IS NULL
       AND (state IN ('uploading', 'ready', 'checked', 'rejected', 'failed')
            OR (state = 'storing' AND fingerprint <> ''))
       AND created_at < $before",
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
pub(super) static STATEMENTS: &[&Statement] = &[
    &ADD,
    &FIND,
    &FIND_UNFINISHED,
    &LIST,
    &START,
    &CANCEL,
    &LEASE,
    &RENEW,
    &SAVE_CHECK,
    &FAIL,
    &LOCK,
    &SAVE_COUNTS,
    &FINISH,
    &ABANDONED,
    &RELEASE,
    &RELEASE_ALL,
    &IS_SENDING,
];

impl FromRow for ImportJob {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let types: BTreeMap<String, String> =
            parsed(&row.get::<String>("attribute_types")?, "imports.attribute_types")?;
        let types = types.into_iter().map(|(name, word)| {
            let kind = AttributeType::parse(&word);
            kind.map(|kind| (name, kind))
                .ok_or(StoreError::InvalidValue { value: word, column: "imports.attribute_types" })
        });
        let form: Option<String> = row.get("form")?;
        Ok(Self {
            id: row.get("id")?,
            state: row.enum_value("imports.state", ImportState::parse)?,
            digest: row.get("digest")?,
            file_name: row.get("file_name")?,
            fingerprint: row.get("fingerprint")?,
            bytes: row.get("bytes")?,
            settings: parsed(&row.get::<String>("settings")?, "imports.settings")?,
            form: form.map(|json| parsed(&json, "imports.form")).transpose()?,
            valid: row.get("valid")?,
            rejected: row.get("rejected")?,
            counts: parsed(&row.get::<String>("counts")?, "imports.counts")?,
            attribute_types: types.collect::<StoreResult<_>>()?,
            done_through: row.get("done_through")?,
            error: row.get("error")?,
            actor: actor(
                row.enum_value("imports.actor_kind", ActorKind::parse)?,
                row.get("actor_name")?,
            ),
            created_at: row.time("created_at")?,
            finished_at: row.optional_time("finished_at")?,
        })
    }
}

/// Returns the actor for audit entries; it has no rights of its own.
fn actor(kind: ActorKind, name: Option<String>) -> Actor {
    let (name, role, digests) = (name.unwrap_or_default(), Role::Viewer, DigestScope::All);
    match kind {
        ActorKind::User => Actor::User { name, role, digests },
        ActorKind::Token => Actor::Token { name, role, digests },
        ActorKind::Subscriber => Actor::Subscriber,
        ActorKind::Cli => Actor::Cli,
        ActorKind::System => Actor::System,
    }
}

fn parsed<T: serde::de::DeserializeOwned>(json: &str, column: &'static str) -> StoreResult<T> {
    serde_json::from_str(json)
        .map_err(|_| StoreError::InvalidValue { value: json.chars().take(80).collect(), column })
}

impl Imports<'_> {
    /// Creates an import in its first state.
    pub async fn add(
        self,
        new: NewImport<'_>,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<ImportJob> {
        let mut tx = self.store.begin().await?;
        let rows: Vec<ImportJob> = tx
            .query(&ADD)
            .bind("state", new.state.as_str())
            .bind("digest", new.digest)
            .bind("file_name", new.file_name)
            .bind("fingerprint", new.fingerprint)
            .bind("settings", new.settings.to_string())
            .bind("actor_kind", actor.kind().as_str())
            .bind("actor_name", actor.name())
            .bind("now", now)
            .fetch_all()
            .await?;
        let job = first(rows)?;
        let detail = json!({"digest": new.digest});
        record(&mut tx, job.id, AuditAction::Create, detail, actor, now).await?;
        tx.commit().await?;
        Ok(job)
    }

    /// Returns an import by its id.
    pub async fn find(self, id: i64) -> StoreResult<Option<ImportJob>> {
        self.store.read(&FIND).bind("id", id).fetch_optional().await
    }

    /// Returns the interrupted import of a file on the command line.
    pub async fn find_unfinished(self, fingerprint: &str) -> StoreResult<Option<ImportJob>> {
        self.store.read(&FIND_UNFINISHED).bind("fingerprint", fingerprint).fetch_optional().await
    }

    /// Returns a page of the imports, newest first.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<ImportJob>> {
        self.store
            .read(&LIST)
            .bind("before", page.key_or(i64::MAX)?)
            .fetch_page(page, |job: &ImportJob| job.id)
            .await
    }

    /// Starts an import with these settings; `None` if its state does not allow it.
    pub async fn start(
        self,
        id: i64,
        digest: &str,
        settings: &Json,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<ImportJob>> {
        let mut tx = self.store.begin().await?;
        let query = tx.query(&START).bind("id", id).bind("digest", digest);
        let job =
            query.bind("settings", settings.to_string()).fetch_optional::<ImportJob>().await?;
        if job.is_some() {
            let detail = json!({"digest": digest, "started": true});
            record(&mut tx, id, AuditAction::Change, detail, actor, now).await?;
            tx.commit().await?;
        }
        Ok(job)
    }

    /// Cancels an import and deletes its file; `None` if it has ended.
    pub async fn cancel(
        self,
        id: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<ImportJob>> {
        let mut tx = self.store.begin().await?;
        let query = tx.query(&CANCEL).bind("id", id).bind("now", now);
        let job = query.fetch_optional::<ImportJob>().await?;
        if job.is_some() {
            record(&mut tx, id, AuditAction::Cancel, Json::Null, actor, now).await?;
            tx.commit().await?;
            self.delete_content(id).await?;
        }
        Ok(job)
    }

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
            .bind("types", json!(types).to_string())
            .fetch_optional()
            .await
    }

    /// Ends the work on an import whose file cannot be read.
    pub async fn fail(self, id: i64, error: &str) -> StoreResult<()> {
        self.store.write(&FAIL).bind("id", id).bind("error", error).execute().await?;
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
        let counts = changes::apply(&mut tx, chunk, actor, now).await?;
        let mut next = ImportJob { done_through: chunk.through, ..job.clone() };
        next.counts.add_all(&counts);
        let save = tx.query(&SAVE_COUNTS).bind("id", job.id);
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

    /// Counts the changes that the lines of a chunk would cause.
    pub async fn count_changes(self, chunk: &ImportChunk) -> StoreResult<ImportCounts> {
        let current = current::read(&mut current::Reader(self.store), chunk).await?;
        Ok(plan::plan(chunk, &current).counts)
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

    /// Cancels imports that nobody has started since `before`; returns their number.
    pub async fn cancel_abandoned(self, before: Millis, now: Millis) -> StoreResult<usize> {
        let ids: Vec<i64> =
            self.store.read(&ABANDONED).bind("before", before).fetch_scalars().await?;
        for id in &ids {
            self.cancel(*id, &Actor::System, now).await?;
        }
        Ok(ids.len())
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

fn first(rows: Vec<ImportJob>) -> StoreResult<ImportJob> {
    rows.into_iter().next().ok_or(StoreError::Sql(sqlx::Error::RowNotFound))
}

/// Records a step of an import, whose id is the object of the entry.
async fn record(
    tx: &mut Tx,
    id: i64,
    action: AuditAction,
    detail: Json,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let id = id.to_string();
    let entry = NewAuditEntry::new(actor, action, AuditObject::Import, &id).with(detail);
    audit_log::record(tx, entry, now).await
}
