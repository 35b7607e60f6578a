//! Names of the digests that admins have paused, for pages that state when a digest is sent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use crate::app::App;
use crate::domain::time::{MINUTE, Millis};

/// Query timeout after which a page uses the names of the previous query.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);

/// Names of the paused digests as of the last query.
#[derive(Debug, Default)]
pub(super) struct PausedDigests {
    names: ArcSwap<BTreeSet<String>>,
    /// Time of the last query if it failed; locked during a query.
    failed_at: Mutex<Option<Millis>>,
}

impl PausedDigests {
    /// Returns the names of the paused digests; the previous ones while the database is unavailable, or
    /// while another request queries it.
    pub(super) async fn get(&self, app: &App) -> Arc<BTreeSet<String>> {
        let Ok(mut failed_at) = self.failed_at.try_lock() else { return self.names.load_full() };
        let now = app.now();
        if failed_at.is_some_and(|at| now.since(at) < MINUTE) {
            return self.names.load_full();
        }
        match tokio::time::timeout(QUERY_TIMEOUT, app.store.digests().paused()).await {
            Ok(Ok(paused)) => {
                self.names.store(Arc::new(paused.into_keys().collect()));
                *failed_at = None;
            }
            // Pages work without the database, and its errors are logged elsewhere.
            Ok(Err(_)) | Err(_) => *failed_at = Some(now),
        }
        self.names.load_full()
    }
}
