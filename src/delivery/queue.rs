//! In-memory send queue of a run: jobs that are leased and not yet taken by a worker.
//!
//! Priority jobs come first, then the editions in round-robin order. Jobs whose recipient domain is
//! at its limit are parked and do not hold up the rest.

mod state;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::domain_slots::DomainSlots;
use super::lease::DeliveryJob;
use crate::domain::time::Millis;

/// Maximum number of parked jobs, half of a queue: the other half is for domains that accept mail.
const MAX_PARKED_JOBS: usize = MAX_QUEUED_JOBS / 2;

/// Maximum number of jobs in a send queue, so that memory does not grow with the audience.
pub(super) const MAX_QUEUED_JOBS: usize = 4_096;

/// Send queue shared by the fetcher and the workers of a run.
#[derive(Debug)]
pub(super) struct SendQueue {
    state: Mutex<QueueState>,
    /// Wakes workers that wait for a job.
    job_available: Arc<Notify>,
    /// Fires when the queue is closed.
    closed: CancellationToken,
    /// Wakes the fetcher when an edition falls below the refill threshold.
    pub(super) refill_needed: Notify,
}

/// State of the queue behind its mutex.
#[derive(Debug)]
struct QueueState {
    slots: Arc<DomainSlots>,
    priority_jobs: VecDeque<DeliveryJob>,
    /// Jobs that let one other job go first.
    yielding: Vec<DeliveryJob>,
    editions: VecDeque<EditionQueue>,
    domains: HashMap<Arc<str>, DomainQueue>,
    /// Domains with parked jobs and a free slot.
    ready_domains: VecDeque<Arc<str>>,
    /// Blocked domains by the end of their block.
    blocked: BTreeSet<(Millis, Arc<str>)>,
    parked_count: usize,
    refill_threshold: usize,
    closed: bool,
}

/// Number of jobs in a send queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueueDepth {
    pub(super) total: usize,
    /// Transactional messages and retries among them.
    pub(super) priority_jobs: usize,
}

/// Queued jobs of one edition.
#[derive(Debug)]
struct EditionQueue {
    edition: i64,
    jobs: VecDeque<DeliveryJob>,
}

/// Parked jobs of a recipient domain.
#[derive(Debug, Default)]
struct DomainQueue {
    blocked_until: Millis,
    parked: VecDeque<DeliveryJob>,
}

