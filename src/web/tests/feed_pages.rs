//! Tests of feed pages, the list of feeds, OPML and feed links.

use super::*;

#[tokio::test]
async fn no_link_for_people_leads_to_a_raw_document() {
    let site = site().await;
    let secret = "/feeds/staff/0123456789abcdef?lang=zh";
    for path in ["/", "/feeds/", "/?lang=zh", "/feeds/news", "/feeds/section/campus", secret] {
        let page = site.get(path).await.text();
        let (_, body) = page.split_once("<body>").unwrap();
        for link in body.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let is_raw = [".rss", ".atom", ".json"].iter().any(|end| link.contains(end));
            assert!(!is_raw, "{path}: {link}");
        }
    }
    let home = site.get("/?lang=zh").await.text();
    for format in ["RSS", "Atom", "JSON"] {
        let link = format!("href=\"/news/feeds/news?lang=zh#address-{format}\"");
        assert!(html_escape::decode_html_entities(&home).contains(&link), "{link}: {home}");
        let page = site.get("/feeds/news?lang=zh").await.text();
        assert!(page.contains(&format!("id=\"address-{format}\"")), "{page}");
        let url =
            format!("title=\"https://news.example.edu/news/feeds/news.{}\"", format.to_lowercase());
        assert!(home.contains(&url), "{url}: {home}");
    }
}

/// Creates a site with a public and a private feed whose articles have sections and languages.
async fn site() -> Site {
    let mut site = Site::new(false).await;
    let mut config = Config::clone(&site.app.config);
    config.server.on_demand = true;
    let secret = Some("0123456789abcdef".to_owned());
    config.feeds.push(crate::config::Feed {
        name: "staff".into(),
        title: "Staff only".into(),
        secret,
        ..config.feeds[0].clone()
    });
    site.app.config = Arc::new(config);
    site.router = LiveService::new(service(site.app.clone(), None, ApiRoutes::default()));
    let now = site.app.now();
    let draft = |id: &str, section: &str, language: &str| IncomingArticle {
        source_id: id.into(),
        title: format!("About {id}"),
        sections: vec![section.into()],
        language: Some(language.into()),
        body_html: "<p>Text</p>".into(),
        published_at: now,
        ..IncomingArticle::default()
    };
    let drafts =
        vec![draft("a", "R&D", "en"), draft("b", "Events", "zh-CN"), draft("c", "Events", "en")];
    import::upsert_articles(&site.app.store, &site.app.config, "college", drafts, now)
        .await
        .unwrap();
    cache::refresh_due(&site.app.store, &site.app.config, &site.app.feed_cache, now).await.unwrap();
    site
}

fn shown(answer: &TestResponse) -> String {
    assert_eq!(answer.status, StatusCode::OK);
    html_escape::decode_html_entities(&answer.text()).into_owned()
}

#[tokio::test]
async fn feed_page_shows_addresses_and_narrower_feeds() {
    let site = site().await;
    let page = shown(&site.get("/feeds/news").await);
    for there in [
        ">https://news.example.edu/news/feeds/news.rss</code>",
        ">https://news.example.edu/news/feeds/news.json</code>",
        "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"All news (Atom)\" href=\"https://news.example.edu/news/feeds/news.atom\">",
        "href=\"/news/feeds/news/section/r%26d\"",
        "href=\"/news/feeds/news/language/zh\"",
        "About b",
    ] {
        assert!(page.contains(there), "{there} is not in {page}");
    }
    let part = shown(&site.get("/feeds/news/section/R%26D?lang=zh").await);
    assert!(
        part.contains("All news: R&D") && part.contains("About a") && !part.contains("About b")
    );
    assert!(part.contains("/feeds/news/section/r%26d.rss\"") && part.contains("html lang=\"zh\""));
    assert!(shown(&site.get("/feeds/section/Events").await).contains("About c"));
    assert_eq!(site.get("/feeds/section/Nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn archive_page_is_titled_with_its_month() {
    let site = site().await;
    let month = site.app.now().timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
    // More articles than the feed shows, so that the archive's first page is complete.
    let drafts = (0..60).map(|n| IncomingArticle {
        source_id: format!("more {n}"),
        title: format!("More {n}"),
        published_at: site.app.now(),
        ..IncomingArticle::default()
    });
    import::upsert_articles(
        &site.app.store,
        &site.app.config,
        "college",
        drafts.collect(),
        site.app.now(),
    )
    .await
    .unwrap();
    cache::refresh_due(&site.app.store, &site.app.config, &site.app.feed_cache, site.app.now())
        .await
        .unwrap();
    let path = month.strftime("/feeds/news/archive/%Y-%m").to_string();
    assert!(
        shown(&site.get(&path).await)
            .contains(&month.strftime("From the archive: %B %Y<").to_string())
    );
    let month = format!("归档：{}年{}月<", month.year(), month.month());
    assert!(shown(&site.get(&format!("{path}?lang=zh")).await).contains(&month));
}

#[tokio::test]
async fn content_security_policy_allows_only_the_copy_script() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let site = site().await;
    let answer = site.get("/feeds/news").await;
    let page = answer.text();
    let (_, script) = page.split_once("<script>").unwrap();
    let (script, rest) = script.split_once("</script>").unwrap();
    assert!(!rest.contains("<script"));
    let hash = base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(script));
    let policy = answer.header(header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.starts_with("default-src 'none'")
            && policy.ends_with(&format!("; script-src 'sha256-{hash}'")),
        "{policy}"
    );
    assert!(!site.get("/").await.header(header::CONTENT_SECURITY_POLICY).contains("script"));
}

