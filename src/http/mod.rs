//! Common parts of pages, feeds and the API: the client's address, cross-origin requests and
//! rate limits.

mod client_ip;
mod csrf;
mod rate_limit;

pub(crate) use client_ip::ClientIp;
pub(crate) use csrf::is_cross_origin;
pub(crate) use rate_limit::{RateLimitExceeded, RateLimiter};
