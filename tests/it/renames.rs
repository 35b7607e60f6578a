//! Renames in the configuration (`was`) beside a server that still uses the former names.

use std::time::{Duration, Instant};

use crate::server_process::{ServerProcess, get};
use crate::support::{LONGEST_WAIT, Shell};

/// Returns an installation whose digest `weekly` has a subscriber, and its configuration.
fn installation() -> (Shell, String) {
    let shell = Shell::with("[[sources]]", "[server]\nlisten = \"127.0.0.1:0\"\n[[sources]]");
    shell.run_ok(&["subscribers", "add", "ann@example.org", "--digest", "weekly"]);
    let config = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    (shell, config)
}

fn rename(shell: &Shell, old_name: &str, name: &str) {
    shell.replace(
        &format!("name = \"{old_name}\""),
        &format!("name = \"{name}\"\nwas = [\"{old_name}\"]"),
    );
}

#[test]
fn commands_that_only_report_leave_a_rename_to_the_others() {
    let (shell, config) = installation();
    rename(&shell, "weekly", "monday");
    let pending = "the digest \"weekly\" of the database becomes \"monday\"";
    for command in [&["check", "--offline"][..], &["status"]] {
        let report = shell.courant(command);
        assert!(format!("{}{}", report.out, report.err).contains(pending), "{report:?}");
        assert!(!format!("{}{}", report.out, report.err).contains("not in the configuration"));
    }
    for command in [&["config", "show"][..], &["audit", "list"], &["backup", "copy.db"]] {
        shell.run_ok(command);
    }
    shell.write("config.toml", config);
    assert!(shell.run_ok(&["subscribers", "show", "ann@example.org"]).contains("weekly"));
    rename(&shell, "weekly", "monday");
    let subscriber = shell.run_ok(&["subscribers", "show", "ann@example.org"]);
    assert!(
        subscriber.contains("monday: pending") && !subscriber.contains("weekly: "),
        "{subscriber}"
    );
    let report = shell.courant(&["check", "--offline"]);
    assert!(!format!("{}{}", report.out, report.err).contains(pending), "{report:?}");
}

#[test]
fn a_digest_that_ran_under_its_new_name_without_a_history_still_takes_that_of_the_former_name() {
    let (shell, _) = installation();
    shell.run_ok(&["digests", "list"]);
    shell.replace("name = \"weekly\"", "name = \"monday\"");
    let mut server = ServerProcess::start(&shell.path(""));
    server.wait_until_ready();
    assert_eq!(server.stop().0, Some(0));
    shell.run_ok(&["digests", "next", "monday"]);
    let report = shell.run_ok(&["check", "--offline"]);
    assert!(report.contains("set `was = [\"weekly\"]` at its replacement"), "{report}");
    shell.replace("name = \"monday\"", "name = \"monday\"\nwas = [\"weekly\"]");
    let subscriber = shell.run_ok(&["subscribers", "show", "ann@example.org"]);
    assert!(
        subscriber.contains("monday: pending") && !subscriber.contains("weekly: "),
        "{subscriber}"
    );
    // The rename is in the configuration for good; it no longer resets anything.
    let report = shell.run_ok(&["check", "--offline"]);
    assert!(!report.contains("weekly"), "{report}");
}

#[test]
fn a_server_reloads_when_a_command_applies_a_rename() {
    let (shell, _) = installation();
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    rename(&shell, "weekly", "monday");
    rename(&shell, "news", "campus");
    shell.courant(&["check", "--offline"]);
    assert!(!server.log().contains("configuration reloaded"), "{}", server.log());
    shell.run_ok(&["digests", "list"]);
    let start = Instant::now();
    while get(address, "/feeds/campus.rss", &[]).status != 200 {
        assert!(start.elapsed() < LONGEST_WAIT, "{}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    // The next command has nothing to rename, so no further reload is requested.
    shell.run_ok(&["digests", "list"]);
    let reloads = shell.run_ok(&["audit", "list", "--json"]).matches("\"reload\"").count();
    assert_eq!(reloads, 1);
    assert_eq!(server.stop().0, Some(0));
}
