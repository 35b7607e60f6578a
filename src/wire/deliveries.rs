//! Documents about deliveries: result of sending, deliveries of one subscriber.

use serde::Serialize;
use utoipa::ToSchema;

use crate::delivery::Report;
use crate::store::deliveries;

/// Result of sending all due messages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryReport {
    /// Number of messages that relays accepted.
    pub sent: u64,
    /// Number of messages that failed permanently.
    pub failed: u64,
    /// Number of messages that wait for a later attempt.
    pub waiting: i64,
    /// Number of messages with an unknown outcome, held for an admin.
    pub held: u64,
}

impl DeliveryReport {
    /// Returns the document of a report; `waiting` is the number of messages that are still
    /// pending.
    pub fn new(report: &Report, waiting: i64) -> Self {
        Self { sent: report.sent, failed: report.failed, waiting, held: report.held }
    }
}

/// Delivery to a known subscriber.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliverySummary {
    /// Id of the delivered edition; `null` for a transactional message.
    #[schema(required)]
    pub edition: Option<i64>,
    /// Kind of the delivery, for example `edition` or `confirmation`.
    pub kind: String,
    /// State of the delivery, for example `queued` or `sent`.
    pub state: String,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Last reply of the relay, or a local error; `null` before the first attempt.
    #[schema(required)]
    pub answer: Option<String>,
}

impl From<&deliveries::DeliverySummary> for DeliverySummary {
    fn from(d: &deliveries::DeliverySummary) -> Self {
        Self {
            edition: d.edition_id,
            kind: d.kind.as_str().to_owned(),
            state: d.state.as_str().to_owned(),
            attempts: d.attempts,
            answer: d.last_reply.clone(),
        }
    }
}
