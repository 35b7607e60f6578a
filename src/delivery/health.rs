//! A relay's health: how long to leave it alone after it was unreachable or said "not now" to us.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::PATIENCE;
use crate::domain::time::{MINUTE, Millis, SECOND};

/// The longest pause; a relay that comes back is noticed within it.
const LONGEST: i64 = 2 * MINUTE;

/// How a relay fared lately; shared by all who use it.
#[derive(Debug, Clone, Default)]
pub(super) struct Health(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Millis,
    why: Option<String>,
    limited_until: Millis,
}

impl Health {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere does not make these numbers wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a limit is used up until then.
    pub(super) fn limited(&self, until: Millis) {
        self.state().limited_until = until;
    }

    /// Notes trouble; many connections that fail together count once. Gives until when it is left alone, and whether the
    /// trouble is new, to be logged.
    pub(super) fn trouble(&self, why: &str, now: Millis) -> (Millis, bool) {
        let mut state = self.state();
        if now < state.until {
            return (state.until, false);
        }
        state.failures += 1;
        let wait = (SECOND << (state.failures - 1).min(10)).min(LONGEST);
        state.until = now.plus(wait);
        let is_new = state.why.as_deref() != Some(why);
        state.why = Some(why.to_owned());
        (state.until, is_new)
    }

    /// Notes that it takes mail; gives whether it had not.
    pub(super) fn well(&self) -> bool {
        let mut state = self.state();
        if state.failures == 0 {
            return false;
        }
        *state = State { limited_until: state.limited_until, ..State::default() };
        true
    }

    /// Until when it is left alone after trouble.
    pub(super) fn until(&self) -> Millis {
        self.state().until
    }

    /// Whether others should stand in for it: in trouble until a mail passes again, or held by a limit for longer than anybody
    /// waits.
    pub(super) fn is_away(&self, now: Millis) -> bool {
        let state = self.state();
        state.failures > 0 || state.limited_until > now.plus(PATIENCE)
    }

    /// If nothing can go out before then, for trouble or for a limit: what was wrong last.
    pub(super) fn resting(&self, before: Millis) -> Option<Option<String>> {
        let state = self.state();
        (state.until.max(state.limited_until) > before).then(|| state.why.clone())
    }

    /// What was wrong last.
    pub(super) fn why(&self) -> Option<String> {
        self.state().why.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_many_connections_count_once() {
        let health = Health::default();
        assert_eq!(health.trouble("down", Millis(0)), (Millis(SECOND), true));
        assert_eq!(health.trouble("down", Millis(0)), (Millis(SECOND), false));
        assert_eq!(health.trouble("down", Millis(SECOND)), (Millis(3 * SECOND), false));
        assert!(health.well());
        assert!(!health.well());
    }

    #[test]
    fn others_stand_in_for_a_relay_in_trouble_and_for_one_whose_limit_holds_for_long() {
        let health = Health::default();
        assert!(!health.is_away(Millis(0)));
        let (until, _) = health.trouble("down", Millis(0));
        assert!(
            health.is_away(until.plus(-1)) && health.is_away(until),
            "its pause is over, and nothing says that it works"
        );
        health.well();
        assert!(!health.is_away(until));
        let soon = Millis(0).plus(PATIENCE);
        health.limited(soon);
        assert!(!health.is_away(until), "that long it is waited for");
        health.limited(soon.plus(MINUTE));
        assert!(health.is_away(until) && !health.is_away(until.plus(MINUTE)));
        health.well();
        assert!(health.is_away(until), "a mail that passes does not end a limit");
    }
}
