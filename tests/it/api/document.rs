//! The OpenAPI document: its committed copy, and what every operation must state.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use courant::domain::role::Role;
use serde_json::Value;
use tower::ServiceExt as _;

use super::Client;
use crate::support::database_tests;

/// Returns every operation of a document: path, method and description.
pub(crate) fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap();
            methods
                .iter()
                .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

database_tests! {
    async fn the_committed_document_is_the_one_that_is_served(world) {
        let client = Client::new(world, Role::Viewer).await.with_token("");
        let served = client.get("/api/openapi.json").await;
        assert_eq!(served.header("content-type"), "application/json");
        let text = serde_json::to_string_pretty(&served.json).unwrap() + "\n";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        if std::env::var("COURANT_TEST_UPDATE").is_ok_and(|v| v == "1") {
            std::fs::write(&file, &text).unwrap();
        }
        assert!(
            text == std::fs::read_to_string(&file).unwrap_or_default(),
            "openapi.json differs; if the change is intended, run `COURANT_TEST_UPDATE=1 cargo test --test it api::document`, review the diff, and mention it in CHANGELOG.md"
        );
    }

    async fn the_reference_page_shows_every_operation_without_scripts(world) {
        let document = courant::api::openapi();
        let router = courant::daemon::site_router(world.app.clone(), None);
        let request = Request::get("/api/").body(Body::empty()).unwrap();
        let (head, body) = router.oneshot(request).await.unwrap().into_parts();
        let page = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        assert_eq!(head.status, StatusCode::OK, "{page}");
        for (path, method, operation) in operations(&document) {
            assert!(page.contains(&format!("{} {path}", method.to_uppercase())), "{method} {path}");
            assert!(page.contains(operation["summary"].as_str().unwrap()), "{method} {path}");
        }
        assert!(page.contains("curl -X POST https://news.example.edu/api/v1/suppressions"));
        // Larger than other pages may be, because it shows some hundred operations.
        assert!(!page.contains("<script") && page.len() < 130_000, "{} bytes", page.len());
    }
}

#[test]
fn every_operation_has_a_name_a_permission_and_documented_responses() {
    let document = courant::api::openapi();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["license"]["name"].as_str().is_some_and(|name| !name.is_empty()));
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "two operations have the name {name}");
        for key in ["summary", "x-permission"] {
            assert!(operation[key].as_str().is_some_and(|text| !text.is_empty()), "{name}: {key}");
        }
        assert!(operation["security"][0]["token"].is_array(), "{name}");
        let responses = operation["responses"].as_object().unwrap();
        for (status, response) in responses {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{name}: {status}");
            if status.starts_with(['4', '5']) {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ProblemDetails", "{name}: {status}");
            }
        }
        for status in ["400", "401", "403", "429", "500", "503"] {
            assert!(responses.contains_key(status), "{name} lacks {status}");
        }
        assert_eq!(path.contains('{'), responses.contains_key("404"), "{method} {path}: 404");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"].as_str().is_some_and(|d| !d.is_empty()),
                "{name}: {parameter}"
            );
        }
    }
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let schema = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(schema).is_some(), "{schema} is missing");
    }
}
