//! The web on a real store: readers come, confirm, leave and come back.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode, header};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::*;
use crate::config::Config;
use crate::domain::article::Draft;
use crate::domain::subscription::Status;
use crate::domain::time::HOUR;
use crate::domain::token::{self, Power};
use crate::feeds::shelf;
use crate::sources::import;
use crate::store::subscribers::Subscription;

mod addresses;
mod api;
mod feed_pages;
mod matrix;
mod readers;
mod serving;

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

/// A site on a store of its own.
struct Site {
    app: App,
    router: Door,
    folder: Arc<TempDir>,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

impl Site {
    async fn new(demo: bool) -> Self {
        Self::of(CONFIG, demo, false).await
    }

    /// One that keeps what it makes.
    async fn kept() -> Self {
        Self::of(CONFIG, false, true).await
    }

    /// The same, begun again.
    fn restarted(&self) -> Self {
        let app = self.app.clone().serving();
        Self { router: door(app.clone(), None), app, folder: Arc::clone(&self.folder) }
    }

    async fn of(config: &str, demo: bool, is_kept: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, config).unwrap();
        let app = App::connect(Config::load(&path, std::iter::empty()).unwrap()).await.unwrap();
        let app = if is_kept { app.serving() } else { app };
        let demo = match demo {
            true => {
                let (mailbox, _) = Mailbox::listen(0, app.clock).await.unwrap();
                Some(Demo { mailbox, sections: vec!["Campus".into()], source: "college".into() })
            }
            false => None,
        };
        Self { router: door(app.clone(), demo), app, folder: Arc::new(folder) }
    }

    async fn ask(&self, request: Builder, body: &str) -> Answer {
        let request = request
            .header(header::HOST, "news.example.edu")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path), "").await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            body,
        )
        .await
    }

    async fn publish(&self, title: &str) {
        let now = self.app.now();
        let draft = Draft {
            source_id: title.into(),
            title: title.into(),
            body_html: "<p>Text</p>".into(),
            published_at: now,
            ..Draft::default()
        };
        import::publish(&self.app.store, &self.app.config, "college", vec![draft], now)
            .await
            .unwrap();
        shelf::refresh_due(&self.app.store, &self.app.config, &self.app.shelf, now).await.unwrap();
    }

    async fn subscriptions(&self, address: &str) -> Vec<Subscription> {
        let Some(person) = self.app.store.find_subscriber(address).await.unwrap() else {
            return Vec::new();
        };
        self.app.store.subscriptions_of(&[person.id]).await.unwrap()
    }

    fn sign(&self, power: Power) -> String {
        token::sign(&self.app.instance.secret, power)
    }
}

