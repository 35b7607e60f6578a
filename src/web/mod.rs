//! Web server: feeds from memory, pages, links from e-mails, the WebSub hub and the API. Handlers
//! change data only through the flow modules.

mod access;
mod admin;
mod aliases;
mod api_operations;
mod api_reference;
mod assets;
mod brand;
mod client;
mod compressed_assets;
mod confirm;
mod connections;
mod demo;
mod document_headers;
mod error;
mod fast_path;
mod feed_list;
mod feed_page;
mod feed_redirects;
mod feeds;
mod form;
mod health;
mod hub;
mod idle_timeout;
mod index;
mod layers;
mod live_service;
mod metrics;
mod negotiation;
mod page;
mod path_token;
mod paused_digests;
mod readership;
mod robots;
mod router;
mod section_cache;
mod server;
mod session;
mod site_languages;
mod state;
mod subscribe;
mod terms;
#[cfg(test)]
mod tests;
mod unsubscribe;

pub use crate::http::ApiRoutes;
pub use fast_path::{FeedFastPath, ResponseFuture};
pub use live_service::LiveService;
pub use router::{degraded_service, router, service};
pub use server::serve;
