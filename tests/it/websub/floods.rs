//! Many requests of one network: they neither keep out nor delay those of others.

use courant::store::hub_requests::{AddResult, HubMode, HubRequest, SubscriptionLimits};

use super::ATOM;
use crate::support::{START_TIME as NOW, World, database_tests};

const FLOOD: &str = "198.51.100.1";

fn request(name: &str) -> HubRequest {
    HubRequest {
        id: 0,
        mode: HubMode::Subscribe,
        callback: format!("https://{name}.example/cb"),
        host: format!("{name}.example"),
        topic: ATOM.to_owned(),
        feed: "news".to_owned(),
        format: "atom".to_owned(),
        secret: None,
        lease_seconds: 86_400,
        attempts: 0,
    }
}

async fn add(world: &World, name: &str, network: &str, total: usize) -> AddResult {
    let limits = SubscriptionLimits { total, per_host: 10 };
    world.app.store.hub().add_request(&request(name), network, limits, NOW).await.unwrap()
}

/// Returns the names of the next requests to verify, in no particular order.
async fn next(world: &World, limit: usize) -> Vec<String> {
    let leased = world.app.store.hub().lease_requests("node", &[], limit, NOW).await.unwrap();
    leased.into_iter().map(|r| r.host.trim_end_matches(".example").to_owned()).collect()
}

database_tests! {
    async fn an_honest_callback_is_verified_before_the_many_of_another_network(world) {
        for n in 0..60 {
            assert_eq!(add(world, &format!("silent{n}"), FLOOD, 1_000).await, AddResult::Pending);
        }
        for name in ["honest", "second"] {
            assert_eq!(add(world, name, "203.0.113.9", 1_000).await, AddResult::Pending);
        }
        let first = next(world, 4).await;
        assert!(first.contains(&"honest".to_owned()) && first.contains(&"second".to_owned()), "{first:?}");
        // What was tried and did not answer waits behind everything new.
        world.sql("UPDATE hub_requests SET attempts = 1, lease_until = 0 WHERE network_rank < 50").await;
        assert_eq!(add(world, "late", "203.0.113.10", 1_000).await, AddResult::Pending);
        assert_eq!(next(world, 1).await, ["late"]);
    }

    async fn a_network_with_many_unverified_requests_does_not_fill_the_hub(world) {
        for n in 0..50 {
            assert_eq!(add(world, &format!("a{n}"), FLOOD, 50).await, AddResult::Pending);
        }
        assert_eq!(add(world, "more", FLOOD, 50).await, AddResult::LimitReached);
        assert_eq!(add(world, "honest", "203.0.113.9", 50).await, AddResult::Pending, "in place of one of the many");
        for n in 0..10 {
            assert_eq!(add(world, &format!("b{n}"), &format!("203.0.113.{n}"), 50).await, AddResult::Pending);
        }
        assert_eq!(world.sql("UPDATE hub_requests SET attempts = attempts").await, 50);
    }

    async fn a_network_has_a_limited_number_of_unverified_requests(world) {
        let mut accepted = 0;
        for n in 0..150 {
            match add(world, &format!("a{n}"), FLOOD, 10_000).await {
                AddResult::Pending => accepted += 1,
                other => assert_eq!(other, AddResult::NetworkLimitReached),
            }
        }
        assert_eq!(accepted, 100);
        assert_eq!(add(world, "honest", "203.0.113.9", 10_000).await, AddResult::Pending);
        assert_eq!(add(world, "a1", FLOOD, 10_000).await, AddResult::Pending, "a repeated request replaces its predecessor");
    }
}
