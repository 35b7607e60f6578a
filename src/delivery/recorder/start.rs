//! Requests to start a message, and the answers to them.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::config::Transport;
use crate::delivery::domain_slots::SharedDomainLimit;
use crate::domain::time::Millis;

/// Answer to a start request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery) enum StartDecision {
    /// The row was marked `sending` at `at`. The message must start soon, since later pauses and
    /// unsubscribes are not known. `quota_taken_at` is when its quota was taken.
    Permitted { at: Instant, quota_taken_at: Millis },
    /// A rate limit of the transport is used up until this time.
    TransportRateLimited { until: Millis },
    /// A rate limit of the recipient domain is used up until this time.
    DomainRateLimited { until: Millis },
    /// The delivery must not be sent by this node: it was paused, cancelled or suppressed, the
    /// subscriber has unsubscribed or has another address, or the lease is lost.
    Denied,
}

/// Request to start a message.
#[derive(Debug)]
pub(in crate::delivery) struct StartRequest {
    pub(in crate::delivery) id: i64,
    /// Address to which the message goes.
    pub(in crate::delivery) address: String,
    pub(in crate::delivery) transport: Arc<Transport>,
    pub(in crate::delivery) domain_limit: Option<Arc<SharedDomainLimit>>,
    /// `true` if the message was permitted before; a renewal takes nothing from rate limits.
    pub(in crate::delivery) is_renewal: bool,
    /// `true` if the delivery was leased from the delivery queue instead of with its batch.
    pub(in crate::delivery) is_queue_entry: bool,
}

/// Decision with the channel of its requester.
pub(super) type DecidedRequest = (oneshot::Sender<StartDecision>, StartDecision);

/// Start request with the channel for its decision.
pub(super) type PendingRequest = (StartRequest, oneshot::Sender<StartDecision>);
