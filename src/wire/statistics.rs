//! Documents about numbers over time: subscriptions, editions and feed readers.

use serde::Serialize;
use utoipa::ToSchema;

use super::editions::Edition;
use super::feeds::FeedReadersOfDay;
use crate::store::subscription_counts;

/// Numbers of the last days.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Statistics {
    /// Length of the period in days, including today (UTC).
    pub days: i64,
    /// Subscriptions by digest, status and the day on which the status began, oldest first.
    pub subscriptions: Vec<SubscriptionsOfDay>,
    /// Editions of the period with their numbers of deliveries by outcome, newest first.
    pub editions: Vec<Edition>,
    /// Readers of each feed by day.
    pub readers: Vec<FeedReadersByDay>,
}

/// Number of subscriptions to a digest whose status began on one day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SubscriptionsOfDay {
    /// Day in UTC, as `YYYY-MM-DD`.
    pub day: String,
    /// Name of the digest in the configuration.
    pub digest: String,
    /// Status: `pending`, `confirmed`, `paused` or `unsubscribed`.
    pub status: String,
    /// Number of these subscriptions.
    pub subscriptions: i64,
}

impl From<&subscription_counts::SubscriptionsOfDay> for SubscriptionsOfDay {
    fn from(row: &subscription_counts::SubscriptionsOfDay) -> Self {
        Self {
            day: row.day.text(),
            digest: row.digest.clone(),
            status: row.status.as_str().to_owned(),
            subscriptions: row.subscriptions,
        }
    }
}

/// Readers of one feed on each day with requests.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedReadersByDay {
    /// Name of a declared feed, or path of an on-demand feed.
    pub feed: String,
    /// Days with requests, oldest first.
    pub days: Vec<FeedReadersOfDay>,
}
