//! Tests of feed responses, page headers and languages, and the demo's pages.

use super::*;
use crate::demo::sample_college::College;

/// Checks the headers of a feed, also for HEAD and compression, and its conditional requests.
async fn check_feed(site: &Site, file: &str, media_type: &str) {
    let path = format!("/feeds/{file}");
    let full = site.get(&path).await;
    assert_eq!((full.status, full.header(header::CONTENT_TYPE)), (StatusCode::OK, media_type));
    assert_eq!(full.header(header::CONTENT_LENGTH), full.body.len().to_string());
    assert_eq!(
        full.header(header::LINK),
        format!("<https://news.example.edu/news/feeds/{file}>; rel=\"self\"")
    );
    assert_eq!(full.header(header::VARY), "Accept-Encoding");
    assert!(full.headers.get(header::SET_COOKIE).is_none());
    let head = site.send(Request::head(&path), "").await;
    assert!(
        head.headers == full.headers && head.body.is_empty(),
        "HEAD returns the headers of GET without the body"
    );
    let packed = site.send(Request::get(&path).header(header::ACCEPT_ENCODING, "gzip"), "").await;
    assert_eq!(
        (packed.header(header::CONTENT_ENCODING), &packed.body[..2]),
        ("gzip", &[0x1f, 0x8b][..])
    );
    let (plain_tag, packed_tag) =
        (full.header(header::ETAG).to_owned(), packed.header(header::ETAG).to_owned());
    assert_eq!(packed_tag.trim_end_matches("-gz\""), plain_tag.trim_end_matches('"'));
    let date = full.header(header::LAST_MODIFIED).to_owned();
    for (name, value) in [
        (header::IF_NONE_MATCH, &plain_tag),
        (header::IF_NONE_MATCH, &packed_tag),
        (header::IF_MODIFIED_SINCE, &date),
    ] {
        let same = site.send(Request::get(&path).header(name, value), "").await;
        assert!(same.status == StatusCode::NOT_MODIFIED && same.body.is_empty());
        for name in [
            header::ETAG,
            header::LAST_MODIFIED,
            header::CACHE_CONTROL,
            header::VARY,
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
        ] {
            assert_eq!(same.headers.get(&name), full.headers.get(&name));
        }
    }
}

