//! State of a WebSub service: what it sends with, and the documents that it serves.

use std::sync::{Arc, Mutex, PoisonError};

use super::limiter::ConcurrencyLimiter;
use crate::config::Config;
use crate::domain::time::Millis;
use crate::feeds::cache::FeedCache;
use crate::feeds::rendered::RenderedFeed;
use crate::net::http_client::Client;
use crate::store::Store;
use crate::store::hub_pushes::ServedVersion;

/// Data of a WebSub service, shared by its clones.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) config: Arc<Config>,
    pub(super) cache: FeedCache,
    pub(super) node: String,
    pub(super) clock: fn() -> Millis,
    /// Client for callback URLs, which anyone can supply.
    pub(super) callback_client: Client,
    /// Client for the hubs from the configuration.
    pub(super) hub_client: Client,
    pub(super) limiter: Arc<ConcurrencyLimiter>,
    /// Lock that serializes ticks.
    pub(super) tick: tokio::sync::Mutex<()>,
    pub(super) housekeeping: Mutex<HousekeepingTimes>,
}

/// Times at which the periodic housekeeping last ran.
#[derive(Debug, Default)]
pub(super) struct HousekeepingTimes {
    pub(super) expired_deleted_at: Option<Millis>,
    pub(super) lease_renewed_at: Option<Millis>,
}

/// A feed document as this node serves it.
#[derive(Debug, Clone)]
pub(super) struct ServedDocument {
    pub(super) version: ServedVersion,
    pub(super) rendered: Arc<RenderedFeed>,
}

impl Inner {
    pub(super) fn housekeeping(&self) -> std::sync::MutexGuard<'_, HousekeepingTimes> {
        self.housekeeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Millis {
        (self.clock)()
    }
}

/// Returns the versions of served documents.
pub(super) fn versions(served: &[ServedDocument]) -> Vec<ServedVersion> {
    served.iter().map(|served| served.version.clone()).collect()
}
