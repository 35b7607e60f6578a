//! Circuit breaker per relay: backs off from a relay that is unreachable or rejects connections
//! temporarily.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::backoff;
use crate::domain::time::{MINUTE, Millis, SECOND, SignedDuration};

/// Longest wait of a worker; a delivery that must wait longer stays in the database.
pub(in crate::delivery) const MAX_INLINE_WAIT: SignedDuration = MINUTE;
/// Longest backoff of a relay; a recovered relay is noticed within it.
const MAX_BACKOFF: SignedDuration = SignedDuration::from_mins(2);

/// Breaker of a relay, shared by all of its users.
#[derive(Debug, Clone, Default)]
pub(in crate::delivery) struct RelayBreaker(Arc<Mutex<RelayState>>);

/// State of a relay's breaker.
#[derive(Debug, Clone, Default)]
pub(in crate::delivery) struct RelayState {
    /// Number of consecutive failures.
    pub(in crate::delivery) failures: u32,
    /// Time of the first of them.
    pub(in crate::delivery) failing_since: Millis,
    /// End of the backoff.
    pub(in crate::delivery) open_until: Millis,
    pub(in crate::delivery) last_error: Option<String>,
    pub(in crate::delivery) rate_limited_until: Millis,
}

impl RelayBreaker {
    fn state(&self) -> MutexGuard<'_, RelayState> {
        // A panic of another task does not make the state wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the current state.
    pub(in crate::delivery) fn snapshot(&self) -> RelayState {
        self.state().clone()
    }

    /// Records that a rate limit is used up until the given time.
    pub(in crate::delivery) fn record_rate_limit(&self, until: Millis) {
        self.state().rate_limited_until = until;
    }

    /// Records a failure; simultaneous failures of many connections count once.
    ///
    /// Returns the end of the backoff, and `true` if the failure is new and should be logged.
    pub(in crate::delivery) fn record_failure(&self, reason: &str, now: Millis) -> (Millis, bool) {
        let mut state = self.state();
        if now < state.open_until {
            return (state.open_until, false);
        }
        if state.failures == 0 {
            state.failing_since = now;
        }
        state.failures += 1;
        state.open_until = now.plus(backoff::doubling(SECOND, state.failures, MAX_BACKOFF));
        let is_new = state.last_error.as_deref() != Some(reason);
        state.last_error = Some(reason.to_owned());
        (state.open_until, is_new)
    }

    /// Records an accepted message; returns `true` if the relay had failed before.
    pub(in crate::delivery) fn record_success(&self) -> bool {
        let mut state = self.state();
        if state.failures == 0 {
            return false;
        }
        *state =
            RelayState { rate_limited_until: state.rate_limited_until, ..RelayState::default() };
        true
    }

    /// Returns the end of the backoff after a failure.
    pub(in crate::delivery) fn backoff_until(&self) -> Millis {
        self.state().open_until
    }

    /// Returns `true` if other transports should take over: after a failure until a message is
    /// accepted, or while a rate limit holds for longer than a worker waits.
    pub(in crate::delivery) fn should_fail_over(&self, now: Millis) -> bool {
        let state = self.state();
        state.failures > 0 || state.rate_limited_until > now.plus(MAX_INLINE_WAIT)
    }

    /// Returns `Some` with the last error, if any, when nothing can be sent before the given time
    /// because of a failure or a rate limit.
    pub(in crate::delivery) fn blocked_beyond(&self, before: Millis) -> Option<Option<String>> {
        let state = self.state();
        (state.open_until.max(state.rate_limited_until) > before).then(|| state.last_error.clone())
    }

    /// Returns the last error of the relay.
    pub(in crate::delivery) fn last_error(&self) -> Option<String> {
        self.state().last_error.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(0);

    #[test]
    fn backoff_doubles_and_simultaneous_failures_count_once() {
        let breaker = RelayBreaker::default();
        assert_eq!(breaker.record_failure("down", START), (START.plus(SECOND), true));
        assert_eq!(breaker.record_failure("down", START), (START.plus(SECOND), false));
        assert_eq!(
            breaker.record_failure("down", START.plus(SECOND)),
            (START.plus(3 * SECOND), false)
        );
        assert!(breaker.record_success());
        assert!(!breaker.record_success());
    }

    #[test]
    fn the_breaker_is_open_after_a_failure_and_while_a_long_rate_limit_holds() {
        let breaker = RelayBreaker::default();
        assert!(!breaker.should_fail_over(START));
        let (until, _) = breaker.record_failure("down", START);
        assert!(
            breaker.should_fail_over(until.plus(SignedDuration::from_millis(-1)))
                && breaker.should_fail_over(until),
            "the backoff is over, but no message was accepted yet"
        );
        breaker.record_success();
        assert!(!breaker.should_fail_over(until));
        let soon = START.plus(MAX_INLINE_WAIT);
        breaker.record_rate_limit(soon);
        assert!(!breaker.should_fail_over(until), "workers wait that long");
        breaker.record_rate_limit(soon.plus(MINUTE));
        assert!(breaker.should_fail_over(until) && !breaker.should_fail_over(until.plus(MINUTE)));
        breaker.record_success();
        assert!(breaker.should_fail_over(until), "an accepted mail does not end a rate limit");
    }
}
