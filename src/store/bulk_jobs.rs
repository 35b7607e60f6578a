//! Bulk jobs: their durable progress, and the transaction of each chunk.

use serde_json::json;

use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::BulkJobs;
use super::{StoreError, StoreResult};
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::bulk::{BulkAction, BulkCounts, BulkOutcome};
use crate::domain::filter::Condition;
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::Millis;

mod changes;

pub use changes::BulkChunk;
pub(super) use changes::STATEMENTS as CHANGE_STATEMENTS;

/// A bulk operation with its progress.
#[derive(Debug, Clone)]
pub struct BulkJob {
    /// Id of the job.
    pub id: i64,
    /// Change of each subscriber.
    pub action: BulkAction,
    /// Condition that selects the subscribers.
    pub condition: Condition,
    /// Number of subscribers that were selected at the start.
    pub total: i64,
    /// Newest subscriber at the start; later ones are not changed.
    pub last_subscriber: i64,
    /// Subscriber up to which the job is done.
    pub done_through: i64,
    /// Numbers of subscribers by outcome.
    pub counts: BulkCounts,
    /// Actor that started the job, without rights.
    pub actor: Actor,
    /// Time of the start of the job.
    pub created_at: Millis,
    /// Time of the last chunk, or of the start.
    pub updated_at: Millis,
    /// Time at which all subscribers were done.
    pub finished_at: Option<Millis>,
}

const COLUMNS: &str = "id, action, condition, total, last_subscriber, done_through, counts,
           actor_kind, actor_name, created_at, updated_at, finished_at";

static ADD: Statement = Statement::with(
    "
    INSERT INTO bulk_jobs (
           action, condition, total, last_subscriber, counts, actor_kind, actor_name, created_at,
           updated_at)
    VALUES ($action, $condition, $total, $last, '{}', $actor_kind, $actor_name, $now, $now)
    RETURNING {columns}",
    &[("columns", COLUMNS)],
);

static LAST_SUBSCRIBER: Statement = Statement::new("SELECT COALESCE(MAX(id), 0) FROM subscribers");

static FIND: Statement =
    Statement::with("SELECT {columns} FROM bulk_jobs WHERE id = $id", &[("columns", COLUMNS)]);

static LIST: Statement = Statement::with(
    "
    SELECT {columns}
      FROM bulk_jobs
     WHERE id < $before
     ORDER BY id DESC
     LIMIT $limit",
    &[("columns", COLUMNS)],
);

static INTERRUPTED: Statement = Statement::with(
    "
    SELECT {columns}
      FROM bulk_jobs
     WHERE finished_at IS NULL
       AND updated_at < $before
     ORDER BY updated_at",
    &[("columns", COLUMNS)],
);

/// Locks a job, unless another process has continued it.
static LOCK: Statement = Statement::new(
    "
    UPDATE bulk_jobs
       SET done_through = done_through
     WHERE id = $id
       AND done_through = $done_through
       AND finished_at IS NULL
    RETURNING id",
);

static SAVE: Statement = Statement::new(
    "
    UPDATE bulk_jobs
       SET done_through = $done_through,
           counts = $counts,
           updated_at = $now,
           finished_at = $finished_at
     WHERE id = $id",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ADD, &LAST_SUBSCRIBER, &FIND, &LIST, &INTERRUPTED, &LOCK, &SAVE];

impl FromRow for BulkJob {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            action: parsed(row, "action", "bulk_jobs.action")?,
            condition: parsed(row, "condition", "bulk_jobs.condition")?,
            total: row.get("total")?,
            last_subscriber: row.get("last_subscriber")?,
            done_through: row.get("done_through")?,
            counts: parsed(row, "counts", "bulk_jobs.counts")?,
            actor: Actor::recorded(
                row.enum_value("bulk_jobs.actor_kind", ActorKind::parse)?,
                row.get("actor_name")?,
            ),
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
            finished_at: row.optional_time("finished_at")?,
        })
    }
}

