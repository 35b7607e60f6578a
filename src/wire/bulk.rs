//! Documents about bulk operations over subscribers.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::bulk_jobs::BulkJob;

/// Bulk operation with its progress.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BulkOperation {
    /// Number of the operation.
    pub id: i64,
    /// Change of each subscriber: `tag`, `untag`, `subscribe`, `unsubscribe` or `erase`.
    pub action: String,
    /// Number of subscribers that the filter selected at the start.
    pub subscribers: i64,
    /// Numbers of subscribers by outcome: `changed`, `unchanged`, `suppressed`, `unsubscribed` and
    /// `being_sent`.
    pub outcomes: BTreeMap<String, u64>,
    /// Time of the start (RFC 3339).
    pub started_at: String,
    /// Time of the end (RFC 3339); `null` if the operation was interrupted.
    #[schema(required)]
    pub finished_at: Option<String>,
}

impl From<&BulkJob> for BulkOperation {
    fn from(job: &BulkJob) -> Self {
        let outcomes = job.counts.iter();
        Self {
            id: job.id,
            action: job.action.as_str().to_owned(),
            subscribers: job.total,
            outcomes: outcomes.map(|(outcome, n)| (outcome.as_str().to_owned(), n)).collect(),
            started_at: job.created_at.rfc3339(),
            finished_at: job.finished_at.map(|time| time.rfc3339()),
        }
    }
}
