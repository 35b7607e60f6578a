//! Webhooks over the API: the log of attempts, replay, test, and switching on again.

use axum::http::{Method, StatusCode};
use courant::domain::role::Role;
use serde_json::json;

use super::Client;
use super::lists::read_all;
use crate::callback_server::{Behavior, CallbackServer};
use crate::support::{World, article, database_tests};
use crate::webhooks::{hook, send_all};

async fn command(client: &Client, name: &str) -> super::Answer {
    client.send(Method::POST, &format!("/api/v1/webhooks/hook/{name}"), &[], None).await
}

/// Publishes an article and sends its event.
async fn send(world: &World, receiver: &CallbackServer, behavior: Behavior, id: &str) {
    receiver.on_push(behavior);
    world.publish([article(id)]).await;
    send_all(world, &world.app.webhook_sender()).await;
}

database_tests! {
    async fn attempts_are_listed_and_events_are_repeated(world) {
        let receiver = hook(world).await;
        let client = Client::new(world, Role::Admin).await;
        send(world, &receiver, Behavior::Status(500), "one").await;
        send(world, &receiver, Behavior::Accept, "two").await;
        let listed = client.get("/api/v1/webhooks").await;
        assert_eq!((&listed.json["items"][0]["name"], &listed.json["items"][0]["pending"]), (&json!("hook"), &json!(1)), "{listed:?}");
        let log = "/api/v1/webhooks/hook/deliveries";
        assert_eq!(read_all(&client, log, 1, "event").await, [json!("evt_2"), json!("evt_1")]);
        assert_eq!(read_all(&client, log, 9, "status").await, [json!(204), json!(500)]);
        let again = client.post("/api/v1/webhooks/hook/replay", &json!({"event": "evt_2"})).await;
        assert_eq!((again.status, &again.json["event"]), (StatusCode::ACCEPTED, &json!("evt_2")), "{again:?}");
        send_all(world, &world.app.webhook_sender()).await;
        assert_eq!(receiver.pushes()[2].header("webhook-id"), "evt_2");
        for event in ["evt_99", "two"] {
            let unknown = client.post("/api/v1/webhooks/hook/replay", &json!({"event": event})).await;
            assert_eq!((unknown.status, unknown.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["/event"]), "{unknown:?}");
        }
        let audit = client.get("/api/v1/audit").await;
        let entry = &audit.json["items"][0];
        assert_eq!((&entry["action"], &entry["object"]["id"], &entry["detail"]), (&json!("retry"), &json!("hook"), &json!({"event": 2})), "{audit:?}");
        assert_eq!(client.get("/api/v1/webhooks/none/deliveries").await.status, StatusCode::NOT_FOUND);
    }

    async fn a_webhook_that_was_switched_off_is_switched_on_by_a_command_or_a_test(world) {
        let receiver = hook(world).await;
        let client = Client::new(world, Role::Admin).await;
        assert_eq!(command(&client, "enable").await.status, StatusCode::CONFLICT);
        for way in ["enable", "test"] {
            send(world, &receiver, Behavior::Status(410), way).await;
            let listed = client.get("/api/v1/webhooks").await;
            assert_eq!(listed.json["items"][0]["state"], "disabled", "{listed:?}");
            let replay = client.post("/api/v1/webhooks/hook/replay", &json!({"event": "evt_1"})).await;
            assert_eq!(replay.status, StatusCode::CONFLICT, "{replay:?}");
            let refused = command(&client, "test").await;
            assert_eq!((&refused.json["accepted"], &refused.json["status"]), (&json!(false), &json!(410)), "{refused:?}");
            receiver.on_push(Behavior::Accept);
            assert_eq!(command(&client, way).await.status, StatusCode::OK);
            let listed = client.get("/api/v1/webhooks").await;
            assert_eq!(listed.json["items"][0]["state"], "active", "{listed:?}");
        }
        let audit = client.get("/api/v1/audit").await;
        let actions: Vec<_> = audit.json["items"].as_array().unwrap().iter().map(|e| e["action"].clone()).collect();
        assert_eq!(actions.iter().filter(|a| **a == json!("resume")).count(), 1, "{actions:?}");
        assert_eq!(actions.iter().filter(|a| **a == json!("test")).count(), 3, "{actions:?}");
    }
}
