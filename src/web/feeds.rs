//! `/feeds/NAME.rss`, `.atom`, `.json`: feed documents, served from memory even without the
//! database.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::client::ClientInfo;
use super::document_headers::{DocumentHeaders, Negotiated};
use super::error::{WebError, WebResult};
use super::feed_page;
use super::feed_redirects::{redirect_permanently, redirect_to_next};
use super::state::{SharedState, WebState};
use crate::feeds::cache::document_key;
use crate::feeds::format::Format;
use crate::feeds::on_demand::Lookup;
use crate::feeds::request::FeedRequest;
use crate::http::ClientIp;

/// `GET /feeds/{path}`: the feed document, or without a format the feed's page.
pub(super) async fn show(
    State(web): State<SharedState>,
    uri: Uri,
    client: ClientInfo,
    ip: Option<Extension<ClientIp>>,
    method: Method,
    request_headers: HeaderMap,
) -> WebResult<Response> {
    let path = uri.path().strip_prefix("/feeds/").unwrap_or_default();
    let feed_request = FeedRequest::from_path(path, uri.query()).ok_or_else(WebError::not_found)?;
    if let Some(current) = feed_request.with_current_name(&web.app.config) {
        return Ok(redirect_permanently(
            &current.url(&web.app.config),
            current.selector.secret.is_some(),
        ));
    }
    let Some(format) = feed_request.format else {
        return feed_page::show(&web, &feed_request, &client, &method).await;
    };
    match document(&web, &feed_request, format, ip, &method, &request_headers).await? {
        Some(response) => Ok(response),
        None => {
            let named = FeedRequest::from_path_ignoring_format(path, uri.query())
                .ok_or_else(WebError::not_found)?;
            feed_page::show(&web, &named, &client, &method).await
        }
    }
}

/// `GET /feeds.rss?section=…`: an on-demand feed selected from all articles.
pub(super) async fn show_filtered(
    State(web): State<SharedState>,
    uri: Uri,
    ip: Option<Extension<ClientIp>>,
    method: Method,
    request_headers: HeaderMap,
) -> WebResult<Response> {
    let format = uri
        .path()
        .strip_prefix("/feeds.")
        .and_then(Format::from_extension)
        .ok_or_else(WebError::not_found)?;
    let feed_request = FeedRequest::from_query(format, uri.query().unwrap_or_default())
        .ok_or_else(WebError::not_found)?;
    document(&web, &feed_request, format, ip, &method, &request_headers)
        .await?
        .ok_or_else(WebError::not_found)
}

/// Responds with a feed document; `None` if no such feed exists.
async fn document(
    web: &WebState,
    feed_request: &FeedRequest,
    format: Format,
    ip: Option<Extension<ClientIp>>,
    method: &Method,
    request_headers: &HeaderMap,
) -> WebResult<Option<Response>> {
    let app = &web.app;
    let found = app
        .on_demand
        .lookup(&app.store, &app.config, &app.feed_cache, feed_request, format, app.now())
        .await;
    match found? {
        None => Ok(None),
        Some(Lookup::NotRendered) => Err(WebError::not_rendered()),
        Some(Lookup::Redirect(to)) => {
            Ok(Some(redirect_to_next(&format!("{to}.{}", format.extension()), feed_request)))
        }
        Some(Lookup::Document(feed, rendered)) => {
            let headers = DocumentHeaders::new(&app.config, &feed, feed_request.kind, &rendered);
            let response = match headers
                .negotiate(&rendered, &app.feed_cache, method, request_headers, app.clock)
                .ok_or_else(WebError::not_acceptable)?
            {
                Negotiated::Response(response) => response,
                // Only declared feeds are compressed with Brotli, and they arrive here only if the
                // URL has a query; the fast path serves the others.
                Negotiated::NeedsBrotliBody => {
                    let body =
                        app.feed_cache.load_brotli(&document_key(&feed, format), &rendered).await;
                    headers
                        .finish_brotli(&rendered, &app.feed_cache, request_headers, body)
                        .ok_or_else(WebError::not_acceptable)?
                }
            };
            web.record_reader_request(
                &feed.name,
                request_headers,
                ip.map(|Extension(ip)| ip),
                response.status(),
            );
            Ok(Some(response))
        }
    }
}

/// `OPTIONS` on feed URLs: allows cross-origin reads from any site (CORS).
pub(super) async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "If-None-Match, If-Modified-Since, Cache-Control, Accept, Content-Type",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (header::ALLOW, "GET, HEAD, OPTIONS"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
