//! Stories about the pages of feeds in the admin area: list, addresses, readers and selection.

use super::accounts::{add, get_with, post_with, sign_in};
use super::*;

#[tokio::test]
async fn the_list_and_the_page_of_a_feed_show_addresses_and_selection() {
    let site = Site::with_config(&format!("{CONFIG}{PRIVATE}"), false, false).await;
    site.publish_in("Campus", "Open <day>").await;
    add(&site, "lin", Role::Viewer).await;
    let session = sign_in(&site, "lin").await;
    let list = get_with(&site, "/admin/feeds", &session).await.text();
    assert!(list.contains("All news") && list.contains("config.toml:11"), "{list}");
    assert!(list.contains("Private") && !list.contains("/admin/feeds/new\""));
    let page = get_with(&site, "/admin/feeds/news", &session).await.text();
    assert!(page.contains("https://news.example.edu/news/feeds/news.rss"), "{page}");
    assert!(page.contains("No readers in the last 30 days.") && !page.contains("class=\"chart\""));
    assert!(page.contains("Open &lt;day&gt;") && !page.contains("Open <day>"));
    let shown = html_escape::decode_html_entities(&page);
    assert!(shown.contains("/?feed=rss2") && shown.contains("<link rel=\"alternate\" type="));
    let private = get_with(&site, "/admin/feeds/staff", &session).await.text();
    assert!(
        private.contains("Everyone who knows these addresses") && !private.contains("&lt;link rel")
    );
    let unknown = get_with(&site, "/admin/feeds/other", &session).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_new_feed_is_shown_with_what_it_selects_before_it_is_rendered() {
    let site = Site::new(false).await;
    site.publish_in("Campus", "Open day").await;
    site.publish_in("Sport", "The cup").await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let form = "name=campus&title=Campus&sections=Campus&sections=";
    let checked = post_with(&site, "/admin/feeds/new", &session, &format!("{form}&check=on")).await;
    let text = checked.text();
    assert!(
        text.contains("It selects one article") && text.contains("<li>Open day</li>"),
        "{text}"
    );
    assert!(text.contains("value=\"Campus\" checked") && text.contains("value=\"Sport\">"));
    let created = post_with(&site, "/admin/feeds/new", &session, form).await;
    let page = created.header(header::LOCATION).strip_prefix("/news").unwrap().to_owned();
    let page = get_with(&site, &page, &session).await.text();
    assert!(page.contains("Section: Campus") && page.contains("Open day"), "{page}");
    assert!(!page.contains("The cup") && page.contains("/admin/feeds/campus/edit"));
}