/// The token in the action of a page's form.
fn token_in(page: &str, place: &str) -> String {
    let (_, rest) = page.split_once(&format!("action=\"/news/{place}/")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn languages_of_mails_go_by_their_own_names_and_two_of_one_by_their_tags_too() {
    for (languages, shown) in [
        (r#"["en", "zh-CN"]"#, ["English", "中文"].as_slice()),
        (r#"["fr", "zh-CN", "zh-TW"]"#, &["français", "中文 (zh-CN)", "中文 (zh-TW)"]),
    ] {
        let site = Site::of(&CONFIG.replace(r#"["en", "zh"]"#, languages), false, false).await;
        let form = site.get("/subscribe").await.text();
        for name in shown {
            assert!(form.contains(&format!("<span>{name}</span>")), "{name}: {form}");
        }
    }
}

#[tokio::test]
async fn a_reader_comes_confirms_leaves_and_comes_back() {
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
    let person = site.app.store.find_subscriber("ada@example.org").await.unwrap().unwrap();
    let queued = site.app.store.deliveries_to(person.id, 9).await.unwrap();
    assert_eq!(
        (queued.len(), queued[0].kind.as_str(), queued[0].state.as_str()),
        (1, "confirmation", "queued")
    );

    let token = site.sign(Power::Confirm { subscriber: person.id, delivery: 1 });
    let question = site.get(&format!("/confirm/{token}")).await;
    assert!(question.text().contains("The week") && question.header("x-robots-tag") == "noindex");
    assert_eq!(
        (question.header(header::REFERRER_POLICY), question.header(header::CACHE_CONTROL)),
        ("no-referrer", "no-store")
    );
    let all = |subscriptions: &[Subscription], status| {
        subscriptions.len() == 2 && subscriptions.iter().all(|s| s.status == status)
    };
    assert!(
        all(&site.subscriptions("ada@example.org").await, Status::Pending),
        "a GET changes nothing"
    );
    assert_eq!(site.post(&format!("/confirm/{token}"), "").await.status, StatusCode::OK);
    let confirmed = site.subscriptions("ada@example.org").await;
    assert!(all(&confirmed, Status::Confirmed));

    let leaving =
        format!("/unsubscribe/{}", site.sign(Power::Unsubscribe { subscription: confirmed[0].id }));
    assert!(site.get(&leaving).await.text().contains("value=\"leave\""));
    assert!(
        all(&site.subscriptions("ada@example.org").await, Status::Confirmed),
        "a GET changes nothing"
    );
    let left = site.post(&leaving, "action=leave").await.text();
    let status_of = async |at: usize| site.subscriptions("ada@example.org").await[at].status;
    assert_eq!((status_of(0).await, status_of(1).await), (Status::Left, Status::Confirmed));

    assert_eq!(
        site.post(&leaving, "action=undo").await.status,
        StatusCode::NOT_FOUND,
        "a link in a mail takes nothing back"
    );
    let undo = format!("/unsubscribe/{}", token_in(&left, "unsubscribe"));
    assert!(site.get(&undo).await.text().contains("value=\"undo\""));
    assert_eq!(site.post(&undo, "action=undo").await.status, StatusCode::OK);
    assert!(all(&site.subscriptions("ada@example.org").await, Status::Confirmed));
    assert_eq!(site.post(&undo, "action=undo").await.status, StatusCode::NOT_FOUND, "only once");
    assert_eq!(site.post(&leaving, "action=all").await.status, StatusCode::OK);
    assert!(all(&site.subscriptions("ada@example.org").await, Status::Left));
    let late = site
        .sign(Power::Undo { subscription: confirmed[0].id, left_at: site.app.now().0 - 2 * HOUR });
    assert_eq!(
        site.post(&format!("/unsubscribe/{late}"), "action=undo").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_mail_program_leaves_with_one_click_from_anywhere() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=daily").await;
    let subscriptions = site.subscriptions("ada@example.org").await;
    let address = |at: usize| {
        format!(
            "/unsubscribe/{}",
            site.sign(Power::Unsubscribe { subscription: subscriptions[at].id })
        )
    };
    let foreign = |path: &str| {
        Request::post(path)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://mail.example")
    };
    let plain =
        foreign(&address(0)).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = site.ask(plain, "List-Unsubscribe=One-Click").await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (StatusCode::OK, "You have left Every morning.\n")
    );
    let body = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let parts =
        foreign(&address(1)).header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    assert_eq!(site.ask(parts, body).await.status, StatusCode::OK);
    assert!(site.subscriptions("ada@example.org").await.iter().all(|s| s.status == Status::Left));
    let wrong = site.post("/unsubscribe/AAAA", "List-Unsubscribe=One-Click").await;
    assert!(wrong.status == StatusCode::NOT_FOUND && wrong.header("x-robots-tag") == "noindex");
}

#[tokio::test]
async fn a_request_that_cannot_be_met_changes_nothing() {
    let site = Site::new(false).await;
    for (body, status) in [
        ("address=nobody&digest=weekly", StatusCode::UNPROCESSABLE_ENTITY),
        ("address=eve%40example.org", StatusCode::UNPROCESSABLE_ENTITY),
        ("address=eve%40example.org&digest=unknown", StatusCode::BAD_REQUEST),
        ("address=eve%40example.org&digest=weekly&website=spam", StatusCode::OK),
        (
            &format!("address=eve%40example.org&digest=weekly&name={}", "x".repeat(70_000)),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        assert_eq!(site.post("/subscribe", body).await.status, status);
    }
    let foreign = Request::post("/subscribe").header("sec-fetch-site", "cross-site");
    assert_eq!(
        site.ask(foreign, "address=eve%40example.org&digest=weekly").await.status,
        StatusCode::FORBIDDEN
    );
    assert!(site.subscriptions("eve@example.org").await.is_empty());
    let asking = || {
        Request::post("/subscribe")
            .extension(axum::extract::ConnectInfo(SocketAddr::from(([198, 51, 100, 1], 9))))
    };
    for _ in 0..20 {
        assert_eq!(
            site.ask(asking(), "address=eve%40example.org&digest=weekly").await.status,
            StatusCode::OK
        );
    }
    let refused = site.ask(asking(), "address=eve%40example.org&digest=weekly").await;
    assert_eq!(
        (refused.status, refused.header(header::RETRY_AFTER)),
        (StatusCode::TOO_MANY_REQUESTS, "3600")
    );
    assert!(refused.text().contains("Too many requests"));
}

#[tokio::test]
async fn a_page_offers_only_what_can_be_taken_back_and_a_dead_link_says_so() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=weekly").await;
    let pending = site.subscriptions("ada@example.org").await.remove(0);
    let leaving =
        format!("/unsubscribe/{}", site.sign(Power::Unsubscribe { subscription: pending.id }));
    let left = site.post(&leaving, "action=leave").await;
    assert!(
        left.status == StatusCode::OK && !left.text().contains("value=\"undo\""),
        "{}",
        left.text()
    );
    let confirming = format!(
        "/confirm/{}",
        site.sign(Power::Confirm { subscriber: pending.subscriber_id, delivery: 1 })
    );
    assert_eq!(
        site.post(&confirming, "").await.status,
        StatusCode::NOT_FOUND,
        "who left is not told that they are subscribed"
    );
    assert_eq!(site.subscriptions("ada@example.org").await[0].status, Status::Left);
}
