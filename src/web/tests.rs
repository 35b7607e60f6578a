//! The web on a real store: readers come, confirm, leave and come back; feed readers ask again and again.

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

/// A site on a store of its own.
struct Site {
    app: App,
    router: Router,
    _folder: TempDir,
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, CONFIG).unwrap();
        let app = App::connect(Config::load(&path, std::iter::empty()).unwrap()).await.unwrap();
        let demo = match demo {
            true => {
                let (mailbox, _) = Mailbox::listen(0, app.clock).await.unwrap();
                Some(Demo { mailbox, sections: vec!["Campus".into()], source: "college".into() })
            }
            false => None,
        };
        Self { router: router(app.clone(), demo), app, _folder: folder }
    }

    async fn ask(&self, request: Builder, body: &str) -> Answer {
        let request = request.header(header::HOST, "news.example.edu").body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap().to_vec() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path), "").await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"), body).await
    }

    async fn publish(&self, title: &str) {
        let now = self.app.now();
        let draft =
            Draft { source_id: title.into(), title: title.into(), body_html: "<p>Text</p>".into(), published_at: now, ..Draft::default() };
        import::publish(&self.app.store, &self.app.config, "college", vec![draft], now).await.unwrap();
        shelf::refresh_due(&self.app.store, &self.app.config, &self.app.shelf, now).await.unwrap();
    }

    async fn subscriptions(&self, address: &str) -> Vec<Subscription> {
        let Some(person) = self.app.store.find_subscriber(address).await.unwrap() else { return Vec::new() };
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
async fn a_reader_comes_confirms_leaves_and_comes_back() {
    let site = Site::new(false).await;
    let form = site.get("/subscribe?digest=weekly&lang=zh").await;
    assert!(form.status == StatusCode::OK && form.text().contains("value=\"weekly\" checked"));
    let shown = html_escape::decode_html_entities(&form.text()).into_owned();
    assert!(shown.contains("?digest=weekly&lang=en"), "the language switch keeps the digest");

    let sent = site.post("/subscribe", "address=Ada%40example.org&name=Ada&language=zh&digest=weekly&digest=daily&website=").await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    let person = site.app.store.find_subscriber("ada@example.org").await.unwrap().unwrap();
    let queued = site.app.store.deliveries_to(person.id, 9).await.unwrap();
    assert_eq!((queued.len(), queued[0].kind.as_str(), queued[0].state.as_str()), (1, "confirmation", "queued"));

    let token = site.sign(Power::Confirm { subscriber: person.id, delivery: 1 });
    let question = site.get(&format!("/confirm/{token}")).await;
    assert!(question.text().contains("The week") && question.header("x-robots-tag") == "noindex");
    assert_eq!((question.header(header::REFERRER_POLICY), question.header(header::CACHE_CONTROL)), ("no-referrer", "no-store"));
    let all = |subscriptions: &[Subscription], status| subscriptions.len() == 2 && subscriptions.iter().all(|s| s.status == status);
    assert!(all(&site.subscriptions("ada@example.org").await, Status::Pending), "a GET changes nothing");
    assert_eq!(site.post(&format!("/confirm/{token}"), "").await.status, StatusCode::OK);
    let confirmed = site.subscriptions("ada@example.org").await;
    assert!(all(&confirmed, Status::Confirmed));

    let leaving = format!("/unsubscribe/{}", site.sign(Power::Unsubscribe { subscription: confirmed[0].id }));
    assert!(site.get(&leaving).await.text().contains("value=\"leave\""));
    assert!(all(&site.subscriptions("ada@example.org").await, Status::Confirmed), "a GET changes nothing");
    let left = site.post(&leaving, "action=leave").await.text();
    let status_of = async |at: usize| site.subscriptions("ada@example.org").await[at].status;
    assert_eq!((status_of(0).await, status_of(1).await), (Status::Left, Status::Confirmed));

    assert_eq!(site.post(&leaving, "action=undo").await.status, StatusCode::NOT_FOUND, "a link in a mail takes nothing back");
    let undo = format!("/unsubscribe/{}", token_in(&left, "unsubscribe"));
    assert!(site.get(&undo).await.text().contains("value=\"undo\""));
    assert_eq!(site.post(&undo, "action=undo").await.status, StatusCode::OK);
    assert!(all(&site.subscriptions("ada@example.org").await, Status::Confirmed));
    assert_eq!(site.post(&undo, "action=undo").await.status, StatusCode::NOT_FOUND, "only once");
    assert_eq!(site.post(&leaving, "action=all").await.status, StatusCode::OK);
    assert!(all(&site.subscriptions("ada@example.org").await, Status::Left));
    let late = site.sign(Power::Undo { subscription: confirmed[0].id, left_at: site.app.now().0 - 2 * HOUR });
    assert_eq!(site.post(&format!("/unsubscribe/{late}"), "action=undo").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_mail_program_leaves_with_one_click_from_anywhere() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=daily").await;
    let subscriptions = site.subscriptions("ada@example.org").await;
    let address = |at: usize| format!("/unsubscribe/{}", site.sign(Power::Unsubscribe { subscription: subscriptions[at].id }));
    let foreign = |path: &str| Request::post(path).header("sec-fetch-site", "cross-site").header("origin", "https://mail.example");
    let plain = foreign(&address(0)).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = site.ask(plain, "List-Unsubscribe=One-Click").await;
    assert_eq!((answer.status, answer.text().as_str()), (StatusCode::OK, "You have left Every morning.\n"));
    let body = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let parts = foreign(&address(1)).header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
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
        (&format!("address=eve%40example.org&digest=weekly&name={}", "x".repeat(70_000)), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(site.post("/subscribe", body).await.status, status);
    }
    let foreign = Request::post("/subscribe").header("sec-fetch-site", "cross-site");
    assert_eq!(site.ask(foreign, "address=eve%40example.org&digest=weekly").await.status, StatusCode::FORBIDDEN);
    assert!(site.subscriptions("eve@example.org").await.is_empty());
    let asking = || Request::post("/subscribe").extension(axum::extract::ConnectInfo(SocketAddr::from(([198, 51, 100, 1], 9))));
    for _ in 0..20 {
        assert_eq!(site.ask(asking(), "address=eve%40example.org&digest=weekly").await.status, StatusCode::OK);
    }
    let refused = site.ask(asking(), "address=eve%40example.org&digest=weekly").await;
    assert_eq!((refused.status, refused.header(header::RETRY_AFTER)), (StatusCode::TOO_MANY_REQUESTS, "3600"));
    assert!(refused.text().contains("Too many requests"));
}

#[tokio::test]
async fn feed_readers_are_told_what_is_new_and_no_more() {
    let site = Site::new(false).await;
    let early = site.get("/feeds/news.atom").await;
    assert_eq!((early.status, early.header(header::RETRY_AFTER)), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert_eq!(site.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    site.publish("One").await;
    assert_eq!((site.get("/readyz").await.status, site.get("/healthz").await.status), (StatusCode::OK, StatusCode::OK));

    for (file, media_type) in [
        ("news.rss", "application/rss+xml; charset=utf-8"),
        ("news.atom", "application/atom+xml; charset=utf-8"),
        ("news.json", "application/feed+json"),
    ] {
        let path = format!("/feeds/{file}");
        let full = site.get(&path).await;
        assert_eq!((full.status, full.header(header::CONTENT_TYPE)), (StatusCode::OK, media_type));
        assert_eq!(full.header(header::CONTENT_LENGTH), full.body.len().to_string());
        assert_eq!(full.header(header::LINK), format!("<https://news.example.edu/news/feeds/{file}>; rel=\"self\""));
        assert_eq!(full.header(header::VARY), "Accept-Encoding");
        assert!(full.headers.get(header::SET_COOKIE).is_none());
        let head = site.ask(Request::head(&path), "").await;
        assert!(head.headers == full.headers && head.body.is_empty(), "HEAD is GET without the body");
        let packed = site.ask(Request::get(&path).header(header::ACCEPT_ENCODING, "gzip"), "").await;
        assert_eq!((packed.header(header::CONTENT_ENCODING), &packed.body[..2]), ("gzip", &[0x1f, 0x8b][..]));
        let (plain_tag, packed_tag) = (full.header(header::ETAG).to_owned(), packed.header(header::ETAG).to_owned());
        assert_eq!(packed_tag.trim_end_matches("-gz\""), plain_tag.trim_end_matches('"'));
        let date = full.header(header::LAST_MODIFIED).to_owned();
        for (name, value) in [(header::IF_NONE_MATCH, &plain_tag), (header::IF_NONE_MATCH, &packed_tag), (header::IF_MODIFIED_SINCE, &date)]
        {
            let same = site.ask(Request::get(&path).header(name, value), "").await;
            assert!(same.status == StatusCode::NOT_MODIFIED && same.body.is_empty());
            for kept in [header::ETAG, header::LAST_MODIFIED, header::CACHE_CONTROL, header::VARY, header::ACCESS_CONTROL_ALLOW_ORIGIN] {
                assert_eq!(same.headers.get(&kept), full.headers.get(&kept));
            }
        }
    }
    let before = site.get("/feeds/news.rss").await.header(header::ETAG).to_owned();
    site.publish("Two").await;
    let changed = site.ask(Request::get("/feeds/news.rss?x=1").header(header::IF_NONE_MATCH, before), "").await;
    assert!(changed.status == StatusCode::OK && changed.text().contains("Two"));
    assert!(site.get("/feeds/news").await.text().contains("Two"));
    let preflight = site.ask(Request::options("/feeds/news.rss"), "").await;
    assert_eq!((preflight.status, preflight.header(header::ACCESS_CONTROL_ALLOW_ORIGIN)), (StatusCode::NO_CONTENT, "*"));
    for missing in ["/feeds/other.rss", "/feeds/news.RSS", "/feeds/news.rss/", "/feeds/"] {
        assert_eq!(site.get(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test]
async fn without_the_database_feeds_and_the_front_page_are_served_and_the_rest_says_so() {
    let site = Site::new(false).await;
    site.publish("Still here").await;
    site.app.store.close().await;
    assert!(site.get("/feeds/news.rss").await.text().contains("Still here"));
    assert!(site.get("/").await.text().contains("Still here"));
    let sent = site.post("/subscribe", "address=ada%40example.org&digest=weekly").await;
    assert_eq!((sent.status, sent.header(header::RETRY_AFTER)), (StatusCode::SERVICE_UNAVAILABLE, "30"));
    assert!(sent.text().contains("Something went wrong") && !sent.text().contains("pool"));
}

#[tokio::test]
async fn every_page_is_careful_and_speaks_the_readers_language() {
    let site = Site::new(false).await;
    for path in ["/", "/subscribe", "/nothing", "/confirm/x"] {
        let page = site.ask(Request::get(path).header(header::ACCEPT_LANGUAGE, "zh-CN,en;q=0.5"), "").await;
        assert!(page.text().contains("<html lang=\"zh\">"), "{path}");
        assert!(page.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"), "{path}");
        assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        let head = site.ask(Request::head(path).header(header::ACCEPT_LANGUAGE, "zh"), "").await;
        assert!(head.status == page.status && head.body.is_empty());
        assert_eq!(head.header(header::CONTENT_LENGTH), page.body.len().to_string(), "{path}");
    }
    let chosen = html_escape::decode_html_entities(&site.get("/?lang=zh").await.text()).into_owned();
    for link in ["\"/news/subscribe?lang=zh\"", "\"/news/?lang=zh\"", "/news/subscribe?digest=weekly&lang=zh"] {
        assert!(chosen.contains(link), "a chosen language goes on being spoken: {link}");
    }
    let refused = site.post("/", "").await;
    assert_eq!((refused.status, refused.header(header::ALLOW)), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
    let style = format!("/assets/style.css?v={}", site.app.templates.stylesheet().hash);
    assert!(site.get(&style).await.header(header::CACHE_CONTROL).ends_with("immutable"));
}

#[tokio::test]
async fn the_demo_publishes_and_shows_what_was_published_and_nobody_else_does() {
    let site = Site::new(true).await;
    let sent = site.post("/demo/publish", "title=A+%3C+B&text=One%0A%0ATwo&section=Campus&language=zh").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let place = sent.header(header::LOCATION).strip_prefix("/news").unwrap().to_owned();
    assert!(site.get(&place).await.text().contains("A &lt; B"));
    let id = place.split(['=', '&']).nth(1).unwrap();
    let story = site.get(&format!("/demo/articles/{id}")).await.text();
    assert!(story.contains("<p>Two</p>") && story.contains("Campus"), "{story}");
    assert!(site.get("/feeds/news.json").await.text().contains("A < B"), "it is in the feed at once");
    assert_eq!(site.get("/mailbox.json").await.text(), "[]");
    assert_eq!((site.get("/mailbox").await.status, site.get("/mailbox/1").await.status), (StatusCode::OK, StatusCode::NOT_FOUND));
    let plain = Site::new(false).await;
    for path in ["/mailbox", "/mailbox.json", "/mailbox/1", "/demo/publish", "/demo/articles/x"] {
        assert_eq!(plain.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
