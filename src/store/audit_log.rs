//! The audit log: who changed what, written in the transaction of the change (guarantee 12).

use serde_json::{Value as Json, json};

use super::db::{FromRow, Row, Statement, Tx};
use super::operations::AuditLog;
use super::{StoreError, StoreResult, events};
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::Millis;

/// Name of a subscriber who was erased or deleted.
pub const ERASED: &str = "erased person";

/// Change to be recorded.
#[derive(Debug)]
pub(crate) struct NewAuditEntry<'a> {
    /// Actor that causes the change.
    pub(crate) actor: &'a Actor,
    /// Kind of the change.
    pub(crate) action: AuditAction,
    /// Kind of object that is changed.
    pub(crate) object: AuditObject,
    /// Name or id of the object.
    pub(crate) object_id: &'a str,
    /// Details without personal data; `Null` if there are none.
    pub(crate) detail: Json,
}

impl<'a> NewAuditEntry<'a> {
    /// Creates a record without details.
    pub(crate) fn new(
        actor: &'a Actor,
        action: AuditAction,
        object: AuditObject,
        object_id: &'a str,
    ) -> Self {
        Self { actor, action, object, object_id, detail: Json::Null }
    }

    /// Adds details: a JSON object without personal data.
    pub(crate) fn with(self, detail: Json) -> Self {
        Self { detail, ..self }
    }
}

/// Selection of entries; the default selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Kind of the objects.
    pub object: Option<AuditObject>,
    /// Actors of the changes.
    pub actors: ActorFilter,
    /// Time before which the changes were made.
    pub before: Option<Millis>,
}

/// Selection of actors; the default selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ActorFilter {
    /// Every actor of any kind.
    #[default]
    All,
    /// People with an account.
    Users,
    /// The account or token with this name.
    Named(String),
}

/// Entry of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Id of the entry, in the order of the changes.
    pub id: i64,
    /// Time of the change.
    pub at: Millis,
    /// Kind of the actor.
    pub actor_kind: ActorKind,
    /// Name of the account or token of the actor.
    pub actor_name: Option<String>,
    /// Kind of the change.
    pub action: AuditAction,
    /// Kind of the object.
    pub object: AuditObject,
    /// Name or id of the object.
    pub object_id: String,
    /// Name that a person knows the object by, such as the address of a subscriber; `None` if it was not
    /// read or there is none.
    pub object_name: Option<String>,
    /// Details as a JSON object; `None` if there are none.
    pub detail: Option<Json>,
}

static RECORD: Statement = Statement::new(
    "
    INSERT INTO audit_log (at, actor_kind, actor_name, action, object, object_id, detail)
    VALUES ($at, $actor_kind, $actor_name, $action, $object, $object_id, $detail)",
);

/// Entries before an id, newest first, of which a condition selects some.
const LIST_MATCHING: &str = "
    SELECT id, at, actor_kind, actor_name, action, object, object_id, detail
      FROM audit_log
     WHERE id < $before{condition}
     ORDER BY id DESC
     LIMIT $limit";

static LIST: Statement = Statement::with(LIST_MATCHING, &[("condition", "")]);

static LIST_OF_OBJECT: Statement =
    Statement::with(LIST_MATCHING, &[("condition", " AND object = $object")]);

static LIST_OF_ACTOR: Statement =
    Statement::with(LIST_MATCHING, &[("condition", " AND actor_name = $actor")]);

static LIST_OF_BOTH: Statement = Statement::with(
    LIST_MATCHING,
    &[("condition", " AND object = $object AND actor_name = $actor")],
);

static LIST_OF_USERS: Statement =
    Statement::with(LIST_MATCHING, &[("condition", " AND actor_kind = 'user'")]);

static LIST_OF_USERS_AND_OBJECT: Statement = Statement::with(
    LIST_MATCHING,
    &[("condition", " AND object = $object AND actor_kind = 'user'")],
);

static LAST_BEFORE: Statement =
    Statement::new("SELECT id FROM audit_log WHERE at < $time ORDER BY id DESC LIMIT 1");

static OF_SUBSCRIBER: Statement = Statement::new(
    "
    SELECT id, at, actor_kind, actor_name, action, object, object_id, detail
      FROM audit_log
     WHERE object_id IN {json_texts $ids}
       AND ((object = 'subscriber' AND object_id = $subscriber)
         OR (object = 'subscription' AND object_id IN {json_texts $subscriptions})
         OR (object = 'suppression' AND object_id = $hash))
     ORDER BY id DESC
     LIMIT $limit",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &RECORD,
    &LIST,
    &LIST_OF_OBJECT,
    &LIST_OF_ACTOR,
    &LIST_OF_BOTH,
    &LIST_OF_USERS,
    &LIST_OF_USERS_AND_OBJECT,
    &LAST_BEFORE,
    &OF_SUBSCRIBER,
];

impl FromRow for AuditEntry {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let detail: Option<String> = row.get("detail")?;
        let detail = detail.map(|json| {
            serde_json::from_str(&json).map_err(|_| StoreError::InvalidValue {
                value: json.chars().take(80).collect(),
                column: "audit_log.detail",
            })
        });
        Ok(Self {
            id: row.get("id")?,
            at: row.time("at")?,
            actor_kind: row.enum_value("audit_log.actor_kind", ActorKind::parse)?,
            actor_name: row.get("actor_name")?,
            action: row.enum_value("audit_log.action", AuditAction::parse)?,
            object: row.enum_value("audit_log.object", AuditObject::parse)?,
            object_id: row.get("object_id")?,
            object_name: None,
            detail: detail.transpose()?,
        })
    }
}

