//! A relay's health: how long to leave it alone after it was unreachable or said "not now" to us.

use crate::domain::time::{MINUTE, Millis, SECOND};

/// The longest pause; a relay that comes back is noticed within it.
const LONGEST: i64 = 2 * MINUTE;

/// How a relay fared lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    failures: u32,
    until: Millis,
    why: Option<String>,
    limited_until: Millis,
}

impl Health {
    /// Notes that a limit is used up until then.
    pub(super) fn limited(&mut self, until: Millis) {
        self.limited_until = until;
    }

    /// Notes trouble; many connections that fail together count once. Gives whether it is new, to be logged.
    pub(super) fn trouble(&mut self, why: &str, now: Millis) -> bool {
        if now < self.until {
            return false;
        }
        self.failures += 1;
        let wait = (SECOND << (self.failures - 1).min(10)).min(LONGEST);
        self.until = now.plus(wait);
        let is_new = self.why.as_deref() != Some(why);
        self.why = Some(why.to_owned());
        is_new
    }

    /// Notes that it takes mail; gives whether it had not.
    pub(super) fn well(&mut self) -> bool {
        let was_ill = self.failures > 0;
        *self = Self { limited_until: self.limited_until, ..Self::default() };
        was_ill
    }

    /// Until when it is left alone after trouble.
    pub(super) fn until(&self) -> Millis {
        self.until
    }

    /// Until when nothing can go out, for trouble or for a limit.
    pub(super) fn rests_until(&self) -> Millis {
        self.until.max(self.limited_until)
    }

    /// What was wrong last.
    pub(super) fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_many_connections_count_once() {
        let mut health = Health::default();
        assert!(health.trouble("down", Millis(0)));
        assert!(!health.trouble("down", Millis(0)));
        assert_eq!(health.until(), Millis(SECOND));
        assert!(!health.trouble("down", Millis(SECOND)));
        assert_eq!(health.until(), Millis(3 * SECOND));
        assert!(health.well());
        assert!(!health.well());
    }
}
