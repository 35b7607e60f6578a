//! Tests of the readership statistics, which store counts but no addresses.

use std::net::SocketAddr;

use super::*;
use crate::domain::readership::{DailyReadership, aggregate_by_day};
use crate::domain::time::{MINUTE, SignedDuration};

#[tokio::test]
async fn direct_readers_and_aggregators_are_counted_without_storing_addresses() {
    let site = Site::new(false).await;
    site.publish("One").await;
    let reader = |address: [u8; 4], agent: &str| {
        let peer = axum::extract::ConnectInfo(SocketAddr::from((address, 9)));
        Request::get("/feeds/news.rss").header(header::USER_AGENT, agent).extension(peer)
    };
    let tag =
        site.send(reader([203, 0, 113, 7], "Reader/1"), "").await.header(header::ETAG).to_owned();
    let again = site
        .send(reader([203, 0, 113, 7], "Reader/1").header(header::IF_NONE_MATCH, &tag), "")
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    site.send(reader([203, 0, 113, 8], "Reader/1"), "").await;
    site.send(
        reader([198, 51, 100, 1], "Feedly/1.0 (12 subscribers; like FeedFetcher-Google)"),
        "",
    )
    .await;
    assert_eq!(site.get("/feeds/nothing.rss").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        site.get("/feeds/news").await.status,
        StatusCode::OK,
        "a visit to the page is not counted as a reader"
    );

    let (app, now) = (&site.app, site.app.now());
    app.readership.flush_due(&app.store, now).await.unwrap();
    let rows = app.store.readership().since(crate::domain::readership::Day(0)).await.unwrap();
    assert_eq!(rows.len(), 1);
    let day = aggregate_by_day(rows)["news"].values().next().copied().unwrap();
    assert_eq!(
        day,
        DailyReadership { direct: 2, via_aggregators: 12, requests: 4, not_modified: 1 }
    );

    site.send(reader([203, 0, 113, 9], "Reader/1"), "").await;
    app.readership
        .flush_due(&app.store, now.plus(MINUTE - SignedDuration::from_millis(1)))
        .await
        .unwrap();
    let direct = async || {
        app.store
            .readership()
            .since(crate::domain::readership::Day(0))
            .await
            .unwrap()
            .iter()
            .map(|c| c.direct)
            .sum::<u64>()
    };
    assert_eq!(direct().await, 2, "counts are saved at most once a minute");
    app.readership
        .shutdown(&app.store, now.plus(MINUTE - SignedDuration::from_millis(1)))
        .await
        .unwrap();
    assert_eq!(direct().await, 3, "counts are saved at shutdown");
}
