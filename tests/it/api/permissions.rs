//! Every operation of the document answers each role as the permission table says, and nobody without
//! a valid token.

use axum::http::{Method, StatusCode};
use courant::api_tokens;
use courant::domain::actor::Actor;
use courant::domain::permission::Permission;
use courant::domain::role::Role;
use courant::domain::time::MINUTE;
use serde_json::{Value, json};

use super::document::operations;
use super::tokens::create;
use super::{Answer, Client, create_token};
use crate::support::database_tests;

/// Returns an address of a path.
fn address(path: &str) -> String {
    let segment = |segment: &str| match segment {
        "{id}" => "987654".to_owned(),
        other => other.replace(['{', '}'], ""),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

async fn call(client: &Client, path: &str, method: &str, operation: &Value) -> Answer {
    let method: Method = method.to_uppercase().parse().unwrap();
    let body = operation.get("requestBody").map(|_| json!({}));
    client.send(method, &address(path), &[], body.as_ref()).await
}

database_tests! {
    async fn every_operation_is_open_to_exactly_the_roles_of_its_permission(world) {
        let document = courant::api::openapi();
        let admin = Client::new(world, Role::Admin).await;
        let mut roles = Vec::new();
        for role in Role::ALL {
            let token = create_token(world, &format!("role-{}", role.as_str()), role).await;
            roles.push((role, admin.with_token(&token)));
        }
        let all = operations(&document);
        assert!(all.len() > 40, "{}", all.len());
        for (path, method, operation) in all {
            let word = operation["x-permission"].as_str().unwrap();
            let permission = Permission::ALL.into_iter().find(|p| p.as_str() == word).unwrap();
            for (role, client) in &roles {
                let answer = call(client, path, method, operation).await;
                let is_refused = answer.status == StatusCode::FORBIDDEN;
                assert_eq!(is_refused, !role.grants(permission), "{method} {path} as {role:?}: {answer:?}");
                assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} as {role:?}");
                assert!(!answer.status.is_server_error(), "{method} {path} as {role:?}: {answer:?}");
            }
        }
    }

    async fn no_operation_answers_without_a_token_or_with_an_expired_or_revoked_one(world) {
        let document = courant::api::openapi();
        let admin = Client::new(world, Role::Admin).await;
        let expires_at = Some(world.now().plus(MINUTE));
        let expired = create(world, "expired", Role::Admin, None, expires_at).await.unwrap();
        let revoked = create_token(world, "revoked", Role::Admin).await;
        world.advance(2 * MINUTE);
        assert!(api_tokens::revoke_token(&world.app.store, "revoked", &Actor::Cli, world.now()).await.unwrap());
        for token in ["", &expired, &revoked] {
            let client = admin.with_token(token);
            for (path, method, operation) in operations(&document) {
                let answer = call(&client, path, method, operation).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}: {answer:?}");
                assert!(!answer.header("www-authenticate").is_empty(), "{method} {path}");
            }
        }
    }
}
