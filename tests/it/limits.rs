//! Rate limits: their use is shared by all nodes and survives a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use courant::delivery::OutcomeCounts;
use courant::domain::rate::Rate;
use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SignedDuration};
use courant::domain::warmup::WarmUp;
use courant::store::Store;
use courant::store::rate_limits::{LimitKey, RateLimitRequest, Refund, TakenQuota, UpdateId};
use courant::subscribers::NewSubscriber;
use tokio_util::sync::CancellationToken;

use crate::support::{START_TIME as NOW, World, article, database_tests};

fn request(key: LimitKey, limits: &str, count: i64) -> RateLimitRequest {
    RateLimitRequest { key, limits: Rate::parse_list(limits).unwrap(), warmup: None, count }
}

/// Returns an id that no earlier update has.
fn new_update() -> UpdateId {
    static NUMBER: AtomicI64 = AtomicI64::new(0);
    UpdateId { node: "node".into(), sequence: NUMBER.fetch_add(1, Ordering::Relaxed) }
}

async fn take(store: &Store, limits: &str, count: i64, now: Millis) -> TakenQuota {
    store
        .rate_limits()
        .take_quota(
            &new_update(),
            &[request(LimitKey::for_transport("default"), limits, count)],
            now,
        )
        .await
        .unwrap()[0]
}

/// Sends an edition of whose five readers two have unsubscribed since it was created; returns its
/// status.
async fn send_after_two_of_five_unsubscribed(world: &World) -> String {
    world.publish([article("a")]).await;
    world.add_readers(5).await;
    let edition = world.create_edition().await;
    let first_two = "SELECT subscription_id FROM deliveries ORDER BY id LIMIT 2";
    assert_eq!(
        world
            .sql(&format!(
                "UPDATE subscriptions SET status = 'unsubscribed' WHERE id IN ({first_two})"
            ))
            .await,
        2
    );
    world.deliver().await;
    world.edition_status(edition).await
}

