//! The docket: what a run has leased and no lane has taken yet, in the order in which it goes out. Letters first, editions
//! in turn; what its recipient's domain can't take now stands aside without holding up the rest.

mod order;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::lease::{Job, Pass};
use crate::domain::time::Millis;

/// Shared by a run's feeder and its lanes.
#[derive(Debug, Default)]
pub(super) struct Docket {
    order: Mutex<Order>,
    /// Lanes wait here for work.
    called: Notify,
    /// The feeder waits here until an edition runs low.
    pub(super) hungry: Notify,
}

#[derive(Debug, Default)]
struct Order {
    letters: VecDeque<Job>,
    editions: VecDeque<Line>,
    domains: HashMap<Arc<str>, Domain>,
    /// Domains that have somebody waiting and room for one.
    ready: VecDeque<Arc<str>>,
    /// Domains that have somebody waiting until a time.
    timed: BTreeSet<(Millis, Arc<str>)>,
    aside: usize,
    low: usize,
    closed: bool,
}

/// How many jobs wait on a docket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    pub(super) all: usize,
    /// Letters and retries among them.
    pub(super) letters: usize,
}

/// What waits of one edition.
#[derive(Debug)]
struct Line {
    edition: i64,
    jobs: VecDeque<Job>,
}

#[derive(Debug, Default)]
struct Domain {
    in_flight: u32,
    until: Millis,
    waiting: VecDeque<Job>,
}

impl Docket {
    /// A docket whose feeder is called when an edition has fewer jobs left than `low`; these domains rest until then.
    pub(super) fn new(low: usize, resting: Vec<(Arc<str>, Millis)>) -> Arc<Self> {
        let mut order = Order { low, ..Order::default() };
        for (domain, until) in resting {
            order.rest(&domain, until);
        }
        Arc::new(Self { order: Mutex::new(order), ..Self::default() })
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        // Each change is whole before anything can panic.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a letter or a retry, which goes before every edition.
    pub(super) fn add_letter(&self, job: Job) {
        self.order().letters.push_back(job);
        self.called.notify_one();
    }

    /// Adds what was leased of an edition.
    pub(super) fn add(&self, edition: i64, jobs: Vec<Job>) {
        let mut order = self.order();
        match order.editions.iter_mut().find(|line| line.edition == edition) {
            Some(line) => line.jobs.extend(jobs),
            None => order.editions.push_back(Line { edition, jobs: jobs.into() }),
        }
        drop(order);
        self.called.notify_waiters();
    }

    /// Takes a job back that did not go out, to be the next of its edition.
    pub(super) fn put_back(&self, mut job: Job) {
        let mut order = self.order();
        if let Some(domain) = job.pass.take().and_then(Pass::forgo) {
            order.leave(&domain);
        }
        if order.closed {
            return;
        }
        match job
            .claimed
            .edition_id
            .and_then(|id| order.editions.iter_mut().find(|line| line.edition == id))
        {
            Some(line) => line.jobs.push_front(job),
            None => order.letters.push_front(job),
        }
        drop(order);
        self.called.notify_one();
    }

    /// The next job, if one can go out now.
    pub(super) fn try_next(self: &Arc<Self>, now: Millis) -> Option<Job> {
        let mut order = self.order();
        let (mut job, low) = order.next(now)?;
        if let Some(limit) = &job.limit {
            job.pass = Some(Pass::new(Arc::clone(&limit.key), Arc::clone(self)));
        }
        drop(order);
        if low {
            self.hungry.notify_one();
        }
        Some(job)
    }

    /// Waits for the next job; none when the run is over.
    pub(super) async fn next(self: &Arc<Self>, clock: fn() -> Millis) -> Option<Job> {
        loop {
            let called = self.called.notified();
            tokio::pin!(called);
            // Listening begins here, so that no call between the look and the wait is missed.
            called.as_mut().enable();
            if let Some(job) = self.try_next(clock()) {
                return Some(job);
            }
            if self.order().closed {
                return None;
            }
            self.hungry.notify_one();
            called.await;
        }
    }

    /// A message to a domain is over; somebody else may go.
    pub(super) fn leave(&self, domain: &Arc<str>) {
        self.order().leave(domain);
        self.called.notify_one();
    }

    /// Lets a job, and all others to its domain, stand aside until then.
    pub(super) fn stand_aside(&self, mut job: Job, until: Millis) {
        let Some(key) = job.pass.take().and_then(Pass::forgo) else { return self.put_back(job) };
        let mut order = self.order();
        order.leave(&key);
        order.rest(&key, until);
        if !order.closed {
            order.wait(&key, job, true);
        }
    }

    /// Lets all that goes to a domain stand aside until then.
    pub(super) fn rest(&self, domain: &Arc<str>, until: Millis) {
        self.order().rest(domain, until);
    }

    /// Takes out what stands aside for longer than until `horizon`, with the time it waits for.
    pub(super) fn take_late(&self, horizon: Millis) -> Vec<(Job, Millis)> {
        let mut order = self.order();
        let mut late = Vec::new();
        let resting: Vec<_> =
            order.timed.iter().rev().take_while(|(until, _)| *until > horizon).cloned().collect();
        for (until, key) in resting {
            let waiting = order
                .domains
                .get_mut(&key)
                .map(|d| std::mem::take(&mut d.waiting))
                .unwrap_or_default();
            order.aside -= waiting.len();
            late.extend(waiting.into_iter().map(|job| (job, until)));
        }
        late
    }

    /// Wakes lanes for what was to wait until now.
    pub(super) fn look(&self, now: Millis) {
        let mut order = self.order();
        order.ripen(now);
        let ready = order.ready.len();
        drop(order);
        for _ in 0..ready {
            self.called.notify_one();
        }
    }

    /// The editions that need no more jobs now.
    pub(super) fn full(&self) -> Vec<i64> {
        let order = self.order();
        order
            .editions
            .iter()
            .filter(|line| line.jobs.len() >= order.low)
            .map(|line| line.edition)
            .collect()
    }

    /// How many jobs wait.
    pub(super) fn len(&self) -> Length {
        let order = self.order();
        let of_editions: usize = order.editions.iter().map(|line| line.jobs.len()).sum();
        Length {
            all: order.letters.len() + order.aside + of_editions,
            letters: order.letters.len(),
        }
    }

    /// Ends the run: what waits is dropped, and its leases come back.
    pub(super) fn close(&self) {
        let mut order = self.order();
        let left = std::mem::replace(&mut *order, Order { closed: true, ..Order::default() });
        drop(order);
        self.called.notify_waiters();
        // Outside the lock: a pass that is dropped takes it.
        drop(left);
    }
}

#[cfg(test)]
mod tests;
