//! Readers learn of news without asking (WebSub): who confirmed is sent each change once, whatever others do.

mod listing;
mod program;
mod trouble;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use courant::app::App;
use courant::domain::time::{DAY, HOUR, MINUTE, SECOND};
use courant::feeds::cache::refresh_due;
use courant::feeds::websub::{WebSub, WebSubReport, signature::signature};
use tower::ServiceExt as _;
use url::form_urlencoded::Serializer;

use crate::callbacks::{Manner, Subscriber};
use crate::support::{World, article, database_tests};

const ATOM: &str = "https://news.example.edu/feeds/news.atom";
const RSS: &str = "https://news.example.edu/feeds/news.rss";

/// One node with a hub.
struct Node {
    app: App,
    pusher: WebSub,
    router: Router,
}

impl Node {
    fn of(app: &App) -> Self {
        Self {
            app: app.clone(),
            pusher: app.websub(),
            router: courant::web::router(app.clone(), None),
        }
    }

    async fn refresh(&self) {
        refresh_due(&self.app.store, &self.app.config, &self.app.feed_cache, self.app.now())
            .await
            .unwrap();
    }

    /// Does all that is due, whatever becomes of it; gives how much was begun.
    async fn push(&self) -> WebSubReport {
        let mut all = WebSubReport::default();
        loop {
            let report = self.pusher.push_due(self.app.now()).await.unwrap();
            if report == WebSubReport::default() {
                return all;
            }
            all.pings += report.pings;
            all.verifications += report.verifications;
            all.pushes += report.pushes;
            all.denials += report.denials;
            self.pusher.wait_idle().await;
        }
    }

    async fn ask(&self, form: &[(&str, &str)]) -> (StatusCode, String) {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post("/hub")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        (head.status, String::from_utf8(to_bytes(body, 10_000).await.unwrap().to_vec()).unwrap())
    }

    async fn asks(&self, mode: &str, callback: &str, topic: &str, secret: &str) {
        let form = [
            ("hub.mode", mode),
            ("hub.callback", callback),
            ("hub.topic", topic),
            ("hub.secret", secret),
        ];
        let (status, said) = self.ask(&form).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{said}");
    }

    /// Asks for a subscription and lets the callback answer.
    async fn subscribe(&self, callback: &str) {
        self.asks("subscribe", callback, ATOM, "").await;
        self.push().await;
    }

    /// An article comes out, and this node knows.
    async fn news(&self, world: &World, id: &str) {
        world.publish([article(id)]).await;
        self.refresh().await;
    }
}

/// A hub that sends to this machine.
async fn hub(world: &mut World, more: &str) -> Node {
    let text = format!("[websub]\nhub = true\nallowed_networks = [\"127.0.0.0/8\"]\n{more}");
    world.configure(|s| s.more = text).await;
    let node = Node::of(&world.app);
    node.news(world, "first").await;
    node
}

