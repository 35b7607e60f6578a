//! Stories of definitions and operation: a feed and a digest are created, blocked removals are accepted,
//! and a token is revoked.

use std::fmt::Write as _;

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::site::{BUILTIN, Site, add_articles};
use crate::support::Shell;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_and_a_digest_are_created_and_a_test_is_sent() {
    let Some(site) = Site::start(BUILTIN, |shell| add_articles(shell, 4)).await else { return };
    let facts = json!({"to": "boss@example.org"});
    site.tell("definitions", &facts, |request| panic!("unknown request {request:?}"));
    let mails = site.relay.wait_for(1).await;
    assert_eq!((mails.len(), &mails[0].to), (1, &vec!["boss@example.org".to_owned()]));
    assert!(mails[0].content.contains("Subject: [Test] "), "{}", mails[0].content);
    let digests = site.json(&["digests", "list"]);
    let titles: Vec<&str> =
        digests.as_array().unwrap().iter().filter_map(|digest| digest["title"].as_str()).collect();
    assert!(titles.contains(&"Fourteen days"), "{digests}");
    let changes =
        ["sign_in user", "create feed", "create digest", "test delivery", "change digest"];
    assert_eq!(site.audit(), changes);
}

async fn run_sql(file: &std::path::Path, text: String) {
    let mut db = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_removals_are_accepted_and_a_token_is_revoked() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("cms.db");
    std::fs::write(&file, "").unwrap();
    let mut rows = "CREATE TABLE news (id INTEGER PRIMARY KEY, title TEXT, at INTEGER);".to_owned();
    for n in 1..=20 {
        write!(rows, "INSERT INTO news VALUES ({n}, 'Article {n}', {});", 1_789_970_400 + n)
            .unwrap();
    }
    run_sql(&file, rows).await;
    let source = format!(
        "[[sources]]\nname = \"cms\"\nkind = \"query\"\nurl = \"sqlite://{}\"\npoll = \"1d\"\n\
         query = \"SELECT id, title, at AS published_at FROM news\"\n",
        file.display()
    );
    let Some(site) = Site::start(&source, |_| ()).await else { return };
    let delete = || {
        let deleted = run_sql(&file, "DELETE FROM news WHERE id > 5;".to_owned());
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(deleted));
        String::new()
    };
    let facts = json!({"javascript": false});
    site.tell("operation", &facts, |request| match request {
        "delete articles" => delete(),
        other => panic!("unknown request {other:?}"),
    });
    assert_eq!(published(&site.shell), 5);
    assert!(site.shell.run_ok(&["tokens", "list"]).lines().all(|line| !line.contains("screen")));
}

/// Returns the number of published articles.
fn published(shell: &Shell) -> usize {
    shell.courant(&["articles", "list", "--json"]).json().as_array().unwrap().len()
}
