//! The docket's order, one rule at a time.

use std::time::Duration;

use tokio::sync::mpsc;

use super::super::lease::{Leased, Limit, Ticket};
use super::*;
use crate::domain::provider::DomainLimit;
use crate::store::claims::Claimed;

const NOW: Millis = Millis(1_000);

/// A docket, and a place where the leases of dropped jobs come back.
struct Desk {
    docket: Arc<Docket>,
    over: mpsc::UnboundedSender<Leased>,
    back: mpsc::UnboundedReceiver<Leased>,
}

impl Desk {
    fn new() -> Self {
        let (over, back) = mpsc::unbounded_channel();
        Self { docket: Docket::new(2, Vec::new()), over, back }
    }

    fn job(&self, id: i64, edition: Option<i64>, limit: Option<&Arc<Limit>>) -> Job {
        let claimed = Claimed {
            id,
            kind: if edition.is_some() { "edition" } else { "test" }.into(),
            edition_id: edition,
            variant_id: None,
            subscriber_id: None,
            subscription_id: None,
            address: format!("r{id}@example.org"),
            name: None,
            attempts: 0,
            uncertain: 0,
            letter: None,
            created_at: NOW,
            first_tried_at: None,
        };
        let ticket = Arc::new(Ticket::new(Leased::Single(id), self.over.clone()));
        Job { claimed, ticket, limit: limit.cloned(), pass: None }
    }

    fn add(&self, edition: i64, ids: impl IntoIterator<Item = i64>, limit: Option<&Arc<Limit>>) {
        self.docket
            .add(edition, ids.into_iter().map(|id| self.job(id, Some(edition), limit)).collect());
    }

    fn next(&self) -> Option<Job> {
        self.docket.try_next(NOW)
    }

    /// All that can go now, each done with before the next.
    fn order(&self) -> Vec<i64> {
        std::iter::from_fn(|| self.next().map(|job| job.claimed.id)).collect()
    }
}

fn limit(key: &str, at_once: u32) -> Arc<Limit> {
    Arc::new(Limit::of(&DomainLimit { key, at_once: Some(at_once), rates: &[] }))
}

fn id(job: Option<&Job>) -> Option<i64> {
    job.map(|job| job.claimed.id)
}

#[test]
fn letters_go_first_and_editions_in_turn() {
    let desk = Desk::new();
    desk.add(1, [11, 12, 13], None);
    desk.add(2, [21, 22], None);
    desk.docket.add_letter(desk.job(1, None, None));
    desk.docket.add_letter(desk.job(2, Some(1), None));
    assert_eq!((desk.docket.len().all, desk.docket.len().letters), (7, 2));
    assert_eq!(desk.order(), [1, 2, 11, 21, 12, 22, 13]);
    assert_eq!(desk.docket.len().all, 0);
}

#[test]
fn an_edition_that_has_enough_is_full_and_one_that_runs_low_calls_the_feeder() {
    let desk = Desk::new();
    desk.add(1, [11, 12, 13], None);
    assert_eq!(desk.docket.full(), [1]);
    let hungry = |desk: &Desk| {
        let called = desk.docket.hungry.notified();
        tokio::pin!(called);
        called.enable()
    };
    desk.next();
    assert!(!hungry(&desk), "two are left, which is enough");
    desk.next();
    assert!(hungry(&desk));
    assert!(desk.docket.full().is_empty());
    desk.add(1, [14], None);
    assert_eq!(desk.order(), [13, 14], "more of an edition goes behind what is there");
}

#[test]
fn an_edition_that_runs_low_by_who_stands_aside_calls_the_feeder_too() {
    let desk = Desk { docket: Docket::new(3, Vec::new()), ..Desk::new() };
    desk.add(1, [11], Some(&limit("closed.example", 0)));
    desk.add(1, [12, 13], None);
    assert_eq!(id(desk.next().as_ref()), Some(12));
    let called = desk.docket.hungry.notified();
    tokio::pin!(called);
    assert!(called.enable(), "it was the one before that made it low");
}

