//! Earlier states of subscriptions, kept when a request, a confirmation or an end replaces them. They are
//! deleted with their subscription.

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Subscriptions;
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;

/// State that a subscription had before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierState {
    /// Name of the digest.
    pub digest: String,
    /// Status of the subscription.
    pub status: SubscriptionStatus,
    /// Time at which the state began.
    pub since: Millis,
    /// Time of the change.
    pub until: Millis,
    /// Record of the consent at that time.
    pub consent: String,
    /// Reason of the admin who ended the subscription; `None` if no admin did.
    pub removal_reason: Option<String>,
}

/// Copies the states of the subscriptions that a statement with the same condition `{changed}` is about to
/// change.
pub(super) const KEEP: &str = "
    INSERT INTO subscription_history (
           subscription_id, status, since, until, consent, removal_reason)
    SELECT id, status, since, $now, consent, removal_reason
      FROM subscriptions
     WHERE {changed}
    {lock_rows}";

static LIST: Statement = Statement::new(
    "
    SELECT s.digest, h.status, h.since, h.until, h.consent, h.removal_reason
      FROM subscriptions s
      JOIN subscription_history h ON h.subscription_id = s.id
     WHERE s.subscriber_id = $subscriber
     ORDER BY s.digest, h.id DESC",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&LIST];

impl FromRow for EarlierState {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            digest: row.get("digest")?,
            status: row.enum_value("subscription_history.status", SubscriptionStatus::parse)?,
            since: row.time("since")?,
            until: row.time("until")?,
            consent: row.get("consent")?,
            removal_reason: row.get("removal_reason")?,
        })
    }
}

impl Subscriptions<'_> {
    /// Returns the earlier states of the subscriptions of a subscriber, by digest and newest first.
    pub async fn history_of(self, subscriber: i64) -> StoreResult<Vec<EarlierState>> {
        self.store.read(&LIST).bind("subscriber", subscriber).fetch_all().await
    }
}
