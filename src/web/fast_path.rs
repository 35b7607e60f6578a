//! Serves declared feeds, at their own URLs and at aliases, before the axum router; forwards
//! all other requests.
//!
//! A hit takes one map lookup, the cached headers and the shared bytes: no database, no parsing of
//! the URL and no copy of the body.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tower_service::Service;

use super::aliases::{Aliases, infer_format};
use super::document_headers::{DocumentHeaders, Negotiated};
use super::feed_redirects::redirect_permanently;
use super::state::SharedState;
use crate::config::{Config, Feed};
use crate::feeds::cache::document_key;
use crate::feeds::format::Format;
use crate::feeds::rendered::RenderedFeed;
use crate::feeds::request::DocumentKind;
use crate::http::ClientIp;
use crate::metrics::Surface;

/// The web service of one configuration: the feed fast path in front of the router.
#[derive(Debug, Clone)]
pub struct FeedFastPath {
    web: SharedState,
    routes: Arc<FeedRoutes>,
    router: Router,
}

/// The declared feeds, by URL and by alias.
#[derive(Debug)]
struct FeedRoutes {
    paths: HashMap<String, Arc<FeedRoute>>,
    aliases: Aliases<Arc<FeedRoute>>,
}

/// A declared feed in one format.
#[derive(Debug)]
struct FeedRoute {
    feed: Feed,
    /// Key of the document in the feed cache.
    document_key: String,
    path: String,
    /// Headers of the newest version that was requested.
    headers: ArcSwapOption<DocumentHeaders>,
}

impl FeedFastPath {
    /// Creates the service in front of a router.
    pub(super) fn new(web: SharedState, router: Router) -> Self {
        let routes = Arc::new(FeedRoutes::new(&web.app.config));
        Self { web, routes, router }
    }

    /// Finds the feed at a URL; the flag is `true` for an alias.
    fn find_route(&self, uri: &Uri) -> Option<(&Arc<FeedRoute>, bool)> {
        // A query selects an on-demand feed, which the router serves.
        let own_route = || {
            self.routes
                .paths
                .get(uri.path())
                .filter(|_| uri.query().is_none())
                .map(|route| (route, false))
        };
        own_route().or_else(|| Some((self.routes.aliases.find(uri.path(), uri.query())?, true)))
    }

    /// Responds from the feed cache; `None` if the router has to respond. Only Brotli bodies may
    /// need a read from the disk.
    fn respond_from_cache(
        &self,
        route: &Arc<FeedRoute>,
        peer: Option<SocketAddr>,
        request: &Request,
    ) -> Option<ResponseFuture> {
        let rendered = self.web.app.feed_cache.get(&route.document_key)?;
        let headers = route.headers(&self.web.app.config, &rendered);
        match headers.negotiate(
            &rendered,
            &self.web.app.feed_cache,
            request.method(),
            request.headers(),
            self.web.app.clock,
        )? {
            Negotiated::Response(response) => {
                self.web.record_reader_request(
                    &route.feed.name,
                    request.headers(),
                    self.client_of(peer, request),
                    response.status(),
                );
                self.web.app.metrics.http.count(Surface::Feeds, response.status().as_u16());
                Some(ResponseFuture::Ready(Some(response)))
            }
            Negotiated::NeedsBrotliBody => {
                self.web.record_reader_request(
                    &route.feed.name,
                    request.headers(),
                    self.client_of(peer, request),
                    StatusCode::OK,
                );
                self.web.app.metrics.http.count(Surface::Feeds, StatusCode::OK.as_u16());
                let (web, route, request_headers) =
                    (Arc::clone(&self.web), Arc::clone(route), request.headers().clone());
                Some(ResponseFuture::Boxed(Box::pin(async move {
                    let body = web.app.feed_cache.load_brotli(&route.document_key, &rendered).await;
                    let response = headers.finish_brotli(
                        &rendered,
                        &web.app.feed_cache,
                        &request_headers,
                        body,
                    );
                    Ok(response.unwrap_or_else(|| StatusCode::NOT_ACCEPTABLE.into_response()))
                })))
            }
        }
    }

    /// Returns the client's address, for the readership statistics.
    fn client_of(&self, peer: Option<SocketAddr>, request: &Request) -> Option<ClientIp> {
        let from_extension =
            || request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let peer = peer.or_else(from_extension)?.ip();
        Some(ClientIp::new(peer, request.headers(), &self.web.app.config.server.trusted_proxies))
    }

