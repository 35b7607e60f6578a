//! Bulk operations: one change of all subscribers that a filter selects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Change of each selected subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// Adds a tag, in its stored form.
    Tag(String),
    /// Removes a tag, in its stored form.
    Untag(String),
    /// Begins confirmed subscriptions to a digest.
    Subscribe {
        /// Name of the digest.
        digest: String,
        /// Evidence of the owners' consent.
        consent: String,
    },
    /// Ends the subscriptions to a digest.
    Unsubscribe {
        /// Name of the digest.
        digest: String,
        /// Reason, which is stored with each subscription.
        reason: String,
    },
    /// Erases the personal data.
    Erase,
}

impl BulkAction {
    /// Returns the word for commands and JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Tag(_) => "tag",
            Self::Untag(_) => "untag",
            Self::Subscribe { .. } => "subscribe",
            Self::Unsubscribe { .. } => "unsubscribe",
            Self::Erase => "erase",
        }
    }
}

/// Outcome of a bulk operation for one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkOutcome {
    /// The subscriber was changed.
    Changed,
    /// The subscriber had the result of the change before.
    Unchanged,
    /// The address is suppressed, so nothing was begun.
    Suppressed,
    /// The owner of the address unsubscribed, so only the owner can subscribe again.
    Unsubscribed,
    /// A message to the subscriber was being sent, so nothing was erased.
    BeingSent,
}

impl BulkOutcome {
    /// Returns the word for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Suppressed => "suppressed",
            Self::Unsubscribed => "unsubscribed",
            Self::BeingSent => "being_sent",
        }
    }

    /// Returns the outcome as a clause for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Suppressed => "skipped (suppressed)",
            Self::Unsubscribed => "skipped (unsubscribed by the subscriber)",
            Self::BeingSent => "skipped (a message is being sent)",
        }
    }
}

/// Numbers of subscribers by outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BulkCounts(BTreeMap<BulkOutcome, u64>);

impl BulkCounts {
    /// Adds subscribers with an outcome.
    pub fn add(&mut self, outcome: BulkOutcome, subscribers: u64) {
        if subscribers > 0 {
            *self.0.entry(outcome).or_default() += subscribers;
        }
    }

    /// Adds all numbers of other counts.
    pub fn add_all(&mut self, others: &Self) {
        others.iter().for_each(|(outcome, subscribers)| self.add(outcome, subscribers));
    }

    /// Returns the number of subscribers with an outcome.
    pub fn of(&self, outcome: BulkOutcome) -> u64 {
        self.0.get(&outcome).copied().unwrap_or_default()
    }

    /// Returns the number of subscribers with any outcome.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Returns the numbers that are not 0, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (BulkOutcome, u64)> {
        self.0.iter().map(|(outcome, subscribers)| (*outcome, *subscribers))
    }
}