/// Adds an entry to the audit log, in the transaction of the change that it records, and an event if
/// webhooks receive this change.
pub(super) async fn record(tx: &mut Tx, entry: NewAuditEntry<'_>, now: Millis) -> StoreResult<()> {
    let detail = (!entry.detail.is_null()).then(|| entry.detail.to_string());
    tx.query(&RECORD)
        .bind("at", now)
        .bind("actor_kind", entry.actor.kind().as_str())
        .bind("actor_name", entry.actor.name())
        .bind("action", entry.action.as_str())
        .bind("object", entry.object.as_str())
        .bind("object_id", entry.object_id)
        .bind("detail", detail)
        .execute()
        .await?;
    let changed = (entry.action, entry.object, entry.object_id);
    events::record_from_audit(tx, changed, &entry.detail, now).await
}

/// Import of a file of articles, which several transactions store.
#[derive(Debug, Clone)]
pub struct ImportRecord {
    /// Name of the source.
    pub source: String,
    /// Number of articles in the file.
    pub articles: usize,
    /// Actor that imports the file.
    pub actor: Actor,
}

/// Records the import of a file, in the transaction that stores the first articles of the file.
pub(super) async fn record_article_import(
    tx: &mut Tx,
    import: &ImportRecord,
    now: Millis,
) -> StoreResult<()> {
    let ImportRecord { source, articles, actor } = import;
    let entry = NewAuditEntry::new(actor, AuditAction::Import, AuditObject::Source, source);
    record(tx, entry.with(json!({"articles": articles})), now).await
}

impl AuditLog<'_> {
    /// Records the start of a sync by a person, before its first batch is stored.
    pub async fn record_manual_sync(
        self,
        source: &str,
        accept_removals: bool,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<()> {
        let action = if accept_removals { AuditAction::AcceptRemovals } else { AuditAction::Sync };
        let entry = NewAuditEntry::new(actor, action, AuditObject::Source, source);
        self.record_alone(entry, now).await
    }

    /// Records an export of personal data, before its first line is read. The id of the object is empty for an
    /// export of several objects.
    pub async fn record_export(
        self,
        (object, id): (AuditObject, &str),
        detail: Json,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<()> {
        let entry = NewAuditEntry::new(actor, AuditAction::Export, object, id).with(detail);
        self.record_alone(entry, now).await
    }

    /// Records a change that takes several transactions, in one of its own before the first.
    async fn record_alone(self, entry: NewAuditEntry<'_>, now: Millis) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        record(&mut tx, entry, now).await?;
        tx.commit().await
    }

    /// Returns the last entries about the subscriber with this id, these subscriptions and the suppression
    /// of the address with this hash, newest first.
    pub async fn of_subscriber(
        self,
        (id, hash): (i64, &str),
        subscriptions: &[i64],
        limit: i64,
    ) -> StoreResult<Vec<AuditEntry>> {
        let subscriptions: Vec<String> = subscriptions.iter().map(ToString::to_string).collect();
        let id = id.to_string();
        let ids: Vec<String> =
            subscriptions.iter().cloned().chain([id.clone(), hash.to_owned()]).collect();
        let read = self.store.read(&OF_SUBSCRIBER).bind("ids", ids.as_slice());
        let read = read.bind("subscriber", id).bind("hash", hash);
        let read = read.bind("subscriptions", subscriptions.as_slice()).bind("limit", limit);
        read.fetch_all().await
    }

    /// Returns a page of the audit log, newest entries first.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the cursor is not one of this list.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<AuditEntry>> {
        self.list_matching(&AuditFilter::default(), page).await
    }

    /// Returns a page of the entries that a filter selects, newest first.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the cursor is not one of this list.
    pub async fn list_matching(
        self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> StoreResult<Page<AuditEntry>> {
        let statement = match (&filter.object, &filter.actors) {
            (None, ActorFilter::All) => &LIST,
            (Some(_), ActorFilter::All) => &LIST_OF_OBJECT,
            (None, ActorFilter::Users) => &LIST_OF_USERS,
            (Some(_), ActorFilter::Users) => &LIST_OF_USERS_AND_OBJECT,
            (None, ActorFilter::Named(_)) => &LIST_OF_ACTOR,
            (Some(_), ActorFilter::Named(_)) => &LIST_OF_BOTH,
        };
        let mut before = page.key_or(i64::MAX)?;
        if let Some(time) = filter.before {
            let last: Option<i64> =
                self.store.read(&LAST_BEFORE).bind("time", time).fetch_optional_scalar().await?;
            before = before.min(last.map_or(0, |id| id + 1));
        }
        let mut query = self.store.read(statement).bind("before", before);
        if let Some(object) = filter.object {
            query = query.bind("object", object.as_str());
        }
        if let ActorFilter::Named(actor) = &filter.actors {
            query = query.bind("actor", actor);
        }
        query.fetch_page(page, |entry: &AuditEntry| entry.id).await
    }
}
