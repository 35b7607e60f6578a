//! Tests with hanging hosts, which must not delay the others.

use tokio::sync::mpsc;

use super::*;

fn job(class: RequestClass, host: &str, id: i64) -> HttpJob {
    HttpJob { class, host: host.into(), leased_row: Some((HttpJobKind::Push, id)) }
}

#[tokio::test]
async fn hanging_host_does_not_delay_other_hosts() {
    let limiter = Arc::new(ConcurrencyLimiter::new(8));
    for id in 0..6 {
        limiter.spawn(job(RequestClass::Healthy, "hangs.example", id), std::future::pending());
    }
    let (sender, mut receiver) = mpsc::unbounded_channel();
    for id in 6..20 {
        let sender = sender.clone();
        limiter.spawn(job(RequestClass::Healthy, &format!("{id}.example"), id), async move {
            sender.send(id).unwrap()
        });
    }
    for _ in 6..20 {
        receiver.recv().await.unwrap();
    }
    assert_eq!(limiter.busy_hosts(RequestClass::Healthy), ["hangs.example"]);
    limiter.shutdown(Duration::ZERO).await;
    assert!(
        limiter.leased_rows().iter().all(|(_, ids)| ids.is_empty())
            && limiter.busy_hosts(RequestClass::Healthy).is_empty()
    );
    assert_eq!(limiter.capacity(RequestClass::Healthy), 0, "nothing starts after shutdown");
}

#[tokio::test]
async fn slow_subscriber_does_not_delay_healthy_ones_of_its_host() {
    let limiter = Arc::new(ConcurrencyLimiter::new(8));
    for id in 0..6 {
        limiter.spawn(job(RequestClass::Slow, "many.example", id), std::future::pending());
    }
    assert_eq!(
        (limiter.busy_hosts(RequestClass::Slow), limiter.busy_hosts(RequestClass::Healthy)),
        (vec!["many.example".into()], vec![])
    );
    let (sender, mut receiver) = mpsc::unbounded_channel();
    limiter.spawn(
        job(RequestClass::Healthy, "many.example", 6),
        async move { sender.send(6).unwrap() },
    );
    assert_eq!(receiver.recv().await, Some(6));
    limiter.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn slow_healthy_request_releases_its_permit_to_others() {
    let limiter = Arc::new(ConcurrencyLimiter {
        permit_switch_delay: Duration::ZERO,
        ..ConcurrencyLimiter::new(8)
    });
    for id in 0..4 {
        limiter.spawn(
            job(RequestClass::Healthy, &format!("{id}.example"), id),
            std::future::pending(),
        );
    }
    let (sender, mut receiver) = mpsc::unbounded_channel();
    limiter.spawn(
        job(RequestClass::Healthy, "good.example", 4),
        async move { sender.send(4).unwrap() },
    );
    assert_eq!(receiver.recv().await, Some(4));
    limiter.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn regained_capacity_notifies_if_jobs_are_left() {
    let limiter = Arc::new(ConcurrencyLimiter::new(4));
    limiter.set_has_more(RequestClass::Unverified, true);
    limiter.spawn(job(RequestClass::Unverified, "a.example", 1), async {});
    limiter.notified().await;
    assert_eq!(
        (
            limiter.capacity(RequestClass::Unverified),
            limiter.capacity(RequestClass::Healthy),
            limiter.leased_rows()[0].1.len()
        ),
        (5, 12, 0)
    );
}
