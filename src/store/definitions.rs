//! Definitions of feeds, digests and segments: all versions of each, of which the newest is in force.

use serde_json::json;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::Definitions;
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::time::Millis;

/// A version of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionVersion {
    /// Number of the version; later versions of any definition have higher numbers.
    pub version: i64,
    /// TOML of the version; `None` if the definition was deleted.
    pub body: Option<String>,
    /// Kind of the actor that made the change.
    pub actor_kind: ActorKind,
    /// Name of the actor's account or token; `None` for the other kinds.
    pub actor_name: Option<String>,
    /// Time of the change.
    pub created_at: Millis,
}

static VERSION: Statement = Statement::new("SELECT COALESCE(MAX(id), 0) FROM definition_versions");

static CURRENT: Statement = Statement::new(
    "
    SELECT v.kind, v.name, v.body
      FROM definition_versions v
     WHERE v.body IS NOT NULL
       AND NOT EXISTS (
           SELECT 1
             FROM definition_versions later
            WHERE later.kind = v.kind AND later.name = v.name AND later.id > v.id)
     ORDER BY v.kind, v.name",
);

static ADD: Statement = Statement::new(
    "
    INSERT INTO definition_versions
           (previous, kind, name, body, actor_kind, actor_name, created_at)
    VALUES ($previous, $kind, $name, $body, $actor_kind, $actor_name, $created_at)
    ON CONFLICT (previous) DO NOTHING
    RETURNING id",
);

static FIND_VERSION: Statement = Statement::new(
    "
    SELECT kind, name, body
      FROM definition_versions
     WHERE id = $id
       AND body IS NOT NULL",
);

static NEWEST_OF: Statement = Statement::new(
    "
    SELECT MAX(id)
      FROM definition_versions
     WHERE kind = $kind AND name = $name",
);

static EXISTS: Statement = Statement::new(
    "
    SELECT id
      FROM definition_versions
     WHERE id = (SELECT MAX(id) FROM definition_versions WHERE kind = $kind AND name = $name)
       AND body IS NOT NULL",
);

static EDITIONS_IN_PROGRESS: Statement = Statement::new(
    "
    SELECT id
      FROM editions
     WHERE digest = $digest
       AND state IN ('preparing', 'sending', 'paused')
     ORDER BY id",
);

static COUNT_SUBSCRIPTIONS: Statement = Statement::new(
    "
    SELECT COUNT(*)
      FROM subscriptions
     WHERE digest = $digest
       AND status <> 'unsubscribed'",
);

static COUNT_HUB_SUBSCRIPTIONS: Statement = Statement::new(
    "
    SELECT COUNT(*)
      FROM hub_subscriptions
     WHERE feed = $feed
       AND expires_at > $now",
);

static VERSIONS: Statement = Statement::new(
    "
    SELECT id, body, actor_kind, actor_name, created_at
      FROM definition_versions
     WHERE kind = $kind AND name = $name
     ORDER BY id DESC",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &VERSION,
    &CURRENT,
    &ADD,
    &FIND_VERSION,
    &NEWEST_OF,
    &EXISTS,
    &EDITIONS_IN_PROGRESS,
    &COUNT_SUBSCRIPTIONS,
    &COUNT_HUB_SUBSCRIPTIONS,
    &VERSIONS,
];

impl FromRow for Definition {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let kind = row.enum_value("definition_versions.kind", |word| word.parse().ok())?;
        Ok(Self { kind, name: row.get("name")?, body: row.get("body")? })
    }
}

impl FromRow for DefinitionVersion {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            version: row.get("id")?,
            body: row.get("body")?,
            actor_kind: row.enum_value("definition_versions.actor_kind", ActorKind::parse)?,
            actor_name: row.get("actor_name")?,
            created_at: row.time("created_at")?,
        })
    }
}