    /// Forwards a request to the router, with the peer's address.
    fn forward(&self, peer: Option<SocketAddr>, mut request: Request) -> ResponseFuture {
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        // Bytes after such a request may belong to its body for the proxy in front (RFC 9112 section
        // 6.1), so nothing more is read from the connection.
        let is_ambiguous = request.headers().contains_key(TRANSFER_ENCODING);
        let response = self.router.clone().call(request);
        ResponseFuture::Boxed(Box::pin(async move {
            let mut response = response.await?;
            // axum adds the length of the empty body, but a 304 may only state the length that
            // a 200 would have (RFC 9110 section 8.6).
            if response.status() == StatusCode::NOT_MODIFIED {
                response.headers_mut().remove(CONTENT_LENGTH);
            }
            if is_ambiguous {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        }))
    }

    /// Answers a request from this peer.
    pub(super) fn handle(&self, peer: Option<SocketAddr>, mut request: Request) -> ResponseFuture {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let Some((route, is_alias)) = self.find_route(request.uri()) else {
            let redirect = if is_read { self.routes.canonical_path(request.uri()) } else { None };
            return match redirect {
                Some((to, is_private)) => ResponseFuture::ready(redirect_permanently(
                    &format!("{}{to}", self.web.app.config.site.base_url.trim_end_matches('/')),
                    is_private,
                )),
                None => self.forward(peer, request),
            };
        };
        let may_be_cached = is_read && !request.headers().contains_key(TRANSFER_ENCODING);
        if may_be_cached && let Some(response) = self.respond_from_cache(route, peer, &request) {
            return response;
        }
        if is_alias {
            // The router reports errors of an alias as errors of the feed's own URL.
            let path = PathAndQuery::try_from(route.path.as_str());
            *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        }
        self.forward(peer, request)
    }
}

/// Response future of [`FeedFastPath`]; a cached response needs no allocation.
pub enum ResponseFuture {
    /// A response that is available immediately; `None` after it was returned.
    Ready(Option<Response>),
    /// A response that has to be awaited.
    Boxed(Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>),
}

impl ResponseFuture {
    fn ready(response: Response) -> Self {
        Self::Ready(Some(response))
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(response) => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
            Self::Boxed(response) => response.as_mut().poll(context),
        }
    }
}

impl FeedRoutes {
    fn new(config: &Config) -> Self {
        let new_route = |feed: &Feed, format: Format| {
            let path = format!("/feeds/{}.{}", feed.path(), format.extension());
            Arc::new(FeedRoute {
                feed: feed.clone(),
                document_key: document_key(feed, format),
                path,
                headers: ArcSwapOption::empty(),
            })
        };
        let mut paths = HashMap::new();
        let mut aliases = Vec::new();
        for feed in &config.feeds {
            for format in Format::ALL {
                let route = new_route(feed, format);
                let aliases_in_format =
                    feed.aliases.iter().filter(|alias| infer_format(alias) == format);
                aliases.extend(aliases_in_format.map(|alias| (alias.clone(), Arc::clone(&route))));
                paths.insert(route.path.clone(), route);
            }
        }
        Self { paths, aliases: Aliases::new(aliases) }
    }

    /// Returns the canonical form of a URL with superfluous slashes or capital letters if a
    /// feed exists there; the flag is `true` if the URL contains a private feed's secret.
    fn canonical_path(&self, uri: &Uri) -> Option<(String, bool)> {
        let path = uri.path();
        let is_doubled = path.contains("//");
        if !(is_doubled
            || (path.len() > 1 && path.ends_with('/'))
            || path.bytes().any(|b| b.is_ascii_uppercase()))
        {
            return None;
        }
        let exact: String = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .flat_map(|segment| ["/", segment])
            .collect();
        let lower = exact.to_ascii_lowercase();
        // A redirect must not confirm a nearly correct guess of a private URL.
        let is_public =
            |path: &String| self.paths.get(path).is_some_and(|route| route.feed.secret.is_none());
        let path = if self.paths.contains_key(&exact) || (is_doubled && exact.starts_with("/feeds"))
        {
            exact
        } else {
            Some(lower).filter(is_public)?
        };
        let holds_secret = |route: &Arc<FeedRoute>| {
            route.feed.secret.as_ref().is_some_and(|secret| path.contains(secret))
        };
        let is_private = self.paths.values().any(holds_secret);
        Some(uri.query().map_or_else(|| path.clone(), |query| format!("{path}?{query}")))
            .filter(|to| uri.path_and_query().is_none_or(|requested| requested.as_str() != to))
            .map(|to| (to, is_private))
    }
}

impl FeedRoute {
    fn headers(&self, config: &Config, rendered: &RenderedFeed) -> Arc<DocumentHeaders> {
        if let Some(headers) =
            self.headers.load().as_ref().filter(|headers| headers.matches(rendered))
        {
            return Arc::clone(headers);
        }
        let headers =
            Arc::new(DocumentHeaders::new(config, &self.feed, DocumentKind::Newest, rendered));
        self.headers.store(Some(Arc::clone(&headers)));
        headers
    }
}
