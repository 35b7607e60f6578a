//! Waiting for what other processes and tasks do.

use std::time::{Duration, Instant};

/// Longest wait for what usually takes less than a second; only a broken program takes that long, even on a
/// machine with much other work.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Interval between two checks of a condition.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// Waits until a condition holds.
pub(crate) fn wait_until(condition_name: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < LONGEST_WAIT, "timeout while waiting until {condition_name}");
        std::thread::sleep(CHECK_INTERVAL);
    }
}

/// Waits until an asynchronous condition holds.
pub(crate) async fn wait_until_async(
    condition_name: &str,
    mut condition: impl AsyncFnMut() -> bool,
) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < LONGEST_WAIT, "timeout while waiting until {condition_name}");
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}
