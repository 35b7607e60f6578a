//! `/api/v1`: the HTTP API. Clients authenticate with a bearer token; errors are problem details
//! (RFC 9457).

pub(super) mod bearer;
mod problem;
mod sources;

use axum::routing::post;

use super::access::{Access, Routes};
use crate::domain::permission::Permission;
pub(super) use problem::Problem;

/// Adds the routes below `/api/v1`.
pub(super) fn add_routes(routes: Routes) -> Routes {
    routes.add(
        "/api/v1/sources/{name}/sync",
        Access::Permission(Permission::SyncSources),
        post(sources::sync),
    )
}

/// Returns `true` if errors at a path are reported as problem details.
pub(super) fn is_api_path(path: &str) -> bool {
    path.starts_with("/api/")
}