#[tokio::test]
async fn conditional_requests_return_304_until_the_feed_changes() {
    let site = Site::new(false).await;
    let early = site.get("/feeds/news.atom").await;
    assert_eq!(
        (early.status, early.header(header::RETRY_AFTER)),
        (StatusCode::SERVICE_UNAVAILABLE, "5")
    );
    assert_eq!(site.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    site.publish("One").await;
    assert_eq!(
        (site.get("/readyz").await.status, site.get("/healthz").await.status),
        (StatusCode::OK, StatusCode::OK)
    );

    for (file, media_type) in [
        ("news.rss", "application/rss+xml; charset=utf-8"),
        ("news.atom", "application/atom+xml; charset=utf-8"),
        ("news.json", "application/feed+json"),
    ] {
        check_feed(&site, file, media_type).await;
    }
    let before = site.get("/feeds/news.rss").await.header(header::ETAG).to_owned();
    site.publish("Two").await;
    let changed = site
        .send(Request::get("/feeds/news.rss?x=1").header(header::IF_NONE_MATCH, before), "")
        .await;
    assert!(changed.status == StatusCode::OK && changed.text().contains("Two"));
    assert!(site.get("/feeds/news").await.text().contains("Two"));
    let preflight = site.send(Request::options("/feeds/news.rss"), "").await;
    assert_eq!(
        (preflight.status, preflight.header(header::ACCESS_CONTROL_ALLOW_ORIGIN)),
        (StatusCode::NO_CONTENT, "*")
    );
    for missing in ["/feeds/other.rss", "/feeds/news.xml", "/feeds/other", "/feeds/other/"] {
        assert_eq!(site.get(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test]
async fn feeds_and_index_are_served_without_the_database_and_other_requests_return_503() {
    let site = Site::new(false).await;
    site.publish("Still here").await;
    site.app.store.close().await;
    assert!(site.get("/feeds/news.rss").await.text().contains("Still here"));
    assert!(site.get("/").await.text().contains("Still here"));
    let sent = site.post("/subscribe", "address=ada%40example.org&digest=weekly").await;
    assert_eq!(
        (sent.status, sent.header(header::RETRY_AFTER)),
        (StatusCode::SERVICE_UNAVAILABLE, "30")
    );
    assert!(sent.text().contains("Something went wrong") && !sent.text().contains("pool"));
}

#[tokio::test]
async fn every_page_has_security_headers_and_the_negotiated_language() {
    let site = Site::new(false).await;
    for path in ["/", "/subscribe", "/nothing", "/confirm/x"] {
        let page = site
            .send(Request::get(path).header(header::ACCEPT_LANGUAGE, "zh-CN,en;q=0.5"), "")
            .await;
        assert!(page.text().contains("<html lang=\"zh\" dir=\"ltr\">"), "{path}");
        assert!(
            html_escape::decode_html_entities(&page.text()).contains("href=\"?lang=en\""),
            "{path}: links to the other languages are missing"
        );
        assert!(
            page.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"),
            "{path}"
        );
        assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        let head = site.send(Request::head(path).header(header::ACCEPT_LANGUAGE, "zh"), "").await;
        assert!(head.status == page.status && head.body.is_empty());
        assert_eq!(head.header(header::CONTENT_LENGTH), page.body.len().to_string(), "{path}");
    }
    let chosen =
        html_escape::decode_html_entities(&site.get("/?lang=zh").await.text()).into_owned();
    for link in [
        "\"/news/subscribe?lang=zh\"",
        "\"/news/?lang=zh\"",
        "/news/subscribe?digest=weekly&lang=zh",
    ] {
        assert!(chosen.contains(link), "the chosen language is not kept: {link}");
    }
    let rejected = site.post("/", "").await;
    assert_eq!(
        (rejected.status, rejected.header(header::ALLOW)),
        (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD")
    );
    let other = html_escape::decode_html_entities(&rejected.text()).contains("\"?lang=");
    assert!(!other, "a POST must not be repeated by a language link");
    let style =
        format!("/assets/style.css?v={}", site.app.templates.asset("style.css").unwrap().hash);
    assert!(site.get(&style).await.header(header::CACHE_CONTROL).ends_with("immutable"));
}

#[tokio::test]
async fn demo_pages_publish_articles_and_exist_only_in_the_demo() {
    let site = Site::new(true).await;
    let sent = site
        .post("/demo/publish", "title=A+%3C+B&text=One%0A%0ATwo&section=Campus&language=zh")
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let path = sent.header(header::LOCATION).strip_prefix("/news").unwrap().to_owned();
    assert!(site.get(&path).await.text().contains("A &lt; B"));
    let id = path.split(['=', '&']).nth(1).unwrap();
    let story = site.get(&format!("/demo/articles/{id}")).await.text();
    assert!(story.contains("<p>Two</p>") && story.contains("Campus"), "{story}");
    assert!(
        site.get("/feeds/news.json").await.text().contains("A < B"),
        "the article appears in the feed immediately"
    );
    assert_eq!(site.get("/mailbox.json").await.text(), "[]");
    assert_eq!(
        (site.get("/mailbox").await.status, site.get("/mailbox/1").await.status),
        (StatusCode::OK, StatusCode::NOT_FOUND)
    );
    let plain = Site::new(false).await;
    for path in [
        "/mailbox",
        "/mailbox.json",
        "/mailbox/1",
        "/demo/publish",
        "/demo/articles/x",
        "/demo/pictures/lathe.png",
    ] {
        assert_eq!(plain.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_article_of_the_demo_shows_its_picture() {
    let site = Site::new(true).await;
    let college = College::sample().unwrap();
    let (config, now) = (&site.app.config, site.app.now());
    let lathe = college.articles[0].incoming_article(now, &config.site.base_url);
    let source = &site.demo.as_ref().unwrap().source;
    import::upsert_articles(&site.app.store, config, source, vec![lathe], now).await.unwrap();
    let story = site.get("/demo/articles/lathe").await.text();
    let url = format!("{}/demo/pictures/lathe.png", config.site.base_url);
    assert!(story.contains(&format!("<img src=\"{url}\" alt=\"Drawing of a lathe")), "{story}");
    let picture = site.get("/demo/pictures/lathe.png").await;
    assert_eq!(picture.header(header::CONTENT_TYPE), "image/png");
    assert!(picture.body.starts_with(b"\x89PNG"));
    for other in ["none.png", "lathe", "..%2Fcollege.json", "..%2F..%2Fweb%2Fstyle.css"] {
        let answer = site.get(&format!("/demo/pictures/{other}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{other}");
    }
}

#[tokio::test]
async fn pages_of_the_demo_update_parts_of_themselves_and_other_pages_have_no_script() {
    let demo = Site::new(true).await;
    for path in ["/", "/mailbox"] {
        let page = demo.get(path).await;
        let text = page.text();
        assert!(text.contains("/news/assets/demo.js?v") && text.contains("data-live"), "{text}");
        assert!(text.contains("<noscript><meta http-equiv=\"refresh\""), "{text}");
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains("script-src 'self'; connect-src 'self'"), "{policy}");
    }
    for (site, path) in [(&demo, "/subscribe"), (&Site::new(false).await, "/")] {
        let page = site.get(path).await;
        let text = page.text();
        assert!(!text.contains("<script") && !text.contains("data-live"), "{path}: {text}");
        assert!(!page.header(header::CONTENT_SECURITY_POLICY).contains("script-src"), "{path}");
    }
}

#[tokio::test]
async fn browser_content_types_are_sent_when_configured() {
    let site = Site::with_config(
        &CONFIG.replace("[[sources]]", "[server]\nbrowser_content_types = true\n[[sources]]"),
        false,
        false,
    )
    .await;
    site.publish("One").await;
    for (file, media_type) in [
        ("news.rss", "application/xml; charset=utf-8"),
        ("news.atom", "application/xml; charset=utf-8"),
        ("news.json", "application/json"),
    ] {
        assert_eq!(
            site.get(&format!("/feeds/{file}")).await.header(header::CONTENT_TYPE),
            media_type
        );
    }
}

#[tokio::test]
async fn a_feed_from_memory_has_the_headers_that_the_router_would_send() {
    let site = Site::new(false).await;
    site.publish("Open day").await;
    let router = router(site.app.clone(), None, ApiRoutes::default());
    for (path, encoding, condition) in [
        ("/feeds/news.rss", "", ""),
        ("/feeds/news.atom", "gzip", ""),
        ("/feeds/news.json", "br", ""),
        ("/feeds/news.json", "identity;q=0", ""),
        ("/feeds/news.rss", "", "*"),
    ] {
        let request = || {
            Request::get(path)
                .header(header::HOST, "news.example.edu")
                .header(header::ACCEPT_ENCODING, encoding)
                .header(header::IF_NONE_MATCH, condition)
        };
        let fast = site.send(request(), "").await;
        let routed =
            tower::ServiceExt::oneshot(router.clone(), request().body(Body::empty()).unwrap())
                .await
                .unwrap();
        let without_id = |headers: &HeaderMap| {
            let mut headers = headers.clone();
            // A response from memory writes no log line that an id could be looked up in.
            headers.remove("x-request-id");
            if headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == "0") {
                headers.remove(header::CONTENT_LENGTH);
            }
            headers
        };
        assert_eq!(fast.status, routed.status(), "{path} {encoding}");
        assert_eq!(without_id(&fast.headers), without_id(routed.headers()), "{path} {encoding}");
    }
}

#[tokio::test]
async fn a_304_of_a_feed_rendered_on_demand_states_no_length() {
    let site = Site::new(false).await;
    site.publish("Open day").await;
    let path = "/feeds/news/language/en.rss";
    let full = site.get(path).await;
    let again = Request::get(path).header(header::IF_NONE_MATCH, full.header(header::ETAG));
    let response = site.send(again, "").await;
    assert_eq!((full.status, response.status), (StatusCode::OK, StatusCode::NOT_MODIFIED));
    assert!(response.headers.get(header::CONTENT_LENGTH).is_none());
}
