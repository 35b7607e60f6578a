//! Definitions over the API: the same operations for feeds, digests, segments and webhooks.

use axum::http::{Method, StatusCode};
use courant::domain::role::Role;
use serde_json::{Value, json};

use super::changes::change;
use super::lists::read_all;
use super::tokens::create;
use super::{Answer, Client};
use crate::support::{World, article, database_tests};

const SECRET: &str = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";

/// Returns a definition of each kind: the name of its list, its settings, and a key with another value.
fn kinds() -> [(&'static str, Value, &'static str, Value); 4] {
    let digest = json!({"title": "Month", "schedule": "0 8 1 * *", "from": "N <n@example.edu>"});
    let webhook = json!({
        "url": "https://hooks.example.edu/in", "events": ["edition.finished"], "secret": SECRET,
    });
    [
        ("feeds", json!({"title": "Campus", "items": 5}), "items", json!(7)),
        ("digests", digest, "title", json!("Monthly")),
        ("segments", json!({"filter": "tag = \"partner\""}), "title", json!("Partners")),
        ("webhooks", webhook, "events", json!(["article.published"])),
    ]
}

/// Returns settings as clients see them.
fn without_secrets(settings: &Value) -> Value {
    let mut shown = settings.clone();
    if shown.get("secret").is_some() {
        shown["secret"] = json!("***");
    }
    shown
}

async fn define(client: &Client, kind: &str, name: &str, settings: &Value) -> Answer {
    let created =
        client.post(&format!("/api/v1/{kind}"), &json!({"name": name, "settings": settings})).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    created
}

/// Returns a client with a token of the digest `weekly` only.
async fn limited(world: &World, client: &Client) -> Client {
    let token =
        create(world, "limited", Role::Editor, Some(&["weekly", "monthly"]), None).await.unwrap();
    client.with_token(&token)
}

