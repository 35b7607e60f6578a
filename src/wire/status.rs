//! Document of the state of an installation.

use serde::Serialize;
use utoipa::ToSchema;

use super::digests::Digest;
use super::editions::Edition;
use super::sources::Source;

/// State of an installation: sources, feeds, digests, editions and transports.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Sources with the state of their last syncs.
    pub sources: Vec<Source>,
    /// Number of declared feeds.
    pub feeds: usize,
    /// Digests with their next dates.
    pub digests: Vec<Digest>,
    /// Editions that are neither sent nor cancelled, newest first.
    pub open_editions: Vec<Edition>,
    /// Transports with their waiting messages.
    pub transports: Vec<TransportQueue>,
    /// Number of messages that wait for any transport.
    pub waiting: i64,
}

/// Transport with the messages that wait for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransportQueue {
    /// Name of the transport in the configuration.
    pub name: String,
    /// Number of waiting messages, those of paused editions included.
    pub waiting: i64,
}
