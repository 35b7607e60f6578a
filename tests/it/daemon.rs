//! The running program: with a relay, with other commands at the same time, and on signals.

use std::process::Stdio;

use crate::cli::import_example_data;
use crate::server_process::ServerProcess;
use crate::smtp_server::{At, Rule, Script, SmtpServer};
use crate::support::{Shell, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupting_deliver_while_the_relay_is_down_loses_no_mail() {
    let server = SmtpServer::start(Script::new().rule(Rule::close(At::Connect))).await;
    let shell = Shell::with("file://outbox", &format!("smtp://{}", server.address()));
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    let mut child = Shell::command(&shell.path(""), &["deliver"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("it connects", || server.connections() > 0);
    Shell::signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(1), "no mail could be sent");
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "sent 0, failed 0, waiting 3, held 0"
    );
    let shown = shell.courant(&["editions", "show", "1", "--json"]).json();
    assert_eq!(
        (shown["counts"]["queued"].as_i64(), shown["counts"]["failed"].as_i64()),
        (Some(3), Some(0))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_deliver_on_a_sqlite_file_is_rejected_but_other_commands_work() {
    let server = SmtpServer::start(Script::new().rule(Rule::stall(At::Content))).await;
    let shell = Shell::with("file://outbox", &format!("smtp://{}", server.address()));
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    let mut child = Shell::command(&shell.path(""), &["deliver"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.wait_for(1).await;
    let second = shell.courant(&["deliver"]);
    assert!(
        second.status == 1 && second.err.contains("another `courant serve` or `courant deliver`"),
        "{second:?}"
    );
    assert_eq!(shell.courant(&["editions", "show", "1", "--json"]).json()["state"], "sending");
    shell.run_ok(&[
        "subscribers",
        "add",
        "dan@example.org",
        "--status",
        "confirmed",
        "--consent",
        "by phone",
    ]);
    server.set_script(Script::new());
    wait_until("the first ends", || {
        server.release();
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(shell.courant(&["editions", "show", "1", "--json"]).json()["counts"]["sent"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_sends_due_mails_and_shuts_down_gracefully_on_sigterm() {
    let server = SmtpServer::start(Script::new()).await;
    let shell = Shell::with("file://outbox", &format!("smtp://{}", server.address()));
    shell.replace("[[sources]]", "[server]\nlisten = \"127.0.0.1:0\"\n[[sources]]");
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    let mut child = Shell::command(&shell.path(""), &[])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.wait_for(3).await;
    let state = || shell.courant(&["editions", "show", "1", "--json"]).json()["state"].clone();
    wait_until("the edition is closed", || state() == "sent");
    Shell::signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(server.mails().len(), 3);
}

#[test]
fn a_site_with_feeds_only_keeps_running() {
    let text = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\n\
                [database]\nurl = \"sqlite://courant.db\"\n[server]\nlisten = \"127.0.0.1:0\"\n[[feeds]]\nname = \"news\"\n";
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("config.toml"), text).unwrap();
    let mut serving = ServerProcess::start(directory.path());
    serving.wait_until_ready();
    assert!(!serving.has_exited());
    assert_eq!(serving.stop().0, Some(0));
}
