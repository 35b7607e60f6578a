//! Changes over the API go through the same flows as those of the command line.

use axum::http::{Method, StatusCode};
use courant::domain::role::Role;
use courant::domain::time::HOUR;
use serde_json::{Value, json};

use super::{Answer, Client};
use crate::support::{article, database_tests};

/// Sends a change that names the version that it replaces.
pub(super) async fn change(
    client: &Client,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let etag = client.get(path).await.header("etag").to_owned();
    client.send(method, path, &[("if-match", &etag)], body).await
}

database_tests! {
    async fn a_person_is_subscribed_changed_and_erased(world) {
        let client = Client::new(world, Role::ListManager).await;
        let body = json!({
            "email": "Ann@example.org", "name": "Ann", "digests": ["weekly"],
            "status": "confirmed", "consent": "signed the form of the library",
        });
        let added = client.post("/api/v1/subscribers", &body).await;
        assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
        assert_eq!(added.json["subscriptions"][0]["status"], "confirmed");
        let id = added.json["id"].as_i64().unwrap();
        assert_eq!(added.header("location"), format!("subscribers/{id}"));
        assert_eq!(client.post("/api/v1/subscribers", &body).await.status, StatusCode::OK);
        let found = client.get("/api/v1/subscribers?email=ann%40example.org").await;
        assert_eq!(found.json["items"][0]["id"], id);
        for (search, count) in [("ANN", 1), ("ann%40", 1), ("example", 1), ("%25", 0), ("_nn", 0), ("bob", 0)] {
            let found = client.get(&format!("/api/v1/subscribers?search={search}")).await;
            assert_eq!(found.json["items"].as_array().unwrap().len(), count, "{search}: {found:?}");
        }
        for (filter, count) in [("name%20%3D%20%22Ann%22", 1), ("digest%20%3D%20%22weekly%22%20and%20name%20%3D%20%22Bob%22", 0)] {
            let found = client.get(&format!("/api/v1/subscribers?where={filter}")).await;
            assert_eq!(found.json["items"].as_array().map(Vec::len), Some(count), "{filter}: {found:?}");
        }
        assert_eq!(client.get("/api/v1/subscribers?where=name%20%3D").await.status, StatusCode::BAD_REQUEST);
        let path = format!("/api/v1/subscribers/{id}");
        let patch = json!({"name": null, "language": "nb", "timezone": "Europe/Oslo"});
        let blind = client.send(Method::PATCH, &path, &[], Some(&patch)).await;
        assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
        let stale = client.send(Method::PATCH, &path, &[("if-match", "\"x\"")], Some(&patch)).await;
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
        let changed = change(&client, Method::PATCH, &path, Some(&patch)).await;
        assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
        assert_eq!((&changed.json["name"], &changed.json["language"]), (&Value::Null, &json!("nb")));
        assert_eq!(changed.header("etag"), client.get(&path).await.header("etag"));
        let invalid = json!({"language": "!", "timezone": "Mars/Olympus", "email": "x"});
        let refused = change(&client, Method::PATCH, &path, Some(&invalid)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.pointers(), ["/email", "/language", "/timezone"]);
        assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.get(&path).await.status, StatusCode::NOT_FOUND);
        let again = client.post("/api/v1/subscribers", &body).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "only the owner may return: {again:?}");
    }

    async fn a_confirmed_subscription_needs_consent_and_a_pending_one_asks_the_owner(world) {
        let client = Client::new(world, Role::ListManager).await;
        let body = |more: Value| {
            let mut body = json!({"email": "ann@example.org", "digests": ["weekly"]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        for (more, pointer) in [
            (json!({"status": "confirmed"}), "/consent"),
            (json!({"status": "sure"}), "/status"),
            (json!({"digests": ["monthly"]}), "/digests"),
            (json!({"digests": []}), "/digests"),
            (json!({"email": "ann"}), "/email"),
        ] {
            let refused = client.post("/api/v1/subscribers", &body(more)).await;
            assert_eq!((refused.status, refused.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec![pointer]), "{refused:?}");
        }
        let pending = client.post("/api/v1/subscribers", &body(json!({}))).await;
        assert_eq!(pending.json["subscriptions"][0]["status"], "pending", "{pending:?}");
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 1);
    }

    async fn a_subscription_ends_and_begins_again_with_consent(world) {
        world.add_readers(1).await;
        let client = Client::new(world, Role::ListManager).await;
        let id = client.get("/api/v1/subscribers?email=r0%40example.org").await.json["items"][0]["id"].clone();
        let path = format!("/api/v1/subscribers/{id}/subscriptions/weekly");
        let ended = client.delete(&format!("{path}?reason=left%20the%20college")).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT, "{ended:?}");
        let shown = client.get(&path).await;
        assert_eq!((&shown.json["status"], &shown.json["removal_reason"]), (&json!("unsubscribed"), &json!("left the college")));
        let consent = json!({"status": "confirmed", "consent": "asked to return"});
        let begun = client.send(Method::PUT, &path, &[], Some(&consent)).await;
        assert_eq!((begun.status, &begun.json["status"]), (StatusCode::OK, &json!("confirmed")), "{begun:?}");
        let missing = format!("/api/v1/subscribers/{id}/subscriptions/monthly");
        assert_eq!(client.send(Method::PUT, &missing, &[], Some(&consent)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(client.delete(&missing).await.status, StatusCode::NOT_FOUND);
    }

    async fn an_edition_is_created_paused_resumed_sent_and_counted(world) {
        world.publish([article("a"), article("b")]).await;
        world.add_readers(3).await;
        let client = Client::new(world, Role::Admin).await;
        let preview = client.post("/api/v1/digests/weekly/preview", &json!({})).await;
        assert_eq!((preview.status, &preview.json["articles"]), (StatusCode::OK, &json!(2)), "{preview:?}");
        assert!(preview.json["html"].as_str().unwrap().contains("Title of a"));
        let test = client.post("/api/v1/digests/weekly/test", &json!({"to": "boss@example.org"})).await;
        assert_eq!(test.status, StatusCode::ACCEPTED, "{test:?}");
        let created = client.post("/api/v1/digests/weekly/editions", &json!({})).await;
        assert_eq!((created.status, &created.json["deliveries"]), (StatusCode::CREATED, &json!(3)), "{created:?}");
        let id = created.json["id"].as_i64().unwrap();
        let none = client.post("/api/v1/digests/weekly/editions", &json!({})).await;
        assert_eq!(none.status, StatusCode::CONFLICT, "{none:?}");
        let command = async |name: &str| {
            client.send(Method::POST, &format!("/api/v1/editions/{id}/{name}"), &[], None).await
        };
        assert_eq!(command("pause").await.json["state"], "paused");
        assert_eq!(command("pause").await.status, StatusCode::CONFLICT);
        assert_eq!(command("resume").await.json["state"], "sending");
        world.deliver().await;
        assert_eq!(world.mails_to("boss@example.org").len(), 1);
        let shown = client.get(&format!("/api/v1/editions/{id}")).await;
        assert_eq!((&shown.json["counts"]["sent"], shown.json["articles"].as_array().unwrap().len()), (&json!(3), 2));
        for (state, count) in [("sent", 3), ("failed", 0)] {
            let list = client.get(&format!("/api/v1/editions/{id}/deliveries?state={state}")).await;
            assert_eq!(list.json["items"].as_array().unwrap().len(), count, "{list:?}");
        }
        let wrong = client.get(&format!("/api/v1/editions/{id}/deliveries?state=lost")).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
        assert_eq!(command("cancel").await.status, StatusCode::CONFLICT, "a sent edition stays sent");
        let stats = client.get("/api/v1/stats?days=7").await;
        assert_eq!(stats.json["subscriptions"][0]["subscriptions"], 3, "{stats:?}");
        assert_eq!(stats.json["editions"][0]["counts"]["sent"], 3);
        let audit = client.get("/api/v1/audit").await;
        let actors: Vec<&Value> = audit.json["items"].as_array().unwrap().iter().map(|e| &e["actor"]["name"]).collect();
        assert!(actors.iter().filter(|name| **name == &json!("client-admin")).count() >= 4, "{audit:?}");
        let transports = client.get("/api/v1/transports").await;
        assert_eq!(transports.json["items"][0]["name"], "default");
    }

    async fn what_the_config_file_defines_is_refused_with_its_line(world) {
        let file = world.config_file();
        let client = Client::new(world, Role::Editor).await;
        let text = std::fs::read_to_string(&file).unwrap();
        let line = 1 + text.lines().position(|line| line == "[[feeds]]").unwrap();
        for (method, body) in [(Method::PUT, Some(json!({"settings": {"title": "Mine"}}))), (Method::DELETE, None)] {
            let refused = change(&client, method, "/api/v1/feeds/news", body.as_ref()).await;
            assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
            let detail = refused.json["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("config.toml:{line} ")), "{detail}");
        }
        let taken = client.post("/api/v1/feeds", &json!({"name": "news", "settings": {"title": "Mine"}})).await;
        assert_eq!(taken.status, StatusCode::CONFLICT, "{taken:?}");
    }

    async fn a_token_is_created_once_with_its_secret_and_revoked(world) {
        let client = Client::new(world, Role::Admin).await;
        let body = json!({"name": "screen", "role": "editor", "expires": "1h", "digests": ["weekly"]});
        let created = client.post("/api/v1/tokens", &body).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        let screen = client.with_token(created.json["token"].as_str().unwrap());
        assert_eq!(screen.get("/api/v1/digests").await.status, StatusCode::OK);
        let shown = client.get("/api/v1/tokens/screen").await;
        assert!(shown.json.get("token").is_none() && shown.json["digests"] == json!(["weekly"]), "{shown:?}");
        assert_eq!(client.post("/api/v1/tokens", &body).await.status, StatusCode::CONFLICT);
        for (body, pointer) in [
            (json!({"name": "A B", "role": "viewer"}), "/name"),
            (json!({"name": "a", "role": "boss"}), "/role"),
            (json!({"name": "a", "role": "viewer", "expires": "soon"}), "/expires"),
            (json!({"name": "a", "role": "viewer", "digests": ["weekly"]}), "/digests"),
            (json!({"name": "a", "role": "editor", "digests": ["none"]}), "/digests"),
        ] {
            let refused = client.post("/api/v1/tokens", &body).await;
            assert_eq!((refused.status, refused.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec![pointer]), "{refused:?}");
        }
        world.advance(HOUR);
        assert_eq!(screen.get("/api/v1/digests").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(client.delete("/api/v1/tokens/screen").await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.delete("/api/v1/tokens/screen").await.status, StatusCode::NOT_FOUND);
    }

    async fn statistics_count_the_subscribers_of_each_day(world) {
        world.add_readers(3).await;
        let client = Client::new(world, Role::Admin).await;
        let path = async |n: u8| {
            let found = client.get(&format!("/api/v1/subscribers?email=r{n}%40example.org")).await;
            format!("/api/v1/subscribers/{}/subscriptions/weekly", found.json["items"][0]["id"])
        };
        world.advance(24 * HOUR);
        client.delete(&path(0).await).await;
        client.delete(&path(1).await).await;
        world.advance(24 * HOUR);
        let again = json!({"status": "confirmed", "consent": "asked to return"});
        client.send(Method::PUT, &path(0).await, &[], Some(&again)).await;
        let days = async |days: u8| {
            let stats = client.get(&format!("/api/v1/stats?days={days}")).await;
            let of_digest = &stats.json["subscribers"][0];
            assert_eq!(of_digest["digest"], "weekly", "{stats:?}");
            let days = of_digest["days"].as_array().unwrap();
            days.iter().map(|day| ["subscribers", "begun", "ended"].map(|key| day[key].as_i64().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(days(4).await, [[0, 0, 0], [3, 3, 0], [1, 0, 2], [2, 1, 0]]);
        assert_eq!(days(1).await, [[2, 1, 0]], "a shorter period ends with the same number");
    }
}
