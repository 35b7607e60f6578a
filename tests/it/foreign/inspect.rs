//! `courant sources check` shows how a source is understood, and keeps nothing of it.

use serde_json::json;

use super::place::{Kind, Place};
use super::wordpress::site;
use crate::support::Shell;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_at_a_wordpress_tells_what_would_come_and_what_not() {
    let Some(place) = site("wp_", "/%year%/%postname%/").await else { return };
    let found = place.shell.courant(&["sources", "check", "cms", "--json"]).json();
    assert_eq!(
        (&found["kind"], &found["public"], &found["scheduled"], &found["known"]),
        (&json!("wordpress"), &json!(3), &json!(1), &json!(0))
    );
    assert_eq!(
        found["left_out"],
        json!({"drafts": 1, "in the trash": 1, "password-protected": 1, "private": 1})
    );
    assert_eq!(found["rejected"][0]["id"], "112");
    assert_eq!(found["languages"], json!({"en-US": 4}));
    assert_eq!(found["sections"], json!({"Campus life": 1, "Dyes & inks": 1}));
    let facts =
        ["time_zone", "permalinks", "site", "tables"].map(|name| found["facts"][name].clone());
    assert_eq!(
        json!(facts),
        json!(["Asia/Shanghai", "/%year%/%postname%/", "https://blog.example", "wp_…"])
    );
    let samples = found["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 3);
    assert!(
        samples.iter().any(|s| s["url"] == "https://blog.example/2026/opening-night/"
            && s["text"] == "Doors “open”."),
        "{samples:?}"
    );
    let said = place.shell.run_ok(&["sources", "check", "cms"]);
    for part in [
        "cms: wordpress at mysql://127.0.0.1",
        "time zone     Asia/Shanghai",
        "3 public, 1 scheduled",
        "drafts 1",
        "Opening night & day",
        "Mei Lin · Dyes & inks · en-US",
    ] {
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
    assert!(!said.contains("sesame") && !said.contains("courant:"), "the password is told: {said}");
    assert_eq!(place.articles(), Vec::<serde_json::Value>::new(), "nothing is kept");
    place.sync();
    assert!(
        place.shell.run_ok(&["sources", "check", "cms"]).contains("(4 of them already imported)")
    );
    place.source(&place.url.replace("sesame", "not-sesame"), "kind = \"wordpress\"");
    let refused = place.shell.courant(&["sources", "check", "cms"]);
    assert!(refused.status == 1 && refused.err.contains("login failed"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_at_a_query_counts_what_its_rows_come_to() {
    let place = Place::begin(Kind::Sqlite).await.unwrap();
    place.run("CREATE TABLE n (id, title, at, part); INSERT INTO n VALUES (1, 'One', '2026-09-01', 'Lab'), (2, 'Two', '2099-01-01', 'Lab'), (3, 'Three', 'soon', NULL)").await;
    place.read("SELECT id, title, at AS published_at, part AS section FROM n", "");
    let found = place.shell.courant(&["sources", "check", "cms", "--json"]).json();
    assert_eq!(
        (&found["public"], &found["scheduled"], &found["rejected"][0]["id"]),
        (&json!(1), &json!(1), &json!("3"))
    );
    assert_eq!(
        (&found["sections"], &found["facts"]["time_zone"]),
        (&json!({"Lab": 2}), &json!("Asia/Shanghai"))
    );
    assert_eq!(found["samples"][0]["title"], "One");
    assert_eq!(place.shell.courant(&["sources", "check", "other"]).status, 2);
}

#[test]
fn a_look_at_a_builtin_source_shows_what_is_in_it() {
    let shell = Shell::new();
    shell.write("a.jsonl", "{\"id\":\"a\",\"title\":\"A\",\"body_html\":\"<p>Words of it.</p>\",\"section\":\"Lab\"}\n{\"id\":\"b\",\"title\":\"B\",\"published_at\":\"2099-01-01\"}\n");
    shell.run_ok(&["articles", "import", "a.jsonl"]);
    let found = shell.courant(&["sources", "check", "college", "--json"]).json();
    assert_eq!(
        (&found["public"], &found["scheduled"], &found["known"], &found["location"]),
        (&json!(1), &json!(1), &json!(2), &json!(null))
    );
    assert_eq!(
        (&found["samples"][0]["text"], &found["sections"]),
        (&json!("Words of it."), &json!({"Lab": 1}))
    );
}
