//! `/api/v1`: for programs, which show a token; errors are problem details (RFC 9457).

mod bearer;
mod problem;
mod sources;

use axum::Router;
use axum::routing::post;

use super::Shared;
use problem::Problem;

/// What stands below `/api/v1`.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/sources/{name}/sync", post(sources::sync))
        .fallback(async || Problem::not_found("this API has no such address"))
        .method_not_allowed_fallback(async || Problem::method())
}
