//! Requests to a group commit: outcomes of attempts to record, and deliveries to start.

use crate::domain::address_rejection::AddressRejection;
use crate::domain::delivery::DeliveryOutcome;

/// Outcome of one attempt, to be recorded.
#[derive(Debug, Clone)]
pub struct OutcomeRecord {
    /// Id of the delivery.
    pub id: i64,
    /// Effect of the attempt on the delivery.
    pub outcome: DeliveryOutcome,
    /// `true` to retry after an unknown outcome, `false` to hold the delivery.
    pub may_retry_uncertain: bool,
    /// Reply of the relay, or the local error.
    pub reply: Option<String>,
    /// Meaning of the failure for the address of the recipient, if it has one.
    pub rejection: Option<AddressRejection>,
    /// `true` if it was leased from the delivery queue instead of with its batch.
    pub is_queue_entry: bool,
}

/// Request for the permit to send a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermitRequest {
    /// Id of the delivery.
    pub id: i64,
    /// Address to which the node would send; the subscriber may have another one by now.
    pub address: String,
    /// `true` if the start was permitted before and the permit must be checked again.
    pub is_renewal: bool,
    /// `true` if it was leased from the delivery queue instead of with its batch.
    pub is_queue_entry: bool,
}
