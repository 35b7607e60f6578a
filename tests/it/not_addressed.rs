//! Subscribers whom an edition does not address: the numbers by reason, and the explanation for one address.

use axum::http::StatusCode;
use courant::digests::{self, Reception};
use courant::domain::actor::Actor;
use courant::domain::address::EmailAddress;
use courant::domain::article::IncomingArticle;
use courant::domain::role::Role;
use courant::domain::suppression_target::SuppressionTarget;
use courant::domain::time::DAY;
use courant::subscribers::{self, NewSubscriber};
use serde_json::{Value, json};

use crate::api::Client;
use crate::cli::import_example_data;
use crate::support::{Shell, World, article, database_tests};

fn person(name: &str) -> NewSubscriber {
    NewSubscriber { email: format!("{name}@example.org"), ..NewSubscriber::default() }
}

fn target(name: &str) -> SuppressionTarget {
    SuppressionTarget::parse(&format!("{name}@example.org")).unwrap()
}

async fn suppress(world: &World, name: &str) {
    let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
    subscribers::suppress(store, secret, &target(name), &Actor::Cli, world.now()).await.unwrap();
}

async fn set_status(world: &World, name: &str, status: &str) {
    let changed = world
        .sql(&format!(
            "UPDATE subscriptions SET status = '{status}' WHERE subscriber_id = (SELECT id FROM subscribers WHERE address = '{name}@example.org')"
        ))
        .await;
    assert_eq!(changed, 1, "{name}");
}

/// Returns the numbers of those whom an edition does not address, as a text.
async fn counts(world: &World, edition: i64) -> String {
    let audience = world.app.store.editions().frozen_audience(edition).await.unwrap().unwrap();
    let texts: Vec<String> = audience
        .not_addressed
        .iter()
        .map(|(reason, n)| format!("{} {n}", reason.as_str()))
        .collect();
    texts.join(", ")
}

/// Returns why a person got an edition or did not, as a word.
async fn explained(world: &World, edition: i64, name: &str) -> String {
    let store = &world.app.store;
    let edition = store.editions().get(edition).await.unwrap();
    let person = store.subscribers().find_by_address(&format!("{name}@example.org")).await.unwrap();
    match digests::reception(store, &edition, person.as_ref()).await.unwrap() {
        Reception::Addressed(delivery) => delivery.state.to_string(),
        Reception::Absent(absence) => absence.code().to_owned(),
    }
}

/// Publishes an article about sport and subscribes people of whom only `anna` gets it.
async fn prepare(world: &World) {
    world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("a") }]).await;
    let campus = NewSubscriber { sections: vec!["Campus".into()], ..person("campus") };
    let away = NewSubscriber { tags: vec!["away".into()], ..person("away") };
    let names = ["anna", "asked", "resting", "left", "blocked", "blocked2"].map(person);
    world.subscribe("weekly", names.into_iter().chain([campus, away])).await;
    set_status(world, "asked", "pending").await;
    set_status(world, "resting", "paused").await;
    suppress(world, "blocked").await;
    suppress(world, "blocked2").await;
    let (store, left) = (&world.app.store, EmailAddress::parse("left@example.org").unwrap());
    let digest = Some("weekly");
    subscribers::unsubscribe_by_admin(store, &left, digest, "moved", &Actor::Cli, world.now())
        .await
        .unwrap();
}

database_tests! {
    async fn an_edition_counts_by_reason_whom_it_does_not_address(world) {
        prepare(world).await;
        let edition = world.create_edition().await;
        let expected = "suppressed 2, pending 1, paused 1, unsubscribed 1, no_story 1";
        assert_eq!(counts(world, edition).await, expected, "away has no filter to fulfil");
    }

    async fn a_filter_of_the_digest_is_a_reason_apart_from_suppressions(world) {
        world.configure(|s| s.digest = "audience = 'not tag = \"away\"'".into()).await;
        prepare(world).await;
        let edition = world.create_edition().await;
        let expected = "suppressed 2, pending 1, paused 1, unsubscribed 1, no_story 1, audience 1";
        assert_eq!(counts(world, edition).await, expected);
        for (name, reason) in [
            ("anna", "queued"),
            ("asked", "pending"),
            ("resting", "paused"),
            ("left", "unsubscribed"),
            ("campus", "no_story"),
            ("blocked", "suppressed"),
            ("away", "audience"),
            ("nobody", "not_subscribed"),
        ] {
            assert_eq!(explained(world, edition, name).await, reason, "{name}");
        }
    }

    async fn the_api_shows_the_numbers_and_explains_one_address(world) {
        prepare(world).await;
        let edition = world.create_edition().await;
        let client = Client::new(world, Role::ListManager).await;
        let shown = client.get(&format!("/api/v1/editions/{edition}")).await;
        let first = json!({"reason": "suppressed", "subscribers": 2});
        assert_eq!(shown.json["not_addressed"][0], first, "{shown:?}");
        let path = format!("/api/v1/editions/{edition}/reception?email=");
        let resting = client.get(&format!("{path}resting@example.org")).await.json;
        assert_eq!((&resting["reason"], &resting["delivery"]), (&json!("paused"), &Value::Null));
        assert!(resting["since"].is_string() && resting["explanation"].is_string(), "{resting}");
        let anna = client.get(&format!("{path}ANNA@example.org")).await.json;
        assert_eq!((&anna["reason"], &anna["delivery"]["state"]), (&Value::Null, &json!("queued")));
        assert_eq!(client.get(&format!("{path}anna")).await.status, StatusCode::BAD_REQUEST);
        let editor = Client::new(world, Role::Editor).await;
        let refused = editor.get(&format!("{path}anna@example.org")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }

    async fn the_explanation_is_about_the_time_of_the_edition(world) {
        prepare(world).await;
        let edition = world.create_edition().await;
        world.advance(DAY);
        world.deliver().await;
        let new = NewSubscriber { sections: vec!["Sport".into()], ..person("new") };
        world.subscribe("weekly", [person("left"), new]).await;
        suppress(world, "anna").await;
        let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
        subscribers::unsuppress(store, secret, &target("blocked"), &Actor::Cli, world.now())
            .await
            .unwrap();
        for (name, reason) in [
            ("anna", "sent"),
            ("left", "unsubscribed"),
            ("new", "subscribed_later"),
            ("blocked", "unknown"),
            ("blocked2", "suppressed"),
        ] {
            assert_eq!(explained(world, edition, name).await, reason, "{name}");
        }
    }
}

#[test]
fn the_command_line_shows_the_numbers_and_explains_one_address() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["suppressions", "add", "bob@example.org"]);
    shell.run_ok(&["digests", "run", "weekly"]);
    let shown = shell.run_ok(&["editions", "show", "1"]);
    assert!(shown.contains("not addressed: ") && shown.contains("1 suppressed"), "{shown}");
    let listed = shell.courant(&["editions", "show", "1", "--json"]).json();
    assert!(listed["not_addressed"].as_array().is_some_and(|all| !all.is_empty()), "{listed}");
    let asked = ["editions", "show", "1", "--recipient", "bob@example.org"];
    let text = shell.run_ok(&asked);
    assert!(
        text.starts_with("bob@example.org: the address or its domain was suppressed"),
        "{text}"
    );
    assert!(text.contains("(since "), "{text}");
    let json = shell.courant(&[&asked[..], &["--json"]].concat()).json();
    assert_eq!((&json["reason"], &json["delivery"]), (&"suppressed".into(), &().into()));
    let wrong = shell.courant(&["editions", "show", "1", "--recipient", "bob"]);
    assert_ne!(wrong.status, 0, "{}", wrong.out);
}
