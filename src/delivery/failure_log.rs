//! Stores which relays fail, so that `courant status`, another process, can report them.

use super::dispatcher::Dispatcher;
use crate::store::StoreResult;
use crate::store::transport_failures::TransportFailure;

impl Dispatcher {
    /// Stores the failures of the relays that changed since the last call, and deletes those of relays
    /// that have accepted a message since.
    pub async fn record_failures(&self) -> StoreResult<()> {
        let mut stored = self.stored_failures.lock().await;
        for (name, state) in self.transports.iter() {
            let relay = state.relay_breaker.snapshot();
            let failure = relay.last_error.map(|error| TransportFailure {
                transport: name.clone(),
                failures: i64::from(relay.failures),
                error,
                since: relay.failing_since,
                retry_at: relay.open_until,
            });
            let failures = self.store.transport_failures();
            match (&failure, stored.get(name)) {
                (current, Some(last)) if current == last => continue,
                (Some(failure), _) => failures.record(failure).await?,
                (None, Some(_)) => failures.clear(name).await?,
                // The failure may be that of a node that has ended; only an accepted message shows
                // that the relay works.
                (None, None) if state.activity.read((self.clock)()).0.sent == 0 => continue,
                (None, None) => failures.clear(name).await?,
            }
            stored.insert(name.clone(), failure);
        }
        Ok(())
    }
}
