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
    /// Confirmed subscriptions to each digest by day.
    pub subscribers: Vec<SubscribersByDay>,
    /// Subscriptions by digest, status and the day on which the status began, oldest first.
    pub subscriptions: Vec<SubscriptionsOfDay>,
    /// Editions of the period with their numbers of deliveries by outcome, newest first.
    pub editions: Vec<Edition>,
    /// Readers of each feed by day.
    pub readers: Vec<FeedReadersByDay>,
}

/// Confirmed subscriptions to a digest on each day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SubscribersByDay {
    /// Name of the digest in the configuration.
    pub digest: String,
    /// All days of the period, oldest first.
    pub days: Vec<SubscribersOfDay>,
}

/// Confirmed subscriptions to a digest at the end of one day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SubscribersOfDay {
    /// Day in UTC, as `YYYY-MM-DD`.
    pub day: String,
    /// Number of confirmed subscriptions at its end.
    pub subscribers: i64,
    /// Number of subscriptions that were confirmed on this day.
    pub begun: i64,
    /// Number of subscriptions that were no longer confirmed from this day on.
    pub ended: i64,
}

impl From<&subscription_counts::ConfirmedOfDay> for SubscribersOfDay {
    fn from(row: &subscription_counts::ConfirmedOfDay) -> Self {
        Self {
            day: row.day.text(),
            subscribers: row.subscribers,
            begun: row.begun,
            ended: row.ended,
        }
    }
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
