//! The list of WebSub subscriptions and their push states.

use courant::domain::page::PageRequest;
use courant::domain::time::{DAY, HOUR};
use courant::store::hub_subscriptions::PushState;

use super::{ATOM, RSS, hub_node};
use crate::callback_server::{Behavior, CallbackServer};
use crate::support::{World, database_tests};

async fn push_states(world: &World) -> Vec<(String, PushState)> {
    let all = world
        .app
        .store
        .hub()
        .subscriptions(&PageRequest::first(999), world.now())
        .await
        .unwrap()
        .items;
    all.into_iter().map(|s| (format!("{}.{}", s.feed, s.format), s.push_state)).collect()
}

/// Returns the push state of the only subscription.
async fn push_state(world: &World) -> PushState {
    let all = push_states(world).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].1
}

database_tests! {
    async fn each_subscription_shows_its_push_state_until_it_expires(world) {
        let node = hub_node(world, "").await;
        let subscriber = CallbackServer::start().await;
        node.request("subscribe", &subscriber.url("/cb"), ATOM, "hush").await;
        assert_eq!(push_states(world).await, [], "an unconfirmed subscription should not be listed");
        node.push_all().await;
        assert_eq!(push_state(world).await, PushState::Current);
        node.publish(world, "second").await;
        assert_eq!(push_state(world).await, PushState::Due);
        subscriber.on_push(Behavior::Status(503));
        node.push_all().await;
        assert!(matches!(push_state(world).await, PushState::Failing { attempts: 1, retry_at } if retry_at > world.now()));
        for _ in 0..10 {
            world.advance(3 * HOUR);
            node.push_all().await;
        }
        assert_eq!((push_state(world).await, subscriber.pushes().len()), (PushState::GivenUp, 10));
        node.request("subscribe", &subscriber.url("/cb"), ATOM, "hush").await;
        node.push_all().await;
        node.push_all().await;
        assert_eq!(subscriber.pushes().len(), 11, "a renewed subscription should receive the missed change");
        for _ in 0..10 {
            world.advance(3 * HOUR);
            node.push_all().await;
        }
        node.publish(world, "third").await;
        assert_eq!(push_state(world).await, PushState::GivenUp, "the state should change only after a successful push");
        subscriber.on_push(Behavior::Accept);
        node.push_all().await;
        assert_eq!(push_state(world).await, PushState::Current);

        let other = CallbackServer::start().await;
        node.request("subscribe", &other.url("/cb"), RSS, "").await;
        node.push_all().await;
        let both = push_states(world).await;
        assert_eq!(both, [("news.atom".to_owned(), PushState::Current), ("news.rss".to_owned(), PushState::Current)]);
        assert_eq!(world.app.store.hub().subscriptions(&PageRequest::first(1), world.now()).await.unwrap().items.len(), 1);
        world.advance(11 * DAY);
        assert_eq!(push_states(world).await, []);
    }
}
