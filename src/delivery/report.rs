//! Counts of a run of deliveries.

/// Counts of one run of deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Messages accepted by relays.
    pub sent: u64,
    /// Messages that failed permanently.
    pub failed: u64,
    /// Messages deferred to a later attempt.
    pub deferred: u64,
    /// Messages with an unknown outcome, held for an admin.
    pub held: u64,
    /// Reason why a relay was unusable, if one was.
    pub error: Option<String>,
}

impl Report {
    /// Returns the number of messages that ended or were deferred.
    pub fn handled(&self) -> u64 {
        self.sent + self.failed + self.deferred + self.held
    }

    /// Adds the counts of another run; keeps the first error.
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.failed += other.failed;
        self.deferred += other.deferred;
        self.held += other.held;
        self.error = self.error.take().or(other.error);
    }
}
