//! Reloads of the configuration while a server runs: by `courant reload` and by SIGHUP.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::crashes::Node;
use crate::crashes::{another_edition, set_up, until_sent};
use crate::server_process::{ServerProcess, get, post_json, status_line};
use crate::support::{LONGEST_WAIT, Shell, database_tests};

const FEED: &str = "\n[[feeds]]\nname = \"second\"\ntitle = \"Second feed\"\n";

/// Returns the number of documents in the disk cache of rendered feeds.
fn saved_documents(shell: &Shell) -> usize {
    let files = std::fs::read_dir(shell.path("data/feeds")).unwrap();
    files
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "feed"))
        .count()
}

/// Waits until the feed responds with this status.
fn until_status(server: &mut ServerProcess, path: &str, status: u16) {
    let (address, start) = (server.wait_until_ready(), Instant::now());
    while get(address, path, &[]).status != status {
        assert!(start.elapsed() < LONGEST_WAIT, "{path}: {}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_reload_puts_a_new_feed_into_force_on_an_open_connection() {
    let shell = Shell::with("[[sources]]", "[server]\nlisten = \"127.0.0.1:0\"\n[[sources]]");
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    let mut open = TcpStream::connect(address).unwrap();
    assert_eq!(status_line(&mut open, "/feeds/second.rss"), "HTTP/1.1 404 Not Found");
    let config = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    std::fs::write(shell.path("config.toml"), format!("{config}{FEED}")).unwrap();
    let answer = shell.courant(&["reload"]);
    assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{}", answer.out);
    assert!(answer.out.trim_end().ends_with(&format!("on {address}: reloaded")), "{}", answer.out);
    assert_eq!(status_line(&mut open, "/feeds/second.rss"), "HTTP/1.1 200 OK");
    assert_eq!(saved_documents(&shell), 2 * 3, "a restart serves the new feed too");
    // A signal does the same.
    std::fs::write(shell.path("config.toml"), &config).unwrap();
    server.hang_up();
    until_status(&mut server, "/feeds/second.rss", 404);
    assert_eq!(status_line(&mut open, "/feeds/second.rss"), "HTTP/1.1 404 Not Found");
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn a_client_of_the_api_reloads_a_running_server() {
    let shell = Shell::with("[[sources]]", "[server]\nlisten = \"127.0.0.1:0\"\n[[sources]]");
    let token = shell.run_ok(&["tokens", "create", "deploy", "--role", "admin"]);
    let authorization = format!("Authorization: Bearer {}", token.trim());
    let headers = [authorization.as_str()];
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    let config = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    std::fs::write(shell.path("config.toml"), format!("{config}{FEED}")).unwrap();
    let asked = post_json(address, "/api/v1/config/reload", &headers, "");
    assert_eq!(asked.status, 202, "{}", server.log());
    let results = format!("/api/v1/config/{}", asked.header("location"));
    let start = Instant::now();
    let node = loop {
        let shown = get(address, &results, &headers);
        let document: serde_json::Value = serde_json::from_slice(&shown.body).unwrap();
        if let Some(node) = document["nodes"].get(0) {
            break node.clone();
        }
        assert!(start.elapsed() < LONGEST_WAIT, "{}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(node["node"].as_str().unwrap().ends_with(&format!("on {address}")), "{node}");
    assert_eq!(node["error"], serde_json::Value::Null, "{node}");
    assert_eq!(get(address, "/feeds/second.rss", &[]).status, 200);
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn a_reload_fails_at_once_if_no_server_has_run_for_minutes() {
    let shell = Shell::new();
    let start = Instant::now();
    let answer = shell.courant(&["reload"]);
    assert!(
        answer.status == 1 && answer.err.contains("no server is running; start one"),
        "{answer:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn an_invalid_configuration_is_rejected_with_every_error_and_the_old_one_stays() {
    let shell = Shell::with("[[sources]]", "[server]\nlisten = \"127.0.0.1:0\"\n[[sources]]");
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    let config = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    let invalid =
        config.replace("schedule = \"", "schedule = \"never ") + "\n[[feeds]]\ntitel = \"x\"\n";
    std::fs::write(shell.path("config.toml"), invalid).unwrap();
    let answer = shell.courant(&["reload"]);
    assert_eq!((answer.status, answer.out.as_str()), (2, ""));
    server.hang_up();
    let start = Instant::now();
    while !server.log().contains("the old one remains in use") {
        assert!(start.elapsed() < LONGEST_WAIT, "{}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    for key in ["schedule", "titel"] {
        assert!(answer.err.contains(key) && server.log().contains(key), "{key}: {}", server.log());
    }
    assert_eq!(get(address, "/feeds/news.rss", &[]).status, 200);
    let moved = config.replace("127.0.0.1:0", "127.0.0.1:1");
    std::fs::write(shell.path("config.toml"), moved).unwrap();
    let answer = shell.courant(&["reload"]);
    assert_eq!(answer.status, 1, "{}", answer.err);
    assert!(answer.out.contains("listen has changed, which needs a restart"), "{}", answer.out);
    assert_eq!(server.stop().0, Some(0));
}

database_tests! {
    async fn every_request_since_the_last_reload_is_answered(world) {
        world.use_real_time();
        let mut node = Node::start(world, 0, "serve");
        node.serving.wait_until_ready();
        world.sql("INSERT INTO reload_requests (requested_at) VALUES (1), (2)").await;
        let start = Instant::now();
        while world.sql("UPDATE reload_results SET node = node").await < 2 {
            assert!(start.elapsed() < LONGEST_WAIT, "{}", node.serving.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(node.serving.stop().0, Some(0));
    }

    async fn reloads_while_an_edition_is_sent_send_every_mail_once(world) {
        let readers = 400;
        set_up(world, readers, 8).await;
        let edition = another_edition(world).await;
        let mut nodes = [Node::start(world, 0, "serve")];
        nodes[0].serving.wait_until_ready();
        for mails in [20, 120, 220] {
            let start = Instant::now();
            while nodes[0].mails(world) < mails {
                assert!(start.elapsed() < LONGEST_WAIT, "{}", nodes[0].serving.log());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let reloads = |node: &Node| node.serving.log().matches("configuration reloaded").count();
            let before = reloads(&nodes[0]);
            nodes[0].serving.hang_up();
            // Signals that arrive during a reload cause one more, however many they are.
            while reloads(&nodes[0]) == before {
                assert!(start.elapsed() < LONGEST_WAIT, "{}", nodes[0].serving.log());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        until_sent(world, &nodes, &[edition], readers).await;
        let counts = world.mail_counts();
        assert_eq!((counts.len(), counts.values().max()), (readers, Some(&1)));
        let [node] = nodes;
        assert_eq!(node.serving.stop().0, Some(0));
    }
}
