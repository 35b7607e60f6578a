//! Tests of the scheduling rules of the send queue.

use std::time::Duration;

use tokio::sync::mpsc;

use super::super::domain_slots::SharedDomainLimit;
use super::super::lease::{LeaseGuard, LeaseId};
use super::*;
use crate::domain::delivery::DeliveryKind;
use crate::domain::domain_limits::DomainLimit;
use crate::domain::rate::Rate;
use crate::domain::time::SignedDuration;
use crate::store::leased_delivery::LeasedDelivery;

const NOW: Millis = Millis(1_000);

/// Returns the time that many milliseconds after [`NOW`].
fn after(ms: i64) -> Millis {
    NOW.plus(SignedDuration::from_millis(ms))
}

/// Send queue with a channel that receives the leases of dropped jobs.
struct TestQueue {
    queue: Arc<SendQueue>,
    released_tx: mpsc::UnboundedSender<LeaseId>,
    released_rx: mpsc::UnboundedReceiver<LeaseId>,
}

impl TestQueue {
    fn new() -> Self {
        let (released_tx, released_rx) = mpsc::unbounded_channel();
        Self { queue: SendQueue::new(2, Vec::new()), released_tx, released_rx }
    }

    fn job(
        &self,
        id: i64,
        edition: Option<i64>,
        limit: Option<&Arc<SharedDomainLimit>>,
    ) -> DeliveryJob {
        let delivery = LeasedDelivery {
            id,
            kind: if edition.is_some() { DeliveryKind::Edition } else { DeliveryKind::Test },
            edition_id: edition,
            variant_id: None,
            subscriber_id: None,
            subscription_id: None,
            address: format!("r{id}@example.org"),
            name: None,
            attempts: 0,
            uncertain: 0,
            payload: None,
            created_at: NOW,
            first_attempt_at: None,
        };
        let lease = Arc::new(LeaseGuard::new(LeaseId::QueueEntry(id), self.released_tx.clone()));
        DeliveryJob { delivery, lease, domain_limit: limit.cloned(), domain_slot: None }
    }

    fn add(
        &self,
        edition: i64,
        ids: impl IntoIterator<Item = i64>,
        limit: Option<&Arc<SharedDomainLimit>>,
    ) {
        self.queue.push_edition(
            edition,
            ids.into_iter().map(|id| self.job(id, Some(edition), limit)).collect(),
        );
    }

    fn next(&self) -> Option<DeliveryJob> {
        self.queue.try_next(NOW)
    }

    /// Returns the ids of all jobs that can start now; each ends before the next starts.
    fn drain(&self) -> Vec<i64> {
        std::iter::from_fn(|| self.next().map(|job| job.delivery.id)).collect()
    }
}

fn limit(key: &str, max_in_flight: u32) -> Arc<SharedDomainLimit> {
    Arc::new(SharedDomainLimit::new(&DomainLimit {
        key,
        max_concurrent: Some(max_in_flight),
        rates: &[],
    }))
}

fn id(job: Option<&DeliveryJob>) -> Option<i64> {
    job.map(|job| job.delivery.id)
}

#[test]
fn priority_jobs_go_first_and_editions_in_round_robin() {
    let test = TestQueue::new();
    test.add(1, [11, 12, 13], None);
    test.add(2, [21, 22], None);
    test.queue.push_priority(test.job(1, None, None));
    test.queue.push_priority(test.job(2, Some(1), None));
    assert_eq!((test.queue.depth().total, test.queue.depth().priority_jobs), (7, 2));
    assert_eq!(test.drain(), [1, 2, 11, 21, 12, 22, 13]);
    assert_eq!(test.queue.depth().total, 0);
}

#[test]
fn an_edition_below_the_refill_threshold_wakes_the_fetcher() {
    let test = TestQueue::new();
    test.add(1, [11, 12, 13], None);
    assert_eq!(test.queue.well_filled_editions(), [1]);
    let refill_needed = |test: &TestQueue| {
        let notified = test.queue.refill_needed.notified();
        tokio::pin!(notified);
        notified.enable()
    };
    test.next();
    assert!(!refill_needed(&test), "two jobs are left, which is the refill threshold");
    test.next();
    assert!(refill_needed(&test));
    assert!(test.queue.well_filled_editions().is_empty());
    test.add(1, [14], None);
    assert_eq!(test.drain(), [13, 14], "new jobs go behind the queued ones");
}

#[test]
fn an_edition_below_the_refill_threshold_because_of_parked_jobs_wakes_the_fetcher_too() {
    let test = TestQueue { queue: SendQueue::new(3, Vec::new()), ..TestQueue::new() };
    test.add(1, [11], Some(&limit("closed.example", 0)));
    test.add(1, [12, 13], None);
    assert_eq!(id(test.next().as_ref()), Some(12));
    let notified = test.queue.refill_needed.notified();
    tokio::pin!(notified);
    assert!(notified.enable(), "the parked job brought the edition below the refill threshold");
}

