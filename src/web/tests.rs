//! Tests of the web server on a real store, and the site that they share.

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
mod assets;
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
mod paused;
mod people;
mod readers;
mod serving;
mod sign_ups;
mod subscribing;

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
        app.apply_renames(&Actor::Cli).await.unwrap();
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
