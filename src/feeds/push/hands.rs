//! How much is in hand at once: lanes for who answers, for who lately did not and for newcomers; three requests a host.
//!
//! A subscriber that hangs keeps one of its host's hands busy, and after that lives in a lane of its own kind, where a host has
//! a hand for such alone: the others do not wait for it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::store::pushes::Errand;

/// Requests to one host at once, of each node.
const HANDS_OF_HOST: usize = 2;
/// And beside them those to who failed or was slow there.
const HANDS_FOR_SLOW: usize = 1;
/// Who takes longer than this goes on in the hands kept for the slow, if there is one free.
const OVERTIME: Duration = Duration::from_millis(500);
/// Errands of one host that wait for them, before no more are taken.
const ENOUGH: usize = 4;
/// Errands of one host that are taken at a time.
pub(super) const ROOM_OF_HOST: usize = 12;

/// Who waits for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// Pushes to who took the last one, and pings.
    Swift,
    /// Pushes to who failed or was slow last time.
    Slow,
    /// Questions to callbacks that strangers named.
    New,
}

/// All that a node has in hand.
#[derive(Debug)]
pub(super) struct Hands {
    lanes: HashMap<Lane, (Arc<Semaphore>, usize)>,
    state: Mutex<State>,
    /// Rung when there is room again for what was left lying.
    bell: Notify,
    tasks: TaskTracker,
    overtime: Duration,
    /// Nothing more is begun.
    stop: CancellationToken,
    /// What is under way is dropped.
    cut: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    in_lane: HashMap<Lane, usize>,
    /// Lanes for which there was something to take last time.
    more: BTreeSet<u8>,
    hosts: HashMap<Place, HostHands>,
    rows: HashMap<Errand, BTreeSet<i64>>,
}

/// A host, and whether it is about those there who failed or were slow.
type Place = (String, bool);

#[derive(Debug)]
struct HostHands {
    gate: Arc<Semaphore>,
    in_hand: usize,
}

/// What an errand is and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// Its lane.
    pub(super) lane: Lane,
    /// Whom it asks.
    pub(super) host: String,
    /// Its row, if its lease has to be kept.
    pub(super) row: Option<(Errand, i64)>,
}

impl Held {
    fn place(&self) -> Place {
        (self.host.clone(), self.lane == Lane::Slow)
    }
}

