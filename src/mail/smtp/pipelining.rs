//! Pipelining level of a relay (RFC 2920), adapted to its behavior.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Consecutive failures after which a proven level is abandoned.
const MAX_CONSECUTIVE_FAILURES: u8 = 3;
/// Duration of a downgrade. A healthy relay may have restarted at a bad moment; a relay that keeps
/// failing costs one retried message per hour.
const DOWNGRADE_DURATION: Duration = Duration::from_secs(60 * 60);

/// Grouping of commands into writes, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PipeliningLevel {
    /// One command per write, followed by its reply.
    None,
    /// MAIL, RCPT and DATA in one write (RFC 2920).
    Transaction,
    /// Also the next transaction in the write of the message data, after its final dot: DATA ends a
    /// group, and content starts the next (RFC 2920 section 3.1).
    Full,
}

/// Pipelining state of a relay, shared by all its connections for the lifetime of the process.
#[derive(Debug)]
pub(super) struct PipeliningState {
    relay: String,
    level: AtomicU8,
    full: LevelRecord,
    transaction: LevelRecord,
    downgraded_at: Mutex<Option<Instant>>,
    probing: AtomicBool,
}

/// Permission to pipeline one transaction behind the message data. While that is unproven, only one
/// probe exists at a time.
#[derive(Debug)]
pub(super) struct PipeliningGuard {
    probe: Option<Arc<PipeliningState>>,
}

impl Drop for PipeliningGuard {
    fn drop(&mut self) {
        if let Some(state) = &self.probe {
            state.probing.store(false, Ordering::Relaxed);
        }
    }
}

/// Successes and failures at one level.
#[derive(Debug, Default)]
struct LevelRecord {
    succeeded: AtomicBool,
    consecutive_failures: AtomicU8,
    warned: AtomicBool,
}

impl PipeliningState {
    /// Starts at the highest level. `relay` is its name in log messages.
    pub(super) fn new(relay: String) -> Self {
        let level = AtomicU8::new(PipeliningLevel::Full as u8);
        let (full, transaction) = (LevelRecord::default(), LevelRecord::default());
        Self {
            relay,
            level,
            full,
            transaction,
            downgraded_at: Mutex::default(),
            probing: AtomicBool::new(false),
        }
    }

    /// Returns the level to use now.
    pub(super) fn level(&self) -> PipeliningLevel {
        let level = self.current();
        if level == PipeliningLevel::Full { level } else { self.level_at(Instant::now()) }
    }

    /// Returns `true` if a group at this level has succeeded since the last downgrade expired.
    pub(super) fn is_proven(&self, level: PipeliningLevel) -> bool {
        self.record(level).is_none_or(|record| record.succeeded.load(Ordering::Relaxed))
    }

    /// Returns the permission to pipeline a transaction, if the level allows it. An unproven relay
    /// is probed by a single connection at a time, so that a failure costs one retried message
    /// instead of one per connection.
    pub(super) fn begin_pipelining(self: &Arc<Self>) -> Option<PipeliningGuard> {
        if self.level() != PipeliningLevel::Full {
            return None;
        }
        if self.is_proven(PipeliningLevel::Full) {
            return Some(PipeliningGuard { probe: None });
        }
        (!self.probing.swap(true, Ordering::Relaxed))
            .then(|| PipeliningGuard { probe: Some(Arc::clone(self)) })
    }

    /// Records that a group at this level succeeded.
    pub(super) fn record_success(&self, level: PipeliningLevel) {
        let Some(record) = self.record(level) else { return };
        // Read first: all connections share these values, which rarely change.
        if !record.succeeded.load(Ordering::Relaxed) {
            record.succeeded.store(true, Ordering::Relaxed);
        }
        if record.consecutive_failures.load(Ordering::Relaxed) > 0 {
            record.consecutive_failures.store(0, Ordering::Relaxed);
        }
    }

    /// Records that a group at this level failed; `reason` is the observed behavior.
    pub(super) fn record_failure(&self, level: PipeliningLevel, reason: &str) {
        self.record_failure_at(level, reason, Instant::now());
    }

    fn current(&self) -> PipeliningLevel {
        match self.level.load(Ordering::Relaxed) {
            0 => PipeliningLevel::None,
            1 => PipeliningLevel::Transaction,
            _ => PipeliningLevel::Full,
        }
    }

    fn record(&self, level: PipeliningLevel) -> Option<&LevelRecord> {
        match level {
            PipeliningLevel::None => None,
            PipeliningLevel::Transaction => Some(&self.transaction),
            PipeliningLevel::Full => Some(&self.full),
        }
    }

    /// Raises the level by one step if the last downgrade has expired. The raised level starts as
    /// unproven.
    fn level_at(&self, now: Instant) -> PipeliningLevel {
        let mut since = self.downgraded_at.lock().unwrap_or_else(PoisonError::into_inner);
        let up = match self.current() {
            PipeliningLevel::None => PipeliningLevel::Transaction,
            PipeliningLevel::Transaction | PipeliningLevel::Full => PipeliningLevel::Full,
        };
        if since.is_some_and(|since| now.saturating_duration_since(since) >= DOWNGRADE_DURATION) {
            *since = (up != PipeliningLevel::Full).then_some(now);
            if let Some(record) = self.record(up) {
                record.succeeded.store(false, Ordering::Relaxed);
                record.consecutive_failures.store(0, Ordering::Relaxed);
            }
            self.level.store(up as u8, Ordering::Relaxed);
        }
        self.current()
    }

