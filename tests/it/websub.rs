//! WebSub hub: each confirmed subscriber receives each change once, whatever other subscribers do.

mod failing_callbacks;
mod floods;
mod serve;
mod subscription_list;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use courant::app::App;
use courant::domain::time::{DAY, HOUR, MINUTE, SECOND};
use courant::feeds::cache::refresh_due;
use courant::websub::{WebSub, WebSubReport, signature::signature};
use tower::ServiceExt as _;
use url::form_urlencoded::Serializer;

use crate::callback_server::{Behavior, CallbackServer};
use crate::support::{World, article, database_tests};

const ATOM: &str = "https://news.example.edu/feeds/news.atom";
const RSS: &str = "https://news.example.edu/feeds/news.rss";

/// A node with a WebSub hub.
struct Node {
    app: App,
    websub: WebSub,
    router: Router,
}

impl Node {
    fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            websub: app.websub(),
            router: courant::daemon::site_router(app.clone(), None),
        }
    }

    async fn refresh(&self) {
        refresh_due(&self.app.store, &self.app.config, &self.app.feed_cache, self.app.now())
            .await
            .unwrap();
    }

    /// Performs all due work, also what becomes due meanwhile, and returns the number of started
    /// requests.
    async fn push_all(&self) -> WebSubReport {
        let mut all = WebSubReport::default();
        loop {
            let report = self.websub.send_due(self.app.now()).await.unwrap();
            if report == WebSubReport::default() {
                return all;
            }
            all.pings += report.pings;
            all.verifications += report.verifications;
            all.pushes += report.pushes;
            all.denials += report.denials;
            self.websub.wait_idle().await;
        }
    }

    /// Sends a form to the hub.
    async fn post(&self, form: &[(&str, &str)]) -> (StatusCode, String) {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post("/hub")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        (head.status, String::from_utf8(to_bytes(body, 10_000).await.unwrap().to_vec()).unwrap())
    }

    /// Sends a subscription or unsubscription request, which the hub must accept.
    async fn request(&self, mode: &str, callback: &str, topic: &str, secret: &str) {
        let form = [
            ("hub.mode", mode),
            ("hub.callback", callback),
            ("hub.topic", topic),
            ("hub.secret", secret),
        ];
        let (status, body) = self.post(&form).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    }

    /// Requests a subscription and lets the hub verify it.
    async fn subscribe(&self, callback: &str) {
        self.request("subscribe", callback, ATOM, "").await;
        self.push_all().await;
    }

    /// Publishes an article and refreshes the feeds of this node.
    async fn publish(&self, world: &World, id: &str) {
        world.publish([article(id)]).await;
        self.refresh().await;
    }
}

/// Returns a node whose hub may send to this machine.
async fn hub_node(world: &mut World, more: &str) -> Node {
    let text = format!("[websub]\nhub = true\nallowed_networks = [\"127.0.0.0/8\"]\n{more}");
    world.configure(|s| s.more = text).await;
    let node = Node::new(&world.app);
    node.publish(world, "first").await;
    node
}

