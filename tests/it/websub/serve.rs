//! The WebSub hub in a running `courant serve`.

use std::net::SocketAddr;

use url::form_urlencoded::Serializer;

use super::ATOM;
use crate::callback_server::{Behavior, CallbackServer};
use crate::server_process::{ServerProcess, get, post_form};
use crate::smtp_tls::authority;
use crate::support::Shell;

/// Returns a config with a hub that may send to this machine.
fn hub_shell() -> Shell {
    Shell::with(
        "[[sources]]",
        "[server]\nlisten = \"127.0.0.1:0\"\n[websub]\nhub = true\nallowed_networks = [\"127.0.0.1\"]\n[[sources]]",
    )
}

fn subscribe(address: SocketAddr, callback: &str) {
    let form = [("hub.mode", "subscribe"), ("hub.topic", ATOM), ("hub.callback", callback)];
    let form = Serializer::new(String::new()).extend_pairs(form).finish();
    assert_eq!(post_form(address, "/hub", &form).status, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_callbacks_need_a_certificate_of_a_trusted_authority() {
    let (Some(trusted_ca), Some(other_ca)) = (authority(), authority()) else { return };
    let (trusted, untrusted) = (
        CallbackServer::start_tls(trusted_ca.acceptor).await,
        CallbackServer::start_tls(other_ca.acceptor).await,
    );
    let shell = hub_shell();
    let mut server = ServerProcess::start_with_ca(&shell.path(""), &trusted_ca.ca);
    let address = server.wait_until_ready();
    for subscriber in [&untrusted, &trusted] {
        subscribe(address, &subscriber.url("/cb"));
    }
    while trusted.requests().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    shell.write("one.jsonl", "{\"id\":\"a\",\"title\":\"Hot news\"}\n");
    shell.run_ok(&["articles", "import", "one.jsonl"]);
    trusted.wait_for_pushes(1).await;
    assert!(untrusted.requests().is_empty(), "{:?}", untrusted.requests());
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_pushes_articles_that_another_process_imports() {
    let shell = hub_shell();
    let subscriber = CallbackServer::start().await;
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    subscribe(address, &subscriber.url("/cb"));
    // Wait for the verification: articles published before it is recorded are not pushed.
    while subscriber.requests().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    shell.write("one.jsonl", "{\"id\":\"a\",\"title\":\"Hot news\"}\n");
    shell.run_ok(&["articles", "import", "one.jsonl"]);
    subscriber.wait_for_pushes(1).await;
    let pushed = subscriber.pushes();
    assert!(
        pushed[0].body == get(address, "/feeds/news.atom", &[]).body
            && String::from_utf8_lossy(&pushed[0].body).contains("Hot news")
    );
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_subscribers_contains_no_secrets() {
    let shell = hub_shell();
    assert_eq!(shell.run_ok(&["websub", "subscribers"]), "The hub has no subscribers.\n");
    let subscriber = CallbackServer::start().await;
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    subscribe(address, &subscriber.url("/cb?key=hush"));
    let list = || shell.courant(&["websub", "subscribers", "--json"]).json();
    while list()[0]["push"] != "current" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (callback, listed) =
        (subscriber.url("/cb").trim_start_matches("http://").to_owned(), list());
    assert_eq!((&listed[0]["feed"], &listed[0]["format"]), (&"news".into(), &"atom".into()));
    assert!(
        listed[0]["callback"] == callback.as_str()
            && listed[0]["expires_at"].as_str().unwrap().ends_with('Z'),
        "{listed}"
    );
    subscriber.on_push(Behavior::Status(500));
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
            && !format!("{table}{listed}").contains("hush"),
        "{table}"
    );
    assert_eq!(server.stop().0, Some(0));
    shell.replace("hub = true", "hub = false");
    assert!(
        shell.run_ok(&["websub", "subscribers"]).contains("news.atom"),
        "subscriptions should be kept while the hub is off"
    );
}
