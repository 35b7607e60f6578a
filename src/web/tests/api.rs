//! The API at its door: who may come in, and what it says to others.

use super::*;
use crate::access;
use crate::domain::role::Role;

const SYNC: &str = "/api/v1/sources/college/sync";

impl Site {
    async fn token(&self, name: &str, role: Role, chance: u8) -> String {
        let secret = &self.app.instance.secret;
        access::create_token(
            &self.app.store,
            secret,
            name,
            role,
            [chance; access::CHANCE],
            self.app.now(),
        )
        .await
        .unwrap()
        .unwrap()
    }

    async fn sync(&self, path: &str, token: &str, body: &str) -> Answer {
        self.ask(Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}")), body)
            .await
    }
}

#[tokio::test]
async fn whoever_shows_no_token_of_ours_is_told_how_to_show_one() {
    let site = Site::new(false).await;
    let none = site.ask(Request::post(SYNC), "").await;
    assert_eq!(
        (none.status, none.header("www-authenticate")),
        (StatusCode::UNAUTHORIZED, "Bearer realm=\"courant\"")
    );
    assert_eq!(none.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&none.text()).unwrap();
    assert_eq!((&problem["status"], &problem["title"]), (&401.into(), &"Unauthorized".into()));
    let token = site.token("cms", Role::Editor, 1).await;
    for wrong in ["", "courant_", "courant_AQEB", &token[..token.len() - 1], &format!("{token}A")] {
        let stranger = site.sync(SYNC, wrong, "").await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert!(stranger.header("www-authenticate").contains("invalid_token"));
    }
    let basic = site
        .ask(Request::post(SYNC).header(header::AUTHORIZATION, format!("Basic {token}")), "")
        .await;
    assert_eq!(basic.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_does_what_its_role_may_until_it_is_revoked() {
    let site = Site::new(false).await;
    let (editor, viewer) =
        (site.token("cms", Role::Editor, 1).await, site.token("screen", Role::Viewer, 2).await);
    assert_ne!(editor, viewer);
    let refused = site.sync(SYNC, &viewer, "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text().contains("role viewer"), "{}", refused.text());
    assert_eq!(
        site.sync(SYNC, &editor, "{}").await.status,
        StatusCode::CONFLICT,
        "there is nothing to read behind a builtin source"
    );
    assert_eq!(
        site.sync("/api/v1/sources/colege/sync", &editor, "").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        site.sync(SYNC, &editor, &"x".repeat(LONGEST_BODY + 1)).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert!(access::revoke_token(&site.app.store, "cms").await.unwrap());
    assert_eq!(site.sync(SYNC, &editor, "").await.status, StatusCode::UNAUTHORIZED);
    assert!(!access::revoke_token(&site.app.store, "cms").await.unwrap());
}

#[tokio::test]
async fn what_the_api_does_not_know_is_a_problem_too() {
    let site = Site::new(false).await;
    let get = site.get(SYNC).await;
    assert_eq!(
        (get.status, get.header("content-type"), get.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "application/problem+json", "POST")
    );
    let nowhere = site.get("/api/v1/nowhere").await;
    assert_eq!(
        (nowhere.status, nowhere.header("content-type")),
        (StatusCode::NOT_FOUND, "application/problem+json")
    );
}

#[tokio::test]
async fn a_network_that_tries_too_often_waits() {
    let site = Site::new(false).await;
    let token = site.token("cms", Role::Admin, 1).await;
    let from = |address: &str| {
        let request = Request::post(SYNC)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("x-forwarded-for", address);
        request.extension(axum::extract::ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4000))))
    };
    let mut last = site.ask(from("203.0.113.7"), "").await;
    for _ in 0..MOST_AT_API {
        last = site.ask(from("203.0.113.7"), "").await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(site.ask(from("203.0.113.8"), "").await.status, StatusCode::CONFLICT);
}
