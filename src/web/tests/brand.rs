//! Tests of logo, icon, accent colour and metadata of pages.

use super::*;

const LOOK: &str = "title = \"Test College\"\nlogo = \"https://www.example.edu/logo.png\"\n\
                    icon = \"https://cdn.example.edu:8443/icon.png\"\naccent = \"#0a5\"";

#[tokio::test]
async fn pages_have_the_logo_icon_and_accent_colour_of_the_site() {
    let config = CONFIG.replace("title = \"Test College\"", LOOK);
    let site = Site::with_config(&config, false, false).await;
    for path in ["/", "/feeds/news", "/subscribe", "/nothing"] {
        let response = site.get(path).await;
        let page = html_escape::decode_html_entities(&response.text()).into_owned();
        for part in [
            "<img src=\"https://www.example.edu/logo.png\"",
            "<link rel=\"icon\" href=\"https://cdn.example.edu:8443/icon.png\">",
            "href=\"/news/assets/accent.css?v=",
        ] {
            assert!(page.contains(part), "{path}: {part} is missing in {page}");
        }
        let policy = response.header(header::CONTENT_SECURITY_POLICY);
        let images = "img-src 'self' https://cdn.example.edu:8443 https://www.example.edu;";
        assert!(policy.contains(images), "{path}: {policy}");
    }
    let css = site.get("/assets/accent.css").await.text();
    assert!(css.contains("--accent: #0") && css.contains("prefers-color-scheme: dark"), "{css}");
    let icon = site.get("/favicon.ico").await;
    assert_eq!(
        (icon.status, icon.header(header::LOCATION)),
        (StatusCode::FOUND, "https://cdn.example.edu:8443/icon.png")
    );
}

#[tokio::test]
async fn a_site_without_a_look_has_a_drawn_icon_and_the_colours_of_the_templates() {
    let site = Site::new(false).await;
    let page = site.get("/").await.text();
    assert!(!page.contains("accent.css") && !page.contains("<img"), "{page}");
    assert_eq!(site.get("/assets/accent.css").await.status, StatusCode::NOT_FOUND);
    for path in ["/favicon.ico", "/favicon.svg"] {
        let icon = site.get(path).await;
        assert_eq!(icon.header(header::CONTENT_TYPE), "image/svg+xml");
        assert!(icon.text().contains(">T</text>"), "{}", icon.text());
    }
}

#[tokio::test]
async fn shareable_pages_have_link_previews_and_private_ones_have_none() {
    let config = format!("{CONFIG}{PRIVATE}")
        .replace("title = \"All news\"", "title = \"All news\"\ndescription = \"What happens\"");
    let site = Site::with_config(&config, false, false).await;
    site.publish("Hello").await;
    for (path, description) in [
        ("/", "Follow Test College"),
        ("/feeds/news", "What happens"),
        ("/subscribe", "Follow Test College"),
    ] {
        let page = site.get(&format!("{path}?lang=en")).await.text();
        let url = format!("property=\"og:url\" content=\"https://news.example.edu/news{path}\"");
        assert!(page.contains(&url), "{path}: {page}");
        assert!(
            page.contains(&format!("name=\"description\" content=\"{description}")),
            "{path}: {page}"
        );
    }
    for path in ["/feeds/staff/Sesame0123456789", "/confirm/x", "/nothing"] {
        let page = site.get(path).await.text();
        assert!(
            page.contains("<title>") && !page.contains("og:") && !page.contains("canonical"),
            "{path}: {page}"
        );
    }
}

#[tokio::test]
async fn crawlers_are_kept_from_the_pages_of_one_person_and_from_the_demo() {
    for (is_demo, rules) in [
        (false, "Disallow: /news/confirm/\nDisallow: /news/unsubscribe/\n"),
        (true, "Disallow: /news/\n"),
    ] {
        let robots = Site::new(is_demo).await.get("/robots.txt").await;
        assert_eq!(robots.header(header::CONTENT_TYPE), "text/plain; charset=utf-8");
        assert_eq!(robots.text(), format!("User-agent: *\n{rules}"));
    }
}

#[tokio::test]
async fn the_menu_marks_the_current_page_and_the_home_page_has_the_title_of_the_site() {
    let site = Site::new(false).await;
    let home = site.get("/?lang=en").await.text();
    assert!(
        home.contains("<title>Test College</title>") && !home.contains("aria-current"),
        "{home}"
    );
    for path in ["/feeds/", "/subscribe"] {
        let page = site.get(&format!("{path}?lang=en")).await.text();
        let marked = page.lines().find(|line| line.contains("aria-current=\"page\"")).unwrap();
        assert!(marked.contains(path), "{marked}");
    }
}
