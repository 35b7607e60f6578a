//! Reloads of the configuration that a client asks for.

use axum::http::{Method, StatusCode};
use courant::domain::page::PageRequest;
use courant::domain::role::Role;
use courant::domain::time::DAY;
use serde_json::json;

use super::{Answer, Client};
use crate::support::{World, database_tests};

async fn reload(client: &Client, headers: &[(&str, &str)]) -> Answer {
    client.send(Method::POST, "/api/v1/config/reload", headers, None).await
}

async fn newest_request(world: &World) -> i64 {
    world.app.store.reloads().newest_request().await.unwrap()
}

database_tests! {
    async fn a_reload_is_requested_of_all_servers_and_shows_the_result_of_each(world) {
        world.config_file();
        let client = Client::new(world, Role::Admin).await;
        let key = [("idempotency-key", "k")];
        let (asked, repeated) = (reload(&client, &key).await, reload(&client, &key).await);
        assert_eq!((asked.status, repeated.status), (StatusCode::ACCEPTED, StatusCode::ACCEPTED), "{asked:?}");
        let id = asked.json["id"].as_i64().unwrap();
        assert_eq!((newest_request(world).await, &repeated.json), (id, &asked.json), "the repetition asks nobody again");
        assert_eq!((asked.header("location"), &asked.json["nodes"]), (format!("reloads/{id}").as_str(), &json!([])));
        let entries = world.app.store.audit_log().list(&PageRequest::first(1)).await.unwrap().items;
        assert_eq!((entries[0].action.as_str(), entries[0].object.as_str(), entries[0].actor_name.as_deref()), ("reload", "config", Some("client-admin")));
        let reloads = world.app.store.reloads();
        for (node, error) in [("one", None), ("two", Some("no template".to_owned()))] {
            reloads.record_results(id - 1, id, node, error, world.now()).await.unwrap();
        }
        let shown = client.get(&format!("/api/v1/config/reloads/{id}")).await;
        let expected = json!([{"node": "one", "error": null}, {"node": "two", "error": "no template"}]);
        assert_eq!((shown.status, &shown.json["nodes"]), (StatusCode::OK, &expected), "{shown:?}");
        assert_eq!(client.get(&format!("/api/v1/config/reloads/{}", id + 1)).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_reload_is_forgotten_after_thirty_days_and_its_id_is_not_used_again(world) {
        world.config_file();
        let client = Client::new(world, Role::Admin).await;
        let reloads = world.app.store.reloads();
        let first = reload(&client, &[]).await.json["id"].as_i64().unwrap();
        reloads.record_results(0, first, "one", None, world.now()).await.unwrap();
        world.advance(29 * DAY);
        let second = reload(&client, &[]).await.json["id"].as_i64().unwrap();
        let status = async |id: i64| client.get(&format!("/api/v1/config/reloads/{id}")).await.status;
        assert_eq!((status(first).await, second), (StatusCode::OK, first + 1));
        world.advance(2 * DAY);
        let third = reload(&client, &[]).await.json["id"].as_i64().unwrap();
        assert_eq!((status(first).await, status(second).await), (StatusCode::NOT_FOUND, StatusCode::OK));
        assert_eq!(third, second + 1);
    }

    async fn an_invalid_configuration_is_refused_with_every_error_and_nobody_is_asked(world) {
        let client = Client::new(world, Role::Admin).await;
        let valid = world.config_text();
        let file = world.config_file();
        let invalid = valid.replace("schedule = \"", "schedule = \"never ") + "\n[[feeds]]\ntitel = \"x\"\n";
        let moved = valid.replace("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"");
        for (text, expected) in [(invalid, &["schedule", "titel"][..]), (moved, &["listen has changed, which needs a restart"])] {
            std::fs::write(&file, text).unwrap();
            let refused = reload(&client, &[]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
            assert_eq!(refused.header("content-type"), "application/problem+json");
            let errors = refused.json["errors"].as_array().unwrap();
            for part in expected {
                assert!(errors.iter().any(|error| error["detail"].as_str().unwrap().contains(part)), "{part}: {refused:?}");
            }
            assert!(errors.len() >= expected.len() && refused.pointers().iter().all(|pointer| pointer.is_empty()), "{refused:?}");
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(reload(&client, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(newest_request(world).await, 0);
    }
}
