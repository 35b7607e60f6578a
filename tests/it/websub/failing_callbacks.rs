//! Callbacks that do not confirm, hang, fail, lie in private networks or are too many: they do no
//! harm and delay no other subscriber.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use courant::domain::time::{HOUR, MINUTE};
use courant::websub::WebSubReport;

use super::{ATOM, Node, hub_node};
use crate::callback_server::{Behavior, CallbackServer};
use crate::support::database_tests;

database_tests! {
    async fn an_unconfirmed_callback_never_receives_a_push(world) {
        let node = hub_node(world, "timeout = \"1s\"").await;
        let callback_server = CallbackServer::start().await;
        for (at, behavior) in [Behavior::WrongBody, Behavior::Status(404), Behavior::Status(500), Behavior::EndlessBody, Behavior::Redirect, Behavior::HugeHeaders].into_iter().enumerate() {
            callback_server.on_verification(behavior);
            node.subscribe(&callback_server.url(&format!("/{at}"))).await;
        }
        // A verification that got no answer is repeated a few times.
        callback_server.on_verification(Behavior::Hang);
        node.request("subscribe", &callback_server.url("/hangs"), ATOM, "").await;
        for _ in 0..4 {
            node.push_all().await;
            world.advance(5 * MINUTE);
        }
        node.publish(world, "second").await;
        assert_eq!(node.push_all().await, WebSubReport::default());
        let requests = callback_server.requests();
        assert!(callback_server.pushes().is_empty() && requests.iter().all(|r| r.path != "/4/moved"), "{requests:?}");
        assert_eq!(requests.iter().filter(|r| r.path == "/hangs").count(), 3);
        assert_eq!(world.sql("DELETE FROM hub_requests").await, 0, "an unconfirmed request should be deleted");
    }

    async fn callbacks_in_private_networks_are_rejected_unless_allowed(world) {
        world.configure(|s| s.more = "[websub]\nhub = true".into()).await;
        let node = Node::new(&world.app);
        node.publish(world, "first").await;
        let subscriber = CallbackServer::start().await;
        let form = |callback: &str| [("hub.mode", "subscribe".to_owned()), ("hub.topic", ATOM.to_owned()), ("hub.callback", callback.to_owned())];
        let subscribe = async |callback: &str| {
            let form = form(callback);
            node.post(&form.each_ref().map(|(key, value)| (*key, value.as_str()))).await
        };
        let (status, body) = subscribe(&subscriber.url("/cb")).await;
        assert!(status == StatusCode::BAD_REQUEST && body.contains("network"), "{body}");
        assert_eq!(subscribe("https://news.example.edu/hub").await.0, StatusCode::BAD_REQUEST, "the hub itself should be rejected too");
        // Host names are resolved only when the hub connects.
        let by_name = subscriber.url("/cb").replace("127.0.0.1", "localhost");
        assert_eq!(subscribe(&by_name).await.0, StatusCode::ACCEPTED);
        node.push_all().await;
        assert_eq!((subscriber.requests().len(), world.sql("DELETE FROM hub_requests").await), (0, 0));
        // A host name that had a public address at its verification and resolves to a private one
        // now.
        world.sql(&format!("INSERT INTO hub_subscriptions (callback, host, topic, feed, format, expires_at, delivered_etag, due_at) \
            VALUES ('{by_name}', 'localhost', '{ATOM}', 'news', 'atom', 9000000000000, '', 0)")).await;
        assert_eq!(node.push_all().await.pushes, 1);
        assert_eq!(subscriber.requests().len(), 0);
    }

    async fn a_hanging_subscriber_does_not_delay_others(world) {
        let node = hub_node(world, "connections = 8\ntimeout = \"1s\"").await;
        let (hanging, working) = (CallbackServer::start().await, CallbackServer::start().await);
        for at in 0..6 {
            node.request("subscribe", &hanging.url(&format!("/{at}")), ATOM, "").await;
        }
        node.push_all().await;
        node.subscribe(&working.url("/cb")).await;
        // Pretend that these callbacks are on another host.
        world.sql("UPDATE hub_subscriptions SET host = 'hangs.example' WHERE id < (SELECT MAX(id) FROM hub_subscriptions)").await;
        hanging.on_push(Behavior::Hang);
        node.publish(world, "second").await;
        node.websub.send_due(node.app.now()).await.unwrap();
        working.wait_for_pushes(1).await;
        node.publish(world, "third").await;
        node.websub.send_due(node.app.now()).await.unwrap();
        working.wait_for_pushes(2).await;
        assert!(hanging.pushes().len() <= 2, "at most two hanging pushes should be open");
        node.websub.wait_idle().await;
        assert_eq!(world.sql("UPDATE hub_subscriptions SET failures = failures WHERE failures = 1 AND host = 'hangs.example'").await, 6, "each hanging push should have failed once and be retried");
    }

    async fn many_callbacks_on_one_host_receive_a_change_without_waiting_for_ticks(world) {
        let node = hub_node(world, "connections = 4").await;
        let subscriber = CallbackServer::start().await;
        for at in 0..60 {
            node.request("subscribe", &subscriber.url(&format!("/{at}")), ATOM, "").await;
        }
        node.push_all().await;
        node.publish(world, "second").await;
        let (websub, app) = (node.websub.clone(), node.app.clone());
        let pushing = tokio::spawn(async move {
            loop {
                websub.notified().await;
                websub.send_due(app.now()).await.unwrap();
            }
        });
        node.websub.notify();
        subscriber.wait_for_pushes(60).await;
        pushing.abort();
        node.websub.wait_idle().await;
        let callbacks: BTreeSet<String> = subscriber.pushes().into_iter().map(|pushed| pushed.path).collect();
        assert_eq!((callbacks.len(), subscriber.pushes().len()), (60, 60));
    }

    async fn a_failed_push_is_retried_with_the_newest_content_and_given_up_after_hours(world) {
        let node = hub_node(world, "").await;
        let subscriber = CallbackServer::start().await;
        node.subscribe(&subscriber.url("/cb")).await;
        subscriber.on_push(Behavior::Status(503));
        node.publish(world, "second").await;
        node.push_all().await;
        node.push_all().await;
        assert_eq!(subscriber.pushes().len(), 1, "a failed push should not be retried at once");
        node.publish(world, "third").await;
        subscriber.on_push(Behavior::Redirect);
        world.advance(MINUTE);
        node.push_all().await;
        assert_eq!(subscriber.pushes().len(), 2, "a redirect should not be followed");
        subscriber.on_push(Behavior::EndlessBody);
        world.advance(5 * MINUTE);
        node.push_all().await;
        let pushed = subscriber.pushes();
        assert_eq!(pushed.len(), 3);
        assert!(String::from_utf8_lossy(&pushed[2].body).contains("Title of third"));
        assert_eq!(node.push_all().await, WebSubReport::default(), "a 2xx status should count as success whatever the body is");
        subscriber.on_push(Behavior::Status(500));
        node.publish(world, "fourth").await;
        let mut hours = 0;
        while node.push_all().await.pushes + usize::from(hours < 12) > 0 {
            world.advance(HOUR);
            hours += 1;
            assert!(hours < 24, "the push is never given up");
        }
        let tried = subscriber.pushes().len() - 3;
        assert!((6..=10).contains(&tried), "{tried}");
        subscriber.on_push(Behavior::Accept);
        node.publish(world, "fifth").await;
        node.push_all().await;
        assert!(String::from_utf8_lossy(&subscriber.pushes().last().unwrap().body).contains("Title of fifth"), "the next change should be pushed again");
    }

    async fn the_hub_accepts_no_more_subscriptions_than_its_limits(world) {
        let node = hub_node(world, "subscriptions = 3\nsubscriptions_per_host = 2").await;
        let subscriber = CallbackServer::start().await;
        let subscribe = async |callback: &str| node.post(&[("hub.mode", "subscribe"), ("hub.callback", callback), ("hub.topic", ATOM)]).await.0;
        let (one, two, three) = (subscriber.url("/1"), subscriber.url("/2"), subscriber.url("/3"));
        assert_eq!((subscribe(&one).await, subscribe(&two).await), (StatusCode::ACCEPTED, StatusCode::ACCEPTED));
        assert_eq!(subscribe(&three).await, StatusCode::SERVICE_UNAVAILABLE);
        node.push_all().await;
        assert_eq!((subscribe(&three).await, subscribe(&one).await), (StatusCode::SERVICE_UNAVAILABLE, StatusCode::ACCEPTED), "an existing subscription can be renewed");
        assert_eq!(subscribe("https://a.example/").await, StatusCode::ACCEPTED);
        assert_eq!(subscribe("https://b.example/").await, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(node.post(&[("hub.mode", "publish"), ("hub.url", ATOM)]).await.0, StatusCode::NO_CONTENT);
        let nothing = node.post(&[]).await;
        assert!(nothing.0 == StatusCode::BAD_REQUEST && nothing.1.contains("hub.mode"), "{nothing:?}");
    }
}
