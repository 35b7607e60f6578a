//! State of a publisher: what it publishes with, and what its last run left.

use std::collections::HashMap;
use std::sync::Arc;

use super::archive_index::ArchiveIndex;
use super::destination::Destination;
use crate::config::{Config, DestinationSettings};
use crate::domain::time::Millis;
use crate::feeds::cache::FeedCache;
use crate::store::Store;

/// Data of a publisher, shared by its clones.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) config: Arc<Config>,
    pub(super) cache: FeedCache,
    pub(super) settings: DestinationSettings,
    pub(super) destination: Destination,
    pub(super) node: String,
    pub(super) clock: fn() -> Millis,
    /// State of the last run; the lock serializes runs.
    pub(super) state: tokio::sync::Mutex<State>,
}

/// State that one run leaves for the next.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Archive pages of each feed that has any.
    pub(super) archives: HashMap<String, ArchiveIndex>,
    /// State of the feed cache (document changes and article changes) in which all files were up
    /// to date.
    pub(super) up_to_date_version: Option<(u64, u64)>,
    /// End of the backoff after a complete failure.
    pub(super) paused_until: Option<Millis>,
    /// Error that is reported until every file is up to date.
    pub(super) last_error: Option<String>,
}