#[test]
fn a_job_put_back_is_the_next_of_its_edition() {
    let desk = Desk::new();
    desk.add(1, [11, 12], None);
    let first = desk.next().unwrap();
    desk.docket.put_back(first);
    assert_eq!(desk.order(), [11, 12]);
    let retry = desk.job(3, Some(9), None);
    desk.add(1, [13], None);
    desk.docket.put_back(retry);
    assert_eq!(desk.order(), [3, 13], "what has no edition here goes as a letter");
}

#[test]
fn a_domain_takes_as_many_as_it_may_and_nobody_else_waits_for_it() {
    let desk = Desk::new();
    let one = limit("slow.example", 1);
    desk.add(1, [11, 12], Some(&one));
    desk.add(1, [13], None);
    let first = desk.next().unwrap();
    assert_eq!(desk.docket.len().all, 2);
    assert_eq!(id(desk.next().as_ref()), Some(13), "the second stands aside");
    assert!(desk.next().is_none());
    assert_eq!(desk.docket.len().all, 1, "it is counted while it stands aside");
    drop(first);
    assert_eq!(desk.order(), [12]);
}

#[test]
fn a_job_put_back_or_dropped_gives_its_place_up_once() {
    let desk = Desk::new();
    let two = limit("slow.example", 2);
    desk.add(1, 11..=14, Some(&two));
    let (first, second) = (desk.next().unwrap(), desk.next().unwrap());
    assert!(desk.next().is_none());
    desk.docket.put_back(first);
    let third = desk.next().unwrap();
    assert_eq!(third.claimed.id, 13, "who stood aside goes before who was put back");
    assert!(desk.next().is_none(), "two are in flight");
    drop(second);
    drop(third);
    assert_eq!(desk.order(), [14, 11]);
}

#[test]
fn a_domain_that_rests_holds_its_own_until_its_time_has_come() {
    let desk = Desk::new();
    let wide = limit("slow.example", 9);
    desk.add(1, [11, 12, 13], Some(&wide));
    desk.add(1, [14], None);
    let first = desk.next().unwrap();
    let until = NOW.plus(500);
    desk.docket.stand_aside(first, until);
    assert_eq!(id(desk.next().as_ref()), Some(14));
    assert!(desk.next().is_none() && desk.docket.try_next(until.plus(-1)).is_none());
    assert_eq!(desk.docket.len().all, 3);
    let ids: Vec<_> =
        std::iter::from_fn(|| desk.docket.try_next(until).map(|job| job.claimed.id)).collect();
    assert_eq!(ids, [11, 12, 13], "in their order");
}

#[test]
fn a_rest_is_prolonged_and_never_shortened() {
    let desk = Desk::new();
    let wide = limit("slow.example", 9);
    let key: Arc<str> = "slow.example".into();
    desk.docket.rest(&key, NOW.plus(500));
    desk.docket.rest(&key, NOW.plus(100));
    desk.add(1, [11], Some(&wide));
    assert!(desk.docket.try_next(NOW.plus(499)).is_none());
    desk.docket.rest(&key, NOW.plus(900));
    assert!(desk.docket.try_next(NOW.plus(500)).is_none());
    assert_eq!(id(desk.docket.try_next(NOW.plus(900)).as_ref()), Some(11));
}

#[test]
fn a_domain_is_forgotten_when_its_rest_is_over_and_nobody_goes_there() {
    let desk = Desk::new();
    let known = |desk: &Desk| desk.docket.order().domains.len();
    desk.docket.rest(&"slow.example".into(), NOW.plus(500));
    desk.docket.look(NOW.plus(499));
    assert_eq!(known(&desk), 1);
    desk.docket.look(NOW.plus(500));
    assert_eq!(known(&desk), 0);
    desk.add(1, [11], Some(&limit("slow.example", 1)));
    let on_its_way = desk.next();
    desk.docket.rest(&"slow.example".into(), NOW.plus(900));
    desk.docket.look(NOW.plus(900));
    assert_eq!(known(&desk), 1, "a message to it is in flight");
    drop(on_its_way);
    assert_eq!(known(&desk), 0);
}

