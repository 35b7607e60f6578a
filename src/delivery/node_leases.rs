//! Leases of this node: what its other transports hold, and the release in the database.

use std::collections::HashSet;

use super::balancer;
use super::dispatcher::Dispatcher;
use super::lease::LeaseId;
use super::lease_registry::PeerLeases;
use crate::config::Transport;

impl Dispatcher {
    /// Returns the leases of the other transports that serve the same mail.
    pub(super) async fn peer_leases(&self, transport: &Transport) -> PeerLeases {
        let (registry, all) = (self.leases.lock().await, &self.config.transports);
        let served = self.served_transports(transport);
        let peer_names: HashSet<&String> = served
            .iter()
            .flat_map(|name| balancer::pool_members(all, name))
            .map(|t| &t.name)
            .filter(|name| **name != transport.name)
            .collect();
        registry.leases_of(&peer_names)
    }

    /// Returns `true` if no peer holds a lease now and none has released one since `since`.
    pub(super) async fn peers_idle_since(&self, transport: &Transport, since: PeerLeases) -> bool {
        let now = self.peer_leases(transport).await;
        !now.any_held && now == since
    }

    /// Releases what a failed run of this transport still has leased; none of it is in flight.
    pub(super) async fn release_abandoned(
        &self,
        transport: &Transport,
        served: &[String],
    ) -> anyhow::Result<()> {
        let mut registry = self.leases.lock().await;
        registry.by_lease.retain(|_, by| *by != transport.name);
        let (batches, queue_entries) = registry.ids();
        Ok(self
            .store
            .leases()
            .release_abandoned(served, &self.node, &batches, &queue_entries)
            .await?)
    }

    /// Releases leases: batches one by one, queue entries together.
    pub(super) async fn release_leases(&self, released: &[LeaseId]) -> anyhow::Result<()> {
        // The lock is held throughout, since another run of this node may lease the released rows
        // at once under the same node name.
        let mut registry = self.leases.lock().await;
        let mut queue_entries = Vec::new();
        for leased in released {
            match leased {
                LeaseId::Batch(batch) => {
                    self.store.leases().release_batch(*batch, &self.node).await?
                }
                LeaseId::QueueEntry(id) => queue_entries.push(*id),
            }
        }
        if !queue_entries.is_empty() {
            self.store.leases().release_queue_entries(&queue_entries, &self.node).await?;
        }
        for leased in released {
            registry.record_release(leased);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::domain::time::Millis;
    use crate::store::Store;
    use crate::store::deliveries::TestDelivery;
    use crate::store::delivery_leasing::LeaseCriteria;
    use crate::templates::Templates;

    const NOW: Millis = Millis(1_790_000_000_000);

    /// Returns a dispatcher with two transports that serve the same mail, and the id of one queued
    /// delivery.
    async fn dispatcher(home: &Path) -> (Dispatcher, i64) {
        let text = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\npostal_address = \"x\"\n\
            [[transports]]\nname = \"first\"\nurl = \"file://a\"\n[[transports]]\nname = \"second\"\nurl = \"file://b\"\npool = \"first\"\n";
        let config = Config::parse(&home.join("config.toml"), text, std::iter::empty()).unwrap();
        let store =
            Store::open(&format!("sqlite://{}", home.join("courant.db").display())).await.unwrap();
        let message = TestDelivery {
            address: "r@example.org".into(),
            address_hash: "h".into(),
            payload: String::new(),
            transport: "first".into(),
        };
        let delivery = store
            .deliveries()
            .queue_test_delivery(message, &crate::domain::actor::Actor::System, NOW)
            .await
            .unwrap();
        let (templates, instance) =
            (Templates::load(None).unwrap(), store.identity().await.unwrap());
        (
            Dispatcher::new(
                store,
                Arc::new(config),
                Arc::new(templates),
                Arc::new(instance),
                "node".into(),
                || NOW,
            ),
            delivery,
        )
    }

    #[tokio::test]
    async fn lease_released_by_one_run_can_be_taken_by_another_at_once() {
        let home = tempfile::tempdir().unwrap();
        let (dispatcher, delivery) = dispatcher(home.path()).await;
        let (leased, served) = (LeaseId::QueueEntry(delivery), ["first".to_owned()]);
        let take = async || {
            let wanted = LeaseCriteria {
                transports: &served,
                node: dispatcher.node(),
                excluded_editions: &[],
                after_edition: 0,
                hold_uncertain: false,
            };
            !dispatcher.store.leases().lease_queue_entries(wanted, 1, NOW).await.unwrap().is_empty()
        };
        assert!(take().await);
        dispatcher.leases.lock().await.by_lease.insert(leased, "first".into());
        // The first run cannot reach its relay; the second polls meanwhile, as every run does, with
        // the registry locked.
        let mut registry = dispatcher.leases.lock().await;
        let releasing = tokio::spawn({
            let dispatcher = dispatcher.clone();
            async move { dispatcher.release_leases(&[leased]).await }
        });
        let mut taken = false;
        for _ in 0..100 {
            taken = taken || take().await;
        }
        if !taken {
            drop(registry);
            registry = dispatcher.leases.lock().await;
            taken = take().await;
        }
        assert!(taken, "a released lease can be taken");
        registry.by_lease.insert(leased, "second".into());
        drop(registry);
        releasing.await.unwrap().unwrap();
        assert_eq!(
            dispatcher.leases.lock().await.by_lease.get(&leased).map(String::as_str),
            Some("second")
        );
        assert!(
            dispatcher.peer_leases(&dispatcher.config.transports[0]).await.any_held,
            "the second run may release it for the first"
        );
        // A new run leaves the leases of the other run alone.
        dispatcher.release_abandoned(&dispatcher.config.transports[0], &served).await.unwrap();
        assert!(!take().await, "no other run may take it now");
    }

    #[tokio::test]
    async fn a_lease_returned_since_the_last_poll_makes_peers_count_as_active() {
        let home = tempfile::tempdir().unwrap();
        let (dispatcher, delivery) = dispatcher(home.path()).await;
        let (first, second) = (&dispatcher.config.transports[0], &dispatcher.config.transports[1]);
        let before = dispatcher.peer_leases(second).await;
        assert!(dispatcher.peers_idle_since(second, before).await);
        dispatcher
            .leases
            .lock()
            .await
            .by_lease
            .insert(LeaseId::QueueEntry(delivery), "first".into());
        dispatcher.release_leases(&[LeaseId::QueueEntry(delivery)]).await.unwrap();
        assert!(
            !dispatcher.peers_idle_since(second, before).await,
            "the second may have polled while the first held the lease"
        );
        let after = dispatcher.peer_leases(second).await;
        assert!(
            dispatcher.peers_idle_since(second, after).await
                && dispatcher.peers_idle_since(first, dispatcher.peer_leases(first).await).await
        );
    }
}
