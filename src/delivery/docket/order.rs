//! The rules of the docket: who is next, who stands aside, and when they may go on.

use std::sync::Arc;

use super::Order;
use crate::delivery::lease::Job;
use crate::domain::time::Millis;

impl Order {
    /// The next job, and whether its edition runs low.
    pub(super) fn next(&mut self, now: Millis) -> Option<(Job, bool)> {
        self.ripen(now);
        while let Some(job) = self.letters.pop_front() {
            if let Some(job) = self.admit(job, now) {
                return Some((job, false));
            }
        }
        while let Some(key) = self.ready.pop_front() {
            if let Some(job) = self.waiting_for(&key, now) {
                return Some((job, false));
            }
        }
        let mut low = false;
        while let Some(mut line) = self.editions.pop_front() {
            let job = line.jobs.pop_front();
            low |= line.jobs.len() + 1 == self.low || line.jobs.is_empty();
            if !line.jobs.is_empty() {
                self.editions.push_back(line);
            }
            if let Some(job) = job.and_then(|job| self.admit(job, now)) {
                return Some((job, low));
            }
        }
        None
    }

    /// The job, if its domain has room for it; else it stands aside.
    fn admit(&mut self, job: Job, now: Millis) -> Option<Job> {
        let Some(limit) = job.limit.clone() else { return Some(job) };
        let domain = self.domains.entry(Arc::clone(&limit.key)).or_default();
        // Those who wait already go first.
        if domain.until <= now && domain.waiting.is_empty() && limit.has_room(domain.in_flight) {
            domain.in_flight += 1;
            return Some(job);
        }
        self.wait(&limit.key, job, false);
        None
    }

    pub(super) fn wait(&mut self, key: &Arc<str>, job: Job, first: bool) {
        let domain = self.domains.entry(Arc::clone(key)).or_default();
        if first {
            domain.waiting.push_front(job);
        } else {
            domain.waiting.push_back(job);
        }
        self.aside += 1;
    }

    fn waiting_for(&mut self, key: &Arc<str>, now: Millis) -> Option<Job> {
        let domain = self.domains.get_mut(key)?;
        let room =
            domain.waiting.front()?.limit.as_ref().is_none_or(|l| l.has_room(domain.in_flight));
        if !room || domain.until > now {
            return None;
        }
        let job = domain.waiting.pop_front()?;
        domain.in_flight += 1;
        self.aside -= 1;
        if !domain.waiting.is_empty() {
            self.ready.push_back(Arc::clone(key));
        }
        Some(job)
    }

    pub(super) fn leave(&mut self, key: &Arc<str>) {
        let Some(domain) = self.domains.get_mut(key) else { return };
        domain.in_flight = domain.in_flight.saturating_sub(1);
        if !domain.waiting.is_empty() && domain.until == Millis(0) {
            self.ready.push_back(Arc::clone(key));
        } else if domain.waiting.is_empty() && domain.in_flight == 0 && domain.until == Millis(0) {
            self.domains.remove(key);
        }
    }

    pub(super) fn rest(&mut self, key: &Arc<str>, until: Millis) {
        let domain = self.domains.entry(Arc::clone(key)).or_default();
        if until <= domain.until {
            return;
        }
        let was = std::mem::replace(&mut domain.until, until);
        self.timed.remove(&(was, Arc::clone(key)));
        self.timed.insert((until, Arc::clone(key)));
    }

    /// Domains whose time has come may go on.
    pub(super) fn ripen(&mut self, now: Millis) {
        while self.timed.first().is_some_and(|(until, _)| *until <= now) {
            let Some((_, key)) = self.timed.pop_first() else { return };
            if let Some(domain) = self.domains.get_mut(&key) {
                domain.until = Millis(0);
                if !domain.waiting.is_empty() {
                    self.ready.push_back(key);
                } else if domain.in_flight == 0 {
                    self.domains.remove(&key);
                }
            }
        }
    }
}
