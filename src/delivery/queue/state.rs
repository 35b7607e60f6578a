//! Scheduling rules of the send queue: the order of jobs, and when parked jobs continue.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

use super::QueueState;
use crate::delivery::domain_slots::DomainSlots;
use crate::delivery::lease::DeliveryJob;
use crate::delivery::pacing::time_needed;
use crate::domain::time::{Millis, SignedDuration};

impl QueueState {
    /// Creates an empty queue whose slots wake a worker by `job_available`.
    pub(super) fn new(refill_threshold: usize, job_available: Arc<Notify>) -> Self {
        Self {
            slots: DomainSlots::new(job_available),
            priority_jobs: VecDeque::new(),
            yielding: Vec::new(),
            editions: VecDeque::new(),
            domains: HashMap::new(),
            ready_domains: VecDeque::new(),
            blocked: BTreeSet::new(),
            parked_count: 0,
            refill_threshold,
            closed: false,
        }
    }

    /// Puts an unsent job back as the next one of its edition.
    pub(super) fn requeue(&mut self, job: DeliveryJob) {
        let edition = job.delivery.edition_id;
        match self.editions.iter_mut().find(|queue| Some(queue.edition) == edition) {
            Some(queue) => queue.jobs.push_front(job),
            None => self.priority_jobs.push_front(job),
        }
    }

    /// Returns the next job, and `true` if its edition falls below the refill threshold.
    pub(super) fn next(&mut self, now: Millis) -> Option<(DeliveryJob, bool)> {
        let next = self.next_in_order(now);
        if self.yielding.is_empty() {
            return next;
        }
        while let Some(job) = self.yielding.pop() {
            self.requeue(job);
        }
        next.or_else(|| self.next_in_order(now))
    }

    fn next_in_order(&mut self, now: Millis) -> Option<(DeliveryJob, bool)> {
        self.release_expired(now);
        self.collect_freed();
        while let Some(job) = self.priority_jobs.pop_front() {
            if let Some(job) = self.unless_parked(job, now) {
                return Some((job, false));
            }
        }
        while let Some(key) = self.ready_domains.pop_front() {
            if let Some(job) = self.next_parked(&key, now) {
                return Some((job, false));
            }
        }
        let mut is_low = false;
        while let Some(mut queue) = self.editions.pop_front() {
            let job = queue.jobs.pop_front();
            is_low |= queue.jobs.len() + 1 == self.refill_threshold || queue.jobs.is_empty();
            if !queue.jobs.is_empty() {
                self.editions.push_back(queue);
            }
            if let Some(job) = job.and_then(|job| self.unless_parked(job, now)) {
                return Some((job, is_low));
            }
        }
        None
    }

    /// Returns the job with a slot of its domain; parks it if there is none.
    fn unless_parked(&mut self, mut job: DeliveryJob, now: Millis) -> Option<DeliveryJob> {
        let Some(limit) = job.domain_limit.clone() else { return Some(job) };
        // Jobs that are parked already go first.
        let is_blocked = self
            .domains
            .get(&limit.key)
            .is_some_and(|domain| domain.blocked_until > now || !domain.parked.is_empty());
        if !is_blocked {
            job.domain_slot = self.slots.take(&limit);
            if job.domain_slot.is_some() {
                return Some(job);
            }
        }
        self.park(&limit.key, job, false);
        None
    }

    pub(super) fn park(&mut self, key: &Arc<str>, job: DeliveryJob, at_front: bool) {
        let domain = self.domains.entry(Arc::clone(key)).or_default();
        if at_front {
            domain.parked.push_front(job);
        } else {
            domain.parked.push_back(job);
        }
        self.parked_count += 1;
    }

    /// Removes the newest parked jobs of the domains with most of them if more than `max` are parked, so
    /// that the queue has room for other domains. Returns each with the time before which the limits of its
    /// domain leave it no room, because of the jobs that stay.
    pub(super) fn drain_crowded(&mut self, max: usize, now: Millis) -> Vec<(DeliveryJob, Millis)> {
        if self.parked_count <= max {
            return Vec::new();
        }
        let domains = self.domains.values().filter(|domain| !domain.parked.is_empty()).count();
        let kept = (max / 2 / domains.max(1)).max(1);
        let mut drained = Vec::new();
        for domain in self.domains.values_mut().filter(|domain| domain.parked.len() > kept) {
            let blocked_until = domain.blocked_until;
            drained.extend(domain.parked.drain(kept..).map(|job| {
                let limit = job.domain_limit.as_deref();
                let needed = limit.map_or(SignedDuration::ZERO, |limit| time_needed(limit, kept));
                (job, now.plus(needed).max(blocked_until))
            }));
        }
        self.parked_count -= drained.len();
        drained
    }

    fn next_parked(&mut self, key: &Arc<str>, now: Millis) -> Option<DeliveryJob> {
        let domain = self.domains.get_mut(key).filter(|domain| domain.blocked_until <= now)?;
        let limit = domain.parked.front()?.domain_limit.clone()?;
        let slot = self.slots.take(&limit)?;
        let mut job = domain.parked.pop_front()?;
        job.domain_slot = Some(slot);
        self.parked_count -= 1;
        if !domain.parked.is_empty() {
            self.ready_domains.push_back(Arc::clone(key));
        } else if domain.blocked_until == Millis(0) {
            self.domains.remove(key);
        }
        Some(job)
    }

    /// Marks the domains whose slots became free as ready.
    fn collect_freed(&mut self) {
        for key in self.slots.drain_freed() {
            let is_ready = self
                .domains
                .get(&key)
                .is_some_and(|d| !d.parked.is_empty() && d.blocked_until == Millis(0));
            if is_ready {
                self.ready_domains.push_back(key);
            }
        }
    }

    pub(super) fn block(&mut self, key: &Arc<str>, until: Millis) {
        let domain = self.domains.entry(Arc::clone(key)).or_default();
        if until <= domain.blocked_until {
            return;
        }
        let previous = std::mem::replace(&mut domain.blocked_until, until);
        self.blocked.remove(&(previous, Arc::clone(key)));
        self.blocked.insert((until, Arc::clone(key)));
    }

    /// Ends the blocks that have expired.
    pub(super) fn release_expired(&mut self, now: Millis) {
        while self.blocked.first().is_some_and(|(until, _)| *until <= now) {
            let Some((_, key)) = self.blocked.pop_first() else { return };
            if let Some(domain) = self.domains.get_mut(&key) {
                domain.blocked_until = Millis(0);
                if domain.parked.is_empty() {
                    self.domains.remove(&key);
                } else {
                    self.ready_domains.push_back(key);
                }
            }
        }
    }
}