#[test]
fn the_newest_jobs_of_a_crowded_domain_leave_the_queue_and_some_keep_it_busy() {
    let test = TestQueue::new();
    let five_per_second = Arc::new(SharedDomainLimit::new(&DomainLimit {
        key: "slow.example",
        max_concurrent: Some(0),
        rates: &Rate::parse_list("5/s").unwrap(),
    }));
    let parked = i64::try_from(MAX_PARKED_JOBS).unwrap();
    test.add(1, 0..parked, Some(&five_per_second));
    test.add(2, [90_001, 90_002], Some(&limit("closed.example", 0)));
    test.add(3, [90_003], None);
    assert_eq!(test.drain(), [90_003]);
    let drained = test.queue.drain_crowded(NOW);
    let (first, at) = (&drained[0].0.delivery, drained[0].1);
    let kept = MAX_PARKED_JOBS / 4;
    assert_eq!((drained.len(), first.id), (MAX_PARKED_JOBS - kept, i64::try_from(kept).unwrap()));
    assert_eq!(at, after(i64::try_from(kept / 5).unwrap() * 1_000), "behind those that stay");
    assert_eq!(test.queue.depth().total, kept + 2);
    assert!(test.queue.drain_crowded(NOW).is_empty(), "there is room again");
}

#[test]
fn a_job_that_made_the_relay_fail_lets_one_other_go_first() {
    let test = TestQueue::new();
    test.add(1, [11, 12], None);
    test.queue.push_priority(test.job(1, None, None));
    let failed = test.next().unwrap();
    test.queue.requeue_after_next(failed);
    assert_eq!(test.queue.depth().total, 3);
    assert_eq!(test.drain(), [11, 1, 12]);
    test.queue.requeue_after_next(test.job(1, None, None));
    assert_eq!(test.drain(), [1], "no other job waits");
    test.queue.requeue_after_next(test.job(13, Some(1), None));
    test.queue.close();
    assert_eq!(test.drain(), Vec::<i64>::new());
}

#[test]
fn a_requeued_job_is_the_next_of_its_edition() {
    let test = TestQueue::new();
    test.add(1, [11, 12], None);
    let first = test.next().unwrap();
    test.queue.requeue(first);
    assert_eq!(test.drain(), [11, 12]);
    let retry = test.job(3, Some(9), None);
    test.add(1, [13], None);
    test.queue.requeue(retry);
    assert_eq!(test.drain(), [3, 13], "a job without a queued edition becomes a priority job");
}

#[test]
fn a_full_domain_does_not_hold_up_other_domains() {
    let test = TestQueue::new();
    let one = limit("slow.example", 1);
    test.add(1, [11, 12], Some(&one));
    test.add(1, [13], None);
    let first = test.next().unwrap();
    assert_eq!(test.queue.depth().total, 2);
    assert_eq!(id(test.next().as_ref()), Some(13), "the second job is parked");
    assert!(test.next().is_none());
    assert_eq!(test.queue.depth().total, 1, "a parked job is counted");
    drop(first);
    assert_eq!(test.drain(), [12]);
}

#[test]
fn a_requeued_or_dropped_job_releases_its_slot_once() {
    let test = TestQueue::new();
    let two = limit("slow.example", 2);
    test.add(1, 11..=14, Some(&two));
    let (first, second) = (test.next().unwrap(), test.next().unwrap());
    assert!(test.next().is_none());
    test.queue.requeue(first);
    let third = test.next().unwrap();
    assert_eq!(third.delivery.id, 13, "a parked job goes before a requeued one");
    assert!(test.next().is_none(), "two are in flight");
    drop(second);
    drop(third);
    assert_eq!(test.drain(), [14, 11]);
}

#[test]
fn jobs_to_a_blocked_domain_stay_parked_until_the_block_expires() {
    let test = TestQueue::new();
    let wide = limit("slow.example", 9);
    test.add(1, [11, 12, 13], Some(&wide));
    test.add(1, [14], None);
    let first = test.next().unwrap();
    let until = after(500);
    test.queue.park(first, until);
    assert_eq!(id(test.next().as_ref()), Some(14));
    assert!(
        test.next().is_none()
            && test.queue.try_next(until.plus(SignedDuration::from_millis(-1))).is_none()
    );
    assert_eq!(test.queue.depth().total, 3);
    let ids: Vec<_> =
        std::iter::from_fn(|| test.queue.try_next(until).map(|job| job.delivery.id)).collect();
    assert_eq!(ids, [11, 12, 13], "parked jobs keep their order");
}

#[test]
fn a_block_is_extended_and_never_shortened() {
    let test = TestQueue::new();
    let wide = limit("slow.example", 9);
    let key: Arc<str> = "slow.example".into();
    test.queue.block(&key, after(500));
    test.queue.block(&key, after(100));
    test.add(1, [11], Some(&wide));
    assert!(test.queue.try_next(after(499)).is_none());
    test.queue.block(&key, after(900));
    assert!(test.queue.try_next(after(500)).is_none());
    assert_eq!(id(test.queue.try_next(after(900)).as_ref()), Some(11));
}

