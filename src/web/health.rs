//! `/healthz` and `/readyz`, for operators and their load balancers.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Shared;

/// The program runs; asks nobody.
pub(super) async fn alive() -> Response {
    plain(StatusCode::OK, "ok\n")
}

/// Everything that readers may ask for is there. The store was migrated before the server began to listen.
pub(super) async fn ready(State(web): State<Shared>) -> Response {
    if web.app.shelf.is_complete(&web.app.config) {
        return plain(StatusCode::OK, "ready\n");
    }
    plain(
        StatusCode::SERVICE_UNAVAILABLE,
        "not ready: some feeds of the config are not in memory yet\n",
    )
}

/// The database is what is missing.
pub(super) async fn waiting() -> Response {
    plain(
        StatusCode::SERVICE_UNAVAILABLE,
        "not ready: the database is away, the feeds are those that were made before\n",
    )
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
