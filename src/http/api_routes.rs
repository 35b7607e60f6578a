//! The API as the web server mounts it beside its own routes.

use std::sync::LazyLock;

use axum::Router;

/// Routes of the API, and the document that describes them.
#[derive(Debug, Clone, Default)]
pub struct ApiRoutes {
    /// Routes below `/api/`, without a fallback.
    pub router: Router,
    /// Text of the OpenAPI document; `None` without an API.
    pub document: Option<&'static LazyLock<String>>,
}

/// Path to which files of subscribers are uploaded, for which a request may take longer.
pub(crate) const UPLOAD_PATH: &str = "/api/v1/imports";

/// Returns `true` if errors at a path are reported as problem details.
pub(crate) fn is_api_path(path: &str) -> bool {
    path.starts_with("/api/") && path != "/api/"
}