impl SendQueue {
    /// Creates a queue that wakes the fetcher when an edition has fewer than `refill_threshold`
    /// jobs; the given domains are blocked until their time.
    pub(super) fn new(refill_threshold: usize, blocked: Vec<(Arc<str>, Millis)>) -> Arc<Self> {
        let job_available = Arc::new(Notify::new());
        let mut state = QueueState::new(refill_threshold, Arc::clone(&job_available));
        for (domain, until) in blocked {
            state.block(&domain, until);
        }
        let closed = CancellationToken::new();
        Arc::new(Self {
            state: Mutex::new(state),
            job_available,
            closed,
            refill_needed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        // A panic cannot interrupt a change of the state halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a transactional message or a retry, which goes before every edition.
    pub(super) fn push_priority(&self, job: DeliveryJob) {
        self.state().priority_jobs.push_back(job);
        self.job_available.notify_one();
    }

    /// Adds the leased jobs of an edition.
    pub(super) fn push_edition(&self, edition: i64, jobs: Vec<DeliveryJob>) {
        let mut state = self.state();
        match state.editions.iter_mut().find(|queue| queue.edition == edition) {
            Some(queue) => queue.jobs.extend(jobs),
            None => state.editions.push_back(EditionQueue { edition, jobs: jobs.into() }),
        }
        drop(state);
        self.job_available.notify_waiters();
    }

    /// Puts an unsent job back as the next one of its edition.
    pub(super) fn requeue(&self, job: DeliveryJob) {
        self.requeue_with(job, QueueState::requeue);
    }

    /// Puts an unsent job back behind the next job, so that one that makes the relay fail does not
    /// block the others.
    pub(super) fn requeue_after_next(&self, job: DeliveryJob) {
        self.requeue_with(job, |state, job| state.yielding.push(job));
    }

    /// Frees the slot of an unsent job, and gives it to the open queue or drops it.
    fn requeue_with(
        &self,
        mut job: DeliveryJob,
        insert: impl FnOnce(&mut QueueState, DeliveryJob),
    ) {
        job.domain_slot = None;
        let mut state = self.state();
        if state.closed {
            return;
        }
        insert(&mut state, job);
        drop(state);
        self.job_available.notify_one();
    }

    /// Returns the next job that can start now.
    pub(super) fn try_next(&self, now: Millis) -> Option<DeliveryJob> {
        let (job, is_low) = self.state().next(now)?;
        if is_low {
            self.refill_needed.notify_one();
        }
        Some(job)
    }

    /// Waits for the next job; returns `None` when the queue is closed.
    pub(super) async fn next(&self, clock: fn() -> Millis) -> Option<DeliveryJob> {
        loop {
            let job_available = self.job_available.notified();
            tokio::pin!(job_available);
            // Registers before the check, so that no notification between the check and the wait is
            // lost.
            job_available.as_mut().enable();
            if let Some(job) = self.try_next(clock()) {
                return Some(job);
            }
            if self.state().closed {
                return None;
            }
            self.refill_needed.notify_one();
            job_available.await;
        }
    }

    /// Parks a job and blocks its domain until the given time.
    pub(super) fn park(&self, mut job: DeliveryJob, until: Millis) {
        let Some(slot) = job.domain_slot.take() else {
            return self.requeue(job);
        };
        let key = Arc::clone(slot.domain());
        drop(slot);
        let mut state = self.state();
        state.block(&key, until);
        if !state.closed {
            state.park(&key, job, true);
        }
    }

    /// Blocks a domain until the given time.
    pub(super) fn block(&self, domain: &Arc<str>, until: Millis) {
        self.state().block(domain, until);
    }

    /// Removes the jobs that are parked beyond `horizon`; returns each with the time when its
    /// block expires.
    pub(super) fn drain_parked_beyond(&self, horizon: Millis) -> Vec<(DeliveryJob, Millis)> {
        let mut state = self.state();
        let mut drained = Vec::new();
        let blocked: Vec<_> =
            state.blocked.iter().rev().take_while(|(until, _)| *until > horizon).cloned().collect();
        for (until, key) in blocked {
            let parked = state
                .domains
                .get_mut(&key)
                .map(|d| std::mem::take(&mut d.parked))
                .unwrap_or_default();
            state.parked_count -= parked.len();
            drained.extend(parked.into_iter().map(|job| (job, until)));
        }
        drained
    }

    /// Removes parked jobs of domains that would fill the queue; returns each with the time from which its
    /// domain has room for it.
    pub(super) fn drain_crowded(&self, now: Millis) -> Vec<(DeliveryJob, Millis)> {
        self.state().drain_crowded(MAX_PARKED_JOBS, now)
    }

    /// Ends expired blocks and wakes a worker for each ready domain.
    pub(super) fn wake_expired(&self, now: Millis) {
        let mut state = self.state();
        state.release_expired(now);
        let ready = state.ready_domains.len();
        drop(state);
        for _ in 0..ready {
            self.job_available.notify_one();
        }
    }

    /// Returns the editions that need no more jobs now.
    pub(super) fn well_filled_editions(&self) -> Vec<i64> {
        let state = self.state();
        state
            .editions
            .iter()
            .filter(|queue| queue.jobs.len() >= state.refill_threshold)
            .map(|queue| queue.edition)
            .collect()
    }

    /// Returns the number of queued jobs.
    pub(super) fn depth(&self) -> QueueDepth {
        let state = self.state();
        let of_editions: usize = state.editions.iter().map(|queue| queue.jobs.len()).sum();
        QueueDepth {
            total: state.priority_jobs.len()
                + state.yielding.len()
                + state.parked_count
                + of_editions,
            priority_jobs: state.priority_jobs.len(),
        }
    }

    /// Waits until the queue is closed.
    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Closes the queue and drops its jobs, which releases their leases.
    pub(super) fn close(&self) {
        let closed = QueueState::new(0, Arc::clone(&self.job_available));
        let remaining =
            std::mem::replace(&mut *self.state(), QueueState { closed: true, ..closed });
        self.closed.cancel();
        self.job_available.notify_waiters();
        drop(remaining);
    }
}

#[cfg(test)]
mod tests;
