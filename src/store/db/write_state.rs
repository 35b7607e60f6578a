//! State of the writes: the reason why the database accepts none at the moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::StoreResult;

/// Remembers the last failed write until another one succeeds.
#[derive(Debug, Default)]
pub(crate) struct WriteState {
    has_failed: AtomicBool,
    reason: Mutex<Option<String>>,
}

impl WriteState {
    /// Records the result of a write; an error of the caller's values does not count.
    pub(super) fn record<T>(&self, result: &StoreResult<T>) {
        match result {
            Ok(_) if !self.has_failed.load(Ordering::Relaxed) => {}
            Ok(_) => self.set(None),
            Err(e) if e.prevents_writes() => self.set(Some(e.to_string())),
            Err(_) => {}
        }
    }

    fn set(&self, reason: Option<String>) {
        self.has_failed.store(reason.is_some(), Ordering::Relaxed);
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Returns the reason of the last failure if no write succeeded since.
    pub(crate) fn failure(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
