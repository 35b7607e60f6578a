//! Web server: feeds from memory, pages, links from e-mails, the WebSub hub and the API. Handlers
//! change data only through the flow modules.

mod aliases;
mod api;
mod cached_headers;
mod client;
mod confirm;
mod demo;
mod error;
mod facets;
mod fast_path;
mod feed_list;
mod feed_page;
mod feeds;
mod form;
mod health;
mod hub;
mod idle_timeout;
mod index;
mod negotiation;
mod page;
mod rate_limit;
mod readership;
mod subscribe;
mod summaries;
#[cfg(test)]
mod tests;
mod unsubscribe;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::feeds::opml::Opml;
use crate::mail::mail_catcher::MailCatcher;
use error::WebError;
use facets::FacetCache;
pub use fast_path::{FeedFastPath, ResponseFuture};
use idle_timeout::IdleTimeoutListener;
use rate_limit::RateLimiter;
use subscribe::SectionCache;
use summaries::SummaryCache;

/// Maximum size of a request body in bytes.
const MAX_FORM_BYTES: usize = 64 * 1024;
/// Subscription requests that one network may make per hour.
const SUBSCRIBE_REQUESTS_PER_HOUR: u32 = 20;
/// WebSub requests that one network may make per hour; a feed service subscribes to each feed and
/// format.
const HUB_REQUESTS_PER_HOUR: u32 = 600;
/// API requests that one network may make per hour; requests from this machine are not counted.
const API_REQUESTS_PER_HOUR: u32 = 3600;
/// `Retry-After` while the database is unavailable, in seconds.
const DATABASE_RETRY_AFTER_SECS: i64 = 30;
/// Time that requests in progress have to finish when the server shuts down.
const SHUTDOWN_GRACE_PERIOD: Duration = Duration::from_secs(5);

/// Settings of the demo, which adds an inbox and a publishing form.
#[derive(Debug, Clone)]
pub struct Demo {
    /// SMTP server that receives the demo's e-mails.
    pub mail_catcher: MailCatcher,
    /// Sections to choose from in the publishing form.
    pub sections: Vec<String>,
    /// Builtin source that the publishing form writes to.
    pub source: String,
}

/// State shared by all handlers.
#[derive(Debug)]
struct WebState {
    app: App,
    demo: Option<Demo>,
    /// Path of `base_url` without a trailing slash.
    base_path: String,
    summaries: SummaryCache,
    facets: FacetCache,
    /// OPML list of the public feeds; `None` without public feeds.
    opml: Option<Opml>,
    /// Limits subscription requests per network.
    subscribe_limiter: RateLimiter,
    /// Limits requests to the WebSub hub per network.
    hub_limiter: RateLimiter,
    /// Limits requests to the API per network.
    api_limiter: RateLimiter,
    sections: SectionCache,
}

type SharedState = Arc<WebState>;

/// Serves until `stop`; requests in progress then have five seconds to finish.
///
/// # Errors
/// Fails if the listener fails permanently.
pub async fn serve(
    app: App,
    listener: TcpListener,
    demo: Option<Demo>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    run_server(service(app, demo), listener, stop).await
}

/// Serves until `stop` in degraded mode, without the database: cached feeds and the pages made from
/// them.
///
/// # Errors
/// Fails if the listener fails permanently.
pub async fn serve_degraded(
    app: App,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let web = build_state(app, None);
    let routes = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz_degraded))
        .fallback(async || WebError::unavailable(DATABASE_RETRY_AFTER_SECS));
    let router = with_layers(feed_routes(routes), web.clone());
    run_server(FeedFastPath::new(web, router), listener, stop).await
}

async fn run_server(
    service: FeedFastPath,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let server = axum::serve(IdleTimeoutListener::new(listener), service)
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    let grace_period_over = async {
        stop.cancelled().await;
        tokio::time::sleep(SHUTDOWN_GRACE_PERIOD).await;
    };
    tokio::select! {
        result = server => Ok(result?),
        () = grace_period_over => Ok(()),
    }
}

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

fn build_state(app: App, demo: Option<Demo>) -> SharedState {
    let base_path = page::base_path(&app.config.site.base_url);
    let opml = Opml::from_config(&app.config);
    Arc::new(WebState {
        app,
        demo,
        base_path,
        summaries: SummaryCache::default(),
        facets: FacetCache::default(),
        opml,
        subscribe_limiter: RateLimiter::new(SUBSCRIBE_REQUESTS_PER_HOUR),
        hub_limiter: RateLimiter::new(HUB_REQUESTS_PER_HOUR),
        api_limiter: RateLimiter::new(API_REQUESTS_PER_HOUR),
        sections: SectionCache::default(),
    })
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
