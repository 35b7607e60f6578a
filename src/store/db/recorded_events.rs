//! Kinds of events that transactions record with the changes that they report.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::domain::event::{EventKind, EventKinds};

/// Kinds of events that this process records: those that a webhook of its configuration receives.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordedEvents(Arc<AtomicU32>);

impl RecordedEvents {
    /// Returns `true` if events of a kind are recorded.
    pub(crate) fn contains(&self, kind: EventKind) -> bool {
        EventKinds(self.0.load(Ordering::Relaxed)).contains(kind)
    }

    /// Sets the kinds of events that are recorded from now on.
    pub(crate) fn set(&self, kinds: EventKinds) {
        self.0.store(kinds.0, Ordering::Relaxed);
    }
}
