//! Concurrency limits of WebSub requests: one limit per request class and one per host.
//!
//! A hanging subscriber occupies one permit of its host. From then on its requests are in the
//! [`RequestClass::Slow`] class, for which each host has a separate permit, so that it delays no
//! healthy subscriber.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::store::http_job_leases::HttpJobKind;

/// Concurrent requests of a node to one host, except those of the slow class.
const REQUESTS_PER_HOST: usize = 2;
/// Concurrent requests of a node to slow subscribers of one host.
const SLOW_REQUESTS_PER_HOST: usize = 1;
/// Duration after which a request moves to a permit of the slow class, if one is free.
const PERMIT_SWITCH_DELAY: Duration = Duration::from_millis(500);
/// Number of pending jobs at which no more jobs are leased for a host.
const BUSY_HOST_JOBS: usize = 4;
/// Maximum number of jobs leased for one host at a time.
pub(super) const MAX_LEASED_PER_HOST: usize = 12;

/// Class of a request; each class has its own concurrency limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum RequestClass {
    /// Pushes to subscribers whose last push succeeded, and pings.
    Healthy,
    /// Pushes to subscribers whose last push failed or was slow.
    Slow,
    /// Requests to callbacks that are not verified yet, and denials of removed feeds.
    Unverified,
}

/// Limits the concurrent requests of a node and tracks them.
#[derive(Debug)]
pub(super) struct ConcurrencyLimiter {
    /// Semaphore and maximum number of jobs of each class.
    classes: HashMap<RequestClass, (Arc<Semaphore>, usize)>,
    state: Mutex<State>,
    /// Notified when there is capacity again for jobs that were not leased.
    wakeup: Notify,
    tasks: TaskTracker,
    permit_switch_delay: Duration,
    /// Cancelled to start no more requests.
    stop: CancellationToken,
    /// Cancelled to drop the requests in flight.
    abort: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    jobs_by_class: HashMap<RequestClass, usize>,
    /// Classes that had jobs to lease last time.
    has_more: BTreeSet<u8>,
    hosts: HashMap<HostKey, HostLimit>,
    rows: HashMap<HttpJobKind, BTreeSet<i64>>,
}

/// Host, and `true` for its slow subscribers.
type HostKey = (String, bool);

#[derive(Debug)]
struct HostLimit {
    semaphore: Arc<Semaphore>,
    jobs: usize,
}

/// Class, host and lease of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpJob {
    /// Class of the job.
    pub(super) class: RequestClass,
    /// Host that the request goes to.
    pub(super) host: String,
    /// Table and row id of the job, if its lease must be renewed.
    pub(super) leased_row: Option<(HttpJobKind, i64)>,
}

impl HttpJob {
    fn key(&self) -> HostKey {
        (self.host.clone(), self.class == RequestClass::Slow)
    }
}

/// Returns the lower-case host of a URL that was validated before.
pub(super) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

