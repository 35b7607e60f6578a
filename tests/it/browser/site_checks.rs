//! Checks of all pages: accessibility, width and weight; and work with the keyboard alone.

use serde_json::{Value, json};

use super::site::{BUILTIN, Site, add_articles, add_readers};
use crate::smtp_server::{At, Rule, Script};
use crate::support::{Shell, wait_until};

/// Further tables of a config in which every list has an entry, and some of them a failure.
const TABLES: &str = r#"
[[sources]]
name = "gone"
kind = "query"
url = "sqlite:///nowhere/gone.db"
query = "SELECT id, title FROM news"
[[feeds]]
name = "campus"
title = "Campus"
description = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetzesänderungsverfahren"
sections = ["Campus"]
aliases = ["/feed/"]
[[feeds]]
name = "board"
title = "Board"
private = "a1b2c3d4e5f6a7b8c9"
[[segments]]
name = "partners"
title = "Partner institutions"
filter = 'tag = "partner"'
[[webhooks]]
name = "intranet"
url = "https://127.0.0.1:9/in"
events = ["article.published", "edition.finished"]
secret = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
[[publish]]
name = "web"
url = "file://www"
"#;

/// Number of subscribers of the digest.
const READERS: usize = 60;

fn prepare(shell: &Shell) {
    add_articles(shell, 30);
    add_readers(shell, READERS);
    shell.run_ok(&["suppressions", "add", "r3@example.org"]);
    shell.run_ok(&["users", "add", "mei", "--role", "editor", "--digest", "weekly"]);
}

/// Sends an edition with failures and pauses another one; returns the facts of the story.
async fn fill(site: &Site) -> Value {
    let state = |edition: &str| site.json(&["editions", "show", edition])["state"].clone();
    let rejecting = Rule::reply(At::Rcpt, "554 5.7.1 blocked by policy").recipient("r7@");
    site.relay.set_script(Script::new().rule(rejecting));
    site.shell.run_ok(&["digests", "run", "weekly"]);
    // All readers but the one whose address is suppressed and the one whom the relay rejects.
    wait_until("the mails arrive", || site.relay.with_mails(<[_]>::len) == READERS - 2);
    wait_until("the edition is sent", || state("1") == "sent");
    let mail = site.relay.mails().remove(0);
    let (_, unsubscribe) = mail.content.split_once("List-Unsubscribe: <").unwrap();
    let unsubscribe: String = unsubscribe.split('>').next().unwrap().split_whitespace().collect();

    site.relay.set_script(Script::new().rule(Rule::stall(At::Content)));
    site.shell.write(
        "later.jsonl",
        json!({"id": "later", "title": "Later", "body_html": "<p>x</p>"}).to_string(),
    );
    site.shell.run_ok(&["articles", "import", "later.jsonl"]);
    site.shell.run_ok(&["digests", "run", "weekly"]);
    site.shell.run_ok(&["editions", "pause", "2"]);
    site.relay.set_script(Script::new());
    site.relay.release();
    let token = site.shell.run_ok(&["tokens", "create", "filler", "--role", "admin"]);
    let link = site.json(&["users", "reset", "mei"])["url"].clone();
    let path = |url: &str| url.trim_start_matches(&site.base_url).to_owned();
    let public =
        ["/subscribe".to_owned(), "/feeds".to_owned(), "/api/".to_owned(), path(&unsubscribe)];
    let mut paths = public.to_vec();
    paths.push(path(link.as_str().unwrap()));
    let mut pages: Vec<String> =
        (1..=3).map(|id| format!("/admin/subscribers/import/{id}")).collect();
    pages.extend((1..=2).map(|id| format!("/admin/editions/{id}")));
    let forms = ["digests/new", "feeds/new", "segments/new", "subscribers/new", "users", "tokens"];
    json!({"token": token.trim(), "paths": paths, "adminPaths": pages,
        "forms": forms.map(|form| format!("/admin/{form}"))})
}

async fn check_pages(language: &str) {
    let tables = format!("{BUILTIN}{TABLES}");
    let Some(site) = Site::start(&tables, prepare).await else { return };
    let mut facts = fill(&site).await;
    facts["language"] = json!(language);
    site.tell("pages", &facts, |request| {
        eprintln!("{request}");
        String::new()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_narrow_and_light() {
    check_pages("en").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_narrow_and_light_in_chinese() {
    check_pages("zh").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_narrow_and_light_in_traditional_chinese() {
    check_pages("zh-Hant").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_imported_with_the_keyboard_alone() {
    let Some(site) = Site::start(BUILTIN, |_| ()).await else { return };
    let file =
        site.shell.write("people.csv", "Kontakt,Name\nann@example.org,Ann\nbob@example.org,Bob\n");
    site.tell("keyboard_import", &json!({"file": file}), |request| {
        panic!("unknown request {request:?}")
    });
    assert_eq!(site.json(&["subscribers", "list"]).as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_is_created_with_the_keyboard_alone() {
    let prepare = |shell: &_| {
        add_articles(shell, 2);
        add_readers(shell, 3);
    };
    let Some(site) = Site::start(BUILTIN, prepare).await else { return };
    site.tell("keyboard_edition", &json!({}), |request| panic!("unknown request {request:?}"));
    assert_eq!(site.relay.wait_for(3).await.len(), 3);
}
