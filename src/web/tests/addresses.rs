//! Tests of feed addresses: aliases, sloppy spellings, former names and private feeds.

use super::*;

#[tokio::test]
async fn alias_serves_the_same_response_as_the_feed_address() {
    let site = Site::new(false).await;
    let early = site.get("/feed/").await;
    assert_eq!(
        (early.status, early.header(header::RETRY_AFTER)),
        (StatusCode::SERVICE_UNAVAILABLE, "5")
    );
    site.publish("One").await;
    for (alias, file) in [
        ("/feed/", "news.rss"),
        ("/feed", "news.rss"),
        ("/feed/?null", "news.rss"),
        ("/?feed=rss2", "news.rss"),
        ("/?utm_source=x&feed=rss2", "news.rss"),
        ("/old.xml", "news.rss"),
        ("/old.xml/", "news.rss"),
        ("/atom.xml", "news.atom"),
        ("/feed.json", "news.json"),
    ] {
        let (own, old) = (site.get(&format!("/feeds/{file}")).await, site.get(alias).await);
        assert!(own.status == StatusCode::OK && old.status == StatusCode::OK, "{alias}");
        assert!(old.body == own.body && old.headers == own.headers, "{alias}");
        let head = site.send(Request::head(alias), "").await;
        assert!(head.headers == own.headers && head.body.is_empty(), "{alias}");
        let again = Request::get(alias).header(header::IF_NONE_MATCH, own.header(header::ETAG));
        assert_eq!(site.send(again, "").await.status, StatusCode::NOT_MODIFIED, "{alias}");
        let preflight = site.send(Request::options(alias), "").await;
        assert_eq!(
            (preflight.status, preflight.header(header::ACCESS_CONTROL_ALLOW_ORIGIN)),
            (StatusCode::NO_CONTENT, "*"),
            "{alias}"
        );
        let posted = site.post(alias, "").await;
        assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED, "{alias}");
    }
    assert!(site.get("/").await.text().contains("<html"), "the home page is still served");
    assert_eq!(
        site.get("/?feed=comments").await.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
}

