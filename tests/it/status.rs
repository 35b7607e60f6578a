//! The first lines of `courant status`: mail that is not sent, sources that are not read, and decisions of a person.

use courant::app::App;
use courant::delivery::Dispatcher;
use courant::domain::time::{HOUR, MINUTE};
use courant::store::transport_failures::TransportFailure;

use crate::cli::import_example_data;
use crate::support::{Shell, World, article, database_tests};

/// Keys of a transport that cannot be used, because its key does not exist.
const BROKEN: &str = "dkim = [\"one:absent.pem\"]";

/// Returns the lines that need attention.
fn attention(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("attention   ")).collect()
}

#[tokio::test]
async fn a_relay_that_does_not_answer_and_a_source_that_fails_come_first() {
    let shell = Shell::new();
    shell.replace(
        "[[transports]]",
        "[[sources]]\nname = \"gone\"\nkind = \"query\"\nurl = \"sqlite:///nowhere/site.db\"\n\
         query = \"SELECT 1 AS id, 'x' AS title, 0 AS published_at\"\n[[transports]]",
    );
    import_example_data(&shell);
    assert_eq!(attention(&shell.run_ok(&["status"])), Vec::<&str>::new());
    shell.run_ok(&["digests", "run", "weekly"]);
    assert!(shell.run_ok(&["status"]).contains("attention   3 messages are waiting"));
    assert_eq!(shell.courant(&["sources", "sync", "gone"]).status, 1);
    let app = App::from_file(&shell.path("config.toml")).await.unwrap();
    let failure = TransportFailure {
        transport: "default".into(),
        failures: 2,
        error: "cannot reach the relay mail.example.edu:587".into(),
        since: app.now().plus(-HOUR),
        retry_at: app.now().plus(MINUTE),
    };
    app.store.transport_failures().record(&failure).await.unwrap();
    app.store.clock_faults().record_last_run(app.now()).await.unwrap();
    let text = shell.run_ok(&["status"]);
    let lines = attention(&text);
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("transport default: failed 2 times since 20"), "{text}");
    assert!(lines[0].contains("cannot reach the relay mail.example.edu:587"), "{text}");
    assert!(lines[1].starts_with("source gone: the sync failed once since 20"), "{text}");
    assert!(lines[1].contains("/nowhere/site.db"), "{text}");
    assert!(text.lines().count() <= 15, "{text}");
    let status = shell.courant(&["status", "--json"]).json();
    assert_eq!(status["attention"][0]["kind"], "transport");
    assert_eq!(status["attention"][0]["name"], "default");
    assert_eq!(status["transports"][0]["failure"]["failures"], 2);
    assert!(status["sources"][1]["failing_since"].is_string(), "{status}");
    shell.run_ok(&["deliver"]);
    assert!(!shell.run_ok(&["status"]).contains("transport default"), "it accepted a message");
    app.store.clock_faults().record_last_run(app.now().plus(-HOUR)).await.unwrap();
    assert!(shell.run_ok(&["status"]).contains("attention   Courant has not run since 20"));
    app.store.close().await;
}

#[test]
fn many_things_that_need_attention_are_counted_in_fifteen_lines() {
    let shell = Shell::new();
    let source = |n: u32| {
        format!(
            "[[sources]]\nname = \"gone{n}\"\nkind = \"query\"\nurl = \"sqlite:///nowhere/{n}.db\"\n\
             query = \"SELECT 1 AS id, 'x' AS title, 0 AS published_at\"\n"
        )
    };
    let sources: String = (0..20).map(source).collect();
    shell.replace("[[transports]]", &format!("{sources}[[transports]]"));
    shell.courant(&["sources", "sync"]);
    let text = shell.run_ok(&["status"]);
    assert!(text.lines().count() <= 15, "{text}");
    assert!(text.contains("and 14 more; --json lists all"), "{text}");
    let status = shell.courant(&["status", "--json"]).json();
    assert_eq!(status["attention"].as_array().unwrap().len(), 20);
}

#[test]
fn tokens_that_expire_within_two_weeks_are_reported() {
    let shell = Shell::new();
    shell.run_ok(&["tokens", "create", "late", "--role", "viewer", "--expires", "90d"]);
    assert_eq!(attention(&shell.run_ok(&["status"])), Vec::<&str>::new());
    shell.run_ok(&["tokens", "create", "soon", "--role", "viewer", "--expires", "13d"]);
    let text = shell.run_ok(&["status"]);
    let lines = attention(&text);
    assert!(lines.len() == 1 && lines[0].starts_with("token soon: expires at"), "{lines:?}");
}

/// Returns the stored failures of relays as `TRANSPORT FAILURES ERROR`.
async fn stored_failures(world: &World) -> Vec<String> {
    let failures = world.app.store.transport_failures().list().await.unwrap();
    failures.iter().map(|f| format!("{} {} {}", f.transport, f.failures, f.error)).collect()
}

async fn record(dispatcher: &Dispatcher) {
    dispatcher.record_failures().await.unwrap();
}

database_tests! {
    async fn the_failure_of_a_transport_is_stored_until_it_accepts_a_message(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let edition = world.create_edition().await;
        world.configure(|s| s.transport = BROKEN.into()).await;
        world.deliver().await;
        record(&world.dispatcher()).await;
        let stored = stored_failures(world).await;
        assert!(stored.len() == 1 && stored[0].contains("absent.pem"), "{stored:?}");
        let since = world.app.store.transport_failures().list().await.unwrap()[0].since;
        // The node ends, and its successor finds the transport as it was.
        world.restart();
        world.advance(MINUTE);
        record(&world.dispatcher()).await;
        assert_eq!(stored_failures(world).await, stored);
        world.deliver().await;
        record(&world.dispatcher()).await;
        assert_eq!(world.app.store.transport_failures().list().await.unwrap()[0].since, since);
        world.configure(|s| s.transport = String::new()).await;
        world.advance(MINUTE);
        world.deliver().await;
        record(&world.dispatcher()).await;
        assert_eq!(stored_failures(world).await, Vec::<String>::new());
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent");
    }

    async fn messages_that_no_node_sends_are_overdue_unless_their_edition_is_paused(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let edition = world.create_edition().await;
        let (created, deliveries) = (world.now(), world.app.store.deliveries());
        assert_eq!(deliveries.overdue_since(created.plus(-MINUTE)).await.unwrap(), []);
        let later = created.plus(10 * MINUTE);
        let overdue = deliveries.overdue_since(later).await.unwrap();
        assert!(matches!(overdue.as_slice(), [(name, _)] if *name == world.transport().name));
        world.run_command(edition, courant::domain::edition::EditionCommand::Pause).await;
        assert_eq!(deliveries.overdue_since(later).await.unwrap(), []);
    }
}
