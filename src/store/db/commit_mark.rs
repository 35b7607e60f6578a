//! A statement that every transaction of a store handle runs before it commits, for example one that
//! records for which request it runs.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Statement, Value};

/// Statement with the values of its parameters, which must change one row.
#[derive(Debug)]
pub(crate) struct CommitMark {
    /// The statement to run.
    pub(crate) statement: &'static Statement,
    /// Values of its parameters, by name.
    pub(crate) values: Vec<(&'static str, Value<'static>)>,
    /// Error if no row was changed, as one sentence.
    pub(crate) failure: &'static str,
    /// `true` once a transaction with the statement has been committed.
    is_committed: AtomicBool,
}

impl CommitMark {
    /// Creates a mark that no transaction has committed.
    pub(crate) fn new(
        statement: &'static Statement,
        values: Vec<(&'static str, Value<'static>)>,
        failure: &'static str,
    ) -> Self {
        Self { statement, values, failure, is_committed: AtomicBool::new(false) }
    }

    /// Returns `true` if a transaction with the statement has been committed.
    pub(crate) fn is_committed(&self) -> bool {
        self.is_committed.load(Ordering::Acquire)
    }

    /// Remembers that a transaction with the statement has been committed.
    pub(super) fn set_committed(&self) {
        self.is_committed.store(true, Ordering::Release);
    }
}
