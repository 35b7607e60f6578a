//! The web server: feeds from memory, pages for people, links from mails; every change passes through a flow.

mod aliases;
mod api;
mod choices;
mod confirm;
mod door;
mod error;
mod feed_list;
mod feed_page;
mod feeds;
mod form;
mod front;
mod health;
mod hub;
mod index;
mod limit;
mod mailbox;
mod negotiation;
mod page;
mod publish;
mod readership;
mod ready;
mod socket;
mod story;
mod subscribe;
#[cfg(test)]
mod tests;
mod unsubscribe;
mod visitor;

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
use crate::mail::mailbox::Mailbox;
use choices::Choices;
pub use door::{Answer, Door};
use error::WebError;
use front::Front;
use limit::Limit;
use socket::Sockets;
use subscribe::Offered;

/// The longest body that a form may send, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// Subscriptions by mail that one network may ask for in an hour.
const MOST_BY_MAIL: u32 = 20;
/// Subscriptions at the hub, which reading services ask for by the feed and format.
const MOST_AT_HUB: u32 = 600;
/// Requests at the API that one network may make in an hour; this machine's own are not counted.
const MOST_AT_API: u32 = 3600;
/// Seconds after which it is worth asking again while the database is away.
const RETRY: i64 = 30;
/// How long requests under way may take to end once the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// What only the demo has: its mailbox, and a form that publishes.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Where the mails arrive.
    pub mailbox: Mailbox,
    /// The sections that the form offers.
    pub sections: Vec<String>,
    /// The builtin source that the form publishes into.
    pub source: String,
}

/// What all handlers share.
#[derive(Debug)]
struct Web {
    app: App,
    demo: Option<Demo>,
    /// The path of base_url, without a slash at its end.
    base: String,
    front: Front,
    choices: Choices,
    /// All public feeds, if there are any.
    opml: Option<Opml>,
    limit: Limit,
    /// For requests at the hub.
    hub_limit: Limit,
    /// For requests at the API.
    api_limit: Limit,
    offered: Offered,
}

type Shared = Arc<Web>;

/// Serves until `stop`; then requests under way have five seconds to end.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    app: App,
    listener: TcpListener,
    demo: Option<Demo>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    answer(door(app, demo), listener, stop).await
}

/// Serves what needs no database until `stop`: the feeds that are there, and pages that are made of them.
///
/// # Errors
/// When the listener fails for good.
pub async fn stand_by(
    app: App,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let web = shared(app, None);
    let routes = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::waiting))
        .fallback(async || WebError::soon(RETRY));
    let router = finished(of_feeds(routes), web.clone());
    answer(Door::to(web, router), listener, stop).await
}

async fn answer(door: Door, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let server = axum::serve(Sockets::of(listener), door)
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server => Ok(ended?),
        () = patience => Ok(()),
    }
}

/// All addresses, as they are below base_url's path: a proxy in front takes that path away.
pub fn door(app: App, demo: Option<Demo>) -> Door {
    let web = shared(app, demo);
    Door::to(Arc::clone(&web), routes(web))
}

/// Those without the aliases of feeds, and without the shorter way to feeds.
pub fn router(app: App, demo: Option<Demo>) -> Router {
    routes(shared(app, demo))
}

fn shared(app: App, demo: Option<Demo>) -> Shared {
    let base = page::path_of(&app.config.site.base_url);
    let opml = Opml::of(&app.config);
    Arc::new(Web {
        app,
        demo,
        base,
        front: Front::default(),
        choices: Choices::default(),
        opml,
        limit: Limit::of(MOST_BY_MAIL),
        hub_limit: Limit::of(MOST_AT_HUB),
        api_limit: Limit::of(MOST_AT_API),
        offered: Offered::default(),
    })
}

/// What is made of the feeds in memory, as far as they have it.
fn of_feeds(routes: Router<Shared>) -> Router<Shared> {
    routes
        .route("/", get(index::show))
        .route("/feeds", get(feed_list::show))
        .route("/feeds/", get(feed_list::show))
        .route("/feeds.opml", get(feed_list::list).options(feeds::preflight))
        .route("/feeds/{*path}", get(feeds::show).options(feeds::preflight))
        .route("/feeds.rss", get(feeds::choose).options(feeds::preflight))
        .route("/feeds.atom", get(feeds::choose).options(feeds::preflight))
        .route("/feeds.json", get(feeds::choose).options(feeds::preflight))
        .route("/assets/style.css", get(page::stylesheet))
}

fn routes(web: Shared) -> Router {
    let mut routes = of_feeds(Router::new())
        .route("/subscribe", get(subscribe::show).post(subscribe::submit))
        .route("/confirm/{token}", get(confirm::show).post(confirm::submit))
        .route("/unsubscribe/{token}", get(unsubscribe::show).post(unsubscribe::submit))
        .nest("/api/v1", api::routes())
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready));
    if web.app.config.push.hub {
        routes = routes.route("/hub", post(hub::submit));
    }
    if web.demo.is_some() {
        routes = routes
            .route("/mailbox", get(mailbox::list))
            .route("/mailbox/{id}", get(mailbox::show))
            .route("/mailbox.json", get(mailbox::json))
            .route("/demo/publish", get(publish::show).post(publish::submit))
            .route("/demo/articles/{id}", get(story::show));
    }
    finished(routes.fallback(async || WebError::not_found()), web)
}

fn finished(routes: Router<Shared>, web: Shared) -> Router {
    routes
        .method_not_allowed_fallback(async || WebError::method())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&web), page::dress))
        .with_state(web)
}