fn parsed<T: serde::de::DeserializeOwned>(
    row: &Row,
    name: &str,
    column: &'static str,
) -> StoreResult<T> {
    let json: String = row.get(name)?;
    serde_json::from_str(&json)
        .map_err(|_| StoreError::InvalidValue { value: json.chars().take(80).collect(), column })
}

impl BulkJobs<'_> {
    /// Creates a job for the subscribers that fulfil a condition now. `total` is their number.
    pub async fn add(
        self,
        action: &BulkAction,
        condition: &Condition,
        total: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<BulkJob> {
        let mut tx = self.store.begin().await?;
        let last: i64 = tx.query(&LAST_SUBSCRIBER).fetch_scalar().await?;
        let rows: Vec<BulkJob> = tx
            .query(&ADD)
            .bind("action", json!(action).to_string())
            .bind("condition", json!(condition).to_string())
            .bind("total", total)
            .bind("last", last)
            .bind("actor_kind", actor.kind().as_str())
            .bind("actor_name", actor.name())
            .bind("now", now)
            .fetch_all()
            .await?;
        let job = rows.into_iter().next().ok_or(StoreError::Sql(sqlx::Error::RowNotFound))?;
        record(&mut tx, &job, AuditAction::Create, json!({"subscribers": total}), actor, now)
            .await?;
        tx.commit().await?;
        Ok(job)
    }

    /// Returns a job by its id.
    pub async fn find(self, id: i64) -> StoreResult<Option<BulkJob>> {
        self.store.read(&FIND).bind("id", id).fetch_optional().await
    }

    /// Returns the unfinished jobs without progress since a time, oldest progress first.
    pub async fn interrupted(self, before: Millis) -> StoreResult<Vec<BulkJob>> {
        self.store.read(&INTERRUPTED).bind("before", before).fetch_all().await
    }

    /// Returns a page of the jobs, newest first.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<BulkJob>> {
        self.store
            .read(&LIST)
            .bind("before", page.key_or(i64::MAX)?)
            .fetch_page(page, |job: &BulkJob| job.id)
            .await
    }

    /// Changes the subscribers of a chunk and saves the progress, in one transaction. An empty chunk
    /// finishes the job. Returns `None` if another process has continued the job meanwhile.
    pub async fn apply_chunk(
        self,
        job: &BulkJob,
        chunk: BulkChunk,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<BulkJob>> {
        let mut tx = self.store.begin().await?;
        let lock = tx.query(&LOCK).bind("id", job.id).bind("done_through", job.done_through);
        if !lock.exists().await? {
            return Ok(None);
        }
        let done_through = chunk.subscribers.last().copied();
        let mut next = BulkJob {
            done_through: done_through.unwrap_or(job.done_through),
            updated_at: now,
            finished_at: done_through.is_none().then_some(now),
            ..job.clone()
        };
        if done_through.is_some() {
            let counts = changes::apply(&mut tx, &job.action, chunk, actor, now).await?;
            next.counts.add_all(&counts);
            let action = match job.action {
                BulkAction::Subscribe { .. } => AuditAction::Subscribe,
                BulkAction::Unsubscribe { .. } => AuditAction::Unsubscribe,
                BulkAction::Erase => AuditAction::Erase,
                BulkAction::Tag(_) | BulkAction::Untag(_) => AuditAction::Change,
            };
            let changed = counts.of(BulkOutcome::Changed);
            record(&mut tx, job, action, json!({"changed": changed}), actor, now).await?;
        }
        tx.query(&SAVE)
            .bind("id", job.id)
            .bind("done_through", next.done_through)
            .bind("counts", json!(next.counts).to_string())
            .bind("now", now)
            .bind("finished_at", next.finished_at)
            .execute()
            .await?;
        tx.commit().await?;
        Ok(Some(next))
    }
}

/// Records a step of a job, whose id is the object of the entry.
async fn record(
    tx: &mut Tx,
    job: &BulkJob,
    action: AuditAction,
    detail: serde_json::Value,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let id = job.id.to_string();
    let entry = NewAuditEntry::new(actor, action, AuditObject::BulkJob, &id).with(detail);
    audit_log::record(tx, entry, now).await
}
