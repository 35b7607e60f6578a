//! Tests of the web server on a real store: subscribing, confirming and unsubscribing.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode, header};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::state::MAX_BODY_BYTES;
use super::*;
use crate::api_tokens::{self, NewToken, TOKEN_BYTES};
use crate::app::App;
use crate::config::Config;
use crate::demo::Demo;
use crate::demo::mailbox::Mailbox;
use crate::domain::actor::Actor;
use crate::domain::article::IncomingArticle;
use crate::domain::link_token::{self, LinkScope};
use crate::domain::role::Role;
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::HOUR;
use crate::feeds::cache;
use crate::readership::Readership;
use crate::sources::import;
use crate::store::subscribers::Subscription;

mod access;
mod accounts;
mod addresses;
mod admin_definitions;
mod admin_digests;
mod admin_feeds;
mod admin_pages;
mod brand;
mod errors;
mod feed_pages;
mod http_shapes;
mod languages;
mod links;
mod long_texts;
mod matrix;
mod metrics;
mod offers;
mod people;
mod readers;
mod serving;
mod sign_ups;

const CONFIG: &str = r#"
[site]
title = "Test College"
base_url = "https://news.example.edu/news"
id_authority = "news.example.edu,2026"
[database]
url = "sqlite://courant.db"
[[sources]]
name = "college"
kind = "builtin"
[[feeds]]
name = "news"
title = "All news"
aliases = ["/feed/", "/?feed=rss2", "/old.xml", "/atom.xml", "/feed.json"]
[[digests]]
name = "weekly"
title = "The week"
schedule = "0 8 * * MON"
languages = ["en", "zh"]
from = "News <news@example.edu>"
[[digests]]
name = "daily"
title = "Every morning"
schedule = "0 7 * * *"
from = "News <news@example.edu>"
[[transports]]
name = "default"
url = "smtp://127.0.0.1:2525"
"#;

const PRIVATE: &str = r#"
[[feeds]]
name = "staff"
title = "Staff only"
private = "Sesame0123456789"
"#;

/// A site with its own store.
struct Site {
    demo: Option<Demo>,
    app: App,
    router: LiveService,
    folder: Arc<TempDir>,
}

