//! The status: the document of the command line, without what a token may not see.

use axum::http::{Method, StatusCode};
use courant::app::App;
use courant::digests;
use courant::domain::actor::Actor;
use courant::domain::edition::EditionCommand;
use courant::domain::role::Role;
use courant::domain::time::HOUR;
use serde_json::{Value, json};

use super::Client;
use super::scopes::{limited, set_up};
use super::tokens::create;
use crate::cli::import_example_data;
use crate::support::{Shell, database_tests};

const STATUS: &str = "/api/v1/status";

fn names(list: &Value, key: &str) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one[key].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn the_status_is_the_document_that_the_command_line_prints() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["digests", "pause", "weekly"]);
    let create = ["tokens", "create", "screen", "--role", "admin", "--expires", "13d"];
    let token = shell.run_ok(&create).trim().to_owned();
    let app = App::from_file(&shell.path("config.toml")).await.unwrap();
    let client = Client { router: courant::daemon::site_router(app.clone(), None), token };
    let printed = shell.courant(&["status", "--json"]).json();
    assert_eq!(names(&printed["attention"], "kind"), ["daemon", "digest", "token"], "{printed}");
    let shown = client.get(STATUS).await;
    assert_eq!((shown.status, &shown.json), (StatusCode::OK, &printed));
    let known = [("if-none-match", shown.header("etag"))];
    let again = client.send(Method::GET, STATUS, &known, None).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    app.store.close().await;
}

database_tests! {
    async fn the_status_names_only_the_digests_of_a_limited_token(world) {
        let (weekly, daily) = set_up(world).await;
        for edition in [weekly, daily] {
            world.run_command(edition, EditionCommand::Pause).await;
        }
        digests::pause_digest(&world.app.store, "daily", &Actor::Cli, world.now()).await.unwrap();
        let admin = Client::new(world, Role::Admin).await.get(STATUS).await.json;
        assert_eq!(names(&admin["open_editions"], "digest"), ["daily", "weekly"], "{admin}");
        assert_eq!(names(&admin["digests"], "name"), ["weekly", "daily"]);
        assert!(names(&admin["attention"], "name").contains(&"daily".to_owned()), "{admin}");
        let own = limited(world, Role::Editor).await.get(STATUS).await;
        assert_eq!(own.status, StatusCode::OK);
        assert_eq!(names(&own.json["open_editions"], "digest"), ["weekly"]);
        assert_eq!(names(&own.json["digests"], "name"), ["weekly"]);
        assert!(names(&own.json["attention"], "name").contains(&"weekly".to_owned()), "{}", own.text);
        assert!(!own.text.contains("daily"), "{}", own.text);
    }

    async fn only_those_who_manage_tokens_learn_of_one_that_expires(world) {
        let admin = Client::new(world, Role::Admin).await;
        let viewer = admin.with_token(&create(world, "reader", Role::Viewer, None, None).await.unwrap());
        create(world, "cms", Role::Editor, None, Some(world.now().plus(HOUR))).await.unwrap();
        let shown = admin.get(STATUS).await.json;
        assert_eq!((names(&shown["attention"], "name"), &shown["attention"][0]["kind"]), (vec!["cms".to_owned()], &json!("token")), "{shown}");
        let hidden = viewer.get(STATUS).await;
        assert_eq!((hidden.status, &hidden.json["attention"]), (StatusCode::OK, &json!([])), "{hidden:?}");
        assert_eq!(viewer.get(&format!("{STATUS}?all=true")).await.status, StatusCode::OK);
    }
}
