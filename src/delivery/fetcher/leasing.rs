//! Leases due deliveries, singly and in batches, and turns them into jobs of the send queue.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Fetcher, POLL_INTERVAL};
use crate::config::UncertainPolicy;
use crate::delivery::domain_slots::SharedDomainLimit;
use crate::delivery::lease::{DeliveryJob, LeaseGuard, LeaseId};
use crate::delivery::queue::MAX_QUEUED_JOBS;
use crate::domain::domain_limits::DomainLimit;
use crate::store::delivery_leasing::LeaseCriteria;
use crate::store::leased_delivery::LeasedDelivery;

/// Maximum number of domain limits cached during a run.
const MAX_CACHED_LIMITS: usize = 4_096;

impl Fetcher<'_> {
    fn lease_criteria<'a>(
        &'a self,
        transports: &'a [String],
        excluded_editions: &'a [i64],
    ) -> LeaseCriteria<'a> {
        LeaseCriteria {
            transports,
            node: &self.dispatcher.node,
            excluded_editions,
            after_edition: self.last_edition,
            hold_uncertain: self.transport.uncertain == UncertainPolicy::Hold,
        }
    }

    /// Leases single due deliveries: confirmations and tests first, then retries.
    pub(super) async fn lease_queue_entries(&mut self) -> anyhow::Result<bool> {
        let enough = 2 * self.transport.connections;
        let due = self.last_poll.is_none_or(|at| at.elapsed() >= POLL_INTERVAL);
        if !due
            || self.queue.depth().priority_jobs >= enough
            || self.queue.depth().total >= MAX_QUEUED_JOBS
        {
            return Ok(false);
        }
        let registry = Arc::clone(&self.dispatcher.leases);
        let mut registry = registry.lock().await;
        let limit = i64::try_from(enough)?;
        let served = self.transports_to_lease_for();
        let deliveries = self
            .dispatcher
            .store
            .leases()
            .lease_queue_entries(
                self.lease_criteria(&served, &[]),
                limit,
                (self.dispatcher.clock)(),
            )
            .await?;
        // The next poll is immediate as long as more deliveries are due.
        self.last_poll = (deliveries.len() < enough).then(Instant::now);
        let any = !deliveries.is_empty();
        for delivery in deliveries {
            let leased = LeaseId::QueueEntry(delivery.id);
            registry.by_lease.insert(leased, self.transport.name.clone());
            let lease = self.lease_guard(leased);
            let job = self.job(delivery, lease);
            self.queue.push_priority(job);
        }
        Ok(any)
    }

    /// Returns the names to lease for: all served names, or, for a standby transport, those whose
    /// mail it may take over.
    pub(super) fn transports_to_lease_for(&self) -> Vec<String> {
        if !self.transport.standby {
            return self.served.clone();
        }
        self.served
            .iter()
            .filter(|name| self.dispatcher.request_turn(self.transport, name))
            .cloned()
            .collect()
    }

    /// Leases batches until every edition has jobs in the queue.
    pub(super) async fn lease_batches(&mut self) -> anyhow::Result<bool> {
        let mut any = false;
        for name in self.served.clone() {
            while !self.drain.is_cancelled() && self.queue.depth().total < MAX_QUEUED_JOBS {
                // The check costs next to nothing without a pool.
                if !self.dispatcher.request_turn(self.transport, &name) {
                    break;
                }
                if !self.lease_batch(&name).await? {
                    self.dispatcher.balancer.record_nothing_leased(&name, self.transport);
                    break;
                }
                any = true;
            }
        }
        Ok(any)
    }

    /// Leases one batch of the mail of transport `name`.
    async fn lease_batch(&mut self, name: &String) -> anyhow::Result<bool> {
        let well_filled = self.queue.well_filled_editions();
        let registry = Arc::clone(&self.dispatcher.leases);
        let mut registry = registry.lock().await;
        let criteria = self.lease_criteria(std::slice::from_ref(name), &well_filled);
        let leased =
            self.dispatcher.store.leases().lease_batch(criteria, (self.dispatcher.clock)()).await?;
        let Some((batch, edition, deliveries)) = leased else { return Ok(false) };
        registry.by_lease.insert(LeaseId::Batch(batch), self.transport.name.clone());
        drop(registry);
        self.last_edition = edition;
        let (dispatcher, all) = (self.dispatcher, &self.dispatcher.config.transports);
        dispatcher.balancer.record_leased(all, name, self.transport, deliveries.len(), |other| {
            dispatcher.should_fail_over(other)
        });
        let lease = self.lease_guard(LeaseId::Batch(batch));
        let jobs: Vec<DeliveryJob> =
            deliveries.into_iter().map(|delivery| self.job(delivery, Arc::clone(&lease))).collect();
        self.queue.push_edition(edition, jobs);
        Ok(true)
    }

    fn lease_guard(&mut self, leased: LeaseId) -> Arc<LeaseGuard> {
        self.open_leases += 1;
        Arc::new(LeaseGuard::new(leased, self.finished_tx.clone()))
    }

    fn job(&mut self, delivery: LeasedDelivery, lease: Arc<LeaseGuard>) -> DeliveryJob {
        // Transactional messages are exempt from domain limits, since they are few and somebody
        // waits for them.
        let domain = delivery.address.rsplit_once('@').filter(|_| delivery.edition_id.is_some());
        let limit = domain.map(|(_, domain)| self.domain_limit(domain));
        DeliveryJob { delivery, lease, domain_limit: limit, domain_slot: None }
    }

    fn domain_limit(&mut self, domain: &str) -> Arc<SharedDomainLimit> {
        let limit = self.transport.domain_limits.limit_for(domain).unwrap_or(DomainLimit {
            key: domain,
            max_concurrent: None,
            rates: &[],
        });
        if let Some(known) = self.domain_limits.get(limit.key) {
            return Arc::clone(known);
        }
        if self.domain_limits.len() > MAX_CACHED_LIMITS {
            self.domain_limits.clear();
        }
        let created = Arc::new(SharedDomainLimit::new(&limit));
        self.domain_limits.insert(limit.key.to_owned(), Arc::clone(&created));
        created
    }
}
