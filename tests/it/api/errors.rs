//! Errors of the API are problem details, whatever is wrong with a request.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use courant::api_tokens;
use courant::domain::actor::Actor;
use courant::domain::role::Role;
use serde_json::json;

use super::{Answer, Client, create_token};
use crate::support::{World, database_tests};

const SYNC: &str = "/api/v1/sources/college/sync";

fn is_problem(answer: &Answer, status: StatusCode) -> bool {
    let of_body = answer.json["status"].as_u64() == Some(status.as_u16().into());
    answer.status == status
        && of_body
        && answer.header("content-type") == "application/problem+json"
}

async fn revoke(world: &World, name: &str) {
    let store = &world.app.store;
    assert!(api_tokens::revoke_token(store, name, &Actor::Cli, world.now()).await.unwrap());
}

database_tests! {
    async fn a_missing_or_unknown_token_returns_401_with_a_challenge(world) {
        let client = Client::new(world, Role::Editor).await;
        let missing = client.with_token("").send(Method::POST, SYNC, &[], None).await;
        assert!(is_problem(&missing, StatusCode::UNAUTHORIZED), "{missing:?}");
        assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"courant\"");
        let token = create_token(world, "cms", Role::Editor).await;
        for token in ["courant_", "courant_AQEB", &token[..token.len() - 1], &format!("{token}A")] {
            let unknown = client.with_token(token).send(Method::POST, SYNC, &[], None).await;
            assert!(is_problem(&unknown, StatusCode::UNAUTHORIZED), "{token}");
            assert!(unknown.header("www-authenticate").contains("invalid_token"));
        }
        let basic = client.with_token("").send(Method::POST, SYNC, &[("authorization", &format!("Basic {token}"))], None).await;
        assert_eq!(basic.status, StatusCode::UNAUTHORIZED);
    }

    async fn a_token_permits_what_its_role_allows_until_it_is_revoked(world) {
        let (editor, viewer) = (Client::new(world, Role::Editor).await, Client::new(world, Role::Viewer).await);
        let refused = viewer.send(Method::POST, SYNC, &[], None).await;
        assert!(is_problem(&refused, StatusCode::FORBIDDEN));
        assert!(refused.json["detail"].as_str().unwrap().contains("use a token with the role admin or editor"));
        let builtin = editor.post(SYNC, &json!({})).await;
        assert!(is_problem(&builtin, StatusCode::CONFLICT), "a builtin source has no database: {builtin:?}");
        let unknown = editor.post("/api/v1/sources/colege/sync", &json!({})).await;
        assert!(is_problem(&unknown, StatusCode::NOT_FOUND), "{unknown:?}");
        revoke(world, "client-editor").await;
        assert_eq!(editor.post(SYNC, &json!({})).await.status, StatusCode::UNAUTHORIZED);
    }

    async fn an_unknown_address_method_media_type_or_size_returns_a_problem(world) {
        let client = Client::new(world, Role::Admin).await;
        let method = client.get(SYNC).await;
        assert!(is_problem(&method, StatusCode::METHOD_NOT_ALLOWED));
        assert_eq!(method.header("allow"), "POST");
        assert!(is_problem(&client.get("/api/v1/nowhere").await, StatusCode::NOT_FOUND));
        let post = |media_type: &str, body: String| {
            let request = Request::post("/api/v1/suppressions")
                .header("authorization", format!("Bearer {}", client.token))
                .header("content-type", media_type);
            client.send_raw(request.body(Body::from(body)).unwrap())
        };
        let text = post("text/plain", "{}".to_owned()).await;
        assert!(is_problem(&text, StatusCode::UNSUPPORTED_MEDIA_TYPE), "{text:?}");
        let large = post("application/json", "x".repeat(64 * 1024 + 1)).await;
        assert!(is_problem(&large, StatusCode::PAYLOAD_TOO_LARGE), "{large:?}");
        let broken = post("application/json", "{".to_owned()).await;
        assert!(is_problem(&broken, StatusCode::BAD_REQUEST), "{broken:?}");
        let accepted = post("application/json; charset=utf-8", json!({"email": "a@example.org"}).to_string()).await;
        assert_eq!(accepted.status, StatusCode::CREATED, "{accepted:?}");
    }

    async fn an_invalid_field_is_named_by_a_pointer(world) {
        let client = Client::new(world, Role::Admin).await;
        for (body, pointer) in [
            (json!({"email": 5}), "/email"),
            (json!({"email": "nobody"}), "/email"),
            (json!({"email": "a\0@example.org"}), "/email"),
            (json!({}), ""),
            (json!({"email": "a@example.org", "reason": "none"}), "/reason"),
            (json!([]), ""),
        ] {
            let answer = client.post("/api/v1/suppressions", &body).await;
            assert!(is_problem(&answer, StatusCode::UNPROCESSABLE_ENTITY), "{body}: {answer:?}");
            assert_eq!(answer.pointers(), [pointer], "{body}: {answer:?}");
        }
    }

    async fn requests_are_rate_limited_per_network_with_the_time_to_wait(world) {
        let client = Client::new(world, Role::Viewer).await;
        let from = |address: &str| {
            let request = Request::get("/api/v1/sources")
                .header("authorization", format!("Bearer {}", client.token))
                .header("x-forwarded-for", address)
                .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4000))));
            client.send_raw(request.body(Body::empty()).unwrap())
        };
        let mut accepted = 0;
        let rejected = loop {
            let answer = from("203.0.113.7").await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                break answer;
            }
            accepted += 1;
            assert!(accepted < 7200, "the limit is not applied");
        };
        assert!(accepted >= 3600 && is_problem(&rejected, StatusCode::TOO_MANY_REQUESTS));
        assert!(rejected.header("retry-after").parse::<u32>().unwrap() > 0);
        assert_eq!(from("203.0.113.8").await.status, StatusCode::OK);
    }
}
