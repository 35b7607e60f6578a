//! `courant sources check` shows how a source is read, and stores nothing.

use serde_json::json;

use super::test_source::{Kind, TestSource};
use super::wordpress::site;
use super::{drupal, ghost};
use crate::support::Shell;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inspecting_a_wordpress_source_shows_importable_and_rejected_posts() {
    let Some(source) = site("wp_", "/%year%/%postname%/").await else { return };
    let inspection = source.shell.courant(&["sources", "check", "cms", "--json"]).json();
    assert_eq!(
        (
            &inspection["kind"],
            &inspection["public"],
            &inspection["scheduled"],
            &inspection["known"]
        ),
        (&json!("wordpress"), &json!(3), &json!(0), &json!(0))
    );
    assert_eq!(
        inspection["left_out"],
        json!({"drafts": 1, "in the trash": 1, "password-protected": 1, "private": 1, "scheduled": 1})
    );
    assert_eq!(inspection["rejected"][0]["id"], "112");
    assert_eq!(inspection["languages"], json!({"en-US": 3}));
    assert_eq!(inspection["sections"], json!({"Campus life": 1, "Dyes & inks": 1}));
    let facts =
        ["time_zone", "permalinks", "site", "tables"].map(|name| inspection["facts"][name].clone());
    assert_eq!(
        json!(facts),
        json!(["Asia/Shanghai", "/%year%/%postname%/", "https://blog.example", "wp_…"])
    );
    let samples = inspection["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 3);
    assert!(
        samples.iter().any(|s| s["url"] == "https://blog.example/2026/opening-night/"
            && s["text"] == "Gates “open”."),
        "{samples:?}"
    );
    let output = source.shell.run_ok(&["sources", "check", "cms"]);
    for part in [
        "cms: wordpress at mysql://127.0.0.1",
        "time zone     Asia/Shanghai",
        "articles      3 public\n",
        "drafts 1, in the trash 1, password-protected 1, private 1, scheduled 1",
        "Opening night & day",
        "Mei Lin · Dyes & inks · en-US",
    ] {
        assert!(output.contains(part), "{part}\nis not in\n{output}");
    }
    assert!(
        !output.contains("sesame") && !output.contains("courant:"),
        "the output contains the password: {output}"
    );
    assert_eq!(
        source.articles(),
        Vec::<serde_json::Value>::new(),
        "the check should store nothing"
    );
    source.sync();
    assert!(
        source.shell.run_ok(&["sources", "check", "cms"]).contains("(3 of them already imported)")
    );
    source.configure(&source.url.replace("sesame", "not-sesame"), "kind = \"wordpress\"");
    let failed = source.shell.courant(&["sources", "check", "cms"]);
    assert!(failed.status == 1 && failed.err.contains("login failed"), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inspecting_ghost_and_drupal_counts_scheduled_entries_as_left_out() {
    let sources = [ghost::site(Kind::Sqlite).await, drupal::site(Kind::Sqlite, "").await];
    for source in sources.into_iter().flatten() {
        let inspection = source.shell.courant(&["sources", "check", "cms", "--json"]).json();
        assert_eq!(
            (&inspection["scheduled"], &inspection["left_out"]),
            (&json!(0), &json!({"scheduled": 1, "scheduled for a time that has passed": 1})),
            "{}",
            inspection["kind"]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inspecting_a_query_source_counts_its_rows() {
    let source = TestSource::create(Kind::Sqlite).await.unwrap();
    source.execute("CREATE TABLE n (id, title, at, part); INSERT INTO n VALUES (1, 'One', '2026-09-01', 'Lab'), (2, 'Two', '2099-01-01', 'Lab'), (3, 'Three', 'soon', NULL)").await;
    source.use_query("SELECT id, title, at AS published_at, part AS section FROM n", "");
    let inspection = source.shell.courant(&["sources", "check", "cms", "--json"]).json();
    assert_eq!(
        (&inspection["public"], &inspection["scheduled"], &inspection["rejected"][0]["id"]),
        (&json!(1), &json!(1), &json!("3"))
    );
    assert_eq!(
        (&inspection["sections"], &inspection["facts"]["time_zone"]),
        (&json!({"Lab": 2}), &json!("Asia/Shanghai"))
    );
    assert_eq!(inspection["samples"][0]["title"], "One");
    assert_eq!(source.shell.courant(&["sources", "check", "other"]).status, 2);
}

#[test]
fn inspecting_a_builtin_source_shows_its_articles() {
    let shell = Shell::new();
    shell.write("a.jsonl", "{\"id\":\"a\",\"title\":\"A\",\"body_html\":\"<p>Words of it.</p>\",\"section\":\"Lab\"}\n{\"id\":\"b\",\"title\":\"B\",\"published_at\":\"2099-01-01\"}\n");
    shell.run_ok(&["articles", "import", "a.jsonl"]);
    let inspection = shell.courant(&["sources", "check", "college", "--json"]).json();
    assert_eq!(
        (
            &inspection["public"],
            &inspection["scheduled"],
            &inspection["known"],
            &inspection["location"]
        ),
        (&json!(1), &json!(1), &json!(2), &json!(null))
    );
    assert_eq!(
        (&inspection["samples"][0]["text"], &inspection["sections"]),
        (&json!("Words of it."), &json!({"Lab": 1}))
    );
}
