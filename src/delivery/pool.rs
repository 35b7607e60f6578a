//! Transports that carry the same mail: each takes its share by weight, and the others stand in for one that rests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Transport;

/// How long one that does not come for its share is waited for.
const WAITED_FOR: Duration = Duration::from_secs(3);

/// What each transport took of whose mail, in this process.
#[derive(Debug, Default)]
pub(super) struct Pools(Mutex<HashMap<(String, String), Member>>);

#[derive(Debug, Default)]
struct Member {
    /// Mails taken, divided by the weight.
    taken: f64,
    hungry: bool,
    fed: Option<Instant>,
}

impl Member {
    /// Whether it will come for its share soon.
    fn comes(&self) -> bool {
        self.hungry || self.fed.is_some_and(|at| at.elapsed() < WAITED_FOR)
    }
}

/// The transports that carry the mail of `name`.
pub(super) fn members<'a>(
    transports: &'a [Transport],
    name: &str,
) -> impl Iterator<Item = &'a Transport> {
    transports.iter().filter(move |t| t.name == name || t.shares.as_deref() == Some(name))
}

impl Pools {
    /// Whether `me` may take the next mails of `name`; `rests` tells which of the others can't be used now.
    pub(super) fn may_take(
        &self,
        all: &[Transport],
        name: &str,
        me: &Transport,
        rests: impl Fn(&str) -> bool,
    ) -> bool {
        let mut members_of = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = members_of.entry((name.to_owned(), me.name.clone())).or_default();
        mine.hungry = true;
        let (taken, step) = (mine.taken, SLACK / f64::from(me.weight.max(1)));
        members(all, name).filter(|t| t.name != me.name && t.weight > 0 && !rests(&t.name)).all(
            |other| {
                let theirs = members_of.get(&(name.to_owned(), other.name.clone()));
                // A stand-by takes nothing while anybody else can.
                me.weight > 0
                    && theirs.is_none_or(|theirs| !theirs.comes() || taken <= theirs.taken + step)
            },
        )
    }

    /// Notes that `me` has no use for more mails of `name` now, or that there are none.
    pub(super) fn sated(&self, name: &str, me: &Transport) {
        let mut members_of = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = members_of.get_mut(&(name.to_owned(), me.name.clone())) {
            mine.hungry = false;
        }
    }

    /// Notes that `me` took so many mails of `name`.
    pub(super) fn took(
        &self,
        all: &[Transport],
        name: &str,
        me: &Transport,
        mails: usize,
        rests: impl Fn(&str) -> bool,
    ) {
        let mut members_of = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = members_of.entry((name.to_owned(), me.name.clone())).or_default();
        #[expect(clippy::cast_precision_loss, reason = "a share need not be exact to the mail")]
        let share = mails as f64 / f64::from(me.weight.max(1));
        (mine.taken, mine.hungry, mine.fed) = (mine.taken + share, false, Some(Instant::now()));
        let taken = mine.taken;
        // Who could not take its share does not catch up on it later.
        for other in members(all, name).filter(|t| rests(&t.name)) {
            let theirs = members_of.entry((name.to_owned(), other.name.clone())).or_default();
            theirs.taken = theirs.taken.max(taken);
        }
    }
}

/// Mails one may be ahead by: about a block.
const SLACK: f64 = 256.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn transports() -> Vec<Transport> {
        let text = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\npostal_address = \"x\"\n\
            [[transports]]\nname = \"a\"\nurl = \"file://a\"\nweight = 3\n[[transports]]\nname = \"b\"\nurl = \"file://b\"\nshares = \"a\"\n\
            [[transports]]\nname = \"c\"\nurl = \"file://c\"\nshares = \"a\"\nweight = 0\n";
        Config::parse(std::path::Path::new("/tmp/config.toml"), text, std::iter::empty())
            .unwrap()
            .transports
    }

    #[test]
    fn shares_follow_the_weights_and_a_stand_by_waits() {
        let (all, pools) = (transports(), Pools::default());
        let mut taken = [0, 0, 0];
        for _ in 0..400 {
            for (n, me) in all.iter().enumerate() {
                if pools.may_take(&all, "a", me, |_| false) {
                    pools.took(&all, "a", me, 256, |_| false);
                    taken[n] += 1;
                }
            }
        }
        assert_eq!(taken[2], 0);
        let ratio = f64::from(taken[0]) / f64::from(taken[1]);
        assert!((2.8..3.2).contains(&ratio), "{taken:?}");
    }

    #[test]
    fn who_found_nothing_more_to_take_is_not_waited_for() {
        let (all, pools) = (transports(), Pools::default());
        assert!(pools.may_take(&all, "a", &all[0], |_| false));
        pools.sated("a", &all[0]);
        for _ in 0..50 {
            assert!(pools.may_take(&all, "a", &all[1], |_| false));
            pools.took(&all, "a", &all[1], 256, |_| false);
        }
        assert!(pools.may_take(&all, "a", &all[0], |_| false));
        assert!(!pools.may_take(&all, "a", &all[1], |_| false), "it came back for its share");
    }

    #[test]
    fn who_rests_is_stood_in_for() {
        let (all, pools) = (transports(), Pools::default());
        let rests = |name: &str| name == "a";
        for _ in 0..50 {
            assert!(pools.may_take(&all, "a", &all[1], rests));
            pools.took(&all, "a", &all[1], 256, rests);
        }
        assert!(!pools.may_take(&all, "a", &all[2], rests), "b can still be used");
        assert!(pools.may_take(&all, "a", &all[2], |name| name != "c"));
        assert!(pools.may_take(&all, "a", &all[0], |_| false), "a begins again");
        pools.took(&all, "a", &all[0], 256, |_| false);
        assert!(pools.may_take(&all, "a", &all[1], |_| false), "and does not catch up");
    }
}
