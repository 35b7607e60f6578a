//! Users over the API: what an admin may do, and the last admin who remains.

use axum::http::{Method, StatusCode};
use courant::accounts::{self, Browser, SignIn};
use courant::domain::role::Role;
use courant::domain::time::SECOND;
use serde_json::json;

use super::Client;
use super::changes::change;
use crate::support::{World, database_tests};

const PASSWORD: &str = "Teekanne-am-Fluss";

/// Sets the password of a link, and signs in with it `times` times.
async fn sign_in(world: &mut World, name: &str, url: &str, times: u8) {
    let token = url.rsplit('/').next().unwrap();
    let context = world.app.account_context();
    assert!(
        accounts::set_password_by_link(context, token, PASSWORD, [1; 16], world.now())
            .await
            .unwrap()
    );
    for time in 0..times {
        let browser = Browser { description: "Firefox, Linux", session_id: None };
        let (context, now) = (world.app.account_context(), world.now());
        let done = accounts::sign_in(context, name, PASSWORD, browser, [time; 48], now).await;
        assert!(matches!(done.unwrap(), SignIn::Complete(_)));
        world.advance(SECOND);
    }
}

database_tests! {
    async fn a_user_is_added_with_a_link_changed_reset_and_removed(world) {
        let client = Client::new(world, Role::Admin).await;
        let body = json!({"name": "lin", "role": "editor", "digests": ["weekly"]});
        let added = client.post("/api/v1/users", &body).await;
        assert_eq!((added.status, added.header("location")), (StatusCode::CREATED, "users/lin"), "{added:?}");
        let url = added.json["url"].as_str().unwrap().to_owned();
        assert!(url.starts_with("https://news.example.edu/admin/password/"), "{url}");
        assert_eq!(client.post("/api/v1/users", &body).await.status, StatusCode::CONFLICT);
        let shown = client.get("/api/v1/users/lin").await;
        assert_eq!((&shown.json["digests"], &shown.json["has_password"]), (&json!(["weekly"]), &json!(false)), "{shown:?}");
        sign_in(world, "lin", &url, 1).await;
        let path = "/api/v1/users/lin";
        let blind = client.send(Method::PUT, path, &[], Some(&json!({"role": "viewer"}))).await;
        assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
        let changed = change(&client, Method::PUT, path, Some(&json!({"role": "viewer"}))).await;
        assert_eq!((&changed.json["role"], &changed.json["digests"]), (&json!("viewer"), &json!(null)), "{changed:?}");
        let sessions = client.get("/api/v1/users/lin/sessions").await;
        assert_eq!(sessions.json["items"], json!([]), "a change of the role ends the sessions");
        let reset = client.send(Method::POST, "/api/v1/users/lin/reset", &[], None).await;
        assert_eq!(reset.status, StatusCode::CREATED, "{reset:?}");
        assert_ne!(reset.json["url"], json!(url));
        assert_eq!(change(&client, Method::DELETE, path, None).await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.get(path).await.status, StatusCode::NOT_FOUND);
        let audit = client.get("/api/v1/audit").await.json.to_string();
        assert!(!audit.contains("/admin/password/"), "the log has no links: {audit}");
    }

    async fn invalid_users_name_their_fields_and_the_last_admin_remains(world) {
        let client = Client::new(world, Role::Admin).await;
        for (body, pointer) in [
            (json!({"name": "A B", "role": "viewer"}), "/name"),
            (json!({"name": "a", "role": "boss"}), "/role"),
            (json!({"name": "a", "role": "viewer", "digests": ["weekly"]}), "/digests"),
            (json!({"name": "a", "role": "editor", "digests": ["none"]}), "/digests"),
            (json!({"name": "a", "role": "editor", "digests": []}), "/digests"),
        ] {
            let refused = client.post("/api/v1/users", &body).await;
            assert_eq!((refused.status, refused.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec![pointer]), "{refused:?}");
        }
        client.post("/api/v1/users", &json!({"name": "lin", "role": "admin"})).await;
        let demoted = change(&client, Method::PUT, "/api/v1/users/lin", Some(&json!({"role": "editor"}))).await;
        assert_eq!(demoted.status, StatusCode::CONFLICT, "{demoted:?}");
        assert_eq!(client.delete("/api/v1/users/lin").await.status, StatusCode::CONFLICT);
        client.post("/api/v1/users", &json!({"name": "wu", "role": "admin"})).await;
        assert_eq!(client.delete("/api/v1/users/lin").await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.delete("/api/v1/users/lin").await.status, StatusCode::NOT_FOUND);
    }

    async fn sessions_are_listed_and_ended_singly_and_together(world) {
        let client = Client::new(world, Role::Admin).await;
        let added = client.post("/api/v1/users", &json!({"name": "lin", "role": "viewer"})).await;
        sign_in(world, "lin", added.json["url"].as_str().unwrap(), 3).await;
        let path = "/api/v1/users/lin/sessions";
        let sessions = client.get(path).await;
        let items = sessions.json["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["browser"]), (3, &json!("Firefox, Linux")), "{sessions:?}");
        let one = format!("{path}/{}", items[1]["id"].as_str().unwrap());
        assert_eq!(client.delete(&one).await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.delete(&one).await.status, StatusCode::NOT_FOUND);
        assert_eq!(client.get(path).await.json["items"].as_array().unwrap().len(), 2);
        assert_eq!(client.delete(path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.get(path).await.json["items"], json!([]));
        let audit = client.get("/api/v1/audit").await;
        let ends: Vec<_> = audit.json["items"].as_array().unwrap().iter().filter(|e| e["action"] == "sign_out").collect();
        assert_eq!(ends.len(), 2, "{audit:?}");
        assert!(ends.iter().all(|e| e["actor"]["name"] == "client-admin"), "{ends:?}");
        assert_eq!(client.get("/api/v1/users/nobody/sessions").await.status, StatusCode::NOT_FOUND);
    }

    async fn only_an_admin_sees_users(world) {
        for role in [Role::Editor, Role::ListManager, Role::Viewer] {
            let client = Client::new(world, role).await;
            for path in ["/api/v1/users", "/api/v1/users/lin", "/api/v1/users/lin/sessions"] {
                assert_eq!(client.get(path).await.status, StatusCode::FORBIDDEN, "{role:?} {path}");
            }
        }
    }
}
