//! A story's own time: it begins on a Monday, flows as ours does, and leaps when the story says so.

use std::sync::atomic::{AtomicI64, Ordering};

use courant::domain::time::Millis;

/// When every story begins: Monday 2026-09-21, 06:00 UTC.
pub(crate) const BEGINNING: Millis = Millis(1_789_970_400_000);

/// How far a story is from the machine's clock.
#[derive(Debug)]
pub(crate) struct Time(AtomicI64);

impl Time {
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    pub(crate) fn now(&self) -> Millis {
        courant::clock::now().plus(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn begin(&self) {
        self.leap(BEGINNING.0 - self.now().0);
    }

    pub(crate) fn leap(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// From here on it is as late as it is for other processes.
    pub(crate) fn become_real(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
