//! `/api/v1`: the HTTP API. Clients authenticate with a bearer token; errors are problem details
//! (RFC 9457).

mod articles;
mod attention;
mod attributes;
mod audit;
mod bulk_operations;
mod caller;
mod definitions;
mod digest_mails;
mod digests;
mod document;
mod editions;
mod events;
mod exports;
mod feeds;
mod idempotency;
mod imports;
mod input;
mod installation;
mod operations;
mod output;
mod paging;
mod reloads;
mod routes;
mod segments;
mod sessions;
mod sources;
mod statistics;
mod status;
mod subscriber_changes;
mod subscriber_documents;
mod subscriber_values;
mod subscribers;
mod subscriptions;
mod suppressions;
mod tokens;
mod transports;
mod users;
mod webhooks;

pub use routes::{openapi, routes};
pub use status::read_status;