#[test]
fn domains_that_rested_in_an_earlier_run_rest_on() {
    let wide = limit("slow.example", 9);
    let desk = Desk {
        docket: Docket::new(2, vec![("slow.example".into(), NOW.plus(500))]),
        ..Desk::new()
    };
    desk.add(1, [11], Some(&wide));
    desk.add(1, [12], None);
    assert_eq!(desk.order(), [12]);
    assert_eq!(id(desk.docket.try_next(NOW.plus(500)).as_ref()), Some(11));
}

#[test]
fn what_stands_aside_for_long_is_taken_out_with_its_time() {
    let desk = Desk::new();
    let (slow, slower) = (limit("slow.example", 1), limit("slower.example", 1));
    desk.docket.rest(&"slow.example".into(), NOW.plus(100));
    desk.docket.rest(&"slower.example".into(), NOW.plus(10_000));
    desk.add(1, [11], Some(&slow));
    desk.add(1, [12, 13], Some(&slower));
    assert!(desk.next().is_none());
    let late: Vec<_> = desk
        .docket
        .take_late(NOW.plus(1_000))
        .into_iter()
        .map(|(job, until)| (job.claimed.id, until))
        .collect();
    assert_eq!(late, [(12, NOW.plus(10_000)), (13, NOW.plus(10_000))]);
    assert_eq!(desk.docket.len().all, 1);
    assert!(desk.docket.take_late(NOW.plus(1_000)).is_empty());
    assert_eq!(id(desk.docket.try_next(NOW.plus(100)).as_ref()), Some(11));
    desk.add(1, [14], Some(&slower));
    assert_eq!(id(desk.docket.try_next(NOW.plus(10_000)).as_ref()), Some(14), "the domain goes on");
}

#[tokio::test]
async fn a_lane_that_waits_hears_of_everything_that_can_go() {
    let desk = Desk::new();
    let one = limit("slow.example", 1);
    let waits = |desk: &Desk| {
        let docket = Arc::clone(&desk.docket);
        tokio::spawn(async move { docket.next(|| NOW).await })
    };
    let got = async |lane: tokio::task::JoinHandle<Option<Job>>| {
        tokio::time::timeout(Duration::from_secs(10), lane).await.unwrap().unwrap()
    };
    let lane = waits(&desk);
    tokio::task::yield_now().await;
    desk.add(1, [11, 12], Some(&one));
    let first = got(lane).await;
    assert_eq!(id(first.as_ref()), Some(11));
    let lane = waits(&desk);
    tokio::task::yield_now().await;
    drop(first);
    let second = got(lane).await;
    assert_eq!(id(second.as_ref()), Some(12), "a place that becomes free is called out");
    let lane = waits(&desk);
    tokio::task::yield_now().await;
    desk.docket.put_back(second.unwrap());
    assert_eq!(id(got(lane).await.as_ref()), Some(12));
    let lanes = [waits(&desk), waits(&desk)];
    tokio::task::yield_now().await;
    desk.docket.close();
    for lane in lanes {
        assert!(got(lane).await.is_none());
    }
}

#[test]
fn closing_gives_every_lease_back_and_takes_nothing_more() {
    let mut desk = Desk::new();
    let one = limit("slow.example", 1);
    desk.docket.add_letter(desk.job(1, None, None));
    desk.add(1, [11, 12, 13], Some(&one));
    let (letter, in_flight) = (desk.next().unwrap(), desk.next().unwrap());
    assert!(desk.next().is_none());
    desk.docket.close();
    let mut back: Vec<_> = std::iter::from_fn(|| desk.back.try_recv().ok()).collect();
    back.sort_by_key(|l| if let Leased::Single(id) = l { *id } else { 0 });
    assert_eq!(back, [Leased::Single(12), Leased::Single(13)]);
    desk.docket.put_back(letter);
    desk.docket.stand_aside(in_flight, NOW.plus(5));
    assert_eq!(
        std::iter::from_fn(|| desk.back.try_recv().ok()).count(),
        2,
        "nothing is kept that no lane will take"
    );
    assert!(desk.next().is_none() && desk.docket.len().all == 0);
}