    fn record_failure_at(&self, level: PipeliningLevel, reason: &str, now: Instant) {
        let Some(record) = self.record(level) else { return };
        let mut since = self.downgraded_at.lock().unwrap_or_else(PoisonError::into_inner);
        // Failures of writes that were in flight during a downgrade do not count.
        if self.current() < level {
            return;
        }
        let consecutive_failures =
            record.consecutive_failures.load(Ordering::Relaxed).saturating_add(1);
        record.consecutive_failures.store(consecutive_failures, Ordering::Relaxed);
        if record.succeeded.load(Ordering::Relaxed)
            && consecutive_failures < MAX_CONSECUTIVE_FAILURES
        {
            return;
        }
        record.consecutive_failures.store(0, Ordering::Relaxed);
        let (down, group, instead) = match level {
            PipeliningLevel::Full => (
                PipeliningLevel::Transaction,
                "pipelined commands",
                "waiting for the reply to each message",
            ),
            _ => (
                PipeliningLevel::None,
                "pipelined commands",
                "waiting for the reply to each command",
            ),
        };
        self.level.store(down as u8, Ordering::Relaxed);
        *since = Some(now);
        if !record.warned.swap(true, Ordering::Relaxed) {
            let relay = &self.relay;
            tracing::warn!("relay {relay} rejected {group} ({reason}); falling back to {instead}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (PipeliningState, Instant) {
        (PipeliningState::new("relay.example:25".to_owned()), Instant::now())
    }

    #[test]
    fn unproven_level_is_dropped_after_one_failure_and_a_proven_one_after_three_in_a_row() {
        let (unproven, now) = state();
        unproven.record_failure_at(PipeliningLevel::Full, "silence", now);
        assert_eq!(unproven.level_at(now), PipeliningLevel::Transaction);
        let (proven, now) = state();
        proven.record_success(PipeliningLevel::Full);
        for _ in 0..9 {
            proven.record_failure_at(PipeliningLevel::Full, "silence", now);
            proven.record_failure_at(PipeliningLevel::Full, "silence", now);
            assert_eq!(proven.level_at(now), PipeliningLevel::Full);
            proven.record_success(PipeliningLevel::Full);
        }
        (0..3).for_each(|_| proven.record_failure_at(PipeliningLevel::Full, "silence", now));
        assert_eq!(proven.level_at(now), PipeliningLevel::Transaction);
    }

    #[test]
    fn unproven_relay_is_probed_by_one_connection_at_a_time() {
        let (state, now) = state();
        let state = Arc::new(state);
        let first = state.begin_pipelining();
        assert!(first.is_some() && state.begin_pipelining().is_none());
        drop(first);
        let second = state.begin_pipelining();
        assert!(second.is_some(), "dropping a connection ends its probe");
        state.record_success(PipeliningLevel::Full);
        assert!(state.begin_pipelining().is_some());
        (0..3).for_each(|_| state.record_failure_at(PipeliningLevel::Full, "silence", now));
        assert!(state.begin_pipelining().is_none());
    }

    #[test]
    fn failure_at_a_lower_level_also_drops_the_higher_one() {
        let (state, now) = state();
        state.record_failure_at(PipeliningLevel::Transaction, "silence", now);
        assert_eq!(
            state.level_at(now),
            PipeliningLevel::None,
            "a relay that fails at pipelined commands also fails at full pipelining"
        );
        state.record_failure_at(PipeliningLevel::Full, "silence", now);
        state.record_failure_at(PipeliningLevel::None, "silence", now);
        assert_eq!(state.level_at(now), PipeliningLevel::None);
    }

    #[test]
    fn each_level_is_retried_after_an_hour() {
        let (state, now) = state();
        state.record_success(PipeliningLevel::Full);
        state.record_failure_at(PipeliningLevel::Transaction, "closed", now);
        assert_eq!(state.level_at(now + DOWNGRADE_DURATION / 2), PipeliningLevel::None);
        assert_eq!(state.level_at(now + DOWNGRADE_DURATION), PipeliningLevel::Transaction);
        assert_eq!(state.level_at(now + DOWNGRADE_DURATION * 3 / 2), PipeliningLevel::Transaction);
        assert_eq!(state.level_at(now + DOWNGRADE_DURATION * 2), PipeliningLevel::Full);
        assert!(!state.is_proven(PipeliningLevel::Full), "the raised level is unproven");
        state.record_failure_at(PipeliningLevel::Full, "closed", now + DOWNGRADE_DURATION * 2);
        assert_eq!(state.level_at(now + DOWNGRADE_DURATION * 2), PipeliningLevel::Transaction);
    }
}
