//! `/api/v1`: the HTTP API. Clients authenticate with a bearer token; errors are problem details
//! (RFC 9457).

mod articles;
mod caller;
mod document;
mod input;
mod operations;
mod output;
mod paging;
mod routes;
mod sources;
mod suppressions;

pub use routes::routes;
