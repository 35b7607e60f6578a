//! Statistics of the statements that this process ran.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::write_state::WriteState;
use crate::store::StoreResult;

static STATEMENTS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);
static NANOSECONDS: AtomicU64 = AtomicU64::new(0);

/// Totals of the statements of this process since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementTotals {
    /// Statements that were run.
    pub statements: u64,
    /// Number of statements that failed.
    pub errors: u64,
    /// Time spent waiting for them, in nanoseconds, summed over all connections.
    pub nanoseconds: u64,
}

/// State in which the result of a write is remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordedIn<'a> {
    pub(super) write_state: &'a WriteState,
    /// `true` if success means that the change is committed.
    pub(super) is_committed: bool,
}

/// Returns the totals up to now.
pub(crate) fn totals() -> StatementTotals {
    StatementTotals {
        statements: STATEMENTS.load(Ordering::Relaxed),
        errors: ERRORS.load(Ordering::Relaxed),
        nanoseconds: NANOSECONDS.load(Ordering::Relaxed),
    }
}

/// Runs a statement and adds it to the totals; remembers the result of a write.
pub(super) async fn measure<T>(
    recorded_in: Option<RecordedIn<'_>>,
    statement: impl Future<Output = StoreResult<T>>,
) -> StoreResult<T> {
    let start = Instant::now();
    let result = statement.await;
    let elapsed = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    STATEMENTS.fetch_add(1, Ordering::Relaxed);
    NANOSECONDS.fetch_add(elapsed, Ordering::Relaxed);
    if result.is_err() {
        ERRORS.fetch_add(1, Ordering::Relaxed);
    }
    match recorded_in {
        Some(RecordedIn { write_state, is_committed: true }) => write_state.record(&result),
        Some(RecordedIn { write_state, .. }) => write_state.record_failure(&result),
        None => {}
    }
    result
}
