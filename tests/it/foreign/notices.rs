//! A PostgreSQL that notifies: what it has is in the feed at once, and a lost connection comes back.

use std::time::{Duration, Instant};

use super::place::{Kind, Place};
use crate::program::Serving;
use crate::sync_hook::wait_for;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_brings_an_article_into_the_feed_at_once() {
    let Some(place) = Place::begin(Kind::Postgres).await else { return };
    place.run("CREATE TABLE news (id BIGINT PRIMARY KEY, title TEXT, published_at TIMESTAMPTZ DEFAULT now(), updated_at TIMESTAMPTZ DEFAULT now())").await;
    place.read(
        "SELECT id, title, published_at, updated_at FROM news",
        "poll = \"1d\"\nlisten = \"College News\"",
    );
    place.shell.replace("[database]", "[server]\nlisten = \"127.0.0.1:0\"\n[database]");
    let mut serving = Serving::start(&place.shell.path(""));
    let address = serving.ready();
    let begun = Instant::now();
    while !serving.log().contains("listening for notifications on College News") {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", serving.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    for id in 1..=3 {
        place.run(&format!("INSERT INTO news VALUES ({id}, 'News {id} is out'); NOTIFY \"College News\", 'anything'")).await;
        wait_for(address, "/feeds/all.json", &format!("News {id} is out"));
    }
    let listeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'courant' AND datname = current_database()";
    place
        .run(&format!("{listeners}; INSERT INTO news VALUES (4, 'Told while nobody listened')"))
        .await;
    wait_for(address, "/feeds/all.json", "Told while nobody listened");
    place.run("INSERT INTO news VALUES (5, 'Listened to again'); NOTIFY \"College News\"").await;
    wait_for(address, "/feeds/all.json", "Listened to again");
    assert_eq!(serving.stop().0, Some(0));
}
