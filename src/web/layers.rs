//! The layers around all routes, from the outside in: the client's address, the count of requests,
//! the request id, a tracing span, error pages with the security headers, panics, the time limit and the body limit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::trace::TraceLayer;

use super::error::WebError;
use super::state::{MAX_BODY_BYTES, SharedState};
use super::{metrics, page};
use crate::clock;
use crate::http::{ClientIp, Problem, UPLOAD_PATH, is_api_path};

/// Longest time that a handler may take until its response begins.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(30);
/// The same for the upload of a file, whose body may be large.
const UPLOAD_TIMEOUT: Duration = Duration::from_hours(1);
/// Paths to which clients upload files of subscribers.
const UPLOAD_PATHS: [&str; 2] = [UPLOAD_PATH, "/admin/subscribers/import"];
/// Header that holds the id of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Creates a random id for each request.
#[derive(Debug, Clone, Copy)]
struct RandomRequestId;

impl MakeRequestId for RandomRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = hex::encode(clock::random_bytes::<8>());
        HeaderValue::try_from(id).ok().map(RequestId::new)
    }
}

/// Adds the layers to a router and its shared state.
pub(super) fn with_layers(routes: Router<SharedState>, web: SharedState) -> Router {
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(Arc::clone(&web), identify_client))
        .layer(from_fn_with_state(Arc::clone(&web), metrics::count_requests))
        .layer(SetRequestIdLayer::new(REQUEST_ID, RandomRequestId))
        .layer(TraceLayer::new_for_http().make_span_with(request_span))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(from_fn_with_state(Arc::clone(&web), page::error_pages))
        .layer(CatchPanicLayer::custom(|_| WebError::internal().into_response()))
        .layer(from_fn(limit_time))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    routes.method_not_allowed_fallback(method_not_allowed).layer(layers).with_state(web)
}

/// Middleware: determines the client's address, and removes a request id that no trusted proxy set.
async fn identify_client(
    State(web): State<SharedState>,
    mut request: Request,
    next: Next,
) -> Response {
    let trusted = &web.app.config.server.trusted_proxies;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if let Some(peer) = peer {
        let client = ClientIp::new(peer, request.headers(), trusted);
        request.extensions_mut().insert(client);
    }
    let is_from_proxy = peer
        .is_some_and(|peer| trusted.iter().any(|network| network.contains(peer.to_canonical())));
    if !is_from_proxy {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

/// Returns the span of a request. Only the first segment of the path is recorded, because the
/// others may hold a token, and neither the client's address nor its headers.
fn request_span(request: &Request) -> tracing::Span {
    let segment = request.uri().path().split('/').nth(1).unwrap_or_default();
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = format!("/{segment}"), id)
}

async fn method_not_allowed(uri: Uri) -> Response {
    if is_api_path(uri.path()) {
        return Problem::method_not_allowed().into_response();
    }
    WebError::method_not_allowed().into_response()
}

/// Middleware: ends a request whose handler takes too long.
async fn limit_time(request: Request, next: Next) -> Response {
    let is_upload =
        request.method() == Method::POST && UPLOAD_PATHS.contains(&request.uri().path());
    let limit = if is_upload { UPLOAD_TIMEOUT } else { HANDLER_TIMEOUT };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => WebError::unavailable(super::error::DATABASE_RETRY_AFTER_SECS).into_response(),
    }
}
