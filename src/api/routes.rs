//! Routes of the API: all operations, and the document that describes them.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::Value;

use super::caller::{ApiState, SharedApi};
use super::operations::Operations;
use super::{
    articles, attributes, audit, bulk_operations, definitions, digest_mails, digests, document,
    editions, events, exports, feeds, imports, installation, reloads, segments, sessions, sources,
    statistics, status, subscriber_changes, subscriber_values, subscribers, subscriptions,
    suppressions, tokens, transports, users, webhooks,
};
use crate::app::App;
use crate::http::ApiRoutes;

/// Text of the OpenAPI document, built when it is first asked for.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi().to_string());

/// Returns all routes of the API with their document.
pub fn routes(app: App) -> ApiRoutes {
    let state: SharedApi = Arc::new(ApiState { app });
    let router = match add_all(Operations::routes(Arc::clone(&state))) {
        Operations::Routes { router, .. } => router,
        Operations::Document(_) => Router::new(),
    };
    let router = router.with_state(state).route("/api/openapi.json", get(async || show_document()));
    ApiRoutes { router, document: Some(&DOCUMENT) }
}

/// Returns the OpenAPI document of the API.
pub fn openapi() -> Value {
    match add_all(Operations::document()) {
        Operations::Document(document) => document::to_json(&document),
        Operations::Routes { .. } => Value::Null,
    }
}

/// Adds all operations of the API.
fn add_all(operations: Operations) -> Operations {
    [
        articles::add_operations,
        sources::add_operations,
        feeds::add_operations,
        digests::add_operations,
        segments::add_operations,
        webhooks::add_operations,
        definitions::add_operations,
        digest_mails::add_operations,
        editions::add_operations,
        subscribers::add_operations,
        subscriber_changes::add_operations,
        subscriber_values::add_operations,
        subscriptions::add_operations,
        attributes::add_operations,
        bulk_operations::add_operations,
        exports::add_operations,
        imports::add_operations,
        suppressions::add_operations,
        transports::add_operations,
        audit::add_operations,
        tokens::add_operations,
        users::add_operations,
        sessions::add_operations,
        statistics::add_operations,
        status::add_operations,
        installation::add_operations,
        reloads::add_operations,
        events::add_operations,
    ]
    .into_iter()
    .fold(operations, |operations, add| add(operations))
}

/// `GET /api/openapi.json`: returns the OpenAPI document, also to scripts of other sites.
fn show_document() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, DOCUMENT.as_str())
}