/// A response with its complete body.
struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl TestResponse {
    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

impl Site {
    async fn new(demo: bool) -> Self {
        Self::with_config(CONFIG, demo, false).await
    }

    /// Creates a site whose feeds are cached on disk.
    async fn with_disk_cache() -> Self {
        Self::with_config(CONFIG, false, true).await
    }

    /// Restarts the site on the same store.
    fn restarted(&self) -> Self {
        let app = self.app.clone().with_disk_cache();
        Self {
            router: LiveService::new(service(app.clone(), None, ApiRoutes::default())),
            app,
            demo: None,
            folder: Arc::clone(&self.folder),
        }
    }

    async fn with_config(config: &str, demo: bool, has_disk_cache: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, config).unwrap();
        let mut app = App::connect(Config::load(&path, std::iter::empty()).unwrap()).await.unwrap();
        // With a random key, two readers would sometimes count as one.
        app.readership = Readership::new("node".into(), || [7; 32], app.now());
        let app = if has_disk_cache { app.with_disk_cache() } else { app };
        let demo = match demo {
            true => {
                let (mailbox, _) = Mailbox::listen(0, app.clock).await.unwrap();
                Some(Demo { mailbox, sections: vec!["Campus".into()], source: "college".into() })
            }
            false => None,
        };
        Self {
            router: LiveService::new(service(app.clone(), demo.clone(), ApiRoutes::default())),
            app,
            demo,
            folder: Arc::new(folder),
        }
    }

    async fn send(&self, request: Builder, body: &str) -> TestResponse {
        let request = request
            .header(header::HOST, "news.example.edu")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    async fn get(&self, path: &str) -> TestResponse {
        self.send(Request::get(path), "").await
    }

    async fn post(&self, path: &str, body: &str) -> TestResponse {
        self.send(
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            body,
        )
        .await
    }

    async fn publish(&self, title: &str) {
        self.publish_in("", title).await;
    }

    /// Publishes an article in a section, unless the section is empty.
    async fn publish_in(&self, section: &str, title: &str) {
        let now = self.app.now();
        let draft = IncomingArticle {
            sections: Some(section.to_owned()).filter(|s| !s.is_empty()).into_iter().collect(),
            source_id: title.into(),
            title: title.into(),
            body_html: "<p>Text</p>".into(),
            published_at: now,
            ..IncomingArticle::default()
        };
        import::upsert_articles(&self.app.store, &self.app.config, "college", vec![draft], now)
            .await
            .unwrap();
        cache::refresh_due(&self.app.store, &self.app.config, &self.app.feed_cache, now)
            .await
            .unwrap();
    }

    async fn subscriptions(&self, address: &str) -> Vec<Subscription> {
        let Some(person) = self.app.store.subscribers().find_by_address(address).await.unwrap()
        else {
            return Vec::new();
        };
        self.app.store.subscriptions().list_of(&[person.id]).await.unwrap()
    }

    async fn token(&self, name: &str, role: Role, token_byte: u8) -> String {
        let (secret, random) = (&self.app.store_identity.secret, [token_byte; TOKEN_BYTES]);
        let (store, actor, now) = (&self.app.store, &Actor::Cli, self.app.now());
        let new = NewToken::new(name, role);
        api_tokens::create_token(store, secret, new, random, actor, now).await.unwrap()
    }

    fn sign(&self, power: LinkScope) -> String {
        link_token::sign(&self.app.store_identity.secret, power)
    }
}

/// Returns the token in the action of a page's form.
fn token_in(page: &str, path_prefix: &str) -> String {
    let (_, rest) = page.split_once(&format!("action=\"/news/{path_prefix}/")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Returns `true` if both subscriptions have this status.
fn both_are(subscriptions: &[Subscription], status: SubscriptionStatus) -> bool {
    subscriptions.len() == 2 && subscriptions.iter().all(|s| s.status == status)
}

#[tokio::test]
async fn subscriber_receives_a_link_and_can_confirm() {
    let site = Site::new(false).await;
    let form = site.get("/subscribe?digest=weekly&lang=zh").await;
    assert!(form.status == StatusCode::OK && form.text().contains("value=\"weekly\" checked"));
    let shown = html_escape::decode_html_entities(&form.text()).into_owned();
    assert!(shown.contains("?digest=weekly&lang=en"), "the language switch keeps the digest");

    let sent = site
        .post(
            "/subscribe",
            "address=Ada%40example.org&name=Ada&language=zh&digest=weekly&digest=daily&website=",
        )
        .await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    let person =
        site.app.store.subscribers().find_by_address("ada@example.org").await.unwrap().unwrap();
    let queued = site.app.store.deliveries().to_subscriber(person.id, 9).await.unwrap();
    assert_eq!(
        (queued.len(), queued[0].kind.as_str(), queued[0].state.as_str()),
        (1, "confirmation", "queued")
    );

    let token = site.sign(LinkScope::Confirm { subscriber: person.id, delivery: 1 });
    let question = site.get(&format!("/confirm/{token}")).await;
    assert!(question.text().contains("The week") && question.header("x-robots-tag") == "noindex");
    assert_eq!(
        (question.header(header::REFERRER_POLICY), question.header(header::CACHE_CONTROL)),
        ("no-referrer", "no-store")
    );
    assert!(
        both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Pending),
        "GET must not change anything"
    );
    assert_eq!(site.post(&format!("/confirm/{token}"), "").await.status, StatusCode::OK);
    assert!(both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Confirmed));
}

#[tokio::test]
async fn subscriber_can_unsubscribe_and_undo_for_an_hour() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=daily").await;
    let person =
        site.app.store.subscribers().find_by_address("ada@example.org").await.unwrap().unwrap();
    let token = site.sign(LinkScope::Confirm { subscriber: person.id, delivery: 1 });
    site.post(&format!("/confirm/{token}"), "").await;
    let confirmed = site.subscriptions("ada@example.org").await;
    assert!(both_are(&confirmed, SubscriptionStatus::Confirmed));

    let unsubscribe_link = format!(
        "/unsubscribe/{}",
        site.sign(LinkScope::Unsubscribe { subscription: confirmed[0].id })
    );
    assert!(site.get(&unsubscribe_link).await.text().contains("value=\"unsubscribe\""));
    assert!(
        both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Confirmed),
        "GET must not change anything"
    );
    let done = site.post(&unsubscribe_link, "action=unsubscribe").await.text();
    let status_of = async |at: usize| site.subscriptions("ada@example.org").await[at].status;
    assert_eq!(
        (status_of(0).await, status_of(1).await),
        (SubscriptionStatus::Unsubscribed, SubscriptionStatus::Confirmed)
    );

    assert_eq!(
        site.post(&unsubscribe_link, "action=undo").await.status,
        StatusCode::NOT_FOUND,
        "the link in an e-mail cannot undo"
    );
    let undo = format!("/unsubscribe/{}", token_in(&done, "unsubscribe"));
    assert!(site.get(&undo).await.text().contains("value=\"undo\""));
    assert_eq!(site.post(&undo, "action=undo").await.status, StatusCode::OK);
    assert!(both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Confirmed));
    assert_eq!(
        site.post(&undo, "action=undo").await.status,
        StatusCode::NOT_FOUND,
        "the undo works only once"
    );
    assert_eq!(site.post(&unsubscribe_link, "action=all").await.status, StatusCode::OK);
    assert!(both_are(
        &site.subscriptions("ada@example.org").await,
        SubscriptionStatus::Unsubscribed
    ));
    let late = site.sign(LinkScope::Undo {
        subscription: confirmed[0].id,
        unsubscribed_at: site.app.now().plus(-2 * HOUR).0,
    });
    assert_eq!(
        site.post(&format!("/unsubscribe/{late}"), "action=undo").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn one_click_unsubscribe_works_cross_site_in_both_form_encodings() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=daily").await;
    let subscriptions = site.subscriptions("ada@example.org").await;
    let address = |at: usize| {
        format!(
            "/unsubscribe/{}",
            site.sign(LinkScope::Unsubscribe { subscription: subscriptions[at].id })
        )
    };
    let foreign = |path: &str| {
        Request::post(path)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://mail.example")
    };
    let plain =
        foreign(&address(0)).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = site.send(plain, "List-Unsubscribe=One-Click").await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (StatusCode::OK, "You have unsubscribed from Every morning.\n")
    );
    let body = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let parts =
        foreign(&address(1)).header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    assert_eq!(site.send(parts, body).await.status, StatusCode::OK);
    assert!(
        site.subscriptions("ada@example.org")
            .await
            .iter()
            .all(|s| s.status == SubscriptionStatus::Unsubscribed)
    );
    let wrong = site.post("/unsubscribe/AAAA", "List-Unsubscribe=One-Click").await;
    assert!(wrong.status == StatusCode::NOT_FOUND && wrong.header("x-robots-tag") == "noindex");
}

