//! A token of one digest sees and changes nothing of another.

use axum::http::{Method, StatusCode};
use courant::digests::Prepared;
use courant::domain::role::Role;
use courant::subscribers::NewSubscriber;
use serde_json::json;

use super::Client;
use super::lists::read_all;
use super::tokens::create;
use crate::support::{World, article, database_tests};

const DAILY: &str = "[[digests]]
name = \"daily\"
title = \"Every morning\"
from = \"College News <news@example.edu>\"
schedule = \"0 7 * * *\"
";

fn person(email: &str) -> NewSubscriber {
    NewSubscriber { email: email.to_owned(), ..NewSubscriber::default() }
}

/// Creates an edition of both digests; `ann` reads the weekly one, `bob` the daily one, `both` both.
pub(super) async fn set_up(world: &mut World) -> (i64, i64) {
    world.configure(|s| s.more = DAILY.to_owned()).await;
    world.publish([article("a")]).await;
    world.subscribe("weekly", [person("ann@example.org"), person("both@example.org")]).await;
    world.subscribe("daily", [person("bob@example.org"), person("both@example.org")]).await;
    let mut ids = Vec::new();
    for digest in ["weekly", "daily"] {
        match world.run(digest).await {
            Prepared::Created { edition, .. } => ids.push(edition),
            other => panic!("no edition: {other:?}"),
        }
    }
    (ids[0], ids[1])
}

pub(super) async fn limited(world: &World, role: Role) -> Client {
    let token = create(world, role.as_str(), role, Some(&["weekly"]), None).await.unwrap();
    Client::new(world, Role::Viewer).await.with_token(&token)
}