#[tokio::test]
async fn private_feed_page_exists_at_its_secret_address_and_is_not_listed() {
    let site = site().await;
    let page = site.get("/feeds/staff/0123456789abcdef").await;
    assert!(shown(&page).contains("/feeds/staff/0123456789abcdef.rss"));
    assert_eq!(
        (page.header("x-robots-tag"), page.header(header::REFERRER_POLICY)),
        ("noindex", "no-referrer")
    );
    assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(
        site.get("/feeds/staff/0123456789abcdef.rss").await.header("x-robots-tag"),
        "noindex"
    );
    for hidden in ["/feeds/staff", "/feeds/staff/0123456789abcdee", "/feeds/staff/section/Events"] {
        assert_eq!(site.get(hidden).await.status, StatusCode::NOT_FOUND, "{hidden}");
    }
    for list in ["/", "/feeds/", "/feeds.opml", "/feeds/news"] {
        let text = site.get(list).await.text();
        assert!(text.contains("All news") && !text.to_lowercase().contains("staff"), "{list}");
    }
}

#[tokio::test]
async fn feed_list_and_opml_contain_all_public_feeds() {
    let site = site().await;
    let page = shown(&site.get("/feeds/").await);
    for there in [
        "href=\"/news/feeds/news\"",
        "href=\"/news/feeds/section/r%26d\"",
        "href=\"/news/feeds.opml\"",
    ] {
        assert!(page.contains(there), "{there} is not in {page}");
    }
    let list = site.get("/feeds.opml").await;
    assert_eq!(list.header(header::CONTENT_TYPE), "text/x-opml; charset=utf-8");
    assert!(list.text().contains("xmlUrl=\"https://news.example.edu/news/feeds/news.rss\""));
    let tag = list.header(header::ETAG).to_owned();
    let same = site.send(Request::get("/feeds.opml").header(header::IF_NONE_MATCH, &tag), "").await;
    assert!(
        same.status == StatusCode::NOT_MODIFIED
            && same.body.is_empty()
            && same.header(header::ETAG) == tag
    );
    let packed =
        site.send(Request::get("/feeds.opml").header(header::ACCEPT_ENCODING, "gzip"), "").await;
    assert_eq!(
        (packed.header(header::CONTENT_ENCODING), &packed.body[..2]),
        ("gzip", &[0x1f, 0x8b][..])
    );
    assert_eq!(
        (packed.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), packed.header(header::VARY)),
        ("*", "Accept-Encoding")
    );
    assert_ne!(packed.header(header::ETAG), tag);
}

#[tokio::test]
async fn tag_ending_in_a_format_extension_has_a_feed_and_a_page() {
    let site = Site::new(false).await;
    let now = site.app.now();
    let draft = IncomingArticle {
        source_id: "1".into(),
        title: "One".into(),
        tags: vec!["package.json".into()],
        published_at: now,
        ..IncomingArticle::default()
    };
    import::upsert_articles(&site.app.store, &site.app.config, "college", vec![draft], now)
        .await
        .unwrap();
    let feed = site.get("/feeds/tag/package.json.json").await;
    assert_eq!(
        (feed.status, feed.header(header::CONTENT_TYPE)),
        (StatusCode::OK, "application/feed+json")
    );
    assert!(
        shown(&site.get("/feeds/tag/package.json").await)
            .contains("feeds/tag/package.json.rss</code>")
    );
    assert_eq!(site.get("/feeds/tag/other.json").await.status, StatusCode::NOT_FOUND);
}
