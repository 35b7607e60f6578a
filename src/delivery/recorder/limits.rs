//! What a commit takes from limits and gives back to them.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::{Answered, Asking, Desk, Grant, Wish};
use crate::config::Transport;
use crate::delivery::lease::Limit;
use crate::domain::time::Millis;
use crate::store::rates::{Ask, Change, Granted, LimitKey, Unused};

/// The limits in the store that a message spends.
pub(super) fn keys(transport: &Transport, limit: Option<&Limit>) -> Vec<LimitKey> {
    let own = (!transport.rate.is_empty() || transport.warm_up.is_some())
        .then(|| LimitKey::of(&transport.name));
    let towards =
        limit.filter(|l| !l.rates.is_empty()).map(|l| LimitKey::towards(&transport.name, &l.key));
    own.into_iter().chain(towards).collect()
}

impl Wish {
    /// What it asks of one of its limits, for no message yet.
    fn ask(&self, key: &LimitKey) -> Ask {
        let of_domain = self.limit.as_ref().filter(|_| !key.domain.is_empty());
        let limits =
            of_domain.map_or_else(|| self.transport.rate.clone(), |limit| limit.rates.clone());
        Ask {
            key: key.clone(),
            limits,
            warm_up: self.transport.warm_up.filter(|_| of_domain.is_none()),
            wanted: 0,
        }
    }
}

impl Desk {
    /// The next change of limits; made once, however often the database is asked for it.
    fn change(&self) -> Change {
        Change { node: self.node.clone(), number: self.changes.fetch_add(1, Ordering::Relaxed) }
    }

    /// Gives back what was taken and not spent.
    pub(super) async fn give_back(&self, unused: &[Unused]) {
        if !unused.is_empty() {
            let change = self.change();
            self.until_it_works("what limits get back", || {
                self.store.give_back_to_limits(&change, unused, (self.clock)())
            })
            .await;
        }
    }

    /// Divides wishes into those that all their limits allow now and those that must wait; says too when it took what it did.
    pub(super) async fn within_limits(
        &self,
        wishes: Vec<Asking>,
        unused: &mut Vec<Unused>,
    ) -> (Vec<Asking>, Vec<Answered>, Millis) {
        let mut asks: BTreeMap<LimitKey, Ask> = BTreeMap::new();
        for (wish, _) in wishes.iter().filter(|(w, _)| !w.again) {
            for key in keys(&wish.transport, wish.limit.as_deref()) {
                let ask = asks.entry(key).or_insert_with_key(|key| wish.ask(key));
                ask.wanted += 1;
            }
        }
        if asks.is_empty() {
            return (wishes, Vec::new(), (self.clock)());
        }
        let (change, asks): (_, Vec<Ask>) = (self.change(), asks.into_values().collect());
        let granted = self
            .until_it_works("the limits", || {
                self.store.take_from_limits(&change, &asks, (self.clock)())
            })
            .await;
        let taken_at = granted.iter().map(|g| g.at).max().unwrap_or_else(self.clock);
        let mut left: BTreeMap<LimitKey, Granted> =
            asks.into_iter().map(|ask| ask.key).zip(granted).collect();
        let (mut start, mut later) = (Vec::new(), Vec::new());
        for (wish, reply) in wishes {
            let spent =
                if wish.again { Vec::new() } else { keys(&wish.transport, wish.limit.as_deref()) };
            match spent.iter().find_map(|key| {
                left.get(key).filter(|g| g.n == 0).map(|g| (key.domain.is_empty(), g.again))
            }) {
                Some((true, again)) => later.push((reply, Grant::Wait(again))),
                Some((false, again)) => later.push((reply, Grant::StandAside(again))),
                None => {
                    for key in &spent {
                        if let Some(granted) = left.get_mut(key) {
                            granted.n -= 1;
                        }
                    }
                    start.push((wish, reply));
                }
            }
        }
        // What one limit granted in vain, for another refused.
        unused.extend(left.into_iter().filter(|(_, g)| g.n > 0).map(|(key, g)| Unused {
            key,
            n: g.n,
            taken_at,
        }));
        (start, later, taken_at)
    }
}
