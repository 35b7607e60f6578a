//! Tags, attributes, confirmations and bulk operations over the API.

use axum::http::{Method, StatusCode};
use courant::domain::role::Role;
use courant::domain::time::MINUTE;
use serde_json::{Value, json};

use super::Client;
use super::changes::change;
use super::lists::read_all;
use super::tokens::create;
use crate::support::database_tests;

/// Returns the path of the subscriber with an address.
async fn path_of(client: &Client, name: &str) -> String {
    let found = client.get(&format!("/api/v1/subscribers?email={name}%40example.org")).await;
    format!("/api/v1/subscribers/{}", found.json["items"][0]["id"])
}

async fn put(client: &Client, path: &str, body: Option<Value>) -> super::Answer {
    client.send(Method::PUT, path, &[], body.as_ref()).await
}

database_tests! {
    async fn tags_and_attributes_are_set_singly_and_together(world) {
        world.add_readers(1).await;
        let client = Client::new(world, Role::ListManager).await;
        let path = path_of(&client, "r0").await;
        let tagged = put(&client, &format!("{path}/tags/Key%20Partner"), None).await;
        assert_eq!(tagged.json["tags"], json!(["key partner"]), "{tagged:?}");
        assert_eq!(put(&client, &format!("{path}/tags/a,b"), None).await.status, StatusCode::BAD_REQUEST);
        for (name, value, stored) in [("city", json!("Bonn"), json!("Bonn")), ("age", json!(41), json!(41)), ("since-year", json!("2026-11-29"), json!(null))] {
            let set = put(&client, &format!("{path}/attributes/{name}"), Some(json!({"value": value}))).await;
            if stored.is_null() {
                assert_eq!((set.status, set.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["/value"]), "{set:?}");
            } else {
                assert_eq!(set.json["attributes"][name], stored, "{set:?}");
            }
        }
        let wrong = put(&client, &format!("{path}/attributes/age"), Some(json!({"value": "old"}))).await;
        assert_eq!((wrong.status, wrong.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["/value"]), "{wrong:?}");
        let patch = json!({"tags": ["Friend", "friend", "b"], "attributes": {"city": null, "member": true}});
        let patched = change(&client, Method::PATCH, &path, Some(&patch)).await;
        assert_eq!((&patched.json["tags"], &patched.json["attributes"]), (&json!(["b", "friend"]), &json!({"age": 41, "member": true})), "{patched:?}");
        let named = change(&client, Method::PATCH, &path, Some(&json!({"name": "Ann"}))).await;
        assert_eq!(named.json["tags"], json!(["b", "friend"]), "other values stay: {named:?}");
        let patch = json!({"tags": ["ok", "a;b"], "attributes": {"age": "x", "none": null}});
        let refused = change(&client, Method::PATCH, &path, Some(&patch)).await;
        assert_eq!((refused.status, refused.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["/attributes/none"]), "{refused:?}");
        let refused = change(&client, Method::PATCH, &path, Some(&json!({"tags": ["ok", "a;b"]}))).await;
        assert_eq!(refused.pointers(), ["/tags/1"], "{refused:?}");
        assert_eq!(client.delete(&format!("{path}/tags/B")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.delete(&format!("{path}/attributes/age")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.delete(&format!("{path}/attributes/none")).await.status, StatusCode::NOT_FOUND);
        let shown = client.get(&path).await;
        assert_eq!((&shown.json["tags"], &shown.json["attributes"]), (&json!(["friend"]), &json!({"member": true})), "{shown:?}");
        let body = json!({"email": "new@example.org", "digests": ["weekly"], "tags": ["VIP"], "attributes": {"city": "Ulm"}});
        let added = client.post("/api/v1/subscribers", &body).await;
        assert_eq!((&added.json["tags"], &added.json["attributes"]), (&json!(["vip"]), &json!({"city": "Ulm"})), "{added:?}");
        let found = client.get("/api/v1/subscribers?where=tag%20%3D%20%22vip%22").await;
        assert_eq!(found.json["items"].as_array().unwrap().len(), 1);
    }

    async fn attributes_are_created_listed_and_deleted(world) {
        world.add_readers(1).await;
        let client = Client::new(world, Role::ListManager).await;
        let body = json!({"name": "city", "type": "text"});
        assert_eq!(client.post("/api/v1/attributes", &body).await.status, StatusCode::CREATED);
        assert_eq!(client.post("/api/v1/attributes", &body).await.status, StatusCode::OK);
        let other = client.post("/api/v1/attributes", &json!({"name": "city", "type": "number"})).await;
        assert_eq!(other.status, StatusCode::CONFLICT, "{other:?}");
        for (body, pointer) in [(json!({"name": "A B", "type": "text"}), "/name"), (json!({"name": "a", "type": "list"}), "/type")] {
            assert_eq!(client.post("/api/v1/attributes", &body).await.pointers(), [pointer]);
        }
        let path = path_of(&client, "r0").await;
        put(&client, &format!("{path}/attributes/city"), Some(json!({"value": "Bonn"}))).await;
        let listed = client.get("/api/v1/attributes").await;
        assert_eq!((&listed.json["items"][0]["name"], &listed.json["items"][0]["subscribers"]), (&json!("city"), &json!(1)), "{listed:?}");
        assert_eq!(client.delete("/api/v1/attributes/city").await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.delete("/api/v1/attributes/city").await.status, StatusCode::NOT_FOUND);
    }

    async fn a_confirmation_is_sent_again_after_a_while(world) {
        let client = Client::new(world, Role::ListManager).await;
        client.post("/api/v1/subscribers", &json!({"email": "ann@example.org", "digests": ["weekly"], "sections": []})).await;
        world.deliver().await;
        let path = format!("{}/subscriptions/weekly", path_of(&client, "ann").await);
        let again = async || client.send(Method::POST, &format!("{path}/confirmation"), &[], None).await;
        assert_eq!(again().await.status, StatusCode::CONFLICT, "too early");
        let before = client.get(&path).await.json["consent"].clone();
        world.advance(16 * MINUTE);
        let sent = again().await;
        assert_eq!((sent.status, &sent.json["status"]), (StatusCode::ACCEPTED, &json!("pending")), "{sent:?}");
        assert_eq!(client.get(&path).await.json["consent"], before);
        assert_eq!(again().await.status, StatusCode::CONFLICT);
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 2);
        let confirm = json!({"status": "confirmed", "consent": "on the phone"});
        put(&client, &path, Some(confirm)).await;
        world.advance(16 * MINUTE);
        assert_eq!(again().await.status, StatusCode::CONFLICT, "confirmed");
        let none = client.send(Method::POST, &path.replace("weekly/", "").replace("/weekly", "/none/confirmation"), &[], None).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{none:?}");
    }

    async fn sections_of_a_subscription_are_replaced_kept_or_all_again(world) {
        world.add_readers(1).await;
        let client = Client::new(world, Role::ListManager).await;
        let path = format!("{}/subscriptions/weekly", path_of(&client, "r0").await);
        for (body, sections) in [
            (json!({"sections": ["Sport", "Campus"]}), json!(["Campus", "Sport"])),
            (json!({"status": "pending"}), json!(["Campus", "Sport"])),
            (json!({"sections": []}), json!([])),
        ] {
            let changed = put(&client, &path, Some(body)).await;
            assert_eq!((changed.status, &changed.json["sections"]), (StatusCode::OK, &sections), "{changed:?}");
            assert_eq!(changed.json["status"], "confirmed");
        }
    }

    async fn a_bulk_operation_changes_all_subscribers_of_a_filter(world) {
        world.add_readers(5).await;
        let client = Client::new(world, Role::ListManager).await;
        let some = "address in (\"r1@example.org\", \"r2@example.org\")";
        let body = |more: Value| {
            let mut body = json!({"where": some, "action": "tag", "tag": "VIP"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let list = "/api/v1/bulk-operations";
        let counted = client.post(list, &body(json!({"dry_run": true}))).await;
        assert_eq!((counted.status, &counted.json["subscribers"]), (StatusCode::OK, &json!(2)), "{counted:?}");
        for (more, pointer) in [
            (json!({"where": " "}), "/where"),
            (json!({"where": "tag ="}), "/where"),
            (json!({"tag": null}), "/tag"),
            (json!({"action": "subscribe", "digest": "weekly"}), "/consent"),
            (json!({"action": "unsubscribe", "digest": "none"}), "/digest"),
        ] {
            let refused = client.post(list, &body(more)).await;
            assert_eq!((refused.status, refused.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec![pointer]), "{refused:?}");
        }
        let started = client.post(list, &body(json!({}))).await;
        assert_eq!(started.status, StatusCode::ACCEPTED, "{started:?}");
        let path = format!("{list}/{}", started.json["id"]);
        let mut shown = client.get(&path).await;
        while shown.json["finished_at"].is_null() {
            tokio::task::yield_now().await;
            shown = client.get(&path).await;
        }
        assert_eq!(shown.json["outcomes"], json!({"changed": 2}), "{shown:?}");
        assert_eq!(read_all(&client, list, 1, "action").await, [json!("tag")]);
        let complete = client.send(Method::POST, &format!("{path}/resume"), &[], None).await;
        assert_eq!(complete.status, StatusCode::CONFLICT, "{complete:?}");
        let limited = create(world, "limited", Role::ListManager, Some(&["weekly"]), None).await.unwrap();
        let limited = client.with_token(&limited);
        for path in [list, &path, "/api/v1/attributes"] {
            assert_eq!(limited.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(limited.post(list, &body(json!({}))).await.status, StatusCode::FORBIDDEN);
    }
}
