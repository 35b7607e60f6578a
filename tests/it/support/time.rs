//! Clock of a test: starts on a Monday, runs at normal speed, and can be advanced.

use std::sync::atomic::{AtomicI64, Ordering};

use courant::domain::time::{Millis, SignedDuration, as_millis_i64};

/// Time at which every test starts: Monday 2026-09-21, 06:00 UTC.
pub(crate) const START_TIME: Millis = Millis(1_789_970_400_000);

/// Offset of a test's time from the system clock, in milliseconds.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    pub(crate) fn now(&self) -> Millis {
        courant::clock::now().plus(SignedDuration::from_millis(self.0.load(Ordering::Relaxed)))
    }

    pub(crate) fn begin(&self) {
        self.advance(START_TIME.since(self.now()));
    }

    pub(crate) fn advance(&self, duration: SignedDuration) {
        self.0.fetch_add(as_millis_i64(duration), Ordering::Relaxed);
    }

    /// Follows the system clock from now on, as other processes do.
    pub(crate) fn use_real_time(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
