//! Recent changes of any objects, read from the audit log, the sources, the open editions and the log
//! of article changes; nothing is written for them.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::RecentChanges;
use crate::domain::audit::AuditObject;
use crate::domain::change::Change;

/// Maximum number of entries of the audit log that one read reports.
const MAX_ENTRIES: i64 = 1_000;

/// State of the objects up to which changes were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeCursor {
    /// Id of the last entry of the audit log.
    audit: i64,
    /// Version of the articles.
    articles: i64,
    /// Last attempt of each source.
    sources: BTreeMap<String, (Option<i64>, i64)>,
    /// State of each open edition.
    editions: BTreeMap<i64, String>,
}

static LAST_ENTRY: Statement = Statement::new("SELECT COALESCE(MAX(id), 0) FROM audit_log");

static ENTRIES: Statement = Statement::new(
    "
    SELECT id, object, object_id
      FROM audit_log
     WHERE id > $after
     ORDER BY id
     LIMIT $limit",
);

static SOURCES: Statement = Statement::new(
    "
    SELECT name, attempted_at, blocked_removals
      FROM sources",
);

static OPEN_EDITIONS: Statement = Statement::new(
    "
    SELECT id, state
      FROM editions
     WHERE state IN ('preparing', 'sending', 'paused')",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&LAST_ENTRY, &ENTRIES, &SOURCES, &OPEN_EDITIONS];

/// Entry of the audit log: its id, and the object that changed.
struct ChangedObject {
    id: i64,
    object: AuditObject,
    object_id: String,
}

impl FromRow for ChangedObject {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            object: row.enum_value("audit_log.object", AuditObject::parse)?,
            object_id: row.get("object_id")?,
        })
    }
}

impl RecentChanges<'_> {
    /// Returns the present state, after which changes are read.
    pub async fn now(self) -> StoreResult<ChangeCursor> {
        let audit = self.store.read(&LAST_ENTRY).fetch_scalar().await?;
        self.state(audit).await
    }

    /// Returns the changes since a state, without repetitions, and the state after them. An edition
    /// that is being sent counts as changed.
    pub async fn since(self, cursor: &ChangeCursor) -> StoreResult<(Vec<Change>, ChangeCursor)> {
        let entries: Vec<ChangedObject> = self
            .store
            .read(&ENTRIES)
            .bind("after", cursor.audit)
            .bind("limit", MAX_ENTRIES)
            .fetch_all()
            .await?;
        let next = self.state(entries.last().map_or(cursor.audit, |entry| entry.id)).await?;
        let mut changes: BTreeSet<Change> =
            entries.iter().map(|entry| Change::of_object(entry.object, &entry.object_id)).collect();
        if next.articles != cursor.articles {
            changes.insert(Change::of_object(AuditObject::Article, ""));
        }
        let changed = |name: &&String| cursor.sources.get(*name) != next.sources.get(*name);
        for name in next.sources.keys().filter(changed) {
            changes.insert(Change::of_object(AuditObject::Source, name));
        }
        let open = next.editions.iter().chain(&cursor.editions);
        for (id, _) in open.filter(|(id, state)| {
            state.as_str() == "sending" || cursor.editions.get(id) != next.editions.get(id)
        }) {
            changes.insert(Change::of_object(AuditObject::Edition, &id.to_string()));
        }
        Ok((changes.into_iter().collect(), next))
    }

    async fn state(self, audit: i64) -> StoreResult<ChangeCursor> {
        let sources: Vec<(String, (Option<i64>, i64))> = self
            .store
            .read(&SOURCES)
            .fetch_with(|row| {
                let attempted_at = row.optional_time("attempted_at")?.map(|at| at.0);
                Ok((row.get("name")?, (attempted_at, row.get("blocked_removals")?)))
            })
            .await?;
        let editions: Vec<(i64, String)> = self
            .store
            .read(&OPEN_EDITIONS)
            .fetch_with(|row| Ok((row.get("id")?, row.get("state")?)))
            .await?;
        Ok(ChangeCursor {
            audit,
            articles: self.store.article_changes().version().await?,
            sources: sources.into_iter().collect(),
            editions: editions.into_iter().collect(),
        })
    }
}
