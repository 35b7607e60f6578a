//! A repeated POST request with the same key has one effect and one answer.

use axum::http::{Method, StatusCode};
use courant::domain::page::PageRequest;
use courant::domain::role::Role;
use courant::domain::time::{DAY, MINUTE};
use courant::store::idempotency_keys::{ClaimRequest, ClaimResult, KEPT_FOR};
use serde_json::{Value, json};

use super::{Answer, Client};
use crate::support::{World, article, database_tests};

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    client.send(Method::POST, path, &[("idempotency-key", key)], Some(body)).await
}

async fn audit_entries(world: &World) -> usize {
    world.app.store.audit_log().list(&PageRequest::first(100)).await.unwrap().items.len()
}

fn claim_of(key: &str, claim: &str) -> ClaimRequest {
    ClaimRequest {
        actor: "token:client-admin".to_owned(),
        key: key.to_owned(),
        request_hash: "other".to_owned(),
        claim: claim.to_owned(),
    }
}

database_tests! {
    async fn a_repeated_request_has_one_effect_and_the_same_answer(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let client = Client::new(world, Role::Admin).await;
        for (path, body) in [
            ("/api/v1/suppressions", json!({"email": "ann@example.org"})),
            ("/api/v1/subscribers", json!({"email": "bob@example.org", "digests": ["weekly"]})),
            ("/api/v1/digests/weekly/test", json!({"to": "boss@example.org"})),
            ("/api/v1/digests/weekly/editions", json!({})),
        ] {
            let first = post(&client, path, path, &body).await;
            assert!(first.status.is_success(), "{path}: {first:?}");
            let entries = audit_entries(world).await;
            let again = post(&client, path, path, &body).await;
            assert_eq!((again.status, &again.json), (first.status, &first.json), "{path}");
            assert_eq!(again.header("location"), first.header("location"));
            assert_eq!(again.header("content-type"), "application/json");
            assert_eq!(audit_entries(world).await, entries, "{path} has no second effect");
        }
    }

    async fn a_key_belongs_to_one_request_of_one_token_for_a_day(world) {
        let client = Client::new(world, Role::Admin).await;
        let (ann, bob) = (json!({"email": "ann@example.org"}), json!({"email": "bob@example.org"}));
        let path = "/api/v1/suppressions";
        assert_eq!(post(&client, path, "k", &ann).await.status, StatusCode::CREATED);
        let other = post(&client, path, "k", &bob).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{other:?}");
        let lists = Client::new(world, Role::ListManager).await;
        assert_eq!(post(&lists, path, "k", &bob).await.status, StatusCode::CREATED, "another token has its own keys");
        for key in ["", " ", &"x".repeat(256)] {
            assert_eq!(post(&client, path, key, &ann).await.status, StatusCode::BAD_REQUEST, "{key:?}");
        }
        world.advance(KEPT_FOR + MINUTE);
        let late = post(&client, path, "k", &ann).await;
        assert_eq!(late.status, StatusCode::OK, "carried out again: the address is suppressed already");
        assert!(KEPT_FOR >= DAY);
    }

    async fn a_failed_request_gives_its_key_back(world) {
        let client = Client::new(world, Role::Admin).await;
        let invalid = post(&client, "/api/v1/suppressions", "k", &json!({"email": "ann"})).await;
        assert_eq!(invalid.status, StatusCode::UNPROCESSABLE_ENTITY);
        let valid = post(&client, "/api/v1/suppressions", "k", &json!({"email": "ann@example.org"})).await;
        assert_eq!(valid.status, StatusCode::CREATED, "{valid:?}");
    }

    async fn a_key_of_a_running_request_is_refused_until_that_request_must_have_ended(world) {
        let client = Client::new(world, Role::Admin).await;
        let keys = world.app.store.idempotency_keys();
        assert_eq!(keys.claim(&claim_of("k", "first"), world.now()).await.unwrap(), ClaimResult::Claimed);
        assert_eq!(keys.claim(&claim_of("k", "second"), world.now()).await.unwrap(), ClaimResult::Running);
        let first = world.app.store.for_request(&claim_of("k", "first"));
        world.advance(2 * MINUTE);
        assert_eq!(keys.claim(&claim_of("k", "second"), world.now()).await.unwrap(), ClaimResult::Claimed);
        // The first request resumes after its claim was taken over.
        let actor = courant::domain::actor::Actor::Cli;
        let late = first.suppressions().add("hash", "admin", &actor, world.now()).await.unwrap_err();
        assert!(late.to_string().contains("took over"), "{late}");
        assert_eq!(world.app.store.suppressions().find("hash").await.unwrap(), None, "its effect is rolled back");
        let body = json!({"email": "ann@example.org"});
        assert_eq!(post(&client, "/api/v1/suppressions", "k2", &body).await.status, StatusCode::CREATED);
    }

    async fn an_effect_whose_answer_was_lost_is_not_repeated(world) {
        let client = Client::new(world, Role::Admin).await;
        let body = json!({"email": "ann@example.org"});
        assert_eq!(post(&client, "/api/v1/suppressions", "k", &body).await.status, StatusCode::CREATED);
        // As after a crash between the commit of the effect and that of the answer.
        assert_eq!(world.sql("UPDATE idempotency_keys SET status = NULL, body = NULL").await, 1);
        let entries = audit_entries(world).await;
        assert_eq!(post(&client, "/api/v1/suppressions", "k", &body).await.status, StatusCode::CONFLICT);
        world.advance(2 * MINUTE);
        let lost = post(&client, "/api/v1/suppressions", "k", &body).await;
        assert_eq!(lost.status, StatusCode::CONFLICT);
        assert!(lost.json["detail"].as_str().unwrap().contains("took effect"), "{lost:?}");
        assert_eq!(audit_entries(world).await, entries);
    }

    async fn the_secret_of_a_token_is_not_stored_with_its_answer(world) {
        let client = Client::new(world, Role::Admin).await;
        let body = json!({"name": "screen", "role": "viewer"});
        let created = post(&client, "/api/v1/tokens", "k", &body).await;
        assert_eq!(created.status, StatusCode::CREATED);
        assert_eq!(post(&client, "/api/v1/tokens", "k", &body).await.status, StatusCode::CONFLICT);
        let secret = created.json["token"].as_str().unwrap();
        let stored = format!("UPDATE idempotency_keys SET key = key WHERE body LIKE '%{secret}%'");
        assert_eq!(world.sql(&stored).await, 0);
    }
}
