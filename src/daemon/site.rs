//! The complete service of a connected site: feeds, pages and the API.

use axum::Router;

use crate::api;
use crate::app::App;
use crate::demo::Demo;
use crate::web::{self, FeedFastPath};

/// Creates the service with the API.
pub fn site_service(app: App, demo: Option<Demo>) -> FeedFastPath {
    let api = api::routes(app.clone());
    web::service(app, demo, api)
}

/// Creates the router with the API, without feed aliases and the feed fast path.
pub fn site_router(app: App, demo: Option<Demo>) -> Router {
    let api = api::routes(app.clone());
    web::router(app, demo, api)
}
