//! A site says that it has news, and they are in the feed: the publishing hook and its tokens, from outside.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use courant::domain::time::{DAY, SECOND};
use courant::sources::{self, SyncReport, trigger};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::program::{Answer, Serving, get, post_json};
use crate::support::{START_TIME, Shell, World, stories};

const QUERY: &str = "SELECT id, title, at AS published_at, at AS updated_at FROM news";

fn source(file: &std::path::Path) -> String {
    format!(
        "kind = \"query\"\nurl = \"sqlite://{}\"\nquery = \"{QUERY}\"\npoll = \"1d\"",
        file.display()
    )
}

async fn write(file: &std::path::Path, text: &str) {
    let mut db = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// Waits until a feed holds a text; generous, for a busy machine.
pub(crate) fn wait_for(address: SocketAddr, feed: &str, text: &str) {
    let begun = Instant::now();
    while !String::from_utf8_lossy(&get(address, feed, &[]).body).contains(text) {
        assert!(begun.elapsed() < Duration::from_secs(30), "never in {feed}: {text}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn hook(address: SocketAddr, name: &str, token: &str) -> Answer {
    let body = r#"{"post":{"current":{"id":"2","title":"Second"}}}"#;
    post_json(
        address,
        &format!("/api/v1/sources/{name}/sync"),
        &[&format!("Authorization: Bearer {token}")],
        body,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_brings_an_article_into_the_feed_at_once() {
    let shell = Shell::new();
    let file = shell.write("cms.db", "");
    write(&file, "CREATE TABLE news (id INTEGER PRIMARY KEY, title TEXT, at INTEGER); INSERT INTO news VALUES (1, 'First', 1789970400)")
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
    let taken = shell.courant(&["tokens", "create", "cms", "--role", "editor"]);
    assert!(taken.status == 2 && taken.err.contains("already"), "{taken:?}");
    let mut serving = Serving::start(&shell.path(""));
    let address = serving.ready();
    wait_for(address, "/feeds/news.json", "First");
    let now = courant::clock::now().timestamp();
    write(&file, &format!("INSERT INTO news VALUES (2, 'Second', {})", now.as_second())).await;
    assert_eq!(hook(address, "college", "courant_wrong").status, 401);
    assert_eq!(hook(address, "college", &viewer).status, 403);
    assert_eq!(hook(address, "elsewhere", &token).status, 404);
    let answer = hook(address, "college", &token);
    assert_eq!((answer.status, answer.header("content-type")), (202, "application/json"));
    let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(said, serde_json::json!({"source": "college", "state": "queued"}));
    wait_for(address, "/feeds/news.json", "Second");
    shell.run_ok(&["tokens", "revoke", "cms"]);
    assert_eq!(hook(address, "college", &token).status, 401, "from the next request on");
    assert_eq!(serving.stop().0, Some(0));
}

async fn begin(world: &mut World) {
    let file = world.home.path().join("cms.db");
    std::fs::File::create(&file).unwrap();
    write(&file, "CREATE TABLE news (id INTEGER PRIMARY KEY, title TEXT, at INTEGER)").await;
    world.configure(|s| s.source = source(&file)).await;
}

async fn insert(world: &World, ids: std::ops::RangeInclusive<i64>, at: i64) {
    for id in ids {
        write(
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

stories! {
    async fn a_source_that_was_asked_for_is_read_before_its_time_and_once(world) {
        begin(world).await;
        assert!(poll(world).await.is_some());
        assert!(poll(world).await.is_none(), "not due for a day");
        let app = &world.app;
        for _ in 0..3 {
            assert_eq!(trigger::request_sync(&app.store, &app.config, &app.triggers, "college", world.now()).await.unwrap(), trigger::SyncRequest::Queued);
        }
        app.triggers.triggered("college").await;
        assert!(poll(world).await.is_some());
        assert!(poll(world).await.is_none(), "however many asked");
        assert_eq!(trigger::request_sync(&app.store, &app.config, &app.triggers, "nowhere", world.now()).await.unwrap(), trigger::SyncRequest::Unknown);
        let other = world.another_node().await;
        trigger::request_sync(&other.store, &other.config, &other.triggers, "college", world.now()).await.unwrap();
        assert!(poll(world).await.is_some(), "whichever node was asked");
        other.store.close().await;
    }

    async fn a_poll_leaves_held_removals_and_old_refusals_alone(world) {
        begin(world).await;
        let at = START_TIME.epoch_seconds();
        insert(world, 1..=30, at - 100_000).await;
        let file = world.home.path().join("cms.db");
        write(&file, "INSERT INTO news VALUES (40, 'Undated', NULL)").await;
        assert_eq!(poll(world).await.unwrap().rejected.len(), 1);
        write(&file, "DELETE FROM news WHERE id < 20").await;
        let held = sources::sync_now(&world.app.store, &world.app.config, &world.app.config.sources[0], false, world.now()).await.unwrap();
        assert!(held.is_full && held.held_removals == 19, "{held:?}");
        let app = &world.app;
        world.advance(SECOND);
        insert(world, 50..=50, at).await;
        trigger::request_sync(&app.store, &app.config, &app.triggers, "college", world.now()).await.unwrap();
        let polled = poll(world).await.unwrap();
        assert!(!polled.is_full && polled.added == 1 && polled.held_removals == 19 && polled.new_issues.is_empty(), "{polled:?}");
        let state = app.store.source_state("college").await.unwrap().unwrap();
        assert_eq!(state.held_removals, 19);
        assert_eq!(app.store.list_articles(world.now(), None).await.unwrap().len(), 31, "nothing was removed");
        let accepted = sources::sync_now(&app.store, &app.config, &app.config.sources[0], true, world.now()).await.unwrap();
        assert_eq!((accepted.removed, accepted.held_removals), (19, 0));
        assert_eq!(app.store.list_articles(world.now(), None).await.unwrap().len(), 12);
    }

    async fn other_settings_compare_everything_at_once(world) {
        begin(world).await;
        insert(world, 1..=3, START_TIME.epoch_seconds() - 100_000).await;
        assert!(poll(world).await.unwrap().is_full);
        world.advance(DAY);
        world.configure(|s| s.source = format!("{}\nfull_sync = \"1d\"", s.source.replace("SELECT id, title", "SELECT id, title || '!' AS title"))).await;
        let report = poll(world).await.unwrap();
        assert!(report.is_full && report.changed == 3, "{report:?}");
    }
}