database_tests! {
    async fn limits_use_sliding_windows_across_hours_and_days(world) {
        let store = &world.app.store;
        let late = NOW.plus(HOUR - MINUTE);
        assert_eq!(take(store, "100/h, 150/d", 200, late).await.count, 100);
        let denied = take(store, "100/h, 150/d", 200, NOW.plus(HOUR + MINUTE)).await;
        assert_eq!((denied.count, denied.next_at), (0, late.plus(HOUR)));
        let next = take(store, "100/h, 150/d", 200, denied.next_at).await;
        assert_eq!((next.count, next.next_at), (50, late.plus(DAY)), "the rest of the daily limit");
        assert_eq!(take(store, "100/h, 150/d", 1, next.next_at).await.count, 1);
    }

    async fn two_nodes_together_never_exceed_a_limit(world) {
        let other = world.another_node().await;
        let (taken, google) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let mut tasks = Vec::new();
        for i in 0..40 {
            let store = if i % 2 == 0 { world.app.store.clone() } else { other.store.clone() };
            let (taken, google) = (Arc::clone(&taken), Arc::clone(&google));
            tasks.push(tokio::spawn(async move {
                // Nodes may request the limits in either order.
                let mut requests = vec![
                    request(LimitKey::for_transport("default"), "150/h", 5),
                    request(LimitKey::for_domain("default", "google"), "70/h", 3),
                ];
                if i % 4 > 1 {
                    requests.reverse();
                }
                let granted =
                    store.rate_limits().take_quota(&new_update(), &requests, NOW.plus(SignedDuration::from_millis(i))).await.unwrap();
                for (request, granted) in requests.iter().zip(granted) {
                    let sum = if request.key.domain_key.is_empty() { &taken } else { &google };
                    sum.fetch_add(granted.count, Ordering::Relaxed);
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!((taken.load(Ordering::Relaxed), google.load(Ordering::Relaxed)), (150, 70));
        other.store.close().await;
    }

    async fn a_repeated_update_takes_effect_once_and_returns_the_same_result(world) {
        let (store, own, google) = (
            &world.app.store,
            LimitKey::for_transport("default"),
            LimitKey::for_domain("default", "google"),
        );
        let requests = [request(own.clone(), "10/h", 4), request(google.clone(), "3/h", 4)];
        // The reply to the first commit is lost, and another node takes permits before the retry.
        let update = new_update();
        let granted = store.rate_limits().take_quota(&update, &requests, NOW).await.unwrap();
        let other = UpdateId { node: "other".into(), ..update.clone() };
        assert_eq!(store.rate_limits().take_quota(&other, &requests, NOW.plus(SignedDuration::from_millis(1))).await.unwrap()[0].count, 4);
        assert_eq!(
            store.rate_limits().take_quota(&update, &requests, NOW.plus(MINUTE)).await.unwrap(),
            granted
        );
        assert_eq!((granted[0].count, granted[1].count, granted[0].at), (4, 3, NOW));
        let refund = new_update();
        let unused = [1, 2].map(|count| Refund { key: own.clone(), count, quota_taken_at: NOW });
        for minute in 0..3 {
            store.rate_limits().refund_quota(&refund, &unused, NOW.plus(minute * MINUTE)).await.unwrap();
        }
        assert_eq!(
            take(store, "10/h", 10, NOW.plus(3 * MINUTE)).await.count,
            5,
            "10 minus twice 4, plus 3 refunded"
        );
    }

    async fn used_permits_are_remembered_after_a_restart(world) {
        take(&world.app.store, "20000/d", 19_990, NOW).await;
        world.configure(|_| ()).await;
        assert_eq!(take(&world.app.store, "20000/d", 100, NOW.plus(HOUR)).await.count, 10);
    }

    async fn a_warmup_counts_its_days_from_the_first_mail(world) {
        let warmup = WarmUp::parse("100/d to 400/d in 3d").unwrap();
        let requests = |count| {
            [RateLimitRequest {
                warmup,
                ..request(LimitKey::for_transport("default"), "none", count)
            }]
        };
        let mut sent = Vec::new();
        for (day, count) in [(0, 1000), (1, 0), (2, 1000), (3, 1000)] {
            world.configure(|_| ()).await;
            let granted = world
                .app
                .store
                .rate_limits().take_quota(&new_update(), &requests(count), NOW.plus(DAY * day + SignedDuration::from_millis(day.into())))
                .await
                .unwrap()[0];
            sent.push(granted.count);
            assert!(
                granted.count == count || granted.next_at == NOW.plus((day + 1) * DAY),
                "the limit grows on the next day: {granted:?}"
            );
        }
        assert_eq!(sent, [100, 0, 400, 1000]);
    }

    async fn permits_of_unsent_mails_are_refunded_to_each_limit(world) {
        let store = &world.app.store;
        let (own, google) =
            (LimitKey::for_transport("default"), LimitKey::for_domain("default", "google"));
        let requests = [request(own.clone(), "10/h", 8), request(google.clone(), "5/h", 5)];
        store.rate_limits().take_quota(&new_update(), &requests, NOW).await.unwrap();
        let unused = [
            Refund { key: own, count: 3, quota_taken_at: NOW },
            Refund { key: google, count: 2, quota_taken_at: NOW },
        ];
        store.rate_limits().refund_quota(&new_update(), &unused, NOW.plus(MINUTE)).await.unwrap();
        let granted =
            store.rate_limits().take_quota(&new_update(), &requests, NOW.plus(2 * MINUTE)).await.unwrap();
        assert_eq!((granted[0].count, granted[1].count), (5, 2));
    }

    async fn a_renamed_transport_keeps_its_used_permits(world) {
        take(&world.app.store, "10/d", 10, NOW).await;
        world
            .configure(|s| {
                s.renamed = vec![("default", "relay")];
                s.digest = "transport = \"relay\"".into();
            })
            .await;
        let requests = [request(LimitKey::for_transport("relay"), "10/d", 10)];
        assert_eq!(
            world.app.store.rate_limits().take_quota(&new_update(), &requests, NOW.plus(HOUR)).await.unwrap()
                [0]
            .count,
            0
        );
    }

    async fn limits_of_domains_without_recent_mail_are_deleted(world) {
        let store = &world.app.store;
        let many: Vec<RateLimitRequest> = (0..300)
            .map(|i| request(LimitKey::for_domain("default", &format!("d{i}.example")), "1/d", 1))
            .collect();
        assert!(
            store
                .rate_limits().take_quota(&new_update(), &many, NOW)
                .await
                .unwrap()
                .iter()
                .all(|granted| granted.count == 1)
        );
        let warmup = WarmUp::parse("100/d to 400/d in 3d").unwrap();
        store
            .rate_limits().take_quota(
                &new_update(),
                &[RateLimitRequest {
                    warmup,
                    ..request(LimitKey::for_transport("default"), "none", 1)
                }],
                NOW,
            )
            .await
            .unwrap();
        let again =
            [many[7].clone(), request(LimitKey::for_domain("default", "new.example"), "1/d", 1)];
        assert_eq!(
            store
                .rate_limits().take_quota(&new_update(), &again, NOW.plus(3 * DAY))
                .await
                .unwrap()
                .iter()
                .map(|granted| granted.count)
                .sum::<i64>(),
            2
        );
        assert_eq!(
            world.sql("UPDATE rate_limits SET warmup_total = warmup_total").await,
            3,
            "the two domains and the warm-up remain"
        );
        assert_eq!(
            world.app.store.rate_limits().take_quota(&new_update(), &again, NOW.plus(3 * DAY)).await.unwrap()
                [0]
            .count,
            0
        );
    }

    async fn cancelled_mails_use_no_transport_limit(world) {
        world.configure(|s| s.transport = "connections = 1\nrate = \"3/h\"".into()).await;
        assert_eq!(send_after_two_of_five_unsubscribed(world).await, "sent: 3 sent, 2 cancelled");
    }

    async fn cancelled_mails_use_no_domain_limit(world) {
        world
            .configure(|s| {
                s.transport = "connections = 1\ndomain_limits = [\"example.org: 3/h\"]".into()
            })
            .await;
        assert_eq!(send_after_two_of_five_unsubscribed(world).await, "sent: 3 sent, 2 cancelled");
    }

    async fn mails_above_a_domain_limit_are_spread_over_the_next_windows(world) {
        world
            .configure(|s| {
                s.transport = "connections = 2\ndomain_limits = [\"example.org: 10/h\"]".into()
            })
            .await;
        world.publish([article("a")]).await;
        world.add_readers(60).await;
        let edition = world.create_edition().await;
        let start = world.now();
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sending: 50 queued, 10 sent");
        for hours in 1..=5 {
            let due = start.plus(hours * HOUR + HOUR / 2).0;
            let many = world
                .sql(&format!("UPDATE delivery_queue SET due_at = due_at WHERE due_at < {due}"))
                .await;
            assert_eq!(many, 10 * u64::try_from(hours).unwrap(), "due within {hours}.5 hours");
        }
        for sent in [20, 30] {
            world.advance(HOUR + 5 * MINUTE);
            world.deliver().await;
            assert_eq!(
                world.edition_status(edition).await,
                format!("sending: {} queued, {sent} sent", 60 - sent)
            );
        }
    }

    async fn a_large_audience_at_a_slow_provider_holds_up_nobody_else(world) {
        world
            .configure(|s| {
                s.transport = "connections = 4\ndomain_limits = [\"slow.example: 5/s\"]".into()
            })
            .await;
        world.publish([article("a")]).await;
        let person = |email: String| NewSubscriber { email, ..NewSubscriber::default() };
        // More than a send queue holds, all of them before the others.
        world.subscribe("weekly", (0..4_500).map(|i| person(format!("s{i}@slow.example")))).await;
        world.add_readers(20).await;
        let edition = world.create_edition().await;
        let (dispatcher, transport) = (world.dispatcher(), world.transport().clone());
        let stop = CancellationToken::new();
        let sending = tokio::spawn({
            let stop = stop.clone();
            async move { dispatcher.deliver_due(&transport, SignedDuration::ZERO, &stop).await }
        });
        // 5 messages of this second to the slow provider, and all to the others.
        world.relay.wait_for(25).await;
        stop.cancel();
        sending.await.unwrap().unwrap();
        assert_eq!(world.edition_status(edition).await, "sending: 4495 queued, 25 sent");
    }

    async fn the_snapshot_of_a_transport_counts_sent_and_postponed_messages(world) {
        world
            .configure(|s| {
                s.transport = "connections = 2\ndomain_limits = [\"example.org: 2/h\"]".into()
            })
            .await;
        world.publish([article("a")]).await;
        world.add_readers(5).await;
        world.create_edition().await;
        world.deliver().await;
        let snapshot = world.dispatcher().snapshot();
        assert_eq!(
            snapshot[0].outcomes,
            OutcomeCounts { sent: 2, postponed: 3, ..OutcomeCounts::default() }
        );
    }
}
