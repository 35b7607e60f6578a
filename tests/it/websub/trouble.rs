//! Subscribers that are none, hang, babble, lie inside or are too many: they do no harm, and nobody waits for them.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use courant::domain::time::{HOUR, MINUTE};
use courant::feeds::websub::WebSubReport;

use super::{ATOM, Node, hub};
use crate::callbacks::{Manner, Subscriber};
use crate::support::database_tests;

database_tests! {
    async fn whoever_does_not_confirm_never_gets_anything(world) {
        let node = hub(world, "timeout = \"1s\"").await;
        let victim = Subscriber::start().await;
        for (at, manner) in [Manner::Shrugs, Manner::Says(404), Manner::Says(500), Manner::Babbles, Manner::Moves, Manner::Boasts].into_iter().enumerate() {
            victim.to_questions(manner);
            node.subscribe(&victim.url(&format!("/{at}"))).await;
        }
        // Who was not there may be asked again, some times.
        victim.to_questions(Manner::Hangs);
        node.asks("subscribe", &victim.url("/hangs"), ATOM, "").await;
        for _ in 0..4 {
            node.push().await;
            world.advance(5 * MINUTE);
        }
        node.news(world, "second").await;
        assert_eq!(node.push().await, WebSubReport::default());
        let questions = victim.heard();
        assert!(victim.pushed().is_empty() && questions.iter().all(|q| q.path != "/4/moved"), "{questions:?}");
        assert_eq!(questions.iter().filter(|q| q.path == "/hangs").count(), 3);
        assert_eq!(world.sql("DELETE FROM hub_requests").await, 0, "and is forgotten");
    }

    async fn private_callbacks_are_refused_where_the_operator_does_not_allow_them(world) {
        world.configure(|s| s.more = "[websub]\nhub = true".into()).await;
        let node = Node::of(&world.app);
        node.news(world, "first").await;
        let reader = Subscriber::start().await;
        let form = |callback: &str| [("hub.mode", "subscribe".to_owned()), ("hub.topic", ATOM.to_owned()), ("hub.callback", callback.to_owned())];
        let ask = async |callback: &str| {
            let form = form(callback);
            node.ask(&form.each_ref().map(|(key, value)| (*key, value.as_str()))).await
        };
        let (status, said) = ask(&reader.url("/cb")).await;
        assert!(status == StatusCode::BAD_REQUEST && said.contains("network"), "{said}");
        assert_eq!(ask("https://news.example.edu/hub").await.0, StatusCode::BAD_REQUEST, "nor itself");
        // A name is looked up when it is connected to.
        let by_name = reader.url("/cb").replace("127.0.0.1", "localhost");
        assert_eq!(ask(&by_name).await.0, StatusCode::ACCEPTED);
        node.push().await;
        assert_eq!((reader.heard().len(), world.sql("DELETE FROM hub_requests").await), (0, 0));
        // A name that led elsewhere when it was confirmed, and leads inside now.
        world.sql(&format!("INSERT INTO hub_subscriptions (callback, host, topic, feed, format, expires_at, delivered_etag, due_at) \
            VALUES ('{by_name}', 'localhost', '{ATOM}', 'news', 'atom', 9000000000000, '', 0)")).await;
        assert_eq!(node.push().await.pushes, 1);
        assert_eq!(reader.heard().len(), 0);
    }

    async fn a_subscriber_that_hangs_keeps_nobody_else_waiting(world) {
        let node = hub(world, "connections = 8\ntimeout = \"1s\"").await;
        let (hangs, lives) = (Subscriber::start().await, Subscriber::start().await);
        for at in 0..6 {
            node.asks("subscribe", &hangs.url(&format!("/{at}")), ATOM, "").await;
        }
        node.push().await;
        node.subscribe(&lives.url("/cb")).await;
        // As if they lay at another host.
        world.sql("UPDATE hub_subscriptions SET host = 'hangs.example' WHERE id < (SELECT MAX(id) FROM hub_subscriptions)").await;
        hangs.to_pushes(Manner::Hangs);
        node.news(world, "second").await;
        node.pusher.push_due(node.app.now()).await.unwrap();
        lives.wait_for(1).await;
        node.news(world, "third").await;
        node.pusher.push_due(node.app.now()).await.unwrap();
        lives.wait_for(2).await;
        assert!(hangs.pushed().len() <= 2, "two at once");
        node.pusher.wait_idle().await;
        assert_eq!(world.sql("UPDATE hub_subscriptions SET failures = failures WHERE failures = 1 AND host = 'hangs.example'").await, 6, "and they are tried again, behind others");
    }

    async fn many_at_one_host_are_all_sent_a_change_without_waiting_for_beats(world) {
        let node = hub(world, "connections = 4").await;
        let reader = Subscriber::start().await;
        for at in 0..60 {
            node.asks("subscribe", &reader.url(&format!("/{at}")), ATOM, "").await;
        }
        node.push().await;
        node.news(world, "second").await;
        let (pusher, app) = (node.pusher.clone(), node.app.clone());
        let pushing = tokio::spawn(async move {
            loop {
                pusher.notified().await;
                pusher.push_due(app.now()).await.unwrap();
            }
        });
        node.pusher.notify();
        reader.wait_for(60).await;
        pushing.abort();
        node.pusher.wait_idle().await;
        let callbacks: BTreeSet<String> = reader.pushed().into_iter().map(|pushed| pushed.path).collect();
        assert_eq!((callbacks.len(), reader.pushed().len()), (60, 60));
    }

    async fn what_is_refused_is_tried_again_with_the_newest_and_given_up_after_hours(world) {
        let node = hub(world, "").await;
        let reader = Subscriber::start().await;
        node.subscribe(&reader.url("/cb")).await;
        reader.to_pushes(Manner::Says(503));
        node.news(world, "second").await;
        node.push().await;
        node.push().await;
        assert_eq!(reader.pushed().len(), 1, "not at once");
        node.news(world, "third").await;
        reader.to_pushes(Manner::Moves);
        world.advance(MINUTE);
        node.push().await;
        assert_eq!(reader.pushed().len(), 2, "a redirect is not followed");
        reader.to_pushes(Manner::Babbles);
        world.advance(5 * MINUTE);
        node.push().await;
        let pushed = reader.pushed();
        assert_eq!(pushed.len(), 3);
        assert!(String::from_utf8_lossy(&pushed[2].body).contains("Title of third"));
        assert_eq!(node.push().await, WebSubReport::default(), "a 2xx is enough, whatever follows");
        reader.to_pushes(Manner::Says(500));
        node.news(world, "fourth").await;
        let mut hours = 0;
        while node.push().await.pushes + usize::from(hours < 12) > 0 {
            world.advance(HOUR);
            hours += 1;
            assert!(hours < 24, "it is never given up");
        }
        let tried = reader.pushed().len() - 3;
        assert!((6..=10).contains(&tried), "{tried}");
        reader.to_pushes(Manner::Friendly);
        node.news(world, "fifth").await;
        node.push().await;
        assert!(String::from_utf8_lossy(&reader.pushed().last().unwrap().body).contains("Title of fifth"), "the next change is told again");
    }

    async fn the_hub_takes_no_more_than_it_has_room_for(world) {
        let node = hub(world, "subscriptions = 3\nsubscriptions_per_host = 2").await;
        let reader = Subscriber::start().await;
        let ask = async |callback: &str| node.ask(&[("hub.mode", "subscribe"), ("hub.callback", callback), ("hub.topic", ATOM)]).await.0;
        let (one, two, three) = (reader.url("/1"), reader.url("/2"), reader.url("/3"));
        assert_eq!((ask(&one).await, ask(&two).await), (StatusCode::ACCEPTED, StatusCode::ACCEPTED));
        assert_eq!(ask(&three).await, StatusCode::SERVICE_UNAVAILABLE);
        node.push().await;
        assert_eq!((ask(&three).await, ask(&one).await), (StatusCode::SERVICE_UNAVAILABLE, StatusCode::ACCEPTED), "who has a place renews it");
        assert_eq!(ask("https://a.example/").await, StatusCode::ACCEPTED);
        assert_eq!(ask("https://b.example/").await, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(node.ask(&[("hub.mode", "publish"), ("hub.url", ATOM)]).await.0, StatusCode::NO_CONTENT);
        let nothing = node.ask(&[]).await;
        assert!(nothing.0 == StatusCode::BAD_REQUEST && nothing.1.contains("hub.mode"), "{nothing:?}");
    }
}
