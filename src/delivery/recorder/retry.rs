//! Repeats a write until the database accepts it.

use std::time::Duration;

use crate::store::{Store, StoreResult};

/// Delay before a failed write is tried again.
const WRITE_RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Retries until the database accepts the attempt, since no outcome may be lost. Workers wait
/// meanwhile, as no message is permitted.
pub(super) async fn retry_until_ok<T, F: Future<Output = StoreResult<T>>>(
    store: &Store,
    subject: &str,
    attempt: impl Fn() -> F,
) -> T {
    let mut repeated = None;
    loop {
        match attempt().await {
            Ok(value) => {
                if repeated.is_some() {
                    tracing::info!("the database has recovered; {subject} are written again");
                }
                return value;
            }
            Err(e) if repeated.is_none() => {
                repeated = Some(store.repeat_write());
                tracing::error!(
                    "cannot write {subject}; delivery is paused until the database recovers: {e}"
                );
            }
            Err(_) => {}
        }
        tokio::time::sleep(WRITE_RETRY_INTERVAL).await;
    }
}
