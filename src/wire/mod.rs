//! Documents of the command line's `--json` and of the API: their fields, and conversions from the
//! rows and results that they show.
//!
//! Times are RFC 3339 texts in UTC. A field is `null` if its value is unknown or does not exist,
//! and absent only where its documentation says so.

pub mod articles;
pub mod attributes;
pub mod audit;
pub mod bulk;
pub mod definitions;
pub mod deliveries;
pub mod digests;
pub mod editions;
pub mod feeds;
pub mod import_changes;
pub mod imports;
pub mod problem;
pub mod segments;
pub mod sources;
pub mod statistics;
pub mod status;
pub mod subscribers;
pub mod suppressions;
pub mod system;
pub mod tokens;
pub mod transports;
pub mod users;
pub mod webhooks;
pub mod websub;

#[cfg(test)]
mod tests;