impl Hands {
    /// So many requests at once; a quarter of them for each of the lanes that strangers may fill.
    pub(super) fn new(connections: usize) -> Self {
        let few = (connections / 4).max(1);
        let lane = |hands: usize| (Arc::new(Semaphore::new(hands)), hands * 4);
        let lanes = [
            (Lane::Swift, lane((connections - 2 * few).max(1))),
            (Lane::Slow, lane(few)),
            (Lane::New, lane(few)),
        ];
        Self {
            lanes: lanes.into_iter().collect(),
            state: Mutex::default(),
            bell: Notify::new(),
            tasks: TaskTracker::new(),
            overtime: OVERTIME,
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The numbers are whole after each change, whoever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many errands a lane takes now.
    pub(super) fn room(&self, lane: Lane) -> usize {
        let most = self.lanes.get(&lane).map_or(0, |(_, most)| *most);
        if self.stop.is_cancelled() {
            0
        } else {
            most.saturating_sub(self.state().in_lane.get(&lane).copied().unwrap_or(0))
        }
    }

    /// Hosts with enough in hand for a lane.
    pub(super) fn busy_hosts(&self, lane: Lane) -> Vec<String> {
        let is_busy = |((_, is_slow), host): &(&Place, &HostHands)| {
            *is_slow == (lane == Lane::Slow) && host.in_hand >= ENOUGH
        };
        self.state().hosts.iter().filter(is_busy).map(|((name, _), _)| name.clone()).collect()
    }

    /// The rows whose leases have to be kept.
    pub(super) fn rows(&self) -> Vec<(Errand, Vec<i64>)> {
        self.state()
            .rows
            .iter()
            .map(|(errand, ids)| (*errand, ids.iter().copied().collect()))
            .collect()
    }

    /// Notes whether a lane had something to take, so that the bell rings when it has room again.
    pub(super) fn note(&self, lane: Lane, took_any: bool) {
        let mut state = self.state();
        if took_any {
            state.more.insert(lane as u8)
        } else {
            state.more.remove(&(lane as u8))
        };
    }

    /// Does something as soon as its host and its lane have a hand free; dropped undone if all ends before.
    pub(super) fn begin(
        self: &Arc<Self>,
        held: Held,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let (Some((lane, _)), Some((slow, _))) =
            (self.lanes.get(&held.lane), self.lanes.get(&Lane::Slow))
        else {
            return;
        };
        let (lane, slow, host) = (Arc::clone(lane), Arc::clone(slow), self.take(&held));
        // Who failed before has such a hand already, and strangers get none of theirs.
        let slow = (held.lane == Lane::Swift).then_some(slow);
        let (stop, cut, patience) = (self.stop.clone(), self.cut.clone(), self.overtime);
        let keep = Keep { hands: Arc::clone(self), held };
        self.tasks.spawn(async move {
            let _keep = keep;
            // The host's first: who waits for a slow host keeps no hand from others.
            let both = async {
                let host = host.acquire_owned().await;
                (host, lane.acquire_owned().await)
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                (_host, hand) = both => {
                    tokio::select! {
                        () = cut.cancelled() => {}
                        () = work => {}
                        () = overtime(hand, slow, patience) => {}
                    }
                }
            }
        });
    }

    fn take(&self, held: &Held) -> Arc<Semaphore> {
        let mut state = self.state();
        *state.in_lane.entry(held.lane).or_default() += 1;
        if let Some((errand, id)) = held.row {
            state.rows.entry(errand).or_default().insert(id);
        }
        let hands = if held.lane == Lane::Slow { HANDS_FOR_SLOW } else { HANDS_OF_HOST };
        let new = || HostHands { gate: Arc::new(Semaphore::new(hands)), in_hand: 0 };
        let host = state.hosts.entry(held.place()).or_insert_with(new);
        host.in_hand += 1;
        Arc::clone(&host.gate)
    }

    fn give_back(&self, held: &Held) {
        let mut state = self.state();
        let in_lane = state.in_lane.entry(held.lane).or_default();
        *in_lane = in_lane.saturating_sub(1);
        let lane_left = *in_lane;
        if let Some((errand, id)) = held.row {
            state.rows.entry(errand).or_default().remove(&id);
        }
        let host_left = match state.hosts.get_mut(&held.place()) {
            Some(host) if host.in_hand > 1 => {
                host.in_hand -= 1;
                host.in_hand
            }
            _ => {
                state.hosts.remove(&held.place());
                0
            }
        };
        let most = self.lanes.get(&held.lane).map_or(0, |(_, most)| *most);
        if host_left < ENOUGH && lane_left <= most / 2 && state.more.contains(&(held.lane as u8)) {
            self.bell.notify_one();
        }
    }

    /// Rings the bell: something changed.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Waits for the bell.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Waits until nothing is in hand.
    pub(super) async fn empty(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// Begins nothing more, gives what is under way this long to end, then drops it.
    pub(super) async fn lay_down(&self, grace: Duration) {
        self.stop.cancel();
        if tokio::time::timeout(grace, self.empty()).await.is_err() {
            self.cut.cancel();
            self.empty().await;
        }
    }
}

/// Never ends; gives a hand back once its work takes long, as soon as one of those for the slow does it instead.
async fn overtime<T>(hand: T, slow: Option<Arc<Semaphore>>, patience: Duration) {
    let Some(slow) = slow else { return std::future::pending().await };
    tokio::time::sleep(patience).await;
    let _instead = slow.acquire_owned().await;
    drop(hand);
    std::future::pending().await
}

/// Gives a hand back however its work ends.
struct Keep {
    hands: Arc<Hands>,
    held: Held,
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.hands.give_back(&self.held);
    }
}