impl Definitions<'_> {
    /// Returns the number of the newest version of any definition, 0 if there is none.
    pub async fn version(self) -> StoreResult<i64> {
        self.store.read(&VERSION).fetch_scalar().await
    }

    /// Returns all definitions in force.
    pub async fn current(self) -> StoreResult<Vec<Definition>> {
        self.store.read(&CURRENT).fetch_all().await
    }

    /// Returns all versions of a definition, newest first.
    pub async fn versions(
        self,
        kind: DefinitionKind,
        name: &str,
    ) -> StoreResult<Vec<DefinitionVersion>> {
        self.store.read(&VERSIONS).bind("kind", kind.as_str()).bind("name", name).fetch_all().await
    }

    /// Returns the definition as it was in a version; `None` if there is no such version, or it deleted
    /// the definition.
    pub async fn find_version(self, version: i64) -> StoreResult<Option<Definition>> {
        self.store.read(&FIND_VERSION).bind("id", version).fetch_optional().await
    }

    /// Returns the number of the newest version of a definition, also if it deleted the definition.
    pub async fn newest_version_of(
        self,
        kind: DefinitionKind,
        name: &str,
    ) -> StoreResult<Option<i64>> {
        let newest = self.store.read(&NEWEST_OF).bind("kind", kind.as_str()).bind("name", name);
        newest.fetch_scalar().await
    }

    /// Returns the ids of the editions of a digest that are neither sent nor cancelled.
    pub async fn editions_in_progress(self, digest: &str) -> StoreResult<Vec<i64>> {
        self.store.read(&EDITIONS_IN_PROGRESS).bind("digest", digest).fetch_scalars().await
    }

    /// Returns the number of subscriptions to a digest that are not ended.
    pub async fn count_subscriptions(self, digest: &str) -> StoreResult<i64> {
        self.store.read(&COUNT_SUBSCRIPTIONS).bind("digest", digest).fetch_scalar().await
    }

    /// Returns the number of subscriptions of the WebSub hub to the documents of a feed.
    pub async fn count_hub_subscriptions(self, feed: &str, now: Millis) -> StoreResult<i64> {
        let count = self.store.read(&COUNT_HUB_SUBSCRIPTIONS).bind("feed", feed).bind("now", now);
        count.fetch_scalar().await
    }

    /// Adds a validated version of a definition, or deletes the definition if `body` is `None`.
    /// Returns the version's number, or `None` if the newest version is no longer `previous`, against
    /// which the new one was validated.
    pub async fn add_version(
        self,
        kind: DefinitionKind,
        name: &str,
        body: Option<&str>,
        previous: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<i64>> {
        let mut tx = self.store.begin().await?;
        let exists = tx.query(&EXISTS).bind("kind", kind.as_str()).bind("name", name);
        let action = match (exists.exists().await?, body) {
            (_, None) => AuditAction::Delete,
            (true, Some(_)) => AuditAction::Change,
            (false, Some(_)) => AuditAction::Create,
        };
        let version = NewVersion { kind, name, body, previous };
        let Some(id) = version.add(&mut tx, actor, now).await? else { return Ok(None) };
        let entry =
            NewAuditEntry::new(actor, action, object_of(kind), name).with(json!({"version": id}));
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Like [`add_version`](Self::add_version), for a definition that gets another name: ends the one
    /// with the former name in the same transaction.
    pub async fn rename(
        self,
        renamed: &Definition,
        former_name: &str,
        previous: i64,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<i64>> {
        let Definition { kind, name, body } = renamed;
        let mut tx = self.store.begin().await?;
        let end = NewVersion { kind: *kind, name: former_name, body: None, previous };
        let Some(ended) = end.add(&mut tx, actor, now).await? else { return Ok(None) };
        let begin = NewVersion { kind: *kind, name, body: Some(body), previous: ended };
        let Some(id) = begin.add(&mut tx, actor, now).await? else { return Ok(None) };
        let detail = json!({"version": id, "former_name": former_name});
        let entry = NewAuditEntry::new(actor, AuditAction::Change, object_of(*kind), name);
        audit_log::record(&mut tx, entry.with(detail), now).await?;
        tx.commit().await?;
        Ok(Some(id))
    }
}

/// Version of a definition that is about to be stored.
#[derive(Debug, Clone, Copy)]
struct NewVersion<'a> {
    kind: DefinitionKind,
    name: &'a str,
    /// TOML of the version; `None` to end the definition.
    body: Option<&'a str>,
    /// Newest version of any definition when this one was validated.
    previous: i64,
}

impl NewVersion<'_> {
    /// Inserts the version and returns its number; `None` if `previous` is no longer the newest.
    async fn add(self, tx: &mut Tx, actor: &Actor, now: Millis) -> StoreResult<Option<i64>> {
        tx.query(&ADD)
            .bind("previous", self.previous)
            .bind("kind", self.kind.as_str())
            .bind("name", self.name)
            .bind("body", self.body)
            .bind("actor_kind", actor.kind().as_str())
            .bind("actor_name", actor.name())
            .bind("created_at", now)
            .fetch_optional_scalar()
            .await
    }
}

fn object_of(kind: DefinitionKind) -> AuditObject {
    match kind {
        DefinitionKind::Feed => AuditObject::Feed,
        DefinitionKind::Digest => AuditObject::Digest,
        DefinitionKind::Segment => AuditObject::Segment,
        DefinitionKind::Webhook => AuditObject::Webhook,
    }
}