impl ConcurrencyLimiter {
    /// Creates a limiter for `connections` concurrent pushes, of which the slow class gets a quarter,
    /// and as many requests to unverified callbacks, which strangers may make hang.
    pub(super) fn new(connections: usize) -> Self {
        let quarter = (connections / 4).max(1);
        let class = |permits: usize, jobs: usize| (Arc::new(Semaphore::new(permits)), jobs);
        let healthy = (connections - quarter).max(1);
        let classes = [
            (RequestClass::Healthy, class(healthy, healthy * 4)),
            (RequestClass::Slow, class(quarter, quarter * 4)),
            // Few jobs wait for a permit, so that the store can put others first.
            (RequestClass::Unverified, class(connections, connections + quarter)),
        ];
        Self {
            classes: classes.into_iter().collect(),
            state: Mutex::default(),
            wakeup: Notify::new(),
            tasks: TaskTracker::new(),
            permit_switch_delay: PERMIT_SWITCH_DELAY,
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is safe to use: the counters are consistent after each change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of jobs that a class can accept now.
    pub(super) fn capacity(&self, class: RequestClass) -> usize {
        let max_jobs = self.classes.get(&class).map_or(0, |(_, max_jobs)| *max_jobs);
        if self.stop.is_cancelled() {
            0
        } else {
            max_jobs.saturating_sub(self.state().jobs_by_class.get(&class).copied().unwrap_or(0))
        }
    }

    /// Returns the hosts that have too many pending jobs to accept more of a class.
    pub(super) fn busy_hosts(&self, class: RequestClass) -> Vec<String> {
        let is_busy = |((_, is_slow), host): &(&HostKey, &HostLimit)| {
            *is_slow == (class == RequestClass::Slow) && host.jobs >= BUSY_HOST_JOBS
        };
        self.state().hosts.iter().filter(is_busy).map(|((name, _), _)| name.clone()).collect()
    }

    /// Returns the rows whose leases must be renewed.
    pub(super) fn leased_rows(&self) -> Vec<(HttpJobKind, Vec<i64>)> {
        self.state().rows.iter().map(|(kind, ids)| (*kind, ids.iter().copied().collect())).collect()
    }

    /// Stores whether a class had jobs to lease; if so, regained capacity sends a notification.
    pub(super) fn set_has_more(&self, class: RequestClass, has_more: bool) {
        let mut state = self.state();
        if has_more {
            state.has_more.insert(class as u8)
        } else {
            state.has_more.remove(&(class as u8))
        };
    }

    /// Runs `work` as soon as its host and its class have a free permit. On shutdown, work that has
    /// not started is dropped.
    pub(super) fn spawn(
        self: &Arc<Self>,
        job: HttpJob,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let (Some((class, _)), Some((slow, _))) =
            (self.classes.get(&job.class), self.classes.get(&RequestClass::Slow))
        else {
            return;
        };
        let (class, slow, host) = (Arc::clone(class), Arc::clone(slow), self.register(&job));
        // Slow jobs already hold such a permit, and unverified callbacks must not use them.
        let slow = (job.class == RequestClass::Healthy).then_some(slow);
        let (stop, abort, delay) =
            (self.stop.clone(), self.abort.clone(), self.permit_switch_delay);
        let guard = HttpJobGuard { limiter: Arc::clone(self), job };
        self.tasks.spawn(async move {
            let _guard = guard;
            // The host permit first: a job that waits for a slow host must not occupy a class
            // permit.
            let both = async {
                let host = host.acquire_owned().await;
                (host, class.acquire_owned().await)
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                (_host, permit) = both => {
                    tokio::select! {
                        () = abort.cancelled() => {}
                        () = work => {}
                        () = yield_when_slow(permit, slow, delay) => {}
                    }
                }
            }
        });
    }

    fn register(&self, job: &HttpJob) -> Arc<Semaphore> {
        let mut state = self.state();
        *state.jobs_by_class.entry(job.class).or_default() += 1;
        if let Some((kind, id)) = job.leased_row {
            state.rows.entry(kind).or_default().insert(id);
        }
        let permits = if job.class == RequestClass::Slow {
            SLOW_REQUESTS_PER_HOST
        } else {
            REQUESTS_PER_HOST
        };
        let new = || HostLimit { semaphore: Arc::new(Semaphore::new(permits)), jobs: 0 };
        let host = state.hosts.entry(job.key()).or_insert_with(new);
        host.jobs += 1;
        Arc::clone(&host.semaphore)
    }

    fn release(&self, job: &HttpJob) {
        let mut state = self.state();
        let class_jobs = state.jobs_by_class.entry(job.class).or_default();
        *class_jobs = class_jobs.saturating_sub(1);
        let class_left = *class_jobs;
        if let Some((kind, id)) = job.leased_row {
            state.rows.entry(kind).or_default().remove(&id);
        }
        let host_left = match state.hosts.get_mut(&job.key()) {
            Some(host) if host.jobs > 1 => {
                host.jobs -= 1;
                host.jobs
            }
            _ => {
                state.hosts.remove(&job.key());
                0
            }
        };
        let max_jobs = self.classes.get(&job.class).map_or(0, |(_, max_jobs)| *max_jobs);
        if host_left < BUSY_HOST_JOBS
            && class_left <= max_jobs / 2
            && state.has_more.contains(&(job.class as u8))
        {
            self.wakeup.notify_one();
        }
    }

    /// Sends a notification to [`Self::notified`].
    pub(super) fn notify(&self) {
        self.wakeup.notify_one();
    }

    /// Waits for a notification that there may be jobs.
    pub(super) async fn notified(&self) {
        self.wakeup.notified().await;
    }

    /// Waits until no job is running or pending.
    pub(super) async fn wait_idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// Starts no more work, waits up to `grace` for work in flight, then drops it.
    pub(super) async fn shutdown(&self, grace: Duration) {
        self.stop.cancel();
        if tokio::time::timeout(grace, self.wait_idle()).await.is_err() {
            self.abort.cancel();
            self.wait_idle().await;
        }
    }
}

/// Releases a permit once its work is slow and a slow permit is free to replace it. Never
/// returns; the caller drops it when the work ends.
async fn yield_when_slow<T>(permit: T, slow: Option<Arc<Semaphore>>, delay: Duration) {
    let Some(slow) = slow else { return std::future::pending().await };
    tokio::time::sleep(delay).await;
    let _slow = slow.acquire_owned().await;
    drop(permit);
    std::future::pending().await
}

/// Releases a job when dropped, however its work ends.
struct HttpJobGuard {
    limiter: Arc<ConcurrencyLimiter>,
    job: HttpJob,
}

impl Drop for HttpJobGuard {
    fn drop(&mut self) {
        self.limiter.release(&self.job);
    }
}
