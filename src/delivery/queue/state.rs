//! Scheduling rules of the send queue: the order of jobs, and when parked jobs continue.

use std::sync::Arc;

use super::QueueState;
use crate::delivery::lease::Job;
use crate::domain::time::Millis;

impl QueueState {
    /// Returns the next job, and `true` if its edition falls below the refill threshold.
    pub(super) fn next(&mut self, now: Millis) -> Option<(Job, bool)> {
        self.release_expired(now);
        while let Some(job) = self.queue_entries.pop_front() {
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

    /// Returns the job if its domain has a free slot; parks it otherwise.
    fn unless_parked(&mut self, job: Job, now: Millis) -> Option<Job> {
        let Some(limit) = job.domain_limit.clone() else { return Some(job) };
        let domain = self.domains.entry(Arc::clone(&limit.key)).or_default();
        // Jobs that are parked already go first.
        if domain.throttled_until <= now
            && domain.parked.is_empty()
            && limit.has_room(domain.in_flight)
        {
            domain.in_flight += 1;
            return Some(job);
        }
        self.park(&limit.key, job, false);
        None
    }

    pub(super) fn park(&mut self, key: &Arc<str>, job: Job, at_front: bool) {
        let domain = self.domains.entry(Arc::clone(key)).or_default();
        if at_front {
            domain.parked.push_front(job);
        } else {
            domain.parked.push_back(job);
        }
        self.parked_count += 1;
    }

    fn next_parked(&mut self, key: &Arc<str>, now: Millis) -> Option<Job> {
        let domain = self.domains.get_mut(key)?;
        let room = domain
            .parked
            .front()?
            .domain_limit
            .as_ref()
            .is_none_or(|l| l.has_room(domain.in_flight));
        if !room || domain.throttled_until > now {
            return None;
        }
        let job = domain.parked.pop_front()?;
        domain.in_flight += 1;
        self.parked_count -= 1;
        if !domain.parked.is_empty() {
            self.ready_domains.push_back(Arc::clone(key));
        }
        Some(job)
    }

    pub(super) fn release_slot(&mut self, key: &Arc<str>) {
        let Some(domain) = self.domains.get_mut(key) else { return };
        domain.in_flight = domain.in_flight.saturating_sub(1);
        if !domain.parked.is_empty() && domain.throttled_until == Millis(0) {
            self.ready_domains.push_back(Arc::clone(key));
        } else if domain.parked.is_empty()
            && domain.in_flight == 0
            && domain.throttled_until == Millis(0)
        {
            self.domains.remove(key);
        }
    }

    pub(super) fn throttle(&mut self, key: &Arc<str>, until: Millis) {
        let domain = self.domains.entry(Arc::clone(key)).or_default();
        if until <= domain.throttled_until {
            return;
        }
        let previous = std::mem::replace(&mut domain.throttled_until, until);
        self.throttled.remove(&(previous, Arc::clone(key)));
        self.throttled.insert((until, Arc::clone(key)));
    }

    /// Releases the domains whose throttle has expired.
    pub(super) fn release_expired(&mut self, now: Millis) {
        while self.throttled.first().is_some_and(|(until, _)| *until <= now) {
            let Some((_, key)) = self.throttled.pop_first() else { return };
            if let Some(domain) = self.domains.get_mut(&key) {
                domain.throttled_until = Millis(0);
                if !domain.parked.is_empty() {
                    self.ready_domains.push_back(key);
                } else if domain.in_flight == 0 {
                    self.domains.remove(&key);
                }
            }
        }
    }
}
