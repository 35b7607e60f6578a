//! Renames in the config: names are keys, so the history under the old name is moved to the new
//! one.

use super::db::{Statement, Tx};
pub use super::rename_statements::RenamedKind;
use super::{Store, StoreResult, reloads, rename_statements, selection_entries};
use crate::domain::actor::Actor;
use crate::domain::time::Millis;

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
        let find = self.kind.find_statement();
        let has_history = async |name: &str| store.read(find).bind("name", name).exists().await;
        Ok(has_history(&self.old_name).await?
            && (self.kind == RenamedKind::Transport || !has_history(&self.name).await?))
    }

    /// Moves the history of the former name, unless the present name has one of its own; returns `true`
    /// if it changed anything.
    async fn apply(&self, tx: &mut Tx) -> StoreResult<bool> {
        let Self { kind, old_name, name } = self;
        let is_taken = tx.query(kind.find_statement()).bind("name", name.as_str()).exists().await?;
        let mut renames: Vec<&Statement> = Vec::new();
        // Messages queued for the old transport are sent through the new one in any case.
        if !is_taken || *kind == RenamedKind::Transport {
            renames.extend(kind.rename_statements());
        }
        match kind {
            RenamedKind::Source if !is_taken => renames.push(&rename_statements::SOURCE_TERM),
            RenamedKind::Transport => renames.push(&rename_statements::RATE_LIMITS),
            _ => {}
        }
        let mut changed = 0;
        for rename in renames {
            let query = tx.query(rename).bind("old_name", old_name.as_str());
            changed += query.bind("name", name.as_str()).execute().await?;
        }
        if *kind == RenamedKind::Source && !is_taken {
            selection_entries::rename_source(tx, old_name, name).await?;
        }
        Ok(changed > 0)
    }
}

impl Store {
    /// Moves the history of former names to the present ones, all in one transaction. With an actor, every
    /// running server is asked to reload if anything was changed.
    pub async fn rename(
        &self,
        renames: &[Rename],
        reload_by: Option<&Actor>,
        now: Millis,
    ) -> StoreResult<()> {
        if renames.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let mut has_changed = false;
        for rename in renames {
            has_changed |= rename.apply(&mut tx).await?;
        }
        if has_changed && let Some(actor) = reload_by {
            reloads::request(&mut tx, actor, now).await?;
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
