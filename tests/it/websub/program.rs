//! The program itself as a hub.

use std::net::SocketAddr;

use url::form_urlencoded::Serializer;

use super::ATOM;
use crate::callbacks::{Manner, Subscriber};
use crate::program::{Serving, get, post};
use crate::smtp_tls::authority;
use crate::support::Shell;

/// The program as a hub that sends to this machine.
fn program() -> Shell {
    Shell::with(
        "[[sources]]",
        "[server]\nlisten = \"127.0.0.1:0\"\n[websub]\nhub = true\nallowed_networks = [\"127.0.0.1\"]\n[[sources]]",
    )
}

fn subscribe(address: SocketAddr, callback: &str) {
    let form = [("hub.mode", "subscribe"), ("hub.topic", ATOM), ("hub.callback", callback)];
    let form = Serializer::new(String::new()).extend_pairs(form).finish();
    assert_eq!(post(address, "/hub", &form).status, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_it_sends_to_whom_a_known_authority_vouches_for() {
    let (Some(known), Some(unknown)) = (authority(), authority()) else { return };
    let (reader, stranger) = (
        Subscriber::within_tls(known.acceptor).await,
        Subscriber::within_tls(unknown.acceptor).await,
    );
    let shell = program();
    let mut serving = Serving::trusting(&shell.path(""), &known.ca);
    let address = serving.ready();
    for subscriber in [&stranger, &reader] {
        subscribe(address, &subscriber.url("/cb"));
    }
    while reader.heard().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    shell.write("one.jsonl", "{\"id\":\"a\",\"title\":\"Hot news\"}\n");
    shell.run_ok(&["articles", "import", "one.jsonl"]);
    reader.wait_for(1).await;
    assert!(stranger.heard().is_empty(), "{:?}", stranger.heard());
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_sends_what_is_imported_beside_it() {
    let shell = program();
    let reader = Subscriber::start().await;
    let mut serving = Serving::start(&shell.path(""));
    let address = serving.ready();
    subscribe(address, &reader.url("/cb"));
    // The confirmation comes by itself; until it is written down, news would be no news for it.
    while reader.heard().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    shell.write("one.jsonl", "{\"id\":\"a\",\"title\":\"Hot news\"}\n");
    shell.run_ok(&["articles", "import", "one.jsonl"]);
    reader.wait_for(1).await;
    let pushed = reader.pushed();
    assert!(
        pushed[0].body == get(address, "/feeds/news.atom", &[]).body
            && String::from_utf8_lossy(&pushed[0].body).contains("Hot news")
    );
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_subscribers_tells_no_secrets() {
    let shell = program();
    assert_eq!(shell.run_ok(&["websub", "subscribers"]), "The hub has no subscribers.\n");
    let reader = Subscriber::start().await;
    let mut serving = Serving::start(&shell.path(""));
    let address = serving.ready();
    subscribe(address, &reader.url("/cb?key=hush"));
    let list = || shell.courant(&["websub", "subscribers", "--json"]).json();
    while list()[0]["push"] != "current" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (callback, known) = (reader.url("/cb").trim_start_matches("http://").to_owned(), list());
    assert_eq!((&known[0]["feed"], &known[0]["format"]), (&"news".into(), &"atom".into()));
    assert!(
        known[0]["callback"] == callback.as_str()
            && known[0]["until"].as_str().unwrap().ends_with('Z'),
        "{known}"
    );
    reader.to_pushes(Manner::Says(500));
    shell.write("one.jsonl", "{\"id\":\"a\",\"title\":\"Hot news\"}\n");
    shell.run_ok(&["articles", "import", "one.jsonl"]);
    while list()[0]["push"] != "failing" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let table = shell.run_ok(&["websub", "subscribers"]);
    assert!(
        table.starts_with("document   callback")
            && table.contains(&format!("news.atom  {callback}  20")),
        "{table}"
    );
    assert!(
        table.contains("failed once, next attempt 20")
            && !format!("{table}{known}").contains("hush"),
        "{table}"
    );
    assert_eq!(serving.stop().0, Some(0));
    shell.replace("hub = true", "hub = false");
    assert!(shell.run_ok(&["websub", "subscribers"]).contains("news.atom"), "they are kept");
}