#[tokio::test]
async fn sloppy_addresses_redirect_to_the_canonical_one() {
    let site = Site::new(false).await;
    site.publish("One").await;
    for (sloppy, right) in [
        ("//feeds/news.rss", "/feeds/news.rss"),
        ("/feeds//news.rss", "/feeds/news.rss"),
        ("/feeds/news.rss/", "/feeds/news.rss"),
        ("/Feeds/News.RSS", "/feeds/news.rss"),
        ("/feeds/news.rss/?null", "/feeds/news.rss?null"),
        ("//feeds/section/Sport.rss", "/feeds/section/Sport.rss"),
        ("/feeds//evil.example/x", "/feeds/evil.example/x"),
    ] {
        let moved = site.get(sloppy).await;
        assert_eq!(moved.status, StatusCode::MOVED_PERMANENTLY, "{sloppy}");
        assert_eq!(moved.header(header::LOCATION), format!("https://news.example.edu/news{right}"));
        assert_eq!(moved.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        assert_eq!(
            site.send(Request::head(sloppy), "").await.status,
            StatusCode::MOVED_PERMANENTLY
        );
    }
    for path in
        ["/feeds/news.rss?null", "/feeds/news.rss?utm_source=x&utm_medium=y", "/feeds/news.rss?"]
    {
        let (own, with_query) = (site.get("/feeds/news.rss").await, site.get(path).await);
        assert!(with_query.status == StatusCode::OK && with_query.body == own.body, "{path}");
        assert_eq!(with_query.header(header::ETAG), own.header(header::ETAG), "{path}");
    }
    for missing in [
        "/feeds/other.rss",
        "/feeds/Other.RSS",
        "//",
        "//evil.example/",
        "/feeds/news.xml",
        "/FEEDS",
    ] {
        let answer = site.get(missing).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{missing}");
        assert!(!answer.headers.contains_key(header::LOCATION));
    }
    let missing = site.get("/feeds/other.rss").await;
    assert_eq!(
        (
            missing.header(header::CACHE_CONTROL),
            missing.header(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        ),
        ("public, max-age=60", "*")
    );
}

/// Forwarded host and scheme change nothing: ids, links and bytes follow `base_url`.
#[tokio::test]
async fn feed_links_follow_base_url_whatever_headers_a_proxy_sends() {
    let site = Site::new(false).await;
    site.publish("One").await;
    let own = site.get("/feeds/news.atom").await;
    for (name, value) in [
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "www.example.org"),
        ("forwarded", "proto=http;host=a"),
    ] {
        let other = site
            .send(
                Request::get("/feeds/news.atom").header(name, value).header(header::COOKIE, "a=b"),
                "",
            )
            .await;
        assert!(other.headers == own.headers && other.body == own.body, "{name}");
    }
    assert_eq!(
        own.header(header::LINK),
        "<https://news.example.edu/news/feeds/news.atom>; rel=\"self\""
    );
}

#[tokio::test]
async fn private_feed_is_served_only_at_its_secret_address() {
    let site = Site::with_config(&format!("{CONFIG}{PRIVATE}"), false, false).await;
    site.publish("For the staff").await;
    for path in [
        "/feeds/staff/Sesame0123456789.rss",
        "/feeds/staff/Sesame0123456789.rss?null",
        "/feeds/staff/Sesame0123456789.json",
    ] {
        let got = site.get(path).await;
        assert_eq!(
            (got.status, got.header(header::CACHE_CONTROL)),
            (StatusCode::OK, "private, max-age=300"),
            "{path}"
        );
        assert_eq!(got.header("x-robots-tag"), "noindex");
        let again = site
            .send(Request::get(path).header(header::IF_NONE_MATCH, got.header(header::ETAG)), "")
            .await;
        assert_eq!(
            (again.status, again.header(header::CACHE_CONTROL)),
            (StatusCode::NOT_MODIFIED, "private, max-age=300")
        );
        assert_eq!(again.header("x-robots-tag"), "noindex");
    }
    let page = site.get("/feeds/staff/Sesame0123456789").await;
    assert!(
        page.status == StatusCode::OK && page.text().contains("/feeds/staff/Sesame0123456789.rss"),
        "{}",
        page.text()
    );
    assert_eq!(
        (page.header("x-robots-tag"), page.header(header::REFERRER_POLICY)),
        ("noindex", "no-referrer")
    );
    for nothing in [
        "/feeds/staff.rss",
        "/feeds/staff",
        "/feeds/staff.rss/",
        "/feeds/Staff.rss",
        "/feeds/staff/sesame0123456789.rss",
        "/feeds/STAFF/SESAME0123456789.rss",
        "/feeds/staff/0123456789abcdef.rss",
        "/feeds/staff/archive/2026-01.rss",
        "/feeds.rss?language=en",
    ] {
        assert_eq!(site.get(nothing).await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
    let front = site.get("/").await.text();
    assert!(
        !front.contains("Sesame") && !front.contains("Staff only"),
        "the home page must not reveal a private feed"
    );
}

#[tokio::test]
async fn renamed_feed_redirects_former_addresses_and_keeps_its_id() {
    let named = |name: &str, more: &str| {
        CONFIG.replace("name = \"news\"", &format!("name = \"{name}\"\n{more}"))
    };
    let before = Site::with_config(&named("news", ""), false, false).await;
    before.publish("One").await;
    let id =
        |atom: &str| atom.split("<id>").nth(1).unwrap().split("</id>").next().unwrap().to_owned();
    let site =
        Site::with_config(&named("campus", "was = [\"news\", \"press\"]"), false, false).await;
    site.publish("One").await;
    assert_eq!(
        id(&site.get("/feeds/campus.atom").await.text()),
        id(&before.get("/feeds/news.atom").await.text())
    );
    assert!(
        site.get("/feeds/campus/language/en.atom")
            .await
            .text()
            .contains(":feeds/news/language/en</id>")
    );
    for (former, now) in [
        ("news.rss", "campus.rss"),
        ("press.json", "campus.json"),
        ("news", "campus"),
        ("news.rss?null", "campus.rss"),
        ("news/archive/2026-08-2.rss", "campus/archive/2026-08-2.rss"),
        ("news/archive/2026-08/next.atom", "campus/archive/2026-08/next.atom"),
        ("news/language/EN.rss", "campus/language/en.rss"),
        ("news.atom?language=en", "campus/language/en.atom"),
    ] {
        let moved = site.get(&format!("/feeds/{former}")).await;
        assert_eq!(moved.status, StatusCode::MOVED_PERMANENTLY, "{former}");
        assert_eq!(
            moved.header(header::LOCATION),
            format!("https://news.example.edu/news/feeds/{now}")
        );
    }
    assert_eq!(site.get("/feeds/other.rss").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn feeds_narrowed_from_a_private_feed_link_to_working_addresses_and_are_not_cached_publicly()
{
    let config = format!("{CONFIG}[server]\non_demand = true\n{PRIVATE}was = [\"team\"]\n");
    let site = Site::with_config(&config, false, false).await;
    site.publish("One").await;
    let whole = "/feeds/staff/Sesame0123456789/language/en";
    for path in
        [format!("{whole}.atom"), "/feeds/staff/Sesame0123456789.atom?language=en".to_owned()]
    {
        let atom = site.get(&path).await;
        assert_eq!(atom.status, StatusCode::OK, "{path}");
        assert!(
            atom.text().contains(&format!("https://news.example.edu/news{whole}.atom")),
            "{}",
            atom.text()
        );
    }
    assert!(site.get(whole).await.text().contains(&format!("{whole}.rss")));
    for path in [
        "/feeds/staff/Sesame0123456789.rss/",
        "/feeds/team/Sesame0123456789.rss",
        "/feeds//staff/Sesame0123456789/tag/x.rss",
    ] {
        let moved = site.get(path).await;
        assert_eq!(moved.status, StatusCode::MOVED_PERMANENTLY, "{path}");
        assert_eq!(moved.header(header::CACHE_CONTROL), "private, max-age=86400");
        assert_eq!(moved.header("x-robots-tag"), "noindex");
    }
    assert_eq!(site.get("/feeds/team/Sesame0123456780.rss").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/feeds/team.rss").await.status, StatusCode::NOT_FOUND);
}
