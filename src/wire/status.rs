//! Document of the state of an installation.

use serde::Serialize;
use utoipa::ToSchema;

use super::digests::Digest;
use super::editions::Edition;
use super::sources::Source;
use crate::store::transport_failures::TransportFailure;

/// State of an installation: sources, feeds, digests, editions and transports.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Everything that needs a person's attention, most urgent first.
    pub attention: Vec<Attention>,
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

/// Something that a person must know or decide.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Attention {
    /// Kind of the object: `database`, `daemon`, `transport`, `name`, `digest`, `source`, `token`,
    /// `destination` or `webhook`.
    pub kind: String,
    /// Name of the object; `null` if it has none.
    #[schema(required)]
    pub name: Option<String>,
    /// Description as a sentence, without the name.
    pub text: String,
    /// Time at which it began (RFC 3339); `null` if that is not known.
    #[schema(required)]
    pub since: Option<String>,
}

/// Transport with the messages that wait for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransportQueue {
    /// Name of the transport in the configuration.
    pub name: String,
    /// Number of waiting messages, those of paused editions included.
    pub waiting: i64,
    /// Failure of its relay; `null` if it accepted the last message.
    #[schema(required)]
    pub failure: Option<RelayFailure>,
}

/// Failure of a relay since the last message that it accepted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RelayFailure {
    /// Error of the last attempt as a sentence.
    pub error: String,
    /// Number of consecutive failures.
    pub failures: i64,
    /// Time of the first of them (RFC 3339).
    pub since: String,
    /// Time before which nothing is sent (RFC 3339).
    pub retry_at: String,
}

impl From<&TransportFailure> for RelayFailure {
    fn from(failure: &TransportFailure) -> Self {
        Self {
            error: failure.error.clone(),
            failures: failure.failures,
            since: failure.since.rfc3339(),
            retry_at: failure.retry_at.rfc3339(),
        }
    }
}
