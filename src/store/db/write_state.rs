//! State of the writes: the reason why the database accepts none at the moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::StoreResult;

/// Remembers the last failed write until another one succeeds, or until those that are repeated
/// have succeeded.
#[derive(Debug, Default)]
pub(crate) struct WriteState {
    /// `true` while there is a failure, so that a successful write takes no lock.
    has_failed: AtomicBool,
    failure: Mutex<Failure>,
}

/// The failure of the writes, if any.
#[derive(Debug, Default)]
struct Failure {
    /// Reason of the last failure.
    reason: Option<String>,
    /// Number of failed writes that are repeated at the moment.
    repeated: usize,
}

/// A failed write that is repeated until it succeeds; dropped when it has.
#[derive(Debug)]
pub(crate) struct RepeatedWrite {
    write_state: Arc<WriteState>,
}

impl WriteState {
    /// Records the result of a committed write; an error of the caller's values does not count.
    pub(super) fn record<T>(&self, result: &StoreResult<T>) {
        match result {
            Ok(_) if !self.has_failed.load(Ordering::Relaxed) => {}
            Ok(_) => {
                let mut failure = self.failure();
                // A full disk may still have room for another write.
                if failure.repeated == 0 {
                    failure.reason = None;
                    self.has_failed.store(false, Ordering::Relaxed);
                }
            }
            Err(_) => self.record_failure(result),
        }
    }

    /// Records the result of a write whose transaction is not committed yet: only its failure counts.
    pub(super) fn record_failure<T>(&self, result: &StoreResult<T>) {
        if let Err(e) = result
            && e.prevents_writes()
        {
            self.failure().reason = Some(e.to_string());
            self.has_failed.store(true, Ordering::Relaxed);
        }
    }

    /// Keeps the failure until the returned value is dropped, whatever else is written meanwhile.
    pub(crate) fn repeat_write(self: &Arc<Self>) -> RepeatedWrite {
        self.failure().repeated += 1;
        RepeatedWrite { write_state: Arc::clone(self) }
    }

    /// Returns the reason of the last failure, and `true` if its write is repeated at the moment.
    pub(crate) fn last_failure(&self) -> Option<(String, bool)> {
        let failure = self.failure();
        failure.reason.clone().map(|reason| (reason, failure.repeated > 0))
    }

    fn failure(&self) -> MutexGuard<'_, Failure> {
        // A poisoned lock is safe to use: the values are consistent after each change.
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RepeatedWrite {
    fn drop(&mut self) {
        self.write_state.failure().repeated -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    fn unavailable() -> StoreResult<()> {
        Err(StoreError::Unavailable("no space".into()))
    }

    #[test]
    fn a_failure_ends_with_the_next_committed_write() {
        let state = WriteState::default();
        state.record(&Ok(()));
        assert_eq!(state.last_failure(), None);
        state.record(&unavailable());
        state.record_failure(&Ok(()));
        assert_eq!(state.last_failure(), Some(("no space".to_owned(), false)));
        state.record(&Ok(()));
        assert_eq!(state.last_failure(), None);
    }

    #[test]
    fn other_writes_do_not_end_the_failure_of_a_write_that_is_repeated() {
        let state = Arc::new(WriteState::default());
        state.record(&unavailable());
        let repeated = state.repeat_write();
        state.record(&Ok(()));
        assert_eq!(state.last_failure(), Some(("no space".to_owned(), true)));
        drop(repeated);
        state.record(&Ok(()));
        assert_eq!(state.last_failure(), None);
    }
}