async fn served(node: &Node, path: &str) -> (String, Vec<u8>) {
    let (head, body) = node
        .router
        .clone()
        .oneshot(Request::get(path).body(Body::empty()).unwrap())
        .await
        .unwrap()
        .into_parts();
    let link =
        head.headers.get("link").map_or(String::new(), |link| link.to_str().unwrap().to_owned());
    (link, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

database_tests! {
    async fn a_reader_finds_the_hub_confirms_and_is_sent_the_very_bytes_signed(world) {
        let node = hub(world, "").await;
        let (link, _) = served(&node, "/feeds/news.atom").await;
        assert_eq!(link, format!("<https://news.example.edu/hub>; rel=\"hub\", <{ATOM}>; rel=\"self\""));
        let reader = Subscriber::start().await;
        node.asks("subscribe", &reader.url("/cb?k=1"), ATOM, "hush & hush").await;
        assert_eq!(node.push().await, WebSubReport { verifications: 1, ..WebSubReport::default() });
        let question = reader.heard().remove(0);
        assert_eq!((question.method.as_str(), question.path.as_str(), question.asked("k")), ("GET", "/cb", "1"));
        assert_eq!((question.asked("hub.mode"), question.asked("hub.topic"), question.asked("hub.lease_seconds")), ("subscribe", ATOM, "864000"));
        assert!(question.asked("hub.challenge").len() >= 32);
        assert!(reader.pushed().is_empty(), "what it may have read already is no news");

        node.news(world, "second").await;
        assert_eq!(node.push().await, WebSubReport { pushes: 1, ..WebSubReport::default() });
        let (_, bytes) = served(&node, "/feeds/news.atom").await;
        let pushed = reader.pushed().remove(0);
        assert!(pushed.body == bytes && String::from_utf8_lossy(&bytes).contains("Title of second"));
        assert_eq!(pushed.header("x-hub-signature"), signature(b"hush & hush", &bytes));
        assert_eq!(pushed.header("content-type"), "application/atom+xml; charset=utf-8");
        assert_eq!(pushed.header("link"), link);
        assert_eq!((pushed.path.as_str(), pushed.asked("k")), ("/cb", "1"));
        world.advance(HOUR);
        node.refresh().await;
        assert_eq!(node.push().await, WebSubReport::default(), "nothing new, nothing sent");
    }

    async fn who_unsubscribes_or_is_gone_is_left_alone_and_who_comes_back_renews(world) {
        let node = hub(world, "").await;
        let (leaves, gone, stays) = (Subscriber::start().await, Subscriber::start().await, Subscriber::start().await);
        for reader in [&leaves, &gone, &stays, &stays] {
            node.subscribe(&reader.url("/cb")).await;
        }
        // Somebody else asks in its name, and it does not confirm.
        stays.to_questions(Manner::Says(404));
        node.asks("unsubscribe", &stays.url("/cb"), ATOM, "").await;
        node.asks("unsubscribe", &leaves.url("/cb"), ATOM, "").await;
        node.asks("unsubscribe", &leaves.url("/never-subscribed"), ATOM, "").await;
        gone.to_pushes(Manner::Says(410));
        assert_eq!(node.push().await.verifications, 2);
        assert_eq!(leaves.heard().last().unwrap().asked("hub.mode"), "unsubscribe");
        node.news(world, "second").await;
        node.push().await;
        gone.to_pushes(Manner::Friendly);
        node.news(world, "third").await;
        node.push().await;
        assert_eq!((leaves.pushed().len(), gone.pushed().len(), stays.pushed().len()), (0, 1, 2));
        // Its time is over, for it did not renew.
        world.advance(11 * DAY);
        node.news(world, "fourth").await;
        assert_eq!(node.push().await.pushes, 0);
        assert_eq!((stays.pushed().len(), world.sql("DELETE FROM hub_subscriptions").await), (2, 0));
    }

    async fn a_crash_between_change_and_push_loses_nothing(world) {
        let node = hub(world, "").await;
        let reader = Subscriber::start().await;
        node.subscribe(&reader.url("/cb")).await;
        node.news(world, "second").await;
        // It had begun, and died.
        world.sql("UPDATE hub_subscriptions SET lease_node = 'dead', lease_until = 9000000000000").await;
        world.configure(|_| ()).await;
        let after = Node::of(&world.app);
        after.refresh().await;
        assert_eq!(after.push().await.pushes, 0, "a living node's work is left alone");
        if world.is_sqlite() {
            world.app.store.expire_all_leases().await.unwrap();
        } else {
            world.sql("UPDATE hub_subscriptions SET lease_until = 1").await;
        }
        assert_eq!(after.push().await.pushes, 1);
        assert!(String::from_utf8_lossy(&reader.pushed()[0].body).contains("Title of second"));
        after.pusher.finish().await.unwrap();
        assert_eq!(after.push().await, WebSubReport::default());
    }

    async fn two_nodes_send_each_change_once(world) {
        let one = hub(world, "").await;
        let other = world.another_node().await;
        let two = Node::of(&other);
        let reader = Subscriber::start().await;
        for at in 0..20 {
            one.asks("subscribe", &reader.url(&format!("/{at}")), if at % 2 == 0 { ATOM } else { RSS }, "").await;
        }
        tokio::join!(one.push(), two.push());
        assert_eq!(reader.heard().len(), 20, "each is asked once");
        world.publish([article("second")]).await;
        one.refresh().await;
        assert_eq!(two.push().await, WebSubReport::default(), "who does not serve the new bytes yet sends nothing");
        two.refresh().await;
        let (a, b) = tokio::join!(one.push(), two.push());
        assert_eq!((a.pushes + b.pushes, reader.pushed().len()), (20, 20));
        other.store.close().await;
    }

    async fn a_hub_elsewhere_is_told_once_per_change_and_again_when_it_was_busy(world) {
        let elsewhere = Subscriber::start().await;
        let more = format!("[websub]\nhubs = [\"{}\"]", elsewhere.url("/"));
        world.configure(|s| s.more = more).await;
        let node = Node::of(&world.app);
        let (link, _) = {
            node.news(world, "first").await;
            served(&node, "/feeds/news.rss").await
        };
        assert_eq!(link, format!("<{}>; rel=\"hub\", <{RSS}>; rel=\"self\"", elsewhere.url("/")));
        assert_eq!(node.ask(&[("hub.mode", "subscribe")]).await.0, StatusCode::NOT_FOUND, "we are none");
        world.advance(5 * SECOND);
        assert_eq!(node.push().await.pings, 3);
        let topic = |at: usize| String::from_utf8(elsewhere.pushed()[at].body.to_vec()).unwrap();
        let mut told = [topic(0), topic(1), topic(2)];
        told.sort();
        let address = "https%3A%2F%2Fnews.example.edu%2Ffeeds%2Fnews.atom";
        assert_eq!(told[0], format!("hub.mode=publish&hub.url={address}&hub.topic={address}"));
        elsewhere.to_pushes(Manner::Says(503));
        node.news(world, "second").await;
        node.news(world, "third").await;
        world.advance(5 * SECOND);
        let other = world.another_node().await;
        let two = Node::of(&other);
        two.refresh().await;
        let (a, b) = tokio::join!(node.push(), two.push());
        assert_eq!(a.pings + b.pings, 3, "two changes, one ping a document, from one node");
        assert_eq!(node.push().await.pings, 0);
        elsewhere.to_pushes(Manner::Friendly);
        world.advance(MINUTE);
        assert_eq!((node.push().await.pings, node.push().await.pings), (3, 0));
        other.store.close().await;
    }

    async fn subscribers_of_a_feed_that_is_no_more_are_told_and_of_a_renamed_one_kept(world) {
        let node = hub(world, "").await;
        let reader = Subscriber::start().await;
        node.subscribe(&reader.url("/cb")).await;
        world.configure(|s| s.renamed.push(("news", "campus"))).await;
        let renamed = Node::of(&world.app);
        renamed.news(world, "second").await;
        assert_eq!(renamed.push().await, WebSubReport { pushes: 1, ..WebSubReport::default() });
        assert!(reader.pushed()[0].header("link").contains("/feeds/campus.atom>; rel=\"self\""));
        world.sql("UPDATE hub_subscriptions SET feed = 'other'").await;
        world.advance(HOUR);
        assert_eq!(renamed.push().await, WebSubReport { denials: 1, ..WebSubReport::default() });
        let last = reader.heard().pop().unwrap();
        assert_eq!((last.asked("hub.mode"), last.asked("hub.topic")), ("denied", ATOM));
        assert_eq!(world.sql("DELETE FROM hub_subscriptions").await, 0);
    }
}
