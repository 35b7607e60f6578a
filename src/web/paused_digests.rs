//! Names of the digests that admins have paused, for pages that state when a digest is sent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;

use crate::app::App;
use crate::domain::time::{MINUTE, Millis};

/// Query timeout after which a page uses the names of the previous query.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);

/// Names of the paused digests as of the last query.
#[derive(Debug, Default)]
pub(super) struct PausedDigests {
    /// `None` before the first query.
    names: ArcSwapOption<BTreeSet<String>>,
    /// Time of the last query if it failed; locked during a query.
    failed_at: Mutex<Option<Millis>>,
}

impl PausedDigests {
    /// Returns the names of the paused digests; the previous ones while the database is unavailable, or
    /// while another request queries it. Waits for the first query.
    pub(super) async fn get(&self, app: &App) -> Arc<BTreeSet<String>> {
        let mut failed_at = match (self.failed_at.try_lock(), self.names.load_full()) {
            (Ok(failed_at), _) => failed_at,
            (Err(_), Some(names)) => return names,
            (Err(_), None) => self.failed_at.lock().await,
        };
        let now = app.now();
        if failed_at.is_some_and(|at| now.since(at) < MINUTE) {
            return self.names.load_full().unwrap_or_default();
        }
        match tokio::time::timeout(QUERY_TIMEOUT, app.store.digests().paused()).await {
            Ok(Ok(paused)) => {
                self.names.store(Some(Arc::new(paused.into_keys().collect())));
                *failed_at = None;
            }
            // Pages work without the database, and its errors are logged elsewhere.
            Ok(Err(_)) | Err(_) => *failed_at = Some(now),
        }
        self.names.load_full().unwrap_or_default()
    }
}
