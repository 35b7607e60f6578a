//! Exports as CSV: what they contain, who may read them, and what the audit log has of them.

use axum::http::StatusCode;
use courant::app::App;
use courant::domain::actor::Actor;
use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use courant::domain::role::Role;
use courant::subscribers::NewSubscriber;
use serde_json::{Value, json};

use super::scopes::{limited, set_up};
use super::tokens::create;
use super::{Answer, Client};
use crate::cli::import_example_data;
use crate::support::{Shell, World, article, database_tests};

const SUBSCRIBERS: &str = "/api/v1/exports/subscribers";
const SUPPRESSIONS: &str = "/api/v1/exports/suppressions";

fn deliveries(edition: i64) -> String {
    format!("/api/v1/exports/deliveries?edition={edition}")
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Checks that a response is a CSV file with a name; returns its text.
fn file<'a>(answer: &'a Answer, name: &str) -> &'a str {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{name}\""));
    assert_eq!(answer.header("cache-control"), "no-store");
    &answer.text
}

/// Returns the exports in the audit log, newest first: actor, object, id and details.
async fn recorded(world: &World) -> Vec<(Option<String>, &'static str, String, Value)> {
    let page = world.app.store.audit_log().list(&PageRequest::first(50)).await.unwrap();
    let exports = page.items.into_iter().filter(|entry| entry.action.as_str() == "export");
    exports
        .map(|e| (e.actor_name, e.object.as_str(), e.object_id, e.detail.unwrap_or_default()))
        .collect()
}

