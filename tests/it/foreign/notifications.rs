//! PostgreSQL notifications: they trigger a sync at once, and a lost connection is restored.

use std::time::{Duration, Instant};

use super::test_source::{Kind, TestSource};
use crate::server_process::ServerProcess;
use crate::support::LONGEST_WAIT;
use crate::sync_hook::wait_for;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_brings_an_article_into_the_feed_at_once() {
    let Some(source) = TestSource::create(Kind::Postgres).await else { return };
    source.execute("CREATE TABLE news (id BIGINT PRIMARY KEY, title TEXT, published_at TIMESTAMPTZ DEFAULT now(), updated_at TIMESTAMPTZ DEFAULT now())").await;
    source.use_query(
        "SELECT id, title, published_at, updated_at FROM news",
        "poll = \"1d\"\nlisten = \"College News\"",
    );
    source.shell.replace("[database]", "[server]\nlisten = \"127.0.0.1:0\"\n[database]");
    let mut server = ServerProcess::start(&source.shell.path(""));
    let address = server.wait_until_ready();
    let started = Instant::now();
    while !server.log().contains("listening for notifications on College News") {
        assert!(started.elapsed() < LONGEST_WAIT, "{}", server.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    for id in 1..=3 {
        source.execute(&format!("INSERT INTO news VALUES ({id}, 'News {id} is out'); NOTIFY \"College News\", 'anything'")).await;
        wait_for(address, "/feeds/all.json", &format!("News {id} is out"));
    }
    let listeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'courant' AND datname = current_database()";
    source
        .execute(&format!(
            "{listeners}; INSERT INTO news VALUES (4, 'Inserted while not listening')"
        ))
        .await;
    wait_for(address, "/feeds/all.json", "Inserted while not listening");
    source
        .execute(
            "INSERT INTO news VALUES (5, 'Inserted after reconnecting'); NOTIFY \"College News\"",
        )
        .await;
    wait_for(address, "/feeds/all.json", "Inserted after reconnecting");
    assert_eq!(server.stop().0, Some(0));
}
