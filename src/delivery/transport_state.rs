//! State of one transport of this node: its connector, its signer and its breakers.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::activity::TransportActivity;
use super::breakers::connection_limit::ConnectionLimit;
use super::breakers::domain::DomainBreakers;
use super::breakers::relay::RelayBreaker;
use super::breakers::relay_errors::RelayErrors;
use super::transport::Connector;
use crate::config::Transport;
use crate::mail::dkim::Signer;
use crate::mail::smtp::Timeouts;
use crate::store::transport_failures::TransportFailure;

/// Failure of each transport as it was last stored; `None` after it was deleted. A transport that
/// this dispatcher has not stored yet has no entry.
pub(super) type StoredFailures = BTreeMap<String, Option<TransportFailure>>;

/// Everything that belongs to one `[[transports]]` entry.
pub(super) struct TransportState {
    config: Transport,
    /// Built once, since TLS settings load the whole list of system authorities.
    connector: OnceLock<Connector>,
    /// Built once, since keys do not change while the process runs.
    signer: OnceLock<Option<Signer>>,
    /// Stops the use of the relay after failures.
    pub(super) relay_breaker: RelayBreaker,
    /// Number of connections that the relay accepts.
    pub(super) connection_limit: ConnectionLimit,
    /// Distinguishes deliveries that make the relay fail from a failure of the relay.
    pub(super) relay_errors: RelayErrors,
    /// Counters, and the send queue while a run is active.
    pub(super) activity: Arc<TransportActivity>,
    /// Stop the use of recipient domains after deferrals.
    pub(super) domain_breakers: DomainBreakers,
}

impl TransportState {
    /// Creates the state of a transport that was not used yet.
    pub(super) fn new(config: &Transport) -> Self {
        Self {
            config: config.clone(),
            connector: OnceLock::new(),
            signer: OnceLock::new(),
            activity: Arc::default(),
            relay_breaker: RelayBreaker::default(),
            connection_limit: ConnectionLimit::new(config.connections),
            relay_errors: RelayErrors::default(),
            domain_breakers: DomainBreakers::default(),
        }
    }

    /// Returns the connector, built at its first use. An error is one sentence about the settings;
    /// the next call tries again, because files may have been corrected.
    pub(super) fn connector(&self, timeouts: Timeouts) -> Result<Connector, String> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let connector = Connector::new(&self.config, timeouts)?;
        Ok(self.connector.get_or_init(|| connector).clone())
    }

    /// Returns the DKIM signer, built at its first use. An error has a sentence for each unusable
    /// key; the next call tries again.
    pub(super) fn signer(&self) -> Result<Option<Signer>, String> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer.clone());
        }
        let signer =
            Signer::from_transport(&self.config).map_err(|problems| problems.join("; "))?;
        Ok(self.signer.get_or_init(|| signer).clone())
    }
}
