//! Weighted load balancing of transports that serve the same mail, with failover to the available
//! ones.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Transport;

/// Time after which a member that does not lease its share no longer holds up the others.
const LEASE_WAIT: Duration = Duration::from_secs(3);

/// Messages taken by each transport in this process, by the transport they are queued for.
#[derive(Debug, Default)]
pub(super) struct WeightedBalancer(Mutex<HashMap<(String, String), Member>>);

/// Share that one transport took of the mail queued for another or itself.
#[derive(Debug, Default)]
struct Member {
    /// Number of messages taken, divided by the weight.
    taken: f64,
    wants_more: bool,
    last_taken_at: Option<Instant>,
}

impl Member {
    /// Returns `true` if the member is expected to lease its share soon.
    fn will_lease(&self) -> bool {
        self.wants_more || self.last_taken_at.is_some_and(|at| at.elapsed() < LEASE_WAIT)
    }
}

/// Returns the transports that serve the mail queued for the transport `name`.
pub(super) fn pool_members<'a>(
    transports: &'a [Transport],
    name: &str,
) -> impl Iterator<Item = &'a Transport> {
    transports.iter().filter(move |t| t.name == name || t.pool.as_deref() == Some(name))
}

impl WeightedBalancer {
    /// Returns `true` if `me` may take the next messages queued for `name`; `should_fail_over` says which of
    /// the other transports are unusable.
    pub(super) fn request_turn(
        &self,
        all: &[Transport],
        name: &str,
        me: &Transport,
        should_fail_over: impl Fn(&str) -> bool,
    ) -> bool {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = members.entry((name.to_owned(), me.name.clone())).or_default();
        mine.wants_more = true;
        let (taken, lead) = (mine.taken, MAX_LEAD_MESSAGES / f64::from(me.weight));
        pool_members(all, name)
            .filter(|t| t.name != me.name && !t.standby && !should_fail_over(&t.name))
            .all(|other| {
                let theirs = members.get(&(name.to_owned(), other.name.clone()));
                // A standby transport takes nothing while another one is available.
                !me.standby
                    && theirs
                        .is_none_or(|theirs| !theirs.will_lease() || taken <= theirs.taken + lead)
            })
    }

    /// Records that `me` needs no more messages of `name` now, or that none are left.
    pub(super) fn record_nothing_leased(&self, name: &str, me: &Transport) {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = members.get_mut(&(name.to_owned(), me.name.clone())) {
            mine.wants_more = false;
        }
    }

    /// Records that `me` took `messages` messages of `name`.
    pub(super) fn record_leased(
        &self,
        all: &[Transport],
        name: &str,
        me: &Transport,
        messages: usize,
        should_fail_over: impl Fn(&str) -> bool,
    ) {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = members.entry((name.to_owned(), me.name.clone())).or_default();
        #[expect(clippy::cast_precision_loss, reason = "an approximate share is sufficient")]
        let share = messages as f64 / f64::from(me.weight);
        (mine.taken, mine.wants_more, mine.last_taken_at) =
            (mine.taken + share, false, Some(Instant::now()));
        let taken = mine.taken;
        // A member that was unavailable does not catch up on its share later.
        for other in pool_members(all, name).filter(|t| should_fail_over(&t.name)) {
            let theirs = members.entry((name.to_owned(), other.name.clone())).or_default();
            theirs.taken = theirs.taken.max(taken);
        }
    }
}

/// Messages by which a member may be ahead: about one batch.
const MAX_LEAD_MESSAGES: f64 = 256.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn transports() -> Vec<Transport> {
        let text = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\npostal_address = \"x\"\n\
            [[transports]]\nname = \"a\"\nurl = \"file://a\"\nweight = 3\n[[transports]]\nname = \"b\"\nurl = \"file://b\"\npool = \"a\"\n\
            [[transports]]\nname = \"c\"\nurl = \"file://c\"\npool = \"a\"\nstandby = true\n";
        Config::parse(std::path::Path::new("/tmp/config.toml"), text, std::iter::empty())
            .unwrap()
            .transports
    }

    #[test]
    fn shares_follow_the_weights_and_a_standby_takes_nothing() {
        let (all, balancer) = (transports(), WeightedBalancer::default());
        let mut taken = [0, 0, 0];
        for _ in 0..400 {
            for (n, me) in all.iter().enumerate() {
                if balancer.request_turn(&all, "a", me, |_| false) {
                    balancer.record_leased(&all, "a", me, 256, |_| false);
                    taken[n] += 1;
                }
            }
        }
        assert_eq!(taken[2], 0);
        let ratio = f64::from(taken[0]) / f64::from(taken[1]);
        assert!((2.8..3.2).contains(&ratio), "{taken:?}");
    }

    #[test]
    fn a_member_that_found_no_more_mail_does_not_hold_up_the_others() {
        let (all, balancer) = (transports(), WeightedBalancer::default());
        assert!(balancer.request_turn(&all, "a", &all[0], |_| false));
        balancer.record_nothing_leased("a", &all[0]);
        for _ in 0..50 {
            assert!(balancer.request_turn(&all, "a", &all[1], |_| false));
            balancer.record_leased(&all, "a", &all[1], 256, |_| false);
        }
        assert!(balancer.request_turn(&all, "a", &all[0], |_| false));
        assert!(
            !balancer.request_turn(&all, "a", &all[1], |_| false),
            "the first transport leases its share again"
        );
    }

    #[test]
    fn the_others_take_the_share_of_an_unavailable_member() {
        let (all, balancer) = (transports(), WeightedBalancer::default());
        let should_fail_over = |name: &str| name == "a";
        for _ in 0..50 {
            assert!(balancer.request_turn(&all, "a", &all[1], should_fail_over));
            balancer.record_leased(&all, "a", &all[1], 256, should_fail_over);
        }
        assert!(!balancer.request_turn(&all, "a", &all[2], should_fail_over), "b is available");
        assert!(balancer.request_turn(&all, "a", &all[2], |name| name != "c"));
        assert!(balancer.request_turn(&all, "a", &all[0], |_| false), "a is available again");
        balancer.record_leased(&all, "a", &all[0], 256, |_| false);
        assert!(balancer.request_turn(&all, "a", &all[1], |_| false), "a does not catch up");
    }
}
