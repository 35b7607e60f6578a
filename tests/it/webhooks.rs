//! Webhooks: signed events, retries, and receivers that fail, hang, redirect or are in private networks.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use courant::app::App;
use courant::config::settings::WebhookSecret;
use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::page::PageRequest;
use courant::domain::time::{DAY, HOUR, MINUTE, SECOND};
use courant::store::webhook_log::WebhookAttempt;
use courant::webhooks::{WebhookReport, WebhookSender, signature};
use serde_json::Value;

use crate::callback_server::{Behavior, CallbackServer, ReceivedRequest};
use crate::crashes::Node;
use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests};

const LOOPBACK: &str = "webhook_networks = [\"127.0.0.0/8\"]";

fn secret(byte: u8) -> String {
    format!("whsec_{}", STANDARD.encode([byte; 32]))
}

fn table(name: &str, url: &str, events: &str) -> String {
    format!(
        "[[webhooks]]\nname = \"{name}\"\nurl = \"{url}\"\nevents = [{events}]\nsecret = \"{}\"\n",
        secret(b'k')
    )
}

/// Configures one webhook `hook` for article events, and returns its receiver.
pub(crate) async fn hook(world: &mut World) -> CallbackServer {
    let receiver = CallbackServer::start().await;
    let tables = table("hook", &receiver.url("/in"), "\"article.published\", \"article.changed\"");
    configure(world, LOOPBACK, tables).await;
    receiver
}

async fn configure(world: &mut World, server: &str, tables: String) {
    world.configure(|s| (s.server, s.more) = (server.into(), tables)).await;
}

/// Sends everything that is due now and waits for the responses.
pub(crate) async fn send_all(world: &World, sender: &WebhookSender) -> WebhookReport {
    let mut sum = WebhookReport::default();
    loop {
        let report = sender.send_due(world.now()).await.unwrap();
        sender.wait_idle().await;
        if report == WebhookReport::default() {
            return sum;
        }
        (sum.events, sum.attempts) = (sum.events + report.events, sum.attempts + report.attempts);
    }
}