database_tests! {
    async fn a_definition_of_each_kind_is_created_changed_renamed_restored_and_deleted(world) {
        world.config_file();
        let client = Client::new(world, Role::Admin).await;
        for (kind, settings, key, value) in kinds() {
            let (list, path) = (format!("/api/v1/{kind}"), format!("/api/v1/{kind}/campus"));
            let created = define(&client, kind, "campus", &settings).await;
            assert_eq!(created.json["settings"], without_secrets(&settings));
            assert_eq!(created.header("location"), format!("{kind}/campus"));
            let again = client.post(&list, &json!({"name": "campus", "settings": settings})).await;
            assert_eq!(again.status, StatusCode::CONFLICT, "{again:?}");
            assert!(read_all(&client, &list, 1, "name").await.contains(&json!("campus")), "{kind}");
            let first = created.json["version"].as_i64().unwrap();
            // The settings as they were read, so a secret is `***`.
            let mut changed = created.json["settings"].clone();
            changed[key] = value.clone();
            let body = json!({"settings": changed});
            let blind = client.send(Method::PUT, &path, &[], Some(&body)).await;
            assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
            let etag = client.get(&path).await.header("etag").to_owned();
            let replaced = client.send(Method::PUT, &path, &[("if-match", &etag)], Some(&body)).await;
            assert_eq!((replaced.status, &replaced.json["settings"][key]), (StatusCode::OK, &value), "{replaced:?}");
            assert!(replaced.json["version"].as_i64().unwrap() > first);
            let stale = client.send(Method::PUT, &path, &[("if-match", &etag)], Some(&body)).await;
            assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
            let renamed = client.post(&format!("{path}/rename"), &json!({"name": "people"})).await;
            assert_eq!((renamed.status, &renamed.json["settings"]["was"]), (StatusCode::OK, &json!(["campus"])), "{renamed:?}");
            let path = format!("/api/v1/{kind}/people");
            let versions = client.get(&format!("{path}/versions")).await;
            let fields = |of: &str| -> Vec<&Value> {
                versions.json["items"].as_array().unwrap().iter().map(|version| &version[of]).collect()
            };
            assert_eq!(fields("name"), ["people", "campus", "campus"], "{versions:?}");
            assert_eq!(fields("actor")[0], &json!({"kind": "token", "name": "client-admin"}));
            assert_eq!(fields("changes")[1][0]["key"], json!(key));
            assert!(!versions.json.to_string().contains("whsec_"), "{versions:?}");
            let shown = client.get(&format!("{path}/versions/{first}")).await;
            assert_eq!(shown.json["settings"], without_secrets(&settings), "{shown:?}");
            let restore = client.send(Method::POST, &format!("{path}/versions/{first}/restore"), &[], None).await;
            assert_eq!((restore.status, restore.json["settings"].get(key)), (StatusCode::OK, settings.get(key)), "{restore:?}");
            let deleted = change(&client, Method::DELETE, &path, None).await;
            assert_eq!((deleted.status, &deleted.json["name"]), (StatusCode::OK, &json!("people")), "{deleted:?}");
            assert_eq!(client.get(&path).await.status, StatusCode::NOT_FOUND);
            let gone = format!("{path}/versions/{}/restore", deleted.json["version"]);
            assert_eq!(client.send(Method::POST, &gone, &[], None).await.status, StatusCode::CONFLICT);
            let back = client.send(Method::POST, &format!("{path}/versions/{first}/restore"), &[], None).await;
            assert_eq!(back.status, StatusCode::OK, "{back:?}");
        }
        let stored = world.app.store.definitions().current().await.unwrap();
        assert!(stored.iter().any(|one| one.body.contains(SECRET)), "the secret was kept: {stored:?}");
    }

    async fn each_error_of_a_definition_names_its_field(world) {
        world.config_file();
        let client = Client::new(world, Role::Admin).await;
        let digest = json!({"title": "M", "schedule": "0 8 1 * *", "from": "N <n@example.edu>", "template": "none"});
        for (kind, settings, pointers) in [
            ("feeds", json!({"items": 0, "langauge": "en", "titles": {"zh": ""}, "aliases": ["/a/", "b"]}),
                &["/settings/aliases/1", "/settings/items", "/settings/langauge", "/settings/titles/zh"][..]),
            ("digests", digest, &["/settings/template"]),
            ("segments", json!({"filter": "tag ="}), &["/settings/filter"]),
            ("segments", json!({"filter": "city = \"x\""}), &["/settings/filter"]),
            ("webhooks", json!({"url": "ftp://x", "events": ["none"], "secret": "***"}), &["/settings/secret"]),
            ("webhooks", json!({"url": "ftp://x", "events": ["none"], "secret": SECRET}), &["/settings/events/0", "/settings/url"]),
        ] {
            let invalid = client.post(&format!("/api/v1/{kind}"), &json!({"name": "x", "settings": settings})).await;
            assert_eq!(invalid.status, StatusCode::UNPROCESSABLE_ENTITY, "{invalid:?}");
            let mut found = invalid.pointers();
            found.sort_unstable();
            assert_eq!(found, pointers, "{invalid:?}");
        }
        for kind in ["feeds", "digests", "segments", "webhooks"] {
            let name = client.post(&format!("/api/v1/{kind}"), &json!({"name": "No Slug", "settings": {}})).await;
            assert_eq!((name.status, name.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["/name"]), "{name:?}");
        }
    }

    async fn a_deletion_says_what_depends_on_the_object(world) {
        world.config_file();
        let client = Client::new(world, Role::Admin).await;
        let [_, (_, settings, ..), ..] = kinds();
        define(&client, "digests", "monthly", &settings).await;
        world.app = courant::app::App::from_file(&world.config_file()).await.unwrap();
        world.subscribe("monthly", [courant::subscribers::NewSubscriber { email: "ann@example.org".into(), ..Default::default() }]).await;
        let dependents = client.get("/api/v1/digests/monthly/dependents").await;
        assert_eq!(dependents.json["subscriptions"], 1, "{dependents:?}");
        let deleted = change(&client, Method::DELETE, "/api/v1/digests/monthly", None).await;
        assert_eq!(deleted.json["dependents"], dependents.json, "{deleted:?}");
        define(&client, "segments", "partners", &json!({"filter": "tag = \"partner\""})).await;
        let mut friends = settings.clone();
        friends["audience"] = json!("segment = \"partners\" or tag = \"friend\"");
        define(&client, "digests", "friends", &friends).await;
        let used = change(&client, Method::DELETE, "/api/v1/segments/partners", None).await;
        assert_eq!(used.status, StatusCode::CONFLICT, "{used:?}");
        assert!(used.json["detail"].as_str().unwrap().contains("friends"), "{used:?}");
    }

    async fn a_limited_editor_changes_its_digests_but_nothing_that_concerns_others(world) {
        world.config_file();
        let client = Client::new(world, Role::Admin).await;
        let [(_, feed, ..), (_, digest, ..), (_, segment, ..), (_, webhook, ..)] = kinds();
        for (kind, name, settings) in [("feeds", "campus", &feed), ("digests", "monthly", &digest), ("digests", "daily", &digest), ("segments", "partners", &segment), ("webhooks", "hook", &webhook)] {
            define(&client, kind, name, settings).await;
        }
        let limited = limited(world, &client).await;
        let mut changed = digest.clone();
        changed["title"] = json!("Every month");
        let own = change(&limited, Method::PUT, "/api/v1/digests/monthly", Some(&json!({"settings": changed}))).await;
        assert_eq!(own.status, StatusCode::OK, "{own:?}");
        for (key, value) in [("audience", json!("digest = \"daily\"")), ("was", json!(["yearly"]))] {
            let mut beyond = changed.clone();
            beyond[key] = value;
            let refused = change(&limited, Method::PUT, "/api/v1/digests/monthly", Some(&json!({"settings": beyond}))).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{key}: {refused:?}");
        }
        let rename = limited.post("/api/v1/digests/monthly/rename", &json!({"name": "other"})).await;
        assert_eq!(rename.status, StatusCode::FORBIDDEN, "{rename:?}");
        assert_eq!(limited.get("/api/v1/digests/monthly/versions").await.status, StatusCode::OK);
        for path in ["", "/versions", "/versions/3", "/dependents"] {
            let hidden = limited.get(&format!("/api/v1/digests/daily{path}")).await;
            assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}: {hidden:?}");
            for (kind, name) in [("segments", "partners"), ("webhooks", "hook")] {
                let refused = limited.get(&format!("/api/v1/{kind}/{name}{path}")).await;
                assert_eq!(refused.status, StatusCode::FORBIDDEN, "{kind}{path}: {refused:?}");
            }
        }
        for (kind, name, status) in [("feeds", "campus", StatusCode::FORBIDDEN), ("digests", "daily", StatusCode::NOT_FOUND)] {
            let path = format!("/api/v1/{kind}/{name}");
            let first = client.get(&path).await.json["version"].clone();
            for (method, path, body) in [
                (Method::PUT, path.clone(), Some(json!({"settings": {}}))),
                (Method::DELETE, path.clone(), None),
                (Method::POST, format!("{path}/rename"), Some(json!({"name": "x"}))),
                (Method::POST, format!("{path}/versions/{first}/restore"), None),
            ] {
                let etag = client.get(&format!("/api/v1/{kind}/{name}")).await.header("etag").to_owned();
                let refused = limited.send(method, &path, &[("if-match", &etag)], body.as_ref()).await;
                assert_eq!(refused.status, status, "{path}: {refused:?}");
            }
        }
        for list in ["segments", "webhooks"] {
            assert_eq!(limited.get(&format!("/api/v1/{list}")).await.status, StatusCode::FORBIDDEN);
        }
    }

    async fn a_list_manager_changes_segments_and_sees_how_many_they_select(world) {
        world.config_file();
        world.add_readers(3).await;
        world.publish([article("a")]).await;
        let lists = Client::new(world, Role::ListManager).await;
        define(&lists, "segments", "readers", &json!({"filter": "address ~ \"@example.org\""})).await;
        let listed = lists.get("/api/v1/segments").await;
        assert_eq!(listed.json["items"][0]["subscribers"], 3, "{listed:?}");
        let editor = Client::new(world, Role::Editor).await;
        assert_eq!(editor.get("/api/v1/segments").await.status, StatusCode::FORBIDDEN);
        let viewer = Client::new(world, Role::Viewer).await;
        assert_eq!(viewer.get("/api/v1/segments/readers/versions").await.status, StatusCode::OK);
        for client in [&lists, &editor, &viewer] {
            assert_eq!(client.get("/api/v1/webhooks").await.status, StatusCode::FORBIDDEN);
        }
    }
}
