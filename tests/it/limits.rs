//! Limits: what was taken from them is known to all nodes and after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use courant::domain::rate::Rate;
use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SignedDuration};
use courant::domain::warmup::Warmup;
use courant::store::Store;
use courant::store::rate_limits::{LimitKey, RateLimitRequest, Refund, Spent, UpdateId};

use crate::support::{START_TIME as NOW, World, article, stories};

fn ask(key: LimitKey, limits: &str, wanted: i64) -> RateLimitRequest {
    RateLimitRequest { key, limits: Rate::parse_list(limits).unwrap(), warmup: None, count: wanted }
}

/// A change that nobody made before.
fn change() -> UpdateId {
    static NUMBER: AtomicI64 = AtomicI64::new(0);
    UpdateId { node: "node".into(), sequence: NUMBER.fetch_add(1, Ordering::Relaxed) }
}

async fn take(store: &Store, limits: &str, wanted: i64, now: Millis) -> Spent {
    store
        .take_permits(&change(), &[ask(LimitKey::for_transport("default"), limits, wanted)], now)
        .await
        .unwrap()[0]
}

/// Sends an edition whose first two readers left after it was made; gives how it fares.
async fn two_of_five_left(world: &World) -> String {
    world.publish([article("a")]).await;
    world.add_readers(5).await;
    let edition = world.create_edition().await;
    let first = "SELECT subscription_id FROM deliveries ORDER BY id LIMIT 2";
    assert_eq!(
        world
            .sql(&format!("UPDATE subscriptions SET status = 'unsubscribed' WHERE id IN ({first})"))
            .await,
        2
    );
    world.deliver().await;
    world.edition_status(edition).await
}

