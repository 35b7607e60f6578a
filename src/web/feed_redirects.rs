//! Redirects of feeds: to a current name, and to the next archive page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::feeds::request::FeedRequest;

/// `max-age` of the redirect to the next archive page, whose target changes, in seconds.
const NEXT_PAGE_MAX_AGE_SECS: u32 = 300;
/// `max-age` of permanent redirects, in seconds.
const MOVED_MAX_AGE_SECS: u32 = 86_400;

/// Redirects permanently to a feed's current URL; shared caches must not store that of a
/// private feed.
pub(super) fn redirect_permanently(url: &str, is_private: bool) -> Response {
    redirect(StatusCode::MOVED_PERMANENTLY, url, MOVED_MAX_AGE_SECS, is_private)
}

/// Redirects temporarily to the page that currently follows the requested archive page.
pub(super) fn redirect_to_next(url: &str, feed_request: &FeedRequest) -> Response {
    redirect(
        StatusCode::TEMPORARY_REDIRECT,
        url,
        NEXT_PAGE_MAX_AGE_SECS,
        feed_request.selector.secret.is_some(),
    )
}

fn redirect(status: StatusCode, url: &str, max_age_secs: u32, is_private: bool) -> Response {
    // The path comes from a request, so it is a valid header value.
    let Ok(url) = HeaderValue::try_from(url) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let scope = if is_private { "private" } else { "public" };
    let headers = [
        (header::CACHE_CONTROL, format!("{scope}, max-age={max_age_secs}")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let mut response = (status, headers, [(header::LOCATION, url)]).into_response();
    if is_private {
        response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    }
    response
}
