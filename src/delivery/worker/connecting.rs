//! The connection of a worker: opened only while the relay may accept one more. A worker that waits
//! for a connection holds no job.

use super::start::NotConnected;
use super::{RunEnding, Worker, WorkerContext};
use crate::delivery::breakers::connection_limit::ConnectionRejection;
use crate::delivery::transport::after_grace;

impl Worker {
    /// Waits until a message may be sent or a connection opened: until the backoff of the relay has
    /// ended, and it may accept one more connection unless one is open.
    pub(super) async fn wait_until_connectable(&self) -> Result<(), RunEnding> {
        let clock = self.shared.dispatcher.clock;
        loop {
            let open_until = self.shared.breaker.backoff_until();
            if open_until <= clock() {
                break;
            }
            if self.shared.dispatcher.has_fallback(&self.shared.transport) {
                self.shared.drain.cancel();
            }
            self.wait_until(open_until).await?;
        }
        if self.connection.is_ready() || self.connection_slot.is_some() {
            return Ok(());
        }
        tokio::select! {
            () = self.shared.drain.cancelled() => Err(RunEnding),
            () = self.shared.queue.closed() => Err(RunEnding),
            () = self.shared.connection_limit.connection_slot_available(clock) => Ok(()),
        }
    }

    /// Opens the connection unless it is open, so that no rate limit is spent on an unreachable
    /// relay. Returns without a wait if the relay rejects it.
    pub(super) async fn open_connection(&mut self) -> Result<(), NotConnected> {
        let now = (self.shared.dispatcher.clock)();
        if self.shared.breaker.backoff_until() > now {
            return Err(NotConnected);
        }
        if self.connection.is_ready() {
            return Ok(());
        }
        if self.connection_slot.is_none() {
            self.connection_slot =
                Some(self.shared.connection_limit.try_open(now).ok_or(NotConnected)?);
        }
        let opened = tokio::select! {
            opened = self.connection.ensure_open() => opened,
            // No message has started, so a silent relay delays the end of the run only for the
            // grace time.
            () = after_grace(&self.shared.drain, self.shared.dispatcher.timeouts.transaction_grace) => return Err(NotConnected),
        };
        match opened {
            Ok(()) => {
                if self.connection_slot.as_mut().is_some_and(|slot| slot.record_connected()) {
                    tracing::info!(transport = %self.shared.transport.name, "relay accepts all connections again");
                }
                Ok(())
            }
            Err(error) => {
                let reason = error.to_string();
                if error.is_permanent() || !self.give_up_connection_slot(&reason) {
                    self.connection_slot = None;
                    self.shared.relay_failed(&reason);
                }
                Err(NotConnected)
            }
        }
    }

    /// Frees the slot of a connection that the relay rejected. Returns `false` if there is no other
    /// connection, so that the relay itself is unavailable.
    pub(in crate::delivery) fn give_up_connection_slot(&mut self, reason: &str) -> bool {
        let Some(slot) = self.connection_slot.take() else { return false };
        match slot.record_rejected((self.shared.dispatcher.clock)()) {
            ConnectionRejection::RelayUnavailable => false,
            ConnectionRejection::LimitReached { report } => {
                if let Some(accepted) = report {
                    self.shared.report_connection_limit(accepted, reason);
                }
                true
            }
        }
    }
}

impl WorkerContext {
    fn report_connection_limit(&self, accepted: usize, reason: &str) {
        let (transport, configured) = (&self.transport.name, self.transport.connections);
        tracing::warn!(%transport, accepted, configured, "relay accepts fewer connections than configured; sending continues over those: {reason}");
    }
}
