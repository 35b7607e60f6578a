//! The sync webhook of the API and its tokens: a triggered sync updates the feed at once.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use courant::domain::page::PageRequest;
use courant::domain::time::{DAY, SECOND};
use courant::sources::{self, SyncReport, trigger};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::server_process::{Response, ServerProcess, get, post_json};
use crate::support::{LONGEST_WAIT, START_TIME, Shell, World, database_tests};

const QUERY: &str = "SELECT id, title, at AS published_at, at AS updated_at FROM news";

fn source(file: &std::path::Path) -> String {
    format!(
        "kind = \"query\"\nurl = \"sqlite://{}\"\nquery = \"{QUERY}\"\npoll = \"1d\"",
        file.display()
    )
}

async fn run_sql(file: &std::path::Path, text: &str) {
    let mut db = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// Waits until a feed contains a text. The timeout is long, for a busy machine.
pub(crate) fn wait_for(address: SocketAddr, feed: &str, text: &str) {
    let started = Instant::now();
    while !String::from_utf8_lossy(&get(address, feed, &[]).body).contains(text) {
        assert!(started.elapsed() < LONGEST_WAIT, "timeout: {feed} does not contain {text}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn call_hook(address: SocketAddr, name: &str, token: &str) -> Response {
    let body = r#"{"post":{"current":{"id":"2","title":"Second"}}}"#;
    post_json(
        address,
        &format!("/api/v1/sources/{name}/sync"),
        &[&format!("Authorization: Bearer {token}")],
        body,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_call_brings_an_article_into_the_feed_at_once() {
    let shell = Shell::new();
    let file = shell.write("cms.db", "");
    run_sql(&file, "CREATE TABLE news (id INTEGER PRIMARY KEY, title TEXT, at INTEGER); INSERT INTO news VALUES (1, 'First', 1789970400)")
        .await;
    shell.replace("kind = \"builtin\"", &source(&file));
    shell.replace("[database]", "[server]\nlisten = \"127.0.0.1:0\"\n[database]");
    let token = shell.run_ok(&["tokens", "create", "cms", "--role", "editor"]).trim().to_owned();
    let viewer =
        shell.run_ok(&["tokens", "create", "screen", "--role", "viewer"]).trim().to_owned();
    let listed = shell.run_ok(&["tokens", "list"]);
    assert!(
        listed.contains("cms") && listed.contains("editor") && !listed.contains(&token),
        "{listed}"
    );
    let duplicate = shell.courant(&["tokens", "create", "cms", "--role", "editor"]);
    assert!(duplicate.status == 2 && duplicate.err.contains("already"), "{duplicate:?}");
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    wait_for(address, "/feeds/news.json", "First");
    let now = courant::clock::now().timestamp();
    run_sql(&file, &format!("INSERT INTO news VALUES (2, 'Second', {})", now.as_second())).await;
    assert_eq!(call_hook(address, "college", "courant_wrong").status, 401);
    assert_eq!(call_hook(address, "college", &viewer).status, 403);
    assert_eq!(call_hook(address, "elsewhere", &token).status, 404);
    let response = call_hook(address, "college", &token);
    assert_eq!((response.status, response.header("content-type")), (202, "application/json"));
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(body, serde_json::json!({"source": "college", "state": "queued"}));
    wait_for(address, "/feeds/news.json", "Second");
    shell.run_ok(&["tokens", "revoke", "cms"]);
    assert_eq!(
        call_hook(address, "college", &token).status,
        401,
        "a revoked token should be rejected at the next request"
    );
    assert_eq!(server.stop().0, Some(0));
}

async fn configure_source(world: &mut World) {
    let file = world.home.path().join("cms.db");
    std::fs::File::create(&file).unwrap();
    run_sql(&file, "CREATE TABLE news (id INTEGER PRIMARY KEY, title TEXT, at INTEGER)").await;
    world.configure(|s| s.source = source(&file)).await;
}

async fn insert(world: &World, ids: std::ops::RangeInclusive<i64>, at: i64) {
    for id in ids {
        run_sql(
            &world.home.path().join("cms.db"),
            &format!("INSERT INTO news VALUES ({id}, 'News {id}', {at})"),
        )
        .await;
    }
}

async fn poll(world: &World) -> Option<SyncReport> {
    let app = &world.app;
    sources::sync_due(&app.store, &app.config, &app.config.sources[0], world.now()).await.unwrap()
}

database_tests! {
    async fn a_requested_sync_runs_once_before_the_next_poll_is_due(world) {
        configure_source(world).await;
        assert!(poll(world).await.is_some());
        assert!(poll(world).await.is_none(), "not due for a day");
        let app = &world.app;
        for _ in 0..3 {
            assert_eq!(trigger::request_sync(&app.store, &app.config, &app.triggers, "college", &courant::domain::actor::Actor::Cli, world.now()).await.unwrap(), trigger::SyncRequestOutcome::Queued);
        }
        app.triggers.triggered("college").await;
        assert!(poll(world).await.is_some());
        assert!(poll(world).await.is_none(), "several requests should cause one sync");
        assert_eq!(trigger::request_sync(&app.store, &app.config, &app.triggers, "nowhere", &courant::domain::actor::Actor::Cli, world.now()).await.unwrap(), trigger::SyncRequestOutcome::Unknown);
        let other = world.another_node().await;
        trigger::request_sync(&other.store, &other.config, &other.triggers, "college", &courant::domain::actor::Actor::Cli, world.now()).await.unwrap();
        assert!(poll(world).await.is_some(), "a request to any node should cause a sync");
        other.store.close().await;
    }

    async fn an_incremental_sync_keeps_blocked_removals_and_does_not_repeat_known_issues(world) {
        configure_source(world).await;
        let at = START_TIME.epoch_seconds();
        insert(world, 1..=30, at - 100_000).await;
        let file = world.home.path().join("cms.db");
        run_sql(&file, "INSERT INTO news VALUES (40, 'Undated', NULL)").await;
        assert_eq!(poll(world).await.unwrap().rejected.len(), 1);
        run_sql(&file, "DELETE FROM news WHERE id < 20").await;
        let blocked = sources::sync_now(&world.app.store, &world.app.config, &world.app.config.sources[0], false, &courant::domain::actor::Actor::Cli, world.now()).await.unwrap();
        assert!(blocked.is_full && blocked.blocked_removals == 19, "{blocked:?}");
        let app = &world.app;
        world.advance(SECOND);
        insert(world, 50..=50, at).await;
        trigger::request_sync(&app.store, &app.config, &app.triggers, "college", &courant::domain::actor::Actor::Cli, world.now()).await.unwrap();
        let polled = poll(world).await.unwrap();
        assert!(!polled.is_full && polled.added == 1 && polled.blocked_removals == 19 && polled.new_issues.is_empty(), "{polled:?}");
        let state = app.store.sources().state("college").await.unwrap().unwrap();
        assert_eq!(state.blocked_removals, 19);
        assert_eq!(app.store.articles().list(world.now(), &PageRequest::first(999)).await.unwrap().items.len(), 31, "nothing was removed");
        let accepted = sources::sync_now(&app.store, &app.config, &app.config.sources[0], true, &courant::domain::actor::Actor::Cli, world.now()).await.unwrap();
        assert_eq!((accepted.removed, accepted.blocked_removals), (19, 0));
        assert_eq!(app.store.articles().list(world.now(), &PageRequest::first(999)).await.unwrap().items.len(), 12);
    }

    async fn changed_source_settings_cause_a_full_sync_at_once(world) {
        configure_source(world).await;
        insert(world, 1..=3, START_TIME.epoch_seconds() - 100_000).await;
        assert!(poll(world).await.unwrap().is_full);
        world.advance(DAY);
        world.configure(|s| s.source = format!("{}\nfull_sync = \"1d\"", s.source.replace("SELECT id, title", "SELECT id, title || '!' AS title"))).await;
        let report = poll(world).await.unwrap();
        assert!(report.is_full && report.changed == 3, "{report:?}");
    }
}
