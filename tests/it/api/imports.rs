//! Imports over the API: upload, check, start, progress, rejected lines and cancellation; and the export.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use courant::domain::page::PageRequest;
use courant::domain::role::Role;
use courant::subscribers::import::{jobs, upload};
use serde_json::{Value, json};

use super::tokens::create;
use super::{Answer, Client};
use crate::support::{World, database_tests};

const FILE: &str =
    "email;Name;Ort\nann@example.org;Ann;Köln\nnobody;Bob;Bonn\ncai@example.org;Cai;Bonn\n";

/// Uploads a file with the parameters of a query.
async fn upload(client: &Client, query: &str, file: impl Into<Body>) -> Answer {
    let request = Request::post(format!("/api/v1/imports?{query}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", client.token))
        .header(header::CONTENT_TYPE, "text/csv");
    client.send_raw(request.body(file.into()).unwrap()).await
}

/// Works on the imports that wait, as the daemon does at each tick.
async fn run_due(world: &World) -> usize {
    jobs::run_due(world.app.import_context(), "node", || world.now()).await.unwrap()
}

async fn show(client: &Client, id: &Value) -> Value {
    client.get(&format!("/api/v1/imports/{id}")).await.json
}

async fn people(world: &World) -> usize {
    world.app.store.subscribers().list(&PageRequest::first(999)).await.unwrap().items.len()
}

