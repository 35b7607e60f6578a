//! The operator looks at who is subscribed.

use courant::domain::time::{DAY, HOUR};
use courant::store::hub_subscriptions::PushState;

use super::{ATOM, RSS, hub};
use crate::callbacks::{Manner, Subscriber};
use crate::support::{World, database_tests};

async fn standings(world: &World) -> Vec<(String, PushState)> {
    let all = world.app.store.hub_subscriptions(None, world.now()).await.unwrap();
    all.into_iter().map(|s| (format!("{}.{}", s.feed, s.format), s.push_state)).collect()
}

/// That of the only subscription.
async fn standing(world: &World) -> PushState {
    let all = standings(world).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].1
}

database_tests! {
    async fn each_subscription_tells_how_it_stands_until_it_is_over(world) {
        let node = hub(world, "").await;
        let reader = Subscriber::start().await;
        node.asks("subscribe", &reader.url("/cb"), ATOM, "hush").await;
        assert_eq!(standings(world).await, [], "it has not confirmed");
        node.push().await;
        assert_eq!(standing(world).await, PushState::Current);
        node.news(world, "second").await;
        assert_eq!(standing(world).await, PushState::Due);
        reader.to_pushes(Manner::Says(503));
        node.push().await;
        assert!(matches!(standing(world).await, PushState::Failing { attempts: 1, retry_at } if retry_at > world.now()));
        for _ in 0..10 {
            world.advance(3 * HOUR);
            node.push().await;
        }
        assert_eq!((standing(world).await, reader.pushed().len()), (PushState::GivenUp, 10));
        node.asks("subscribe", &reader.url("/cb"), ATOM, "hush").await;
        node.push().await;
        node.push().await;
        assert_eq!(reader.pushed().len(), 11, "who asks again is sent what it missed");
        for _ in 0..10 {
            world.advance(3 * HOUR);
            node.push().await;
        }
        node.news(world, "third").await;
        assert_eq!(standing(world).await, PushState::GivenUp, "the next one has yet to get through");
        reader.to_pushes(Manner::Friendly);
        node.push().await;
        assert_eq!(standing(world).await, PushState::Current);

        let other = Subscriber::start().await;
        node.asks("subscribe", &other.url("/cb"), RSS, "").await;
        node.push().await;
        let both = standings(world).await;
        assert_eq!(both, [("news.atom".to_owned(), PushState::Current), ("news.rss".to_owned(), PushState::Current)]);
        assert_eq!(world.app.store.hub_subscriptions(Some(1), world.now()).await.unwrap().len(), 1);
        world.advance(11 * DAY);
        assert_eq!(standings(world).await, []);
    }
}