stories! {
    async fn a_limit_slides_over_the_border_of_hours_and_days(world) {
        let store = &world.app.store;
        let late = NOW.plus(HOUR - MINUTE);
        assert_eq!(take(store, "100/h, 150/d", 200, late).await.count, 100);
        let refused = take(store, "100/h, 150/d", 200, NOW.plus(HOUR + MINUTE)).await;
        assert_eq!((refused.count, refused.next_at), (0, late.plus(HOUR)));
        let next = take(store, "100/h, 150/d", 200, refused.next_at).await;
        assert_eq!((next.count, next.next_at), (50, late.plus(DAY)), "what the day has left");
        assert_eq!(take(store, "100/h, 150/d", 1, next.next_at).await.count, 1);
    }

    async fn two_nodes_at_once_take_no_more_than_there_is(world) {
        let other = world.another_node().await;
        let (taken, google) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let mut tasks = Vec::new();
        for i in 0..40 {
            let store = if i % 2 == 0 { world.app.store.clone() } else { other.store.clone() };
            let (taken, google) = (Arc::clone(&taken), Arc::clone(&google));
            tasks.push(tokio::spawn(async move {
                // In both orders, as nodes may ask.
                let mut asks = vec![ask(LimitKey::for_transport("default"), "150/h", 5), ask(LimitKey::for_domain("default", "google"), "70/h", 3)];
                if i % 4 > 1 {
                    asks.reverse();
                }
                let granted = store.take_permits(&change(), &asks, NOW.plus(SignedDuration::from_millis(i))).await.unwrap();
                for (ask, granted) in asks.iter().zip(granted) {
                    let sum = if ask.key.domain.is_empty() { &taken } else { &google };
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

    async fn a_change_that_is_asked_for_again_is_made_once_and_answered_alike(world) {
        let (store, own, google) = (&world.app.store, LimitKey::for_transport("default"), LimitKey::for_domain("default", "google"));
        let asks = [ask(own.clone(), "10/h", 4), ask(google.clone(), "3/h", 4)];
        // The answer to the first commit was lost on its way; another node takes something before it is tried again.
        let taking = change();
        let granted = store.take_permits(&taking, &asks, NOW).await.unwrap();
        let other = UpdateId { node: "other".into(), ..taking.clone() };
        assert_eq!(store.take_permits(&other, &asks, NOW.plus(SignedDuration::from_millis(1))).await.unwrap()[0].count, 4);
        assert_eq!(store.take_permits(&taking, &asks, NOW.plus(MINUTE)).await.unwrap(), granted);
        assert_eq!((granted[0].count, granted[1].count, granted[0].at), (4, 3, NOW));
        let giving = change();
        let unused = [1, 2].map(|count| Refund { key: own.clone(), count, taken_at: NOW });
        for minute in 0..3 {
            store.refund_permits(&giving, &unused, NOW.plus(minute * MINUTE)).await.unwrap();
        }
        assert_eq!(take(store, "10/h", 10, NOW.plus(3 * MINUTE)).await.count, 5, "ten without twice four, and three came back");
    }

    async fn a_restart_forgets_nothing_that_was_taken(world) {
        take(&world.app.store, "20000/d", 19_990, NOW).await;
        world.configure(|_| ()).await;
        assert_eq!(take(&world.app.store, "20000/d", 100, NOW.plus(HOUR)).await.count, 10);
    }

    async fn a_warming_up_counts_its_days_from_the_first_mail(world) {
        let warmup = Warmup::parse("100/d to 400/d in 3d").unwrap();
        let asked = |wanted| [RateLimitRequest { warmup, ..ask(LimitKey::for_transport("default"), "none", wanted) }];
        let mut sent = Vec::new();
        for (day, wanted) in [(0, 1000), (1, 0), (2, 1000), (3, 1000)] {
            world.configure(|_| ()).await;
            let granted = world.app.store.take_permits(&change(), &asked(wanted), NOW.plus(day * DAY + SignedDuration::from_millis(day.into()))).await.unwrap()[0];
            sent.push(granted.count);
            assert!(granted.count == wanted || granted.next_at == NOW.plus((day + 1) * DAY), "the limit grows then: {granted:?}");
        }
        assert_eq!(sent, [100, 0, 400, 1000]);
    }

    async fn what_did_not_go_is_given_back_to_each_limit(world) {
        let store = &world.app.store;
        let (own, google) = (LimitKey::for_transport("default"), LimitKey::for_domain("default", "google"));
        let asks = [ask(own.clone(), "10/h", 8), ask(google.clone(), "5/h", 5)];
        store.take_permits(&change(), &asks, NOW).await.unwrap();
        let unused = [Refund { key: own, count: 3, taken_at: NOW }, Refund { key: google, count: 2, taken_at: NOW }];
        store.refund_permits(&change(), &unused, NOW.plus(MINUTE)).await.unwrap();
        let granted = store.take_permits(&change(), &asks, NOW.plus(2 * MINUTE)).await.unwrap();
        assert_eq!((granted[0].count, granted[1].count), (5, 2));
    }

    async fn a_renamed_transport_keeps_what_it_has_used(world) {
        take(&world.app.store, "10/d", 10, NOW).await;
        world.configure(|s| { s.renamed = vec![("default", "relay")]; s.digest = "transport = \"relay\"".into(); }).await;
        let asks = [ask(LimitKey::for_transport("relay"), "10/d", 10)];
        assert_eq!(world.app.store.take_permits(&change(), &asks, NOW.plus(HOUR)).await.unwrap()[0].count, 0);
    }

    async fn domains_that_are_written_to_no_more_are_forgotten(world) {
        let store = &world.app.store;
        let many: Vec<RateLimitRequest> = (0..300).map(|i| ask(LimitKey::for_domain("default", &format!("d{i}.example")), "1/d", 1)).collect();
        assert!(store.take_permits(&change(), &many, NOW).await.unwrap().iter().all(|granted| granted.count == 1));
        let warmup = Warmup::parse("100/d to 400/d in 3d").unwrap();
        store.take_permits(&change(), &[RateLimitRequest { warmup, ..ask(LimitKey::for_transport("default"), "none", 1) }], NOW).await.unwrap();
        let again = [many[7].clone(), ask(LimitKey::for_domain("default", "new.example"), "1/d", 1)];
        assert_eq!(store.take_permits(&change(), &again, NOW.plus(3 * DAY)).await.unwrap().iter().map(|granted| granted.count).sum::<i64>(), 2);
        assert_eq!(world.sql("UPDATE rate_limits SET total = total").await, 3, "the two, and the warming-up's");
        assert_eq!(world.app.store.take_permits(&change(), &again, NOW.plus(3 * DAY)).await.unwrap()[0].count, 0);
    }

    async fn who_left_before_the_start_uses_up_no_limit(world) {
        world.configure(|s| s.transport = "connections = 1\nrate = \"3/h\"".into()).await;
        assert_eq!(two_of_five_left(world).await, "sent: 3 sent, 2 cancelled");
    }

    async fn who_left_before_the_start_uses_up_no_limit_of_the_domain(world) {
        world.configure(|s| s.transport = "connections = 1\ndomain_limits = [\"example.org: 3/h\"]".into()).await;
        assert_eq!(two_of_five_left(world).await, "sent: 3 sent, 2 cancelled");
    }

    async fn a_crowd_that_a_domain_can_not_take_comes_back_in_portions(world) {
        world.configure(|s| s.transport = "connections = 2\ndomain_limits = [\"example.org: 10/h\"]".into()).await;
        world.publish([article("a")]).await;
        world.add_readers(60).await;
        let edition = world.create_edition().await;
        let begun = world.now();
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sending: 50 queued, 10 sent");
        for hours in 1..=5 {
            let due = begun.plus(hours * HOUR + HOUR / 2).0;
            let many = world.sql(&format!("UPDATE delivery_queue SET due_at = due_at WHERE due_at < {due}")).await;
            assert_eq!(many, 10 * u64::try_from(hours).unwrap(), "within {hours} hours and a half");
        }
        for sent in [20, 30] {
            world.advance(HOUR + 5 * MINUTE);
            world.deliver().await;
            assert_eq!(world.edition_status(edition).await, format!("sending: {} queued, {sent} sent", 60 - sent));
        }
    }
}
