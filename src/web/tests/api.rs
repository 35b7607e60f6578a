//! Tests of API authentication, roles, errors and rate limits.

use super::*;
use crate::api_tokens;
use crate::domain::actor::Actor;
use crate::domain::role::Role;

const SYNC: &str = "/api/v1/sources/college/sync";

impl Site {
    pub(super) async fn token(&self, name: &str, role: Role, token_byte: u8) -> String {
        let secret = &self.app.store_identity.secret;
        api_tokens::create_token(
            &self.app.store,
            secret,
            name,
            role,
            [token_byte; api_tokens::TOKEN_BYTES],
            &Actor::Cli,
            self.app.now(),
        )
        .await
        .unwrap()
        .unwrap()
    }

    async fn sync(&self, path: &str, token: &str, body: &str) -> TestResponse {
        self.send(
            Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}")),
            body,
        )
        .await
    }
}

#[tokio::test]
async fn missing_or_unknown_token_returns_401_with_a_challenge() {
    let site = Site::new(false).await;
    let unauthenticated = site.send(Request::post(SYNC), "").await;
    assert_eq!(
        (unauthenticated.status, unauthenticated.header("www-authenticate")),
        (StatusCode::UNAUTHORIZED, "Bearer realm=\"courant\"")
    );
    assert_eq!(unauthenticated.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&unauthenticated.text()).unwrap();
    assert_eq!((&problem["status"], &problem["title"]), (&401.into(), &"Unauthorized".into()));
    let token = site.token("cms", Role::Editor, 1).await;
    for token in ["", "courant_", "courant_AQEB", &token[..token.len() - 1], &format!("{token}A")] {
        let unknown = site.sync(SYNC, token, "").await;
        assert_eq!(unknown.status, StatusCode::UNAUTHORIZED, "{token}");
        assert!(unknown.header("www-authenticate").contains("invalid_token"));
    }
    let basic = site
        .send(Request::post(SYNC).header(header::AUTHORIZATION, format!("Basic {token}")), "")
        .await;
    assert_eq!(basic.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn token_permits_what_its_role_allows_until_it_is_revoked() {
    let site = Site::new(false).await;
    let (editor, viewer) =
        (site.token("cms", Role::Editor, 1).await, site.token("screen", Role::Viewer, 2).await);
    assert_ne!(editor, viewer);
    let refused = site.sync(SYNC, &viewer, "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        refused.text().contains("use a token with the role admin or editor"),
        "{}",
        refused.text()
    );
    assert_eq!(
        site.sync(SYNC, &editor, "{}").await.status,
        StatusCode::CONFLICT,
        "a builtin source has no database to read"
    );
    assert_eq!(
        site.sync("/api/v1/sources/colege/sync", &editor, "").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        site.sync(SYNC, &editor, &"x".repeat(MAX_BODY_BYTES + 1)).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert!(
        api_tokens::revoke_token(&site.app.store, "cms", &Actor::Cli, site.app.now())
            .await
            .unwrap()
    );
    assert_eq!(site.sync(SYNC, &editor, "").await.status, StatusCode::UNAUTHORIZED);
    assert!(
        !api_tokens::revoke_token(&site.app.store, "cms", &Actor::Cli, site.app.now())
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn unknown_api_addresses_and_methods_return_problem_details() {
    let site = Site::new(false).await;
    let get = site.get(SYNC).await;
    assert_eq!(
        (get.status, get.header("content-type"), get.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "application/problem+json", "POST")
    );
    let not_found = site.get("/api/v1/nowhere").await;
    assert_eq!(
        (not_found.status, not_found.header("content-type")),
        (StatusCode::NOT_FOUND, "application/problem+json")
    );
}

#[tokio::test]
async fn api_requests_are_rate_limited_per_network() {
    let site = Site::new(false).await;
    let token = site.token("cms", Role::Admin, 1).await;
    let from = |address: &str| {
        let request = Request::post(SYNC)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("x-forwarded-for", address);
        request.extension(axum::extract::ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4000))))
    };
    // The limit is given back evenly while the requests are made, so a few more are accepted.
    let mut accepted = 0;
    let rejected = loop {
        let response = site.send(from("203.0.113.7"), "").await;
        if response.status == StatusCode::TOO_MANY_REQUESTS {
            break response;
        }
        accepted += 1;
        assert!(accepted < 2 * API_REQUESTS_PER_HOUR, "the limit is not applied");
    };
    assert!(accepted >= API_REQUESTS_PER_HOUR, "{accepted}");
    assert!(rejected.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(site.send(from("203.0.113.8"), "").await.status, StatusCode::CONFLICT);
}