#[tokio::test]
async fn unsubscribed_pending_subscription_can_be_neither_undone_nor_confirmed() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=weekly").await;
    let pending = site.subscriptions("ada@example.org").await.remove(0);
    let unsubscribe_link =
        format!("/unsubscribe/{}", site.sign(LinkScope::Unsubscribe { subscription: pending.id }));
    let done = site.post(&unsubscribe_link, "action=unsubscribe").await;
    assert!(
        done.status == StatusCode::OK && !done.text().contains("value=\"undo\""),
        "{}",
        done.text()
    );
    let confirm_link = format!(
        "/confirm/{}",
        site.sign(LinkScope::Confirm { subscriber: pending.subscriber_id, delivery: 1 })
    );
    assert_eq!(
        site.post(&confirm_link, "").await.status,
        StatusCode::NOT_FOUND,
        "an unsubscribed person cannot confirm"
    );
    assert_eq!(
        site.subscriptions("ada@example.org").await[0].status,
        SubscriptionStatus::Unsubscribed
    );
}

#[tokio::test]
async fn link_of_a_test_mail_works_and_changes_nothing() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly").await;
    let before = site.subscriptions("ada@example.org").await.remove(0);
    let link = format!("/unsubscribe/{}", site.sign(LinkScope::Test { delivery: before.id }));
    let shown = site.get(&link).await;
    assert!(shown.status == StatusCode::OK && shown.text().contains("The unsubscribe link works"));
    for form in ["List-Unsubscribe=One-Click", "action=unsubscribe", "action=all", "action=undo"] {
        assert_eq!(site.post(&link, form).await.status, StatusCode::OK, "{form}");
    }
    let after = site.subscriptions("ada@example.org").await.remove(0);
    assert_eq!((after.status, after.status_changed_at), (before.status, before.status_changed_at));
}