fn body(request: &ReceivedRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn kinds(receiver: &CallbackServer) -> Vec<String> {
    receiver.pushes().iter().map(|r| body(r)["type"].as_str().unwrap().to_owned()).collect()
}

async fn log(app: &App) -> Vec<WebhookAttempt> {
    app.store.webhooks().attempts("hook", &PageRequest::first(100)).await.unwrap().items
}

database_tests! {
    async fn an_event_is_posted_once_with_a_signature_that_its_receiver_can_verify(world) {
        let receiver = hook(world).await;
        let sender = world.app.webhook_sender();
        world.publish([article("one")]).await;
        assert_eq!(send_all(world, &sender).await, WebhookReport { events: 1, attempts: 1 });
        let posts = receiver.pushes();
        let [post] = posts.as_slice() else { panic!("{posts:?}") };
        let event = body(post);
        assert_eq!((event["type"].as_str(), event["data"]["title"].as_str()), (Some("article.published"), Some("Title of one")));
        let (id, at): (_, i64) = (post.header("webhook-id"), post.header("webhook-timestamp").parse().unwrap());
        assert_eq!((id, at), ("evt_1", world.now().0 / 1000));
        let expected = signature(&WebhookSecret(vec![b'k'; 32]), id, at, &post.body);
        assert_eq!((post.header("webhook-signature"), post.header("content-type")), (expected.as_str(), "application/json"));
        world.publish([IncomingArticle { title: "New".into(), ..article("one") }]).await;
        send_all(world, &sender).await;
        assert_eq!(kinds(&receiver), ["article.published", "article.changed"]);
        assert_eq!(send_all(world, &sender).await, WebhookReport::default());
    }

    async fn both_secrets_sign_while_a_secret_changes(world) {
        let receiver = CallbackServer::start().await;
        let tables = table("hook", &receiver.url("/in"), "\"article.published\"");
        configure(world, LOOPBACK, format!("{tables}previous_secret = \"{}\"\n", secret(b'o'))).await;
        world.publish([article("one")]).await;
        send_all(world, &world.app.webhook_sender()).await;
        let post = &receiver.pushes()[0];
        let at = post.header("webhook-timestamp").parse().unwrap();
        let signed = |byte| signature(&WebhookSecret(vec![byte; 32]), "evt_1", at, &post.body);
        assert_eq!(post.header("webhook-signature"), format!("{} {}", signed(b'k'), signed(b'o')));
    }

    async fn an_article_is_announced_when_it_becomes_visible(world) {
        let receiver = hook(world).await;
        let sender = world.app.webhook_sender();
        let at = |hours| world.now().plus(HOUR * hours);
        world.publish([IncomingArticle { published_at: at(2), ..article("later") }]).await;
        world.publish([IncomingArticle { published_at: at(2), ..article("never") }]).await;
        world.publish([IncomingArticle { published_at: at(4), title: "Moved".into(), ..article("later") }]).await;
        world.unpublish("never").await;
        world.advance(3 * HOUR);
        assert_eq!(send_all(world, &sender).await, WebhookReport::default());
        world.advance(HOUR);
        assert_eq!(send_all(world, &sender).await.attempts, 1);
        assert_eq!((kinds(&receiver), body(&receiver.pushes()[0])["data"]["title"].as_str()), (vec!["article.published".to_owned()], Some("Moved")));
    }

    async fn editions_failures_and_subscribers_are_reported_without_personal_data(world) {
        let receiver = CallbackServer::start().await;
        let all = "\"edition.created\", \"edition.started\", \"edition.finished\", \"delivery.failed\", \"subscriber.unsubscribed\"";
        configure(world, LOOPBACK, table("hook", &receiver.url("/in"), all)).await;
        world.add_readers(2).await;
        world.publish([article("one")]).await;
        world.relay.set_script(Script::new().rule(Rule::reply(At::Content, "554 5.6.0 r0@example.org").times(1)));
        let edition = world.create_edition().await;
        world.deliver().await;
        let reader = world.app.store.subscribers().find_by_address("r1@example.org").await.unwrap().unwrap();
        world.app.store.subscriptions().unsubscribe_by_admin(reader.id, None, "left", &Actor::Cli, world.now()).await.unwrap();
        send_all(world, &world.app.webhook_sender()).await;
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for kind in kinds(&receiver) {
            *count.entry(kind).or_default() += 1;
        }
        let expected = ["delivery.failed", "edition.created", "edition.finished", "edition.started", "subscriber.unsubscribed"];
        assert_eq!(count.into_iter().collect::<Vec<_>>(), expected.map(|kind| (kind.to_owned(), 1)));
        for post in receiver.pushes() {
            let event = body(&post);
            assert!(!event.to_string().contains("example.org"), "{event}");
            match event["type"].as_str().unwrap() {
                "edition.finished" => assert_eq!((event["data"]["id"].as_i64(), event["data"]["state"].as_str()), (Some(edition), Some("sent"))),
                "delivery.failed" => assert_eq!((event["data"]["edition"].as_i64(), event["data"]["reply_code"].as_i64()), (Some(edition), Some(554))),
                "subscriber.unsubscribed" => assert_eq!(event["data"]["subscriber"].as_i64(), Some(reader.id)),
                _ => {}
            }
        }
    }

    async fn no_event_is_recorded_without_a_webhook_that_receives_it(world) {
        world.publish([article("one")]).await;
        let receiver = CallbackServer::start().await;
        configure(world, LOOPBACK, table("hook", &receiver.url("/in"), "\"edition.finished\"")).await;
        world.publish([article("two")]).await;
        assert_eq!(world.sql("UPDATE events SET due_at = 0").await, 0);
    }

    async fn a_receiver_that_is_down_for_an_hour_gets_every_event_once(world) {
        let receiver = hook(world).await;
        let sender = world.app.webhook_sender();
        receiver.on_push(Behavior::Status(503));
        world.publish([article("one"), article("two")]).await;
        send_all(world, &sender).await;
        let mut attempts = 2;
        // Each backoff is up to a fifth longer.
        for (wait, due) in [(4 * SECOND, 0), (2 * SECOND, 2), (4 * MINUTE, 0), (2 * MINUTE, 2), (36 * MINUTE, 2)] {
            world.advance(wait);
            assert_eq!(send_all(world, &sender).await.attempts, due, "{wait}");
            attempts += due;
        }
        let state = world.app.store.webhooks().states().await.unwrap();
        assert!(state[0].failing_since.is_some() && state[0].disabled_at.is_none(), "{state:?}");
        receiver.on_push(Behavior::Accept);
        world.advance(3 * HOUR);
        assert_eq!(send_all(world, &sender).await.attempts, 2);
        assert_eq!((receiver.pushes().len(), log(&world.app).await.len()), (attempts + 2, attempts + 2));
        assert_eq!((world.app.store.webhooks().states().await.unwrap(), send_all(world, &sender).await), (vec![], WebhookReport::default()));
        // Every attempt has the same id and body.
        let mut by_id: BTreeMap<String, Vec<bytes::Bytes>> = BTreeMap::new();
        for post in receiver.pushes() {
            by_id.entry(post.header("webhook-id").to_owned()).or_default().push(post.body);
        }
        assert_eq!(by_id.len(), 2);
        assert!(by_id.values().all(|bodies| bodies.windows(2).all(|pair| pair[0] == pair[1])));
    }

    async fn an_event_is_given_up_after_eight_attempts_and_can_be_replayed(world) {
        let receiver = hook(world).await;
        let sender = world.app.webhook_sender();
        receiver.on_push(Behavior::Status(500));
        world.publish([article("one")]).await;
        for _ in 0..10 {
            send_all(world, &sender).await;
            world.advance(12 * HOUR);
        }
        assert_eq!(receiver.pushes().len(), 8);
        receiver.on_push(Behavior::Accept);
        assert!(world.app.store.webhooks().replay("hook", 1, &Actor::Cli, world.now()).await.unwrap());
        assert!(!world.app.store.webhooks().replay("hook", 2, &Actor::Cli, world.now()).await.unwrap());
        assert_eq!(send_all(world, &sender).await.attempts, 1);
        assert_eq!(receiver.pushes()[8].header("webhook-id"), "evt_1");
    }

    async fn a_redirect_is_a_failure_and_is_not_followed(world) {
        let receiver = hook(world).await;
        receiver.on_push(Behavior::Redirect);
        world.publish([article("one")]).await;
        send_all(world, &world.app.webhook_sender()).await;
        let paths: Vec<String> = receiver.requests().into_iter().map(|r| r.path).collect();
        assert_eq!((paths, log(&world.app).await[0].status), (vec!["/in".to_owned()], Some(307)));
    }

    async fn a_receiver_that_is_gone_is_switched_off_until_a_test_succeeds_or_its_url_changes(world) {
        let receiver = hook(world).await;
        let sender = world.app.webhook_sender();
        receiver.on_push(Behavior::Status(410));
        world.publish([article("one")]).await;
        send_all(world, &sender).await;
        world.publish([article("two")]).await;
        world.advance(DAY);
        assert_eq!(send_all(world, &sender).await, WebhookReport { events: 1, attempts: 0 });
        let state = world.app.store.webhooks().states().await.unwrap();
        assert!(state[0].disabled_at.is_some() && state[0].reason.as_deref().unwrap().contains("410"), "{state:?}");
        receiver.on_push(Behavior::Accept);
        let tested = sender.test(&world.app.config.webhooks[0], "evt_test_1", &Actor::Cli, world.now()).await.unwrap();
        assert!(tested.is_accepted);
        world.publish([article("three")]).await;
        assert_eq!(send_all(world, &sender).await.attempts, 1);
        assert_eq!(kinds(&receiver), ["article.published", "webhook.test", "article.published"]);
        receiver.on_push(Behavior::Status(410));
        world.publish([article("four")]).await;
        send_all(world, &sender).await;
        receiver.on_push(Behavior::Accept);
        configure(world, LOOPBACK, table("hook", &receiver.url("/new"), "\"article.published\"")).await;
        world.publish([article("five")]).await;
        assert_eq!(send_all(world, &world.app.webhook_sender()).await.attempts, 1);
    }

    async fn a_receiver_that_accepts_nothing_for_five_days_is_switched_off(world) {
        let receiver = hook(world).await;
        let sender = world.app.webhook_sender();
        receiver.on_push(Behavior::Status(500));
        for day in 0..6 {
            world.publish([article(&format!("{day}"))]).await;
            send_all(world, &sender).await;
            let state = world.app.store.webhooks().states().await.unwrap();
            assert_eq!(state[0].disabled_at.is_some(), day == 5, "{day}: {state:?}");
            world.advance(DAY);
        }
        let seen = receiver.pushes().len();
        assert_eq!((send_all(world, &sender).await.attempts, receiver.pushes().len()), (0, seen));
    }

    async fn private_addresses_are_refused_unless_the_config_file_allows_them(world) {
        let receiver = CallbackServer::start().await;
        let by_name = receiver.url("/in").replace("127.0.0.1", "localhost");
        for url in [receiver.url("/in"), by_name] {
            configure(world, "", table("hook", &url, "\"article.published\"")).await;
            world.publish([article(&url.replace([':', '/'], "-"))]).await;
            send_all(world, &world.app.webhook_sender()).await;
            let error = log(&world.app).await[0].error.clone().unwrap();
            assert!(error.contains("`webhook_networks` in [server]"), "{error}");
        }
        assert!(receiver.requests().is_empty());
    }

    async fn a_receiver_that_hangs_delays_no_other(world) {
        let (hanging, healthy) = (CallbackServer::start().await, CallbackServer::start().await);
        hanging.on_push(Behavior::Hang);
        let both = [("a-hangs", &hanging), ("b", &healthy)].map(|(name, to)| table(name, &to.url("/"), "\"article.published\""));
        configure(world, LOOPBACK, both.concat()).await;
        let sender = world.app.webhook_sender();
        world.publish((0..30).map(|n| article(&format!("{n}")))).await;
        let sending = async {
            loop {
                sender.send_due(world.now()).await.unwrap();
                sender.attempt_ended().await;
            }
        };
        tokio::select! {
            () = sending => {}
            () = healthy.wait_for_pushes(30) => {}
        }
        assert!(hanging.pushes().len() <= 4, "{}", hanging.pushes().len());
    }

    async fn an_event_survives_a_process_that_is_killed_while_it_sends(world) {
        let receiver = hook(world).await;
        world.use_real_time();
        receiver.on_push(Behavior::Hang);
        let mut node = Node::start(world, 0, "serve");
        node.serving.wait_until_ready();
        world.publish([article("one")]).await;
        receiver.wait_for_pushes(1).await;
        node.serving.kill();
        world.publish([article("two")]).await;
        receiver.on_push(Behavior::Accept);
        let mut node = Node::start(world, 1, "serve");
        node.serving.wait_until_ready();
        receiver.wait_for_pushes(3).await;
        let mut ids: Vec<String> = receiver.pushes().iter().map(|r| r.header("webhook-id").to_owned()).collect();
        ids.sort();
        assert_eq!(ids, ["evt_1", "evt_1", "evt_2"]);
        assert_eq!(node.serving.stop().0, Some(0));
    }

    async fn events_of_a_clock_that_was_a_day_ahead_are_sent_when_it_is_right_again(world) {
        let receiver = hook(world).await;
        let sender = world.app.webhook_sender();
        receiver.on_push(Behavior::Status(500));
        world.advance(DAY);
        world.publish([article("one")]).await;
        send_all(world, &sender).await;
        world.publish([article("two")]).await;
        world.advance(-DAY);
        receiver.on_push(Behavior::Accept);
        assert_eq!(send_all(world, &sender).await, WebhookReport::default());
        world.app.store.clock_faults().record_last_run(world.now().plus(DAY)).await.unwrap();
        world.app.reset_clock_faults().await.unwrap().expect("the clock was wrong");
        assert_eq!(send_all(world, &sender).await.attempts, 2);
    }

    async fn old_events_are_deleted_with_their_attempts(world) {
        hook(world).await;
        let sender = world.app.webhook_sender();
        world.publish([article("one")]).await;
        send_all(world, &sender).await;
        world.advance(31 * DAY);
        send_all(world, &sender).await;
        assert_eq!((log(&world.app).await, world.sql("UPDATE events SET due_at = 0").await), (vec![], 0));
    }
}