#[test]
fn a_domain_is_forgotten_when_its_block_expired_but_its_messages_in_flight_count() {
    let test = TestQueue::new();
    let known = |test: &TestQueue| test.queue.state().domains.len();
    test.queue.block(&"slow.example".into(), after(500));
    test.queue.wake_expired(after(499));
    assert_eq!(known(&test), 1);
    test.queue.wake_expired(after(500));
    assert_eq!(known(&test), 0);
    test.add(1, [11], Some(&limit("slow.example", 1)));
    let on_its_way = test.next();
    test.queue.block(&"slow.example".into(), after(900));
    test.queue.wake_expired(after(900));
    assert_eq!(known(&test), 0);
    test.add(1, [12], Some(&limit("slow.example", 1)));
    assert!(test.next().is_none(), "a message to it is in flight");
    drop(on_its_way);
    assert_eq!(id(test.next().as_ref()), Some(12));
    assert_eq!(known(&test), 0);
    assert!(test.queue.state().slots.is_unused());
}

#[test]
fn domains_blocked_by_an_earlier_run_stay_blocked() {
    let wide = limit("slow.example", 9);
    let test = TestQueue {
        queue: SendQueue::new(2, vec![("slow.example".into(), after(500))]),
        ..TestQueue::new()
    };
    test.add(1, [11], Some(&wide));
    test.add(1, [12], None);
    assert_eq!(test.drain(), [12]);
    assert_eq!(id(test.queue.try_next(after(500)).as_ref()), Some(11));
}

#[test]
fn jobs_parked_beyond_the_horizon_are_drained_with_their_time() {
    let test = TestQueue::new();
    let (slow, slower) = (limit("slow.example", 1), limit("slower.example", 1));
    test.queue.block(&"slow.example".into(), after(100));
    test.queue.block(&"slower.example".into(), after(10_000));
    test.add(1, [11], Some(&slow));
    test.add(1, [12, 13], Some(&slower));
    assert!(test.next().is_none());
    let drained: Vec<_> = test
        .queue
        .drain_parked_beyond(after(1_000))
        .into_iter()
        .map(|(job, until)| (job.delivery.id, until))
        .collect();
    assert_eq!(drained, [(12, after(10_000)), (13, after(10_000))]);
    assert_eq!(test.queue.depth().total, 1);
    assert!(test.queue.drain_parked_beyond(after(1_000)).is_empty());
    assert_eq!(id(test.queue.try_next(after(100)).as_ref()), Some(11));
    test.add(1, [14], Some(&slower));
    assert_eq!(
        id(test.queue.try_next(after(10_000)).as_ref()),
        Some(14),
        "the domain accepts jobs again"
    );
}

#[tokio::test]
async fn a_waiting_worker_is_woken_for_every_job_that_can_go() {
    let test = TestQueue::new();
    let one = limit("slow.example", 1);
    let spawn_waiting = |test: &TestQueue| {
        let queue = Arc::clone(&test.queue);
        tokio::spawn(async move { queue.next(|| NOW).await })
    };
    let joined = async |worker: tokio::task::JoinHandle<Option<DeliveryJob>>| {
        tokio::time::timeout(Duration::from_secs(10), worker).await.unwrap().unwrap()
    };
    let worker = spawn_waiting(&test);
    tokio::task::yield_now().await;
    test.add(1, [11, 12], Some(&one));
    let first = joined(worker).await;
    assert_eq!(id(first.as_ref()), Some(11));
    let worker = spawn_waiting(&test);
    tokio::task::yield_now().await;
    drop(first);
    let second = joined(worker).await;
    assert_eq!(id(second.as_ref()), Some(12), "a released slot wakes a worker");
    let worker = spawn_waiting(&test);
    tokio::task::yield_now().await;
    test.queue.requeue(second.unwrap());
    assert_eq!(id(joined(worker).await.as_ref()), Some(12));
    let workers = [spawn_waiting(&test), spawn_waiting(&test)];
    tokio::task::yield_now().await;
    test.queue.close();
    for worker in workers {
        assert!(joined(worker).await.is_none());
    }
}

#[test]
fn closing_releases_every_lease_and_accepts_no_more_jobs() {
    let mut test = TestQueue::new();
    let one = limit("slow.example", 1);
    test.queue.push_priority(test.job(1, None, None));
    test.add(1, [11, 12, 13], Some(&one));
    let (priority, in_flight) = (test.next().unwrap(), test.next().unwrap());
    assert!(test.next().is_none());
    test.queue.close();
    let mut released: Vec<_> = std::iter::from_fn(|| test.released_rx.try_recv().ok()).collect();
    released.sort_by_key(|l| if let LeaseId::QueueEntry(id) = l { *id } else { 0 });
    assert_eq!(released, [LeaseId::QueueEntry(12), LeaseId::QueueEntry(13)]);
    test.queue.requeue(priority);
    test.queue.park(in_flight, after(5));
    assert_eq!(
        std::iter::from_fn(|| test.released_rx.try_recv().ok()).count(),
        2,
        "a closed queue keeps no job"
    );
    assert!(test.next().is_none() && test.queue.depth().total == 0);
}
