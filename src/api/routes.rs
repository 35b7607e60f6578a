//! Routes of the API: all operations, and the document that describes them.

use std::sync::Arc;

use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

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

/// Returns all routes of the API with their document.
pub fn routes(app: App) -> ApiRoutes {
    let state: SharedApi = Arc::new(ApiState { app });
    let operations = [
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
    .fold(Operations::new(&state), |operations, add| add(operations));
    let (router, document) = operations.router.split_for_parts();
    let document = document::to_json(&document);
    let text = document.to_string();
    let router = router
        .with_state(state)
        .route("/api/openapi.json", get(async move || show_document(text.clone())));
    ApiRoutes { router, document }
}

/// `GET /api/openapi.json`: returns the OpenAPI document, also to scripts of other sites.
fn show_document(text: String) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, text)
}
