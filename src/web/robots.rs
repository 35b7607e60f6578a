//! `/robots.txt`: the pages that crawlers do not visit (RFC 9309).

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::state::SharedState;

/// `GET /robots.txt`: excludes the pages of one person, and the whole demo.
pub(super) async fn show(State(web): State<SharedState>) -> Response {
    let paths: &[&str] = if web.demo.is_some() { &["/"] } else { &["/confirm/", "/unsubscribe/"] };
    let rules: String =
        paths.iter().map(|path| format!("Disallow: {}{path}\n", web.base_path)).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, format!("User-agent: *\n{rules}")).into_response()
}
