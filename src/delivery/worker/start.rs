//! The start of a message: requested, permitted, or put off.

use tokio::time::Instant;

use crate::delivery::lease::DeliveryJob;
use crate::delivery::recorder::PendingDecision;
use crate::delivery::transport::OutgoingMessage;
use crate::domain::time::Millis;

/// Job whose start decision is pending.
pub(super) struct PendingStart {
    pub(super) job: DeliveryJob,
    pub(super) decision: PendingDecision,
    /// Number of outcomes recorded before the request; the commit of its decision contains them.
    pub(super) recorded_before: u64,
}

/// Permitted job with its message.
pub(in crate::delivery) struct PreparedMessage {
    pub(in crate::delivery) job: DeliveryJob,
    pub(in crate::delivery) permitted_at: Instant,
    /// Time when its quota was taken.
    pub(in crate::delivery) quota_taken_at: Millis,
    pub(super) message: OutgoingMessage,
}

/// Reason why a job does not start now.
pub(super) enum NotStarted {
    /// The job was denied, failed, parked or put back into the queue.
    Skipped,
    /// The job is back in the queue; a rate limit of the transport is used up until this time.
    RateLimited { until: Millis },
}

/// Error of an attempt to connect; the worker waits before the next one.
pub(super) struct NotConnected;
