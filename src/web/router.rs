//! Routes of the server, each with its access.

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::access::{Access, Routes};
use super::error::{DATABASE_RETRY_AFTER_SECS, WebError};
use super::fast_path::FeedFastPath;
use super::layers::with_layers;
use super::state::{SharedState, build_state};
use super::{
    admin, api_reference, assets, brand, confirm, demo, feed_list, feeds, health, hub, index,
    metrics, robots, subscribe, unsubscribe,
};
use crate::app::App;
use crate::demo::Demo;
use crate::domain::permission::Permission;
use crate::http::{ApiRoutes, Problem, is_api_path};

/// Creates the complete service. Its addresses are relative to the path of `base_url`, which a
/// proxy in front must strip.
pub fn service(app: App, demo: Option<Demo>, api: ApiRoutes) -> FeedFastPath {
    let web = build_state(app, demo, api.document);
    FeedFastPath::new(Arc::clone(&web), build_router(web, api))
}

/// Creates the router alone, without feed aliases and the fast path.
pub fn router(app: App, demo: Option<Demo>, api: ApiRoutes) -> Router {
    build_router(build_state(app, demo, api.document), api)
}

/// Creates the service of degraded mode: cached feeds and the pages made from them.
pub fn degraded_service(app: App) -> FeedFastPath {
    let web = build_state(app, None, None);
    let routes = add_feed_routes(Routes::new(&web))
        .add("/healthz", Access::Public, get(health::healthz))
        .add("/readyz", Access::Public, get(health::readyz_degraded))
        .into_router()
        .fallback(async || WebError::unavailable(DATABASE_RETRY_AFTER_SECS));
    let router = with_layers(routes, Arc::clone(&web));
    FeedFastPath::new(web, router)
}

/// Adds the routes that work from the feed cache, without the database.
fn add_feed_routes(routes: Routes) -> Routes {
    let filtered = || get(feeds::show_filtered).options(feeds::preflight);
    routes
        .add("/", Access::Public, get(index::show))
        .add("/feeds", Access::Public, get(feed_list::show))
        .add("/feeds/", Access::Public, get(feed_list::show))
        .add("/feeds.opml", Access::Public, get(feed_list::opml).options(feeds::preflight))
        .add("/feeds/{*path}", Access::Public, get(feeds::show).options(feeds::preflight))
        .add("/feeds.rss", Access::Public, filtered())
        .add("/feeds.atom", Access::Public, filtered())
        .add("/feeds.json", Access::Public, filtered())
        .add("/assets/{name}", Access::Public, get(assets::show))
        .add("/assets/accent.css", Access::Public, get(brand::accent))
        .add("/favicon.ico", Access::Public, get(brand::icon))
        .add("/favicon.svg", Access::Public, get(brand::icon))
        .add("/robots.txt", Access::Public, get(robots::show))
}

/// Declares all routes of a connected server.
fn connected_routes(web: &SharedState) -> Routes {
    let confirm = get(confirm::show).post(confirm::submit);
    let unsubscribe = get(unsubscribe::show).post(unsubscribe::submit);
    let mut routes = add_feed_routes(Routes::new(web))
        .add("/subscribe", Access::Public, get(subscribe::show).post(subscribe::submit))
        .add("/confirm/{token}", Access::TokenInPath, confirm.clone())
        .add("/confirm/{token}/", Access::TokenInPath, confirm)
        .add("/unsubscribe/{token}", Access::TokenInPath, unsubscribe.clone())
        .add("/unsubscribe/{token}/", Access::TokenInPath, unsubscribe)
        .add("/api", Access::Public, get(api_reference::show))
        .add("/api/", Access::Public, get(api_reference::show))
        .add("/healthz", Access::Public, get(health::healthz))
        .add("/readyz", Access::Public, get(health::readyz))
        .add("/metrics", Access::Permission(Permission::ReadMetrics), get(metrics::show));
    if web.app.config.admin.enabled {
        routes = admin::add_routes(routes, web.oidc.is_some());
    }
    if web.app.config.websub.hub {
        routes = routes.add("/hub", Access::ServerToServer, post(hub::submit));
    }
    if web.demo.is_some() {
        routes = demo::add_routes(routes);
    }
    routes
}

async fn not_found(uri: Uri) -> Response {
    if is_api_path(uri.path()) {
        return Problem::not_found("no such API endpoint").into_response();
    }
    WebError::not_found().into_response()
}

/// Returns all routes with their access, for tests.
#[cfg(test)]
pub(super) fn declared_routes(app: App, demo: Option<Demo>) -> Vec<(&'static str, Access)> {
    connected_routes(&build_state(app, demo, None)).declared().to_vec()
}

fn build_router(web: SharedState, api: ApiRoutes) -> Router {
    let router = connected_routes(&web).into_router().merge(api.router.with_state(()));
    let router = router.fallback(not_found);
    with_layers(router, web)
}
