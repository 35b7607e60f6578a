//! Who wants a source to be read at once rings for it: a program at its hook, its own database, a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::config::{Config, SourceKind};
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// A bell for each source, which wakes whoever reads it in this process; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Bells(Arc<BTreeMap<String, Notify>>);

/// What becomes of a wish to have a source read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It is read at once, or once more after the reading that is under way.
    Queued,
    /// The config has no such source.
    Unknown,
    /// There is nothing to read: articles are put into it.
    Builtin,
}

impl Bells {
    /// One for each source of a config.
    pub fn of(config: &Config) -> Self {
        Self(Arc::new(
            config.sources.iter().map(|source| (source.name.clone(), Notify::new())).collect(),
        ))
    }

    /// Returns when the bell of a source was rung since this returned last.
    pub async fn rung(&self, source: &str) {
        match self.0.get(source) {
            Some(bell) => bell.notified().await,
            None => std::future::pending().await,
        }
    }

    fn ring(&self, source: &str) {
        if let Some(bell) = self.0.get(source) {
            bell.notify_one();
        }
    }
}

/// Has a source read at once. The wish is kept, so that a crash or another node loses none; any number of them while a
/// reading is under way are one more reading after it.
pub async fn wish(
    store: &Store,
    config: &Config,
    bells: &Bells,
    source: &str,
    now: Millis,
) -> StoreResult<Wish> {
    match config.sources.iter().find(|s| s.name == source).map(|s| s.kind) {
        None => Ok(Wish::Unknown),
        Some(SourceKind::Builtin) => Ok(Wish::Builtin),
        Some(_) => {
            store.ensure_source(source, now).await?;
            store.ask_source(source, now).await?;
            bells.ring(source);
            Ok(Wish::Queued)
        }
    }
}
