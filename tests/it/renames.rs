//! Renames in the configuration (`was`) beside a server that still uses the former names.

use courant::app::{App, load_checked_config};
use courant::domain::actor::Actor;
use courant::feeds::cache::refresh_due;

use crate::server_process::{ServerProcess, get};
use crate::support::{Shell, article, database_tests};

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
fn beside_a_running_server_only_its_reload_applies_a_rename() {
    let (shell, _) = installation();
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    rename(&shell, "weekly", "monday");
    rename(&shell, "news", "campus");
    shell.run_ok(&["check", "--offline"]);
    let refused = shell.courant(&["subscribers", "add", "ben@example.org", "--digest", "monday"]);
    assert!(
        refused.status != 0 && refused.err.contains("run `courant reload` first"),
        "{refused:?}"
    );
    let second = shell.courant(&["serve"]);
    assert!(second.err.contains("another `courant serve`"), "{second:?}");
    assert!(!shell.run_ok(&["audit", "list", "--json"]).contains("former_name"));
    assert_eq!(get(address, "/feeds/news.rss", &[]).status, 200);
    shell.run_ok(&["reload"]);
    assert_eq!(get(address, "/feeds/campus.rss", &[]).status, 200);
    shell.run_ok(&["subscribers", "add", "ben@example.org", "--digest", "monday"]);
    let entries = shell.run_ok(&["audit", "list", "--json"]);
    assert!(entries.contains(r#""former_name": "weekly""#), "{entries}");
    assert_eq!(entries.matches("\"reload\"").count(), 1, "{entries}");
    shell.run_ok(&["suppressions", "add", "eve@example.org"]);
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn a_subscription_that_a_server_stored_under_the_former_name_is_moved_later() {
    let (shell, config) = installation();
    rename(&shell, "weekly", "monday");
    shell.run_ok(&["digests", "pause", "monday"]);
    // A server on another machine that still has the former configuration.
    let renamed = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    shell.write("config.toml", config);
    for address in ["ann@example.org", "ben@example.org"] {
        shell.run_ok(&["subscribers", "add", address, "--digest", "weekly"]);
    }
    shell.run_ok(&["digests", "next", "weekly"]);
    shell.write("config.toml", renamed);
    let mut server = ServerProcess::start(&shell.path(""));
    server.wait_until_ready();
    assert_eq!(server.stop().0, Some(0));
    let ben = shell.run_ok(&["subscribers", "show", "ben@example.org"]);
    assert!(ben.contains("monday: pending") && !ben.contains("weekly: "), "{ben}");
    // She has a subscription under both names.
    let report = shell.run_ok(&["check", "--offline"]);
    assert!(
        report.contains("1 subscription belongs to digest \"weekly\", which is now \"monday\""),
        "{report}"
    );
    assert!(shell.run_ok(&["digests", "list"]).contains("paused"));
}

#[test]
fn a_rename_of_a_digest_without_subscribers_happens_once() {
    let (shell, _) = installation();
    let config = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    let (start, digest) = config.split_at(config.find("[[digests]]").unwrap());
    let daily = digest.split("\n[[").next().unwrap().replace("\"weekly\"", "\"daily\"");
    shell.write("config.toml", format!("{start}{daily}\n{digest}"));
    shell.run_ok(&["digests", "pause", "daily"]);
    rename(&shell, "daily", "morning");
    for _ in 0..3 {
        assert!(shell.run_ok(&["digests", "list"]).contains("paused"));
    }
    let entries = shell.run_ok(&["audit", "list", "--json"]);
    assert_eq!(entries.matches("former_name").count(), 1, "{entries}");
    assert!(shell.run_ok(&["subscribers", "show", "ann@example.org"]).contains("weekly: pending"));
}

database_tests! {
    async fn a_rename_happens_only_together_with_the_request_to_other_servers(world) {
        world.add_readers(1).await;
        world.settings.renamed.push(("weekly", "monday"));
        let config = load_checked_config(&world.config_file()).unwrap().config;
        let node = App::connect(config).await.unwrap();
        world.sql("ALTER TABLE reload_requests RENAME TO out_of_reach").await;
        node.apply_renames(&Actor::Cli).await.unwrap_err();
        assert_eq!(node.pending_renames().await.unwrap().len(), 1);
        world.sql("ALTER TABLE out_of_reach RENAME TO reload_requests").await;
        node.apply_renames(&Actor::Cli).await.unwrap();
        assert_eq!(node.pending_renames().await.unwrap(), []);
        assert_eq!(node.store.reloads().newest_request().await.unwrap(), 1);
        node.store.close().await;
    }

    async fn a_server_that_cannot_render_its_feeds_yet_follows_the_renames_of_another(world) {
        world.publish([article("first")]).await;
        let other = world.another_node().await;
        world.configure(|s| s.renamed.push(("weekly", "monday"))).await;
        let loaded = load_checked_config(&world.config_file()).unwrap();
        let checked = other.check_reload(loaded).await.unwrap();
        world.sql("ALTER TABLE feed_versions RENAME TO out_of_reach").await;
        let reloaded = other.reloaded(checked).await.unwrap();
        assert_eq!(reloaded.config.digests[0].name, "monday");
        let refresh =
            || refresh_due(&reloaded.store, &reloaded.config, &reloaded.feed_cache, world.now());
        refresh().await.unwrap_err();
        world.sql("ALTER TABLE out_of_reach RENAME TO feed_versions").await;
        refresh().await.unwrap();
        reloaded.store.close().await;
    }
}