/// Returns the `Link` header and the body of a path.
async fn fetch(node: &Node, path: &str) -> (String, Vec<u8>) {
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
    async fn a_subscriber_discovers_the_hub_confirms_and_receives_the_signed_bytes(world) {
        let node = hub_node(world, "").await;
        let (link, _) = fetch(&node, "/feeds/news.atom").await;
        assert_eq!(link, format!("<https://news.example.edu/hub>; rel=\"hub\", <{ATOM}>; rel=\"self\""));
        let subscriber = CallbackServer::start().await;
        node.request("subscribe", &subscriber.url("/cb?k=1"), ATOM, "hush & hush").await;
        assert_eq!(node.push_all().await, WebSubReport { verifications: 1, ..WebSubReport::default() });
        let verification = subscriber.requests().remove(0);
        assert_eq!((verification.method.as_str(), verification.path.as_str(), verification.query_param("k")), ("GET", "/cb", "1"));
        assert_eq!((verification.query_param("hub.mode"), verification.query_param("hub.topic"), verification.query_param("hub.lease_seconds")), ("subscribe", ATOM, "864000"));
        assert!(verification.query_param("hub.challenge").len() >= 32);
        assert!(subscriber.pushes().is_empty(), "content from before the subscription should not be pushed");

        node.publish(world, "second").await;
        assert_eq!(node.push_all().await, WebSubReport { pushes: 1, ..WebSubReport::default() });
        let (_, bytes) = fetch(&node, "/feeds/news.atom").await;
        let pushed = subscriber.pushes().remove(0);
        assert!(pushed.body == bytes && String::from_utf8_lossy(&bytes).contains("Title of second"));
        assert_eq!(pushed.header("x-hub-signature"), signature(b"hush & hush", &bytes));
        assert_eq!(pushed.header("content-type"), "application/atom+xml; charset=utf-8");
        assert_eq!(pushed.header("link"), link);
        assert_eq!((pushed.path.as_str(), pushed.query_param("k")), ("/cb", "1"));
        world.advance(HOUR);
        node.refresh().await;
        assert_eq!(node.push_all().await, WebSubReport::default(), "an unchanged feed should not be pushed");
    }

    async fn unsubscribed_gone_and_expired_callbacks_receive_no_pushes(world) {
        let node = hub_node(world, "").await;
        let (unsubscribing, gone, staying) = (CallbackServer::start().await, CallbackServer::start().await, CallbackServer::start().await);
        for subscriber in [&unsubscribing, &gone, &staying, &staying] {
            node.subscribe(&subscriber.url("/cb")).await;
        }
        // Somebody else requests this unsubscription, and the callback does not confirm it.
        staying.on_verification(Behavior::Status(404));
        node.request("unsubscribe", &staying.url("/cb"), ATOM, "").await;
        node.request("unsubscribe", &unsubscribing.url("/cb"), ATOM, "").await;
        node.request("unsubscribe", &unsubscribing.url("/never-subscribed"), ATOM, "").await;
        gone.on_push(Behavior::Status(410));
        assert_eq!(node.push_all().await.verifications, 2);
        assert_eq!(unsubscribing.requests().last().unwrap().query_param("hub.mode"), "unsubscribe");
        node.publish(world, "second").await;
        node.push_all().await;
        gone.on_push(Behavior::Accept);
        node.publish(world, "third").await;
        node.push_all().await;
        assert_eq!((unsubscribing.pushes().len(), gone.pushes().len(), staying.pushes().len()), (0, 1, 2));
        // The subscription expired because it was not renewed.
        world.advance(11 * DAY);
        node.publish(world, "fourth").await;
        assert_eq!(node.push_all().await.pushes, 0);
        assert_eq!((staying.pushes().len(), world.sql("DELETE FROM hub_subscriptions").await), (2, 0));
    }

    async fn a_crash_between_change_and_push_loses_nothing(world) {
        let node = hub_node(world, "").await;
        let subscriber = CallbackServer::start().await;
        node.subscribe(&subscriber.url("/cb")).await;
        node.publish(world, "second").await;
        // A node started the push and died.
        world.sql("UPDATE hub_subscriptions SET lease_node = 'dead', lease_until = 9000000000000").await;
        world.configure(|_| ()).await;
        let after = Node::new(&world.app);
        after.refresh().await;
        assert_eq!(after.push_all().await.pushes, 0, "the push of a live node should not be repeated");
        if world.is_sqlite() {
            world.app.store.leases().expire_all().await.unwrap();
        } else {
            world.sql("UPDATE hub_subscriptions SET lease_until = 1").await;
        }
        assert_eq!(after.push_all().await.pushes, 1);
        assert!(String::from_utf8_lossy(&subscriber.pushes()[0].body).contains("Title of second"));
        after.websub.shutdown().await.unwrap();
        assert_eq!(after.push_all().await, WebSubReport::default());
    }

    async fn two_nodes_send_each_change_once(world) {
        let one = hub_node(world, "").await;
        let other = world.another_node().await;
        let two = Node::new(&other);
        let subscriber = CallbackServer::start().await;
        for at in 0..20 {
            one.request("subscribe", &subscriber.url(&format!("/{at}")), if at % 2 == 0 { ATOM } else { RSS }, "").await;
        }
        tokio::join!(one.push_all(), two.push_all());
        assert_eq!(subscriber.requests().len(), 20, "each callback should be verified once");
        world.publish([article("second")]).await;
        one.refresh().await;
        assert_eq!(two.push_all().await, WebSubReport::default(), "a node that does not serve the new bytes yet should push nothing");
        two.refresh().await;
        let (a, b) = tokio::join!(one.push_all(), two.push_all());
        assert_eq!((a.pushes + b.pushes, subscriber.pushes().len()), (20, 20));
        other.store.close().await;
    }

    async fn an_external_hub_is_pinged_once_per_change_and_again_after_an_error(world) {
        let external_hub = CallbackServer::start().await;
        let more = format!("[websub]\nhubs = [\"{}\"]", external_hub.url("/"));
        world.configure(|s| s.more = more).await;
        let node = Node::new(&world.app);
        let (link, _) = {
            node.publish(world, "first").await;
            fetch(&node, "/feeds/news.rss").await
        };
        assert_eq!(link, format!("<{}>; rel=\"hub\", <{RSS}>; rel=\"self\"", external_hub.url("/")));
        assert_eq!(node.post(&[("hub.mode", "subscribe")]).await.0, StatusCode::NOT_FOUND, "this server is not a hub");
        world.advance(5 * SECOND);
        assert_eq!(node.push_all().await.pings, 3);
        let topic = |at: usize| String::from_utf8(external_hub.pushes()[at].body.to_vec()).unwrap();
        let mut pings = [topic(0), topic(1), topic(2)];
        pings.sort();
        let address = "https%3A%2F%2Fnews.example.edu%2Ffeeds%2Fnews.atom";
        assert_eq!(pings[0], format!("hub.mode=publish&hub.url={address}&hub.topic={address}"));
        external_hub.on_push(Behavior::Status(503));
        node.publish(world, "second").await;
        node.publish(world, "third").await;
        world.advance(5 * SECOND);
        let other = world.another_node().await;
        let two = Node::new(&other);
        two.refresh().await;
        let (a, b) = tokio::join!(node.push_all(), two.push_all());
        assert_eq!(a.pings + b.pings, 3, "two changes should cause one ping per document, by one node");
        assert_eq!(node.push_all().await.pings, 0);
        external_hub.on_push(Behavior::Accept);
        world.advance(MINUTE);
        assert_eq!((node.push_all().await.pings, node.push_all().await.pings), (3, 0));
        other.store.close().await;
    }

    async fn subscriptions_to_a_renamed_feed_are_kept_and_to_a_removed_feed_denied(world) {
        let node = hub_node(world, "").await;
        let subscriber = CallbackServer::start().await;
        node.subscribe(&subscriber.url("/cb")).await;
        world.configure(|s| s.renamed.push(("news", "campus"))).await;
        let renamed = Node::new(&world.app);
        renamed.publish(world, "second").await;
        assert_eq!(renamed.push_all().await, WebSubReport { pushes: 1, ..WebSubReport::default() });
        assert!(subscriber.pushes()[0].header("link").contains("/feeds/campus.atom>; rel=\"self\""));
        world.sql("UPDATE hub_subscriptions SET feed = 'other'").await;
        world.advance(HOUR);
        assert_eq!(renamed.push_all().await, WebSubReport { denials: 1, ..WebSubReport::default() });
        let last = subscriber.requests().pop().unwrap();
        assert_eq!((last.query_param("hub.mode"), last.query_param("hub.topic")), ("denied", ATOM));
        assert_eq!(world.sql("DELETE FROM hub_subscriptions").await, 0);
    }
}
