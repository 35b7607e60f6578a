//! Common parts of pages, feeds and the API: the client's address, cross-origin requests, tokens,
//! problem details, downloads and rate limits.

mod api_routes;
mod change_stream;
mod client_ip;
mod csrf;
mod csv_download;
mod problem;
mod rate_limit;
mod token_gate;

pub use api_routes::ApiRoutes;
pub(crate) use api_routes::{UPLOAD_PATH, is_api_path};
pub(crate) use change_stream::change_stream;
pub(crate) use client_ip::ClientIp;
pub(crate) use csrf::is_cross_origin;
pub(crate) use csv_download::{BYTE_ORDER_MARK, csv_download, csv_headers};
pub(crate) use problem::Problem;
pub(crate) use rate_limit::{RateLimitExceeded, RateLimiter};
pub(crate) use token_gate::{TokenGate, authorize};