database_tests! {
    async fn a_file_is_uploaded_checked_corrected_and_imported(world) {
        let client = Client::new(world, Role::ListManager).await;
        let created = upload(&client, "digest=weekly&file_name=people.csv&status=confirmed&consent=form&dry_run=true", FILE).await;
        assert_eq!((created.status, &created.json["state"]), (StatusCode::CREATED, &json!("queued")), "{created:?}");
        let id = created.json["id"].clone();
        assert_eq!(created.header("location"), format!("imports/{id}"));
        assert_eq!(run_due(world).await, 1);
        let checked = show(&client, &id).await;
        assert_eq!((&checked["state"], &checked["valid"], &checked["rejected_lines"], &checked["counts"]["new"]), (&json!("checked"), &json!(2), &json!(1), &json!(2)), "{checked}");
        assert_eq!((&checked["file"]["delimiter"], &checked["file"]["columns"][2]), (&json!("semicolon"), &json!({"name": "Ort", "meaning": "attribute ort"})));
        assert_eq!(people(world).await, 0, "a dry run stores nothing");
        let rejected = client.get(&format!("/api/v1/imports/{id}/rejected")).await.json;
        assert_eq!((rejected["items"].as_array().unwrap().len(), &rejected["items"][0]["line"]), (1, &json!(3)));
        let start = format!("/api/v1/imports/{id}/start");
        assert_eq!(client.post(&start, &json!({"dry_run": false})).await.status, StatusCode::OK);
        run_due(world).await;
        assert_eq!((&show(&client, &id).await["state"], people(world).await), (&json!("rejected"), 0), "all or nothing");
        assert_eq!(client.post(&start, &json!({"skip_bad": true, "map": ["city=Ort"]})).await.status, StatusCode::OK);
        run_due(world).await;
        let finished = show(&client, &id).await;
        assert_eq!((&finished["state"], &finished["counts"]["confirmed"], &finished["done_through"]), (&json!("finished"), &json!(2), &json!(4)), "{finished}");
        let ann = world.app.store.subscribers().find_by_address("ann@example.org").await.unwrap().unwrap();
        assert_eq!(ann.attributes["city"].to_string(), "Köln");
        assert_eq!(client.post(&start, &json!({})).await.status, StatusCode::CONFLICT);
        assert_eq!(client.post(&format!("/api/v1/imports/{id}/cancel"), &json!({})).await.status, StatusCode::CONFLICT);
        let gone = client.get(&format!("/api/v1/imports/{id}/preview")).await;
        assert_eq!(gone.status, StatusCode::CONFLICT, "the file is deleted: {gone:?}");
        let entries = world.app.store.audit_log().list(&PageRequest::first(99)).await.unwrap().items;
        let actions: Vec<&str> = entries.iter().rev().filter(|e| e.object.as_str() == "import").map(|e| e.action.as_str()).collect();
        assert_eq!(actions, ["create", "change", "change", "import"]);
        assert!(entries.iter().filter(|e| e.object.as_str() == "import").all(|e| e.actor_name.as_deref() == Some("client-lists")));
    }

    async fn an_import_tells_what_it_changes_and_can_leave_people_as_they_are(world) {
        let client = Client::new(world, Role::ListManager).await;
        upload(&client, "digest=weekly&status=confirmed&consent=form", "email,name\nann@example.org,Ann\n").await;
        run_due(world).await;
        let file = "email,name,city\nann@example.org,Ann Lee,Bonn\n";
        let id = upload(&client, "digest=weekly&dry_run=true", file).await.json["id"].clone();
        run_due(world).await;
        let checked = show(&client, &id).await;
        assert_eq!((&checked["existing"], &checked["counts"]["details_changed"]), (&json!("update"), &json!(1)), "{checked}");
        assert_eq!(checked["changed_people"][0]["email"], "ann@example.org");
        assert_eq!(checked["changed_people"][0]["values"], json!([
            {"field": "name", "old": "Ann", "new": "Ann Lee"},
            {"field": "attribute city", "old": null, "new": "Bonn"},
        ]));
        let start = format!("/api/v1/imports/{id}/start");
        assert_eq!(client.post(&start, &json!({"existing": "replace"})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(client.post(&start, &json!({"existing": "keep", "dry_run": false})).await.status, StatusCode::OK);
        run_due(world).await;
        let done = show(&client, &id).await;
        assert_eq!((&done["state"], &done["existing"], &done["changed_people"]), (&json!("finished"), &json!("keep"), &json!([])), "{done}");
        let ann = world.app.store.subscribers().find_by_address("ann@example.org").await.unwrap().unwrap();
        assert_eq!(ann.name.as_deref(), Some("Ann"));
    }

    async fn a_preview_shows_how_other_settings_read_the_file(world) {
        let client = Client::new(world, Role::Admin).await;
        let file = encoding_rs::GB18030.encode("邮箱,姓名\nwang@example.org,王小明\n").0.into_owned();
        let id = upload(&client, "digest=weekly&start=false", file).await.json["id"].clone();
        assert_eq!(run_due(world).await, 0, "the import waits for a person");
        let preview = async |query: &str| client.get(&format!("/api/v1/imports/{id}/preview?{query}")).await;
        let found = preview("encoding=gb18030").await.json;
        assert_eq!(found["rows"], json!([{"line": 2, "values": ["wang@example.org", "王小明"]}]));
        assert_eq!((&found["file"]["encoding"], &found["file"]["columns"][1]["meaning"]), (&json!("gb18030"), &json!("name")));
        let wrong = preview("encoding=windows-1252").await;
        assert!(wrong.status == StatusCode::CONFLICT && wrong.json["detail"].as_str().unwrap().contains("there is no column"), "{wrong:?}");
        assert_eq!(preview("encoding=klingon").await.status, StatusCode::CONFLICT);
        assert_eq!(preview("unknown=1").await.status, StatusCode::BAD_REQUEST);
        assert_eq!(show(&client, &id).await["state"], "ready");
    }

    async fn an_upload_is_stored_in_pieces_and_continues_after_the_node_died(world) {
        let client = Client::new(world, Role::Admin).await;
        let lines: String = (0..20_000).map(|n| format!("m{n}@example.org,Person of the number {n}\n")).collect();
        let created = upload(&client, "digest=weekly&status=confirmed&consent=form", format!("email,name\n{lines}")).await;
        let id = created.json["id"].as_i64().unwrap();
        assert!(created.json["bytes"].as_i64().unwrap() > 2 * upload::PART_BYTES as i64, "{created:?}");
        let imports = world.app.store.imports();
        let leased = imports.lease_next("dead").await.unwrap().unwrap();
        assert_eq!((leased.id, leased.state.as_str()), (id, "checking"));
        assert_eq!(run_due(world).await, 0, "another node works on it");
        imports.release_leases("dead").await.unwrap();
        assert_eq!(run_due(world).await, 1);
        let finished = show(&client, &json!(id)).await;
        assert_eq!((&finished["state"], &finished["counts"]["new"]), (&json!("finished"), &json!(20_000)));
        assert!(imports.part(id, 0).await.unwrap().is_none(), "the file is deleted");
    }

    async fn a_file_that_cannot_be_read_fails_with_the_reason(world) {
        let client = Client::new(world, Role::Admin).await;
        let id = upload(&client, "digest=weekly", "name,city\nAnn,Bonn\n").await.json["id"].clone();
        run_due(world).await;
        let failed = show(&client, &id).await;
        assert!(failed["state"] == "failed" && failed["error"].as_str().unwrap().contains("there is no column \"email\""), "{failed}");
        let cancelled = client.post(&format!("/api/v1/imports/{id}/cancel"), &json!({})).await;
        assert_eq!((cancelled.status, &cancelled.json["state"]), (StatusCode::OK, &json!("cancelled")));
        let list = client.get("/api/v1/imports").await.json;
        assert_eq!(list["items"][0]["id"], id);
    }

    async fn wrong_uploads_are_refused(world) {
        let client = Client::new(world, Role::Admin).await;
        assert_eq!(upload(&client, "digest=weekly", "").await.status, StatusCode::BAD_REQUEST);
        for (query, pointer) in [
            ("digest=daily", "/digest"),
            ("digest=weekly&status=confirmed", "/consent"),
            ("digest=weekly&encoding=klingon", "/encoding"),
            ("digest=weekly&delimiter=abc", "/delimiter"),
            ("digest=weekly&preset=pigeon", "/preset"),
            ("digest=weekly&map=email", "/map"),
        ] {
            let answer = upload(&client, query, FILE).await;
            assert_eq!((answer.status, answer.pointers()), (StatusCode::UNPROCESSABLE_ENTITY, vec![pointer]), "{query}: {answer:?}");
        }
        assert_eq!(upload(&client, "digest=weekly&unknown=1", FILE).await.status, StatusCode::BAD_REQUEST);
        let token = create(world, "limited", Role::ListManager, Some(&["weekly"]), None).await.unwrap();
        let limited = upload(&client.with_token(&token), "digest=weekly", FILE).await;
        assert_eq!(limited.status, StatusCode::FORBIDDEN);
        assert_eq!(client.with_token(&token).get("/api/v1/imports").await.status, StatusCode::FORBIDDEN);
        let repeated = client.send_raw(Request::post("/api/v1/imports?digest=weekly").header(header::AUTHORIZATION, format!("Bearer {}", client.token)).header("idempotency-key", "k").body(Body::from(FILE)).unwrap()).await;
        let again = client.send_raw(Request::post("/api/v1/imports?digest=weekly").header(header::AUTHORIZATION, format!("Bearer {}", client.token)).header("idempotency-key", "k").body(Body::from(FILE)).unwrap()).await;
        assert_eq!((repeated.status, &again.json["id"]), (StatusCode::CREATED, &repeated.json["id"]));
    }

    async fn an_abandoned_upload_and_old_rejected_lines_are_deleted(world) {
        let client = Client::new(world, Role::Admin).await;
        let waiting = upload(&client, "digest=weekly&start=false", FILE).await.json["id"].clone();
        let done = upload(&client, "digest=weekly&skip_bad=true", FILE).await.json["id"].clone();
        run_due(world).await;
        jobs::clean_up(&world.app.store, world.now()).await.unwrap();
        assert_eq!(show(&client, &waiting).await["state"], "ready");
        world.advance(31 * courant::domain::time::DAY);
        jobs::clean_up(&world.app.store, world.now()).await.unwrap();
        assert_eq!(show(&client, &waiting).await["state"], "cancelled");
        let rejected = client.get(&format!("/api/v1/imports/{done}/rejected")).await.json;
        assert_eq!(rejected["items"], json!([]));
    }

    async fn an_export_is_read_back_by_an_import(world) {
        let client = Client::new(world, Role::ListManager).await;
        upload(&client, "digest=weekly&status=confirmed&consent=form&skip_bad=true", FILE).await;
        run_due(world).await;
        let exported = client.get("/api/v1/exports/subscribers?digest=weekly").await;
        let text = exported.text;
        assert!(text.starts_with("email,name,") && text.lines().count() == 3 && text.contains("Köln"), "{text}");
        let id = upload(&client, "digest=weekly&status=confirmed&consent=form&dry_run=true", text).await.json["id"].clone();
        run_due(world).await;
        let checked = show(&client, &id).await;
        assert_eq!((&checked["counts"]["unchanged"], &checked["counts"]["new"], &checked["file"]["preset"]), (&json!(2), &json!(0), &json!("courant")), "{checked}");
        let viewer = client.with_token(&create(world, "viewer", Role::Viewer, None, None).await.unwrap());
        assert_eq!(viewer.get("/api/v1/exports/subscribers").await.status, StatusCode::FORBIDDEN);
        let entries = world.app.store.audit_log().list(&PageRequest::first(9)).await.unwrap().items;
        assert!(entries.iter().any(|e| e.action.as_str() == "export" && e.detail.as_ref().is_some_and(|d| d["digest"] == "weekly")));
    }
}