database_tests! {
    async fn an_editor_of_one_digest_sees_and_controls_only_its_editions(world) {
        let (weekly, daily) = set_up(world).await;
        let editor = limited(world, Role::Editor).await;
        assert_eq!(read_all(&editor, "/api/v1/editions", 1, "id").await, [json!(weekly)]);
        assert_eq!(read_all(&editor, "/api/v1/digests", 1, "name").await, [json!("weekly")]);
        let command = async |edition: i64| {
            editor.send(Method::POST, &format!("/api/v1/editions/{edition}/pause"), &[], None).await.status
        };
        assert_eq!(command(weekly).await, StatusCode::OK);
        assert_eq!(command(daily).await, StatusCode::NOT_FOUND);
        for path in [format!("/api/v1/editions/{daily}"), "/api/v1/digests/daily".to_owned()] {
            assert_eq!(editor.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        for path in ["preview", "editions"] {
            let refused = editor.post(&format!("/api/v1/digests/daily/{path}"), &json!({})).await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
        }
        let stats = editor.get("/api/v1/stats").await.json.to_string();
        assert!(stats.contains("weekly") && !stats.contains("daily"), "{stats}");
        assert_eq!(editor.get("/api/v1/articles").await.status, StatusCode::OK, "articles belong to no digest");
        let feed = editor.post("/api/v1/feeds", &json!({"name": "x", "settings": {"title": "X"}})).await;
        assert_eq!(feed.status, StatusCode::FORBIDDEN, "a feed belongs to no digest");
        let settings = json!({"title": "M", "schedule": "0 8 1 * *", "from": "N <n@example.edu>"});
        let digest = editor.post("/api/v1/digests", &json!({"name": "monthly", "settings": settings})).await;
        assert_eq!(digest.status, StatusCode::FORBIDDEN);
        for path in ["segments", "webhooks", "webhooks/hook/deliveries", "bulk-operations", "attributes", "users", "config", "audit", "events"] {
            let refused = editor.get(&format!("/api/v1/{path}")).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {refused:?}");
        }
        for path in ["digests/daily/versions", "digests/daily/versions/1", "digests/daily/dependents", "digests/daily/next"] {
            let hidden = editor.get(&format!("/api/v1/{path}")).await;
            assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}: {hidden:?}");
        }
        let next = editor.get("/api/v1/digests/weekly/next").await;
        assert_eq!((next.status, &next.json["digest"]), (StatusCode::OK, &json!("weekly")), "{next:?}");
        let sync = editor.send(Method::POST, "/api/v1/sources/college/sync", &[], None).await;
        assert_eq!(sync.status, StatusCode::FORBIDDEN);
    }

    async fn a_list_manager_of_one_digest_sees_and_changes_only_its_subscriptions(world) {
        let (weekly, daily) = set_up(world).await;
        let lists = limited(world, Role::ListManager).await;
        let admin = Client::new(world, Role::Admin).await;
        let emails = read_all(&lists, "/api/v1/subscribers", 1, "email").await;
        assert_eq!(emails, [json!("both@example.org"), json!("ann@example.org")]);
        assert_eq!(read_all(&lists, "/api/v1/subscribers?digest=daily", 5, "email").await, [json!(null); 0]);
        let id = async |email: &str| {
            admin.get(&format!("/api/v1/subscribers?email={email}")).await.json["items"][0]["id"].as_i64().unwrap()
        };
        let (ann, bob, both) = (id("ann%40example.org").await, id("bob%40example.org").await, id("both%40example.org").await);
        let shown = lists.get(&format!("/api/v1/subscribers/{both}")).await;
        assert_eq!(shown.json["subscriptions"].as_array().unwrap().len(), 1, "{shown:?}");
        assert_eq!(lists.get(&format!("/api/v1/subscribers/{bob}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(lists.get(&format!("/api/v1/editions/{weekly}/deliveries")).await.status, StatusCode::OK);
        assert_eq!(lists.get(&format!("/api/v1/editions/{daily}/deliveries")).await.status, StatusCode::NOT_FOUND);
        let rename = async |id: i64| {
            let path = format!("/api/v1/subscribers/{id}");
            let etag = lists.get(&path).await.header("etag").to_owned();
            lists.send(Method::PATCH, &path, &[("if-match", &etag)], Some(&json!({"name": "New"}))).await.status
        };
        assert_eq!(rename(ann).await, StatusCode::OK);
        assert_eq!(rename(both).await, StatusCode::FORBIDDEN, "the person also reads another digest");
        assert_eq!(rename(bob).await, StatusCode::NOT_FOUND);
        assert_eq!(lists.delete(&format!("/api/v1/subscribers/{both}")).await.status, StatusCode::FORBIDDEN);
        let of_both = |digest: &str| format!("/api/v1/subscribers/{both}/subscriptions/{digest}");
        assert_eq!(lists.delete(&of_both("daily")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(lists.send(Method::PUT, &of_both("daily"), &[], Some(&json!({}))).await.status, StatusCode::NOT_FOUND);
        assert_eq!(lists.delete(&of_both("weekly")).await.status, StatusCode::NO_CONTENT);
        let other = json!({"email": "new@example.org", "digests": ["weekly", "daily"]});
        assert_eq!(lists.post("/api/v1/subscribers", &other).await.status, StatusCode::FORBIDDEN);
        assert_eq!(lists.get("/api/v1/suppressions").await.status, StatusCode::FORBIDDEN);
        let suppression = lists.post("/api/v1/suppressions", &json!({"email": "bob@example.org"})).await;
        assert_eq!(suppression.status, StatusCode::FORBIDDEN);
        for path in ["tags/vip", "attributes/city"] {
            let value = path.starts_with("attributes").then(|| json!({"value": "Bonn"}));
            for (id, status) in [(bob, StatusCode::NOT_FOUND), (both, StatusCode::FORBIDDEN)] {
                let refused = lists.send(Method::PUT, &format!("/api/v1/subscribers/{id}/{path}"), &[], value.as_ref()).await;
                assert_eq!(refused.status, status, "{path} of {id}: {refused:?}");
            }
        }
        let again = lists.send(Method::POST, &format!("{}/confirmation", of_both("daily")), &[], None).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND, "{again:?}");
        assert_eq!(lists.get(&format!("/api/v1/subscribers/{bob}/history")).await.status, StatusCode::NOT_FOUND);
        let daily = admin.get(&of_both("daily")).await;
        assert_eq!(daily.json["status"], "confirmed", "nothing of the other digest has changed");
    }
}
