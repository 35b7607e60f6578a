//! Renames in the config: names are keys, so the history under the old name is moved to the new
//! one.

use serde_json::json;

use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::rename_statements as statements;
use super::{Store, StoreResult, reloads, selection_entries};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

/// A kind of named section in the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenamedKind {
    /// A source, in `[[sources]]`.
    Source,
    /// A feed, in `[[feeds]]`.
    Feed,
    /// A digest, in `[[digests]]`.
    Digest,
    /// A transport, in `[[transports]]`.
    Transport,
    /// A publishing destination, in `[[publish]]`.
    Destination,
    /// A webhook, in `[[webhooks]]`.
    Webhook,
}

impl RenamedKind {
    /// Returns the noun for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Feed => "feed",
            Self::Digest => "digest",
            Self::Transport => "transport",
            Self::Destination => "destination",
            Self::Webhook => "webhook",
        }
    }

    /// Returns the kind of object in the audit log.
    fn audit_object(self) -> AuditObject {
        match self {
            Self::Source => AuditObject::Source,
            Self::Feed => AuditObject::Feed,
            Self::Digest => AuditObject::Digest,
            Self::Webhook => AuditObject::Webhook,
            Self::Transport | Self::Destination => AuditObject::Config,
        }
    }

    /// Returns the statement that finds a name with a history.
    fn find_statement(self) -> &'static Statement {
        match self {
            Self::Source => &statements::FIND_SOURCE,
            Self::Feed => &statements::FIND_FEED,
            Self::Digest => &statements::FIND_DIGEST,
            Self::Transport => &statements::FIND_TRANSPORT,
            Self::Destination => &statements::FIND_DESTINATION,
            Self::Webhook => &statements::FIND_WEBHOOK,
        }
    }

    /// Returns the statements that replace a name in all tables.
    fn rename_statements(self) -> &'static [&'static Statement] {
        match self {
            Self::Source => statements::SOURCE_RENAMES,
            Self::Feed => statements::FEED_RENAMES,
            Self::Digest => statements::DIGEST_RENAMES,
            Self::Transport => statements::TRANSPORT_RENAMES,
            Self::Destination => statements::DESTINATION_RENAMES,
            Self::Webhook => statements::WEBHOOK_RENAMES,
        }
    }
}

/// A name of the config that replaces a former one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// Kind of the section.
    pub kind: RenamedKind,
    /// Former name, from `was`.
    pub old_name: String,
    /// Name in the present config.
    pub name: String,
}

impl Rename {
    /// Returns `true` if the history of the former name is moved.
    async fn is_pending(&self, store: &Store) -> StoreResult<bool> {
        let find = async |statement: &'static Statement, name: &str| {
            store.read(statement).bind("name", name).exists().await
        };
        let find_history = self.kind.find_statement();
        if find(find_history, &self.old_name).await? {
            return Ok(
                self.kind == RenamedKind::Transport || !find(find_history, &self.name).await?
            );
        }
        let find_state = &statements::FIND_DIGEST_STATE;
        Ok(self.kind == RenamedKind::Digest
            && find(find_state, &self.old_name).await?
            && !find(find_state, &self.name).await?)
    }

    /// Moves the history of the former name, unless the present name has one of its own; returns `true`
    /// if it moved anything.
    async fn apply(&self, tx: &mut Tx) -> StoreResult<bool> {
        if self.kind == RenamedKind::Digest {
            return self.apply_to_digest(tx).await;
        }
        let is_taken = find(tx, self.kind.find_statement(), &self.name).await?;
        let mut changed = 0;
        // Messages queued for the old transport are sent through the new one in any case.
        if !is_taken || self.kind == RenamedKind::Transport {
            changed += self.run(tx, self.kind.rename_statements()).await?;
        }
        match self.kind {
            RenamedKind::Source if !is_taken => {
                changed += self.run(tx, &[&statements::SOURCE_TERM]).await?;
                selection_entries::rename_source(tx, &self.old_name, &self.name).await?;
            }
            RenamedKind::Transport => {
                changed += self.run(tx, &[&statements::RATE_LIMITS]).await?;
                self.run(tx, &[&statements::DELETE_TRANSPORT_FAILURE]).await?;
            }
            _ => {}
        }
        Ok(changed > 0)
    }

    /// Like [`apply`](Self::apply), for a digest. What a server with the former name wrote after the rename is
    /// moved as well, so that no subscription is lost.
    async fn apply_to_digest(&self, tx: &mut Tx) -> StoreResult<bool> {
        let has_history = find(tx, &statements::FIND_DIGEST, &self.old_name).await?;
        let is_taken = find(tx, &statements::FIND_DIGEST, &self.name).await?
            || (!has_history && find(tx, &statements::FIND_DIGEST_STATE, &self.name).await?);
        let renames: &[&Statement] = match is_taken {
            true => &[&statements::MOVE_SUBSCRIPTIONS],
            false => statements::DIGEST_RENAMES,
        };
        let changed = self.run(tx, renames).await?;
        if changed > 0 {
            // This reads all deliveries.
            self.run(tx, &[&statements::RENAME_IN_CONFIRMATIONS]).await?;
        }
        let leftovers =
            [&statements::DELETE_FORMER_DIGEST, &statements::DELETE_FORMER_SELECTION_ENTRIES];
        self.run(tx, &leftovers).await?;
        Ok(changed > 0)
    }

    /// Runs statements with both names and returns the number of changed rows.
    async fn run(&self, tx: &mut Tx, statements: &[&'static Statement]) -> StoreResult<u64> {
        let mut changed = 0;
        for statement in statements {
            let query = tx.query(statement).bind("old_name", self.old_name.as_str());
            changed += query.bind("name", self.name.as_str()).execute().await?;
        }
        Ok(changed)
    }
}

async fn find(tx: &mut Tx, statement: &'static Statement, name: &str) -> StoreResult<bool> {
    tx.query(statement).bind("name", name).exists().await
}

/// Applies renames and records each that moved anything; returns `true` if there is one.
async fn apply_all(
    tx: &mut Tx,
    renames: &[Rename],
    actor: &Actor,
    now: Millis,
) -> StoreResult<bool> {
    let mut has_changed = false;
    for rename in renames {
        if rename.apply(tx).await? {
            has_changed = true;
            let object = rename.kind.audit_object();
            let entry = NewAuditEntry::new(actor, AuditAction::Change, object, &rename.name)
                .with(json!({"former_name": rename.old_name}));
            audit_log::record(tx, entry, now).await?;
        }
    }
    Ok(has_changed)
}

impl Store {
    /// Moves the history of former names to the present ones, all in one transaction.
    pub async fn rename(&self, renames: &[Rename], actor: &Actor, now: Millis) -> StoreResult<()> {
        if renames.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        apply_all(&mut tx, renames, actor, now).await?;
        tx.commit().await
    }

    /// Like [`rename`](Self::rename); in the same transaction, servers that still use the former names are
    /// asked to reload.
    pub async fn rename_for_all_servers(
        &self,
        renames: &[Rename],
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<()> {
        if renames.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        if apply_all(&mut tx, renames, actor, now).await? {
            reloads::add_request(&mut tx, actor, now).await?;
        }
        tx.commit().await
    }

    /// Returns the renames that would move the history of a former name.
    pub async fn pending_renames(&self, renames: Vec<Rename>) -> StoreResult<Vec<Rename>> {
        let mut pending = Vec::new();
        for rename in renames {
            if rename.is_pending(self).await? {
                pending.push(rename);
            }
        }
        Ok(pending)
    }
}
