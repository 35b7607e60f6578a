//! `/api/v1`: the HTTP API. Clients authenticate with a bearer token; errors are problem details
//! (RFC 9457).

mod bearer;
mod problem;
mod sources;

use axum::Router;
use axum::routing::post;

use crate::web::state::SharedState;
use problem::Problem;

/// Returns the routes below `/api/v1`.
pub(super) fn routes() -> Router<SharedState> {
    Router::new()
        .route("/sources/{name}/sync", post(sources::sync))
        .fallback(async || Problem::not_found("no such API endpoint"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
}
