//! The dispatcher: sends the due mail of all transports of one node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::balancer::{self, WeightedBalancer};
use super::breakers::edition::{EditionBreakers, RejectionAction};
use super::lease_registry::LeaseRegistry;
use super::recorder::Recorder;
use super::transport_state::{StoredFailures, TransportState};
use crate::config::{Config, Transport};
use crate::domain::actor::Actor;
use crate::domain::edition::EditionCommand;
use crate::domain::hidden_addresses::hide_local_parts;
use crate::domain::time::Millis;
use crate::mail::dkim::Signer;
use crate::mail::smtp::{FailureScope, Reply, Timeouts};
use crate::store::identity::StoreIdentity;
use crate::store::{Store, StoreError};
use crate::templates::Templates;

/// Sends the due mail of all transports; one per process, cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    pub(super) store: Store,
    pub(super) config: Arc<Config>,
    pub(super) templates: Arc<Templates>,
    pub(super) store_identity: Arc<StoreIdentity>,
    pub(super) node: String,
    pub(super) clock: fn() -> Millis,
    pub(super) timeouts: Timeouts,
    pub(super) recorder: Recorder,
    /// State of each transport in the config, by name.
    pub(super) transports: Arc<BTreeMap<String, TransportState>>,
    pub(super) balancer: Arc<WeightedBalancer>,
    pub(super) edition_breakers: Arc<EditionBreakers>,
    /// Leases of the runs of this process; locked while a run leases rows.
    pub(super) leases: Arc<tokio::sync::Mutex<LeaseRegistry>>,
    pub(super) content_attempts: Arc<AtomicU64>,
    pub(super) stored_failures: Arc<tokio::sync::Mutex<StoredFailures>>,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Transports hold passwords and private keys.
        f.debug_struct("Dispatcher").field("node", &self.node).finish_non_exhaustive()
    }
}

/// Interval between lease renewals: a third of the lease duration.
const LEASE_RENEW_INTERVAL: Duration = Duration::from_secs(4);

impl Dispatcher {
    /// Creates the dispatcher of a node; the node name must be new at every start.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        templates: Arc<Templates>,
        store_identity: Arc<StoreIdentity>,
        node: String,
        clock: fn() -> Millis,
    ) -> Self {
        let recorder = Recorder::start(store.clone(), node.clone(), clock);
        let states = config.transports.iter().map(|t| (t.name.clone(), TransportState::new(t)));
        let transports = Arc::new(states.collect());
        Self {
            store,
            config,
            templates,
            store_identity,
            node,
            clock,
            timeouts: Timeouts::default(),
            recorder,
            transports,
            balancer: Arc::default(),
            edition_breakers: Arc::default(),
            leases: Arc::default(),
            content_attempts: Arc::default(),
            stored_failures: Arc::default(),
        }
    }

    /// Returns the dispatcher with other timeouts for relays.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Returns the name of this node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Renews the leases of this node and stores the failures of relays until `done` fires; runs
    /// concurrently with all deliveries.
    pub async fn renew_leases_until(&self, done: &CancellationToken) {
        loop {
            tokio::select! {
                () = done.cancelled() => return,
                () = tokio::time::sleep(LEASE_RENEW_INTERVAL) => {}
            }
            // The recorder logs database failures, since it needs the same database.
            if let Err(e) = self.store.leases().renew(&self.node).await {
                tracing::debug!("cannot renew the leases: {e}");
            }
            if let Err(e) = self.record_failures().await {
                tracing::debug!("cannot store the failures of relays: {e}");
            }
        }
    }

    /// Returns the number of messages whose data this dispatcher sent.
    pub fn content_attempts(&self) -> u64 {
        self.content_attempts.load(Ordering::Relaxed)
    }

    /// Waits until every outcome is committed, stores the failures of relays and releases all leases.
    pub async fn shutdown(&self) -> anyhow::Result<()> {
        self.recorder.close().await;
        self.record_failures().await?;
        Ok(self.store.leases().release(&self.node).await?)
    }

    /// Returns `true` if other transports should take over from this one.
    pub(super) fn should_fail_over(&self, transport: &str) -> bool {
        let now = (self.clock)();
        self.transports
            .get(transport)
            .is_some_and(|state| state.relay_breaker.should_fail_over(now))
    }

    /// Returns `true` if a transport may lease mail queued for `name` now; other transports may
    /// serve that name too.
    pub(super) fn request_turn(&self, transport: &Transport, name: &str) -> bool {
        self.balancer.request_turn(&self.config.transports, name, transport, |other| {
            self.should_fail_over(other)
        })
    }

    /// Returns `true` if another transport is available that serves the same mail.
    pub fn has_fallback(&self, transport: &Transport) -> bool {
        let all = &self.config.transports;
        self.served_transports(transport).iter().any(|name| {
            balancer::pool_members(all, name)
                .any(|t| t.name != transport.name && !self.should_fail_over(&t.name))
        })
    }

    /// Returns the names of the transports whose mail this one sends: its own and that of its pool.
    pub(super) fn served_transports(&self, transport: &Transport) -> Vec<String> {
        std::iter::once(&transport.name).chain(&transport.pool).cloned().collect()
    }

    /// Records a rejection, and pauses the edition if there are too many.
    ///
    /// Returns `true` if the delivery fails, `false` if it is sent again after the pause.
    pub(super) async fn record_edition_rejection(
        &self,
        edition: i64,
        address: &str,
        scope: FailureScope,
        reply: &Reply,
        permitted_at: Instant,
    ) -> bool {
        match self.edition_breakers.record_rejection(edition, address, scope, reply, permitted_at) {
            RejectionAction::FailDelivery => return true,
            RejectionAction::Requeue => return false,
            RejectionAction::PauseEdition(limit) => {
                let last = hide_local_parts(&reply.to_string());
                let note = format!("paused because the relay rejected {limit}; last reply: {last}");
                match self
                    .store
                    .editions()
                    .apply_command(
                        edition,
                        EditionCommand::Pause,
                        Some(note.clone()),
                        &Actor::System,
                        (self.clock)(),
                    )
                    .await
                {
                    Ok(_) => tracing::error!(edition, "{note}"),
                    // It is paused already, or has ended.
                    Err(e @ StoreError::Rejected(_)) => {
                        tracing::debug!(edition, "cannot pause the edition: {e}");
                    }
                    Err(e) => {
                        tracing::warn!(edition, "cannot pause the edition yet: {e}");
                        self.edition_breakers.record_unstored_pause(edition, limit);
                        return true;
                    }
                }
                self.edition_breakers.record_pause(edition);
            }
        }
        true
    }
}

/// Checks the DKIM keys of all transports before sending starts; the error has a sentence for each
/// unusable key.
pub fn check_dkim_keys(transports: &[Transport]) -> anyhow::Result<()> {
    let problems: Vec<String> = transports
        .iter()
        .filter_map(|transport| Signer::from_transport(transport).err())
        .flatten()
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(anyhow!(problems.join("\n"))) }
}
