//! Redirects within the admin area.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::web::client::ClientInfo;
use crate::web::state::WebState;

/// Returns a redirect to another page of this site, which may set a cookie.
pub(super) fn see_other(
    web: &WebState,
    client: &ClientInfo,
    path: &str,
    cookie: Option<HeaderValue>,
) -> Response {
    let location = format!("{}{path}{}", web.base_path, client.lang_query());
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    response
}
