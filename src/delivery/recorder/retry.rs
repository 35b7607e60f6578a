//! Repeats a write until the database accepts it.

use std::time::Duration;

use crate::store::StoreResult;

/// Delay before a failed write is tried again.
const WRITE_RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Retries until the database accepts the attempt, since no outcome may be lost. Workers wait
/// meanwhile, as no message is permitted.
pub(super) async fn retry_until_ok<T, F: Future<Output = StoreResult<T>>>(
    subject: &str,
    attempt: impl Fn() -> F,
) -> T {
    let mut is_logged = false;
    loop {
        match attempt().await {
            Ok(value) => {
                if is_logged {
                    tracing::info!("the database has recovered; {subject} are written again");
                }
                return value;
            }
            Err(e) if !is_logged => {
                is_logged = true;
                tracing::error!(
                    "cannot write {subject}; delivery is paused until the database recovers: {e}"
                );
            }
            Err(_) => {}
        }
        tokio::time::sleep(WRITE_RETRY_INTERVAL).await;
    }
}
