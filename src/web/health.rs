//! `/healthz` and `/readyz` for monitoring and load balancers.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::state::SharedState;

/// `GET /healthz`: reports that the process is running, without any checks.
pub(super) async fn healthz() -> Response {
    plain_text(StatusCode::OK, "ok\n")
}

/// `GET /readyz`: reports whether every declared feed is in memory and the database accepts writes.
/// Migrations ran before the server began to listen.
pub(super) async fn readyz(State(web): State<SharedState>) -> Response {
    if !web.app.feed_cache.is_complete(&web.app.config) {
        return plain_text(
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: some declared feeds are not in memory yet\n",
        );
    }
    match web.app.store.check_writable().await {
        Ok(()) => plain_text(StatusCode::OK, "ready\n"),
        Err(e) => plain_text(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: the database accepts no writes: {e}\n"),
        ),
    }
}

/// `GET /readyz` in degraded mode: reports that the database is unavailable.
pub(super) async fn readyz_degraded() -> Response {
    plain_text(
        StatusCode::SERVICE_UNAVAILABLE,
        "not ready: the database is unavailable, serving previously rendered feeds\n",
    )
}

fn plain_text(status: StatusCode, text: impl IntoResponse) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