database_tests! {
    async fn exported_suppressions_suppress_the_same_people_again(world) {
        let client = Client::new(world, Role::ListManager).await;
        world.add_readers(2).await;
        for email in ["r0@example.org", "@spam.example", "unknown@example.org"] {
            let added = client.post("/api/v1/suppressions", &json!({"email": email})).await;
            assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
        }
        let first = client.get(SUPPRESSIONS).await;
        let first = file(&first, "suppressions.csv");
        assert!(first.starts_with("email,reason,since,reply,hash\n"), "{first}");
        let exported = rows(first);
        let mut emails: Vec<&str> = exported.iter().map(|row| row[0].as_str()).collect();
        emails.sort_unstable();
        assert_eq!(emails, ["", "'@spam.example", "r0@example.org"], "only the hash of a stranger is known");
        assert_eq!(client.get("/api/v1/suppressions").await.json["items"].as_array().unwrap().len(), 3);
        for row in exported.iter().filter(|row| !row[0].is_empty()) {
            let path = format!("/api/v1/suppressions/{}", row[4].trim_start_matches('\''));
            assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT, "{row:?}");
            let email = row[0].trim_start_matches('\'');
            let again = client.post("/api/v1/suppressions", &json!({"email": email})).await;
            assert_eq!(again.status, StatusCode::CREATED, "{again:?}");
        }
        let mut repeated = rows(&client.get(SUPPRESSIONS).await.text);
        let mut expected = exported.clone();
        repeated.sort();
        expected.sort();
        assert_eq!(repeated, expected);
    }

    async fn a_long_list_of_suppressions_is_exported_completely_and_once(world) {
        let all: Vec<(String, String)> = (0..2_100).map(|n| (format!("{n:032x}"), "bounce".to_owned())).collect();
        world.app.store.suppressions().add_all(&all, &Actor::Cli, world.now()).await.unwrap();
        let client = Client::new(world, Role::ListManager).await;
        let exported = client.get(SUPPRESSIONS).await;
        let hashes: Vec<String> = rows(file(&exported, "suppressions.csv")).into_iter().map(|mut row| row.remove(4)).collect();
        let expected: Vec<String> = all.into_iter().map(|(hash, _)| hash).collect();
        assert_eq!(hashes, expected, "one time for all, therefore by their hashes");
        let log = recorded(world).await;
        assert_eq!(log, [(Some("client-lists".into()), "suppression", String::new(), json!({"lines": 2_100}))]);
    }

    async fn the_deliveries_of_an_edition_are_exported_by_state_and_safe_in_spreadsheets(world) {
        let person = |email: &str, name: &str| NewSubscriber { email: email.into(), name: Some(name.into()), ..NewSubscriber::default() };
        world.publish([article("a")]).await;
        world.subscribe("weekly", [person("ann@example.org", "Ann"), person("=dan@example.org", "+Dan")]).await;
        let edition = world.create_edition().await;
        world.run_command(edition, EditionCommand::Cancel).await;
        let client = Client::new(world, Role::ListManager).await;
        let all = client.get(&deliveries(edition)).await;
        let text = file(&all, &format!("edition-{edition}.csv"));
        let expected = "email,name,state,attempts,answer,ended_at\nann@example.org,Ann,cancelled,0,,";
        assert!(text.starts_with(expected) && text.contains("\n'=dan@example.org,'+Dan,cancelled,0,,"), "{text}");
        assert_eq!(client.get(&format!("{}&state=cancelled", deliveries(edition))).await.text, text);
        let none = client.get(&format!("{}&state=failed", deliveries(edition))).await;
        assert_eq!(file(&none, &format!("edition-{edition}.csv")), "email,name,state,attempts,answer,ended_at\n");
        let log = recorded(world).await;
        let (states, id): (Vec<_>, _) = (log.iter().map(|entry| &entry.3["state"]).collect(), edition.to_string());
        assert_eq!(states, [&json!("failed"), &json!("cancelled"), &Value::Null]);
        assert!(log.iter().all(|(actor, object, of, _)| actor.as_deref() == Some("client-lists") && *object == "edition" && *of == id), "{log:?}");
    }

    async fn an_empty_list_is_exported_as_its_header(world) {
        let client = Client::new(world, Role::ListManager).await;
        let suppressions = client.get(SUPPRESSIONS).await;
        assert_eq!(file(&suppressions, "suppressions.csv"), "email,reason,since,reply,hash\n");
        let subscribers = client.get(SUBSCRIBERS).await;
        assert_eq!(file(&subscribers, "subscribers.csv"), "email,name,language,timezone,tags,sections,digest,status,since,consent,suppressed\n");
    }

    async fn a_wrong_parameter_of_an_export_is_named_and_nothing_is_recorded(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        let client = Client::new(world, Role::Admin).await;
        for (path, pointer) in [
            (deliveries(edition + 1), "/edition"),
            (format!("{}&state=delivered", deliveries(edition)), "/state"),
            (format!("{SUBSCRIBERS}?digest=daily"), "/digest"),
        ] {
            let refused = client.get(&path).await;
            assert_eq!((refused.status, refused.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec![pointer]), "{path}: {refused:?}");
        }
        for path in [
            "/api/v1/exports/deliveries".to_owned(),
            "/api/v1/exports/deliveries?edition=x".to_owned(),
            format!("{}&states=failed", deliveries(edition)),
            format!("{SUBSCRIBERS}?where=town+%3D"),
            format!("{SUPPRESSIONS}?email=ann%40example.org"),
        ] {
            let refused = client.get(&path).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}: {refused:?}");
        }
        assert_eq!(client.get("/api/v1/subscribers.csv").await.status, StatusCode::NOT_FOUND, "its former path");
        assert_eq!(recorded(world).await, []);
    }

    async fn a_token_of_one_digest_exports_only_the_deliveries_of_its_editions(world) {
        let (weekly, daily) = set_up(world).await;
        let lists = limited(world, Role::ListManager).await;
        let own = lists.get(&deliveries(weekly)).await;
        let own = rows(file(&own, &format!("edition-{weekly}.csv")));
        assert_eq!(own.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["ann@example.org", "both@example.org"]);
        let hidden = lists.get(&deliveries(daily)).await;
        let unknown = lists.get(&deliveries(daily + 1)).await;
        for answer in [&hidden, &unknown] {
            assert_eq!((answer.status, answer.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["/edition"]), "{answer:?}");
        }
        assert!(!hidden.text.contains("daily") && !hidden.text.contains("bob"), "{}", hidden.text);
        for path in [SUBSCRIBERS, SUPPRESSIONS] {
            let refused = lists.get(path).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {refused:?}");
        }
        let editor = create(world, "editor", Role::Editor, Some(&["weekly"]), None).await.unwrap();
        let editor = lists.with_token(&editor);
        for path in [SUBSCRIBERS, SUPPRESSIONS, &deliveries(weekly), &deliveries(daily)] {
            let refused = editor.get(path).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "editors do not read subscribers: {path}: {refused:?}");
        }
        let viewer = lists.with_token(&create(world, "reader", Role::Viewer, None, None).await.unwrap());
        for path in [SUBSCRIBERS, SUPPRESSIONS, &deliveries(weekly)] {
            let refused = viewer.get(path).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "viewers read addresses, but not by the file: {path}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn the_api_exports_what_the_command_line_writes() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["editions", "cancel", "1"]);
    shell.run_ok(&["suppressions", "add", "@spam.example"]);
    shell.run_ok(&["suppressions", "add", "ann@example.org"]);
    let token = shell.run_ok(&["tokens", "create", "screen", "--role", "admin"]).trim().to_owned();
    let app = App::from_file(&shell.path("config.toml")).await.unwrap();
    let client = Client { router: courant::daemon::site_router(app.clone(), None), token };
    for (path, command) in [
        (SUBSCRIBERS, &["subscribers", "export"][..]),
        (SUPPRESSIONS, &["suppressions", "export"]),
        (&deliveries(1), &["editions", "export", "1"]),
        (&format!("{}&state=not_sent", deliveries(1)), &["editions", "export", "1", "--failed"]),
    ] {
        let written = shell.run_ok(command);
        assert!(written.lines().count() > 2, "{written}");
        assert_eq!(client.get(path).await.text, written, "{path}");
    }
    let log = shell.courant(&["audit", "list", "--json"]).json();
    let exports: Vec<(&Value, &Value)> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "export")
        .map(|entry| (&entry["object"], &entry["actor"]))
        .collect();
    assert_eq!(exports.len(), 8, "each export of both is recorded: {exports:?}");
    app.store.close().await;
}
