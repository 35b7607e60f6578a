//! Watches the clock of the daemon: reports and resets what a wrong clock left in the database, and
//! notices a clock that goes back.

use std::time::Duration;

use crate::app::App;
use crate::domain::time::{MINUTE, Millis};
use crate::store::clock_faults::CLOCK_TOLERANCE;

/// Interval between checks of the clock.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The clock as it was last seen.
pub(super) struct ClockWatch {
    seen_at: Millis,
    checked_at: Option<Millis>,
}

impl ClockWatch {
    /// Begins to watch the clock.
    pub(super) fn new(app: &App) -> Self {
        Self { seen_at: app.now(), checked_at: None }
    }

    /// Resets what a wrong clock left, now and every minute; returns when the clock has gone back,
    /// so that what is in memory must be reset too.
    pub(super) async fn wait_until_set_back(&mut self, app: &App) {
        loop {
            let now = app.now();
            let seen_at = std::mem::replace(&mut self.seen_at, now);
            if now.plus(CLOCK_TOLERANCE) < seen_at {
                self.checked_at = None;
                return;
            }
            if self.checked_at.is_none_or(|at| now.since(at) >= MINUTE || now < at) {
                self.checked_at = Some(now);
                check(app, now).await;
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }
}

/// Resets what a wrong clock left in the database, and logs it.
pub(super) async fn check(app: &App, now: Millis) {
    match app.reset_clock_faults().await {
        Ok(Some(reason)) => tracing::error!("{reason}"),
        Ok(None) => {}
        // The tasks report a failure of the database.
        Err(e) => tracing::debug!("cannot check the stored times: {e:#}"),
    }
    if let Err(e) = app.store.clock_faults().record_last_run(now).await {
        tracing::debug!("cannot record the time: {e}");
    }
}
