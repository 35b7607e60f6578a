//! Routes of the server and the layers around them.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::error::WebError;
use super::fast_path::FeedFastPath;
use super::state::{DATABASE_RETRY_AFTER_SECS, Demo, MAX_FORM_BYTES, SharedState, build_state};
use super::{
    api, confirm, demo, feed_list, feeds, health, hub, index, page, subscribe, unsubscribe,
};
use crate::app::App;

/// Creates the complete service. Its addresses are relative to the path of `base_url`, which a
/// proxy in front must strip.
pub fn service(app: App, demo: Option<Demo>) -> FeedFastPath {
    let web = build_state(app, demo);
    FeedFastPath::new(Arc::clone(&web), routes(web))
}

/// Creates the router alone, without feed aliases and the fast path.
pub fn router(app: App, demo: Option<Demo>) -> Router {
    routes(build_state(app, demo))
}

/// Creates the service of degraded mode: cached feeds and the pages made from them.
pub(super) fn degraded_service(app: App) -> FeedFastPath {
    let web = build_state(app, None);
    let routes = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz_degraded))
        .fallback(async || WebError::unavailable(DATABASE_RETRY_AFTER_SECS));
    let router = with_layers(feed_routes(routes), web.clone());
    FeedFastPath::new(web, router)
}

/// Adds the routes that work from the feed cache, without the database.
fn feed_routes(routes: Router<SharedState>) -> Router<SharedState> {
    routes
        .route("/", get(index::show))
        .route("/feeds", get(feed_list::show))
        .route("/feeds/", get(feed_list::show))
        .route("/feeds.opml", get(feed_list::opml).options(feeds::preflight))
        .route("/feeds/{*path}", get(feeds::show).options(feeds::preflight))
        .route("/feeds.rss", get(feeds::show_filtered).options(feeds::preflight))
        .route("/feeds.atom", get(feeds::show_filtered).options(feeds::preflight))
        .route("/feeds.json", get(feeds::show_filtered).options(feeds::preflight))
        .route("/assets/style.css", get(page::stylesheet))
}

fn routes(web: SharedState) -> Router {
    let mut routes = feed_routes(Router::new())
        .route("/subscribe", get(subscribe::show).post(subscribe::submit))
        .route("/confirm/{token}", get(confirm::show).post(confirm::submit))
        .route("/unsubscribe/{token}", get(unsubscribe::show).post(unsubscribe::submit))
        .nest("/api/v1", api::routes())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz));
    if web.app.config.websub.hub {
        routes = routes.route("/hub", post(hub::submit));
    }
    if web.demo.is_some() {
        routes = routes
            .route("/mailbox", get(demo::mailbox::list))
            .route("/mailbox/{id}", get(demo::mailbox::show))
            .route("/mailbox.json", get(demo::mailbox::json))
            .route("/demo/publish", get(demo::publish::show).post(demo::publish::submit))
            .route("/demo/articles/{id}", get(demo::article::show));
    }
    with_layers(routes.fallback(async || WebError::not_found()), web)
}

fn with_layers(routes: Router<SharedState>, web: SharedState) -> Router {
    routes
        .method_not_allowed_fallback(async || WebError::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(from_fn_with_state(Arc::clone(&web), page::error_pages))
        .with_state(web)
}
