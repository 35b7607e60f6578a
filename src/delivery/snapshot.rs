//! State of the transports at one moment, for metrics and pages.

use std::sync::Arc;

use super::activity::OutcomeCounts;
use super::dispatcher::Dispatcher;
use crate::domain::time::Millis;

/// State of one transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportSnapshot {
    /// Name of the transport.
    pub name: String,
    /// Outcomes since the dispatcher started.
    pub outcomes: OutcomeCounts,
    /// Messages accepted within the last minute.
    pub sent_last_minute: u64,
    /// Leased messages that no worker has taken yet.
    pub queued: usize,
    /// Consecutive failures of the relay.
    pub relay_failures: u32,
    /// Reason of the last failure, until a message is accepted.
    pub relay_error: Option<String>,
    /// End of the backoff after a failure of the relay.
    pub backoff_until: Option<Millis>,
    /// Time until which the rate limits of the transport are used up.
    pub rate_limited_until: Option<Millis>,
    /// Keys of the blocked recipient domains (a provider has one for all of its domains), each with the
    /// end of its backoff.
    pub blocked_domain_keys: Vec<(Arc<str>, Millis)>,
}

impl TransportSnapshot {
    /// Returns `true` if messages can be sent now.
    pub fn can_send_now(&self) -> bool {
        self.backoff_until.is_none() && self.rate_limited_until.is_none()
    }
}

impl Dispatcher {
    /// Returns the state of each transport, in the order of their names.
    pub fn snapshot(&self) -> Vec<TransportSnapshot> {
        let now = (self.clock)();
        let is_ahead = |until: Millis| (until > now).then_some(until);
        self.transports
            .iter()
            .map(|(name, state)| {
                let (outcomes, sent_last_minute, queued) = state.activity.read(now);
                let relay = state.relay_breaker.snapshot();
                TransportSnapshot {
                    name: name.clone(),
                    outcomes,
                    sent_last_minute,
                    queued,
                    relay_failures: relay.failures,
                    relay_error: relay.last_error,
                    backoff_until: is_ahead(relay.open_until),
                    rate_limited_until: is_ahead(relay.rate_limited_until),
                    blocked_domain_keys: state.domain_breakers.open_domain_keys(now),
                }
            })
            .collect()
    }
}
