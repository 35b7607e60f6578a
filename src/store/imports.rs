//! Imports of subscribers: durable jobs with their settings, progress and results. Each chunk of lines is
//! one short transaction, in which the progress is saved as well.

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::db::Statement;
use super::leases::RELEASED;
use super::operations::Imports;
use crate::domain::actor::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::import_changes::{ChangedPerson, add_changed_people};
use crate::domain::page::{Page, PageRequest};
use crate::domain::subscriber_import::ImportCounts;
use crate::domain::time::Millis;

pub(super) mod changes;
mod conflicts;
pub(super) mod content;
pub(super) mod current;
mod differences;
pub(super) mod forgetting;
mod job;
mod plan;
mod rows;
pub(super) mod subscriptions;
pub(super) mod work;

pub use content::{ImportRejection, MAX_STORED_REJECTIONS, NewRejection};
use job::{COLUMNS, first, record};
pub use job::{CheckedFile, ImportJob, NewImport};
pub use rows::{ImportChunk, ImportPerson, ImportRow};

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
           error = NULL,
           error_detail = NULL
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

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ADD, &FIND, &FIND_UNFINISHED, &LIST, &START, &CANCEL, &ABANDONED];

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

    /// Counts the changes that the lines of a chunk would cause, and returns the first known people whose
    /// stored values would change.
    pub async fn count_changes(
        self,
        chunk: &ImportChunk,
    ) -> StoreResult<(ImportCounts, Vec<ChangedPerson>)> {
        let (mut counts, mut people) = (ImportCounts::default(), Vec::new());
        for slice in chunk.slices() {
            let current = current::read(&mut current::Reader(self.store), slice).await?;
            let plan = plan::plan(slice, &current);
            counts.add_all(&plan.counts);
            add_changed_people(&mut people, plan.changed_people);
        }
        Ok((counts, people))
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
}
