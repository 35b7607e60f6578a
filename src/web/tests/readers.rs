//! Requests for feeds are counted, by whom they come from and without keeping who that is.

use super::*;
use crate::domain::readership::{Daily, daily};
use crate::domain::time::MINUTE;

#[tokio::test]
async fn readers_and_services_are_counted_and_the_store_learns_numbers_alone() {
    let site = Site::new(false).await;
    site.publish("One").await;
    let reader = |address: [u8; 4], agent: &str| {
        let peer = axum::extract::ConnectInfo(SocketAddr::from((address, 9)));
        Request::get("/feeds/news.rss").header(header::USER_AGENT, agent).extension(peer)
    };
    let tag =
        site.ask(reader([203, 0, 113, 7], "Reader/1"), "").await.header(header::ETAG).to_owned();
    let again = site
        .ask(reader([203, 0, 113, 7], "Reader/1").header(header::IF_NONE_MATCH, &tag), "")
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    site.ask(reader([203, 0, 113, 8], "Reader/1"), "").await;
    site.ask(reader([198, 51, 100, 1], "Feedly/1.0 (12 subscribers; like FeedFetcher-Google)"), "")
        .await;
    assert_eq!(site.get("/feeds/nothing.rss").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        site.get("/feeds/news").await.status,
        StatusCode::OK,
        "a look at the page is no reader"
    );

    let (app, now) = (&site.app, site.app.now());
    app.readership.keep_due(&app.store, now).await.unwrap();
    let kept = app.store.readership(crate::domain::readership::Day(0)).await.unwrap();
    assert_eq!(kept.len(), 1);
    let day = daily(kept)["news"].values().next().copied().unwrap();
    assert_eq!(day, Daily { direct: 2, served: 12, requests: 4, unchanged: 1 });

    site.ask(reader([203, 0, 113, 9], "Reader/1"), "").await;
    app.readership.keep_due(&app.store, now.plus(MINUTE - 1)).await.unwrap();
    let direct = async || {
        app.store
            .readership(crate::domain::readership::Day(0))
            .await
            .unwrap()
            .iter()
            .map(|c| c.direct)
            .sum::<u64>()
    };
    assert_eq!(direct().await, 2, "once a minute");
    app.readership.finish(&app.store, now.plus(MINUTE - 1)).await.unwrap();
    assert_eq!(direct().await, 3, "and at the end");
}
