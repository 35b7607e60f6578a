//! Documents about transports: their queues, and how they send at present.

use serde::Serialize;
use utoipa::ToSchema;

use crate::delivery::TransportSnapshot;

/// Transport with the messages that wait for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Transport {
    /// Name of the transport in the configuration.
    pub name: String,
    /// Number of waiting messages, those of paused editions included.
    pub waiting: i64,
    /// State of the transport at this node; `null` while the node does not send.
    #[schema(required)]
    pub state: Option<TransportState>,
}

/// State of a transport at one node.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransportState {
    /// Number of messages that the relay accepted since the node started.
    pub sent: u64,
    /// Number of messages that failed permanently since the node started.
    pub failed: u64,
    /// Number of messages that the relay accepted within the last minute.
    pub sent_last_minute: u64,
    /// Number of consecutive failures of the relay.
    pub relay_failures: u32,
    /// Last error of the relay as a sentence; `null` once it accepted a message.
    #[schema(required)]
    pub error: Option<String>,
    /// Time until which nothing is sent after a failure (RFC 3339); `null` if there is none.
    #[schema(required)]
    pub backoff_until: Option<String>,
    /// Time until which the rate limits are used up (RFC 3339); `null` if they are not.
    #[schema(required)]
    pub rate_limited_until: Option<String>,
    /// Number of recipient domains that wait after rejections.
    pub blocked_domains: usize,
}

impl Transport {
    /// Returns the document of a transport and of its state, if this node sends.
    pub fn new(name: &str, waiting: i64, snapshot: Option<&TransportSnapshot>) -> Self {
        Self { name: name.to_owned(), waiting, state: snapshot.map(TransportState::from) }
    }
}

impl From<&TransportSnapshot> for TransportState {
    fn from(s: &TransportSnapshot) -> Self {
        Self {
            sent: s.outcomes.sent,
            failed: s.outcomes.failed,
            sent_last_minute: s.sent_last_minute,
            relay_failures: s.relay_failures,
            error: s.relay_error.clone(),
            backoff_until: s.backoff_until.map(|t| t.rfc3339()),
            rate_limited_until: s.rate_limited_until.map(|t| t.rfc3339()),
            blocked_domains: s.blocked_domain_keys.len(),
        }
    }
}
