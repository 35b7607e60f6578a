//! The metrics of a running server, as Prometheus reads them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use courant::api_tokens;
use courant::domain::actor::Actor;
use courant::domain::role::Role;

use crate::crashes::{Node, another_edition, set_up, until_sent};
use crate::server_process::get;
use crate::support::{database_tests, skipped};

/// Returns the errors that Prometheus' own checker finds, or `None` if it is not installed.
fn errors(metrics: &str) -> Option<String> {
    let mut check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    check.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = check.wait_with_output().unwrap();
    Some(format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

database_tests! {
    async fn prometheus_reads_the_outcomes_of_an_edition(world) {
        set_up(world, 3, 1).await;
        let edition = another_edition(world).await;
        let (app, now) = (&world.app, world.now());
        let (secret, random) = (&app.store_identity.secret, [7; api_tokens::TOKEN_BYTES]);
        let token = api_tokens::create_token(
            &app.store,
            secret,
            api_tokens::NewToken::new("prometheus", Role::Viewer),
            random,
            &Actor::Cli,
            now,
        )
        .await
        .unwrap();
        let mut nodes = [Node::start(world, 0, "serve")];
        until_sent(world, &nodes, &[edition], 3).await;
        let bearer = format!("Authorization: Bearer {token}");
        let response = get(nodes[0].serving.wait_until_ready(), "/metrics", &[&bearer]);
        assert_eq!(response.status, 200);
        let text = String::from_utf8(response.body.clone()).unwrap();
        let sent = "courant_deliveries_total{transport=\"default\",outcome=\"sent\"} 3";
        assert!(text.lines().any(|line| line.starts_with(sent)), "{text}");
        assert!(text.contains("courant_transport_available{transport=\"default\"} 1"), "{text}");
        match errors(&text) {
            Some(found) => assert_eq!(found, "", "{text}"),
            None => skipped("promtool is not installed"),
        }
        let [node] = nodes;
        assert_eq!(node.serving.stop().0, Some(0));
    }
}
